import TestSupport
import Tensors
import Testing

/// A result that can be compared with NumPy's: one tensor or more.
protocol NumPyAnswer {
  var parts: [Tensor<Double>] { get }
}

extension Tensor: NumPyAnswer {
  var parts: [Tensor<Double>] {
    switch self {
    case let numbers as Tensor<Double>: [numbers]
    case let integers as Tensor<Int32>: [integers.converted(to: Double.self)]
    case let mask as Tensor<Bool>: [mask.converted(to: Double.self)]
    default: []
    }
  }
}

extension ComplexTensor<Double>: NumPyAnswer {
  var parts: [Tensor<Double>] { [real, imaginary] }
}

extension Double: NumPyAnswer {
  var parts: [Tensor<Double>] { [Tensor(self)] }
}

extension Int: NumPyAnswer {
  var parts: [Tensor<Double>] { [Tensor(Double(self))] }
}

extension Bool: NumPyAnswer {
  var parts: [Tensor<Double>] { [Tensor(self ? 1 : 0)] }
}

extension Array: NumPyAnswer where Element: NumPyAnswer {
  var parts: [Tensor<Double>] {
    // A list of integers is one array, as a shape.
    if let sizes = self as? [Int] { return [Tensor(sizes.map { Double($0) })] }
    return flatMap(\.parts)
  }
}

/// The operands and results of `numpy_table.safetensors`.
struct NumPyAnswers {
  private let fixture: Fixture

  init() throws { fixture = try Fixture("numpy_table") }

  func operand(_ name: String) throws -> Tensor<Float> { try fixture.tensor(name, of: "operands") }

  func integers(_ name: String) throws -> Tensor<Int32> {
    try fixture.tensor(name, of: "operands", as: Int32.self)
  }

  /// The functions of a list that occur in no row, and how many the list has.
  func missing(_ list: String, prefix: String) -> (names: [String], total: Int) {
    let names = fixture.texts(list, of: "names")
    let calls = Set(fixture.cases.flatMap(calledNames))
    return (names.filter { !calls.contains(prefix + $0) }, names.count)
  }

  /// The dotted names before the parentheses of an expression.
  private func calledNames(_ expression: String) -> [String] {
    expression.split(separator: "(").map { part in
      String(
        part.reversed().prefix { $0.isLetter || $0.isNumber || $0 == "." || $0 == "_" }.reversed())
    }
  }

  /// NumPy's results are rounded to single precision, to 6e-8 of each.
  func check(_ expression: String, _ result: any NumPyAnswer) {
    let parts = result.parts
    let count = Int(fixture.number("parts", of: expression))
    guard count == parts.count else {
      Issue.record("\(expression): \(parts.count) results for \(count)")
      return
    }
    for (k, part) in parts.enumerated() {
      let name = "result\(k)"
      guard let stored = try? fixture.tensor(name, of: expression, as: Float.self) else {
        Issue.record("\(expression): no expected value; run numpy_table.py")
        return
      }
      // A number is stored as a vector of one.
      let expected = part.rank == 0 && stored.shape == [1] ? stored.reshaped(to: []) : stored
      guard expected.shape == part.shape else {
        Issue.record("\(expression): shape \(part.shape) for \(expected.shape)")
        continue
      }
      let wide = expected.converted(to: Double.self)
      let finite = select(where: wide.isFinite, abs(wide), otherwise: Tensor(0))
      let size = finite.elementCount == 0 ? 0 : finite.maximum()
      #expect(
        part.allClose(to: wide, relative: 1.2e-7, absolute: 1e-12 + 1e-13 * size, nanEqual: true),
        "\(expression): \(part) for \(wide)")
    }
  }
}
