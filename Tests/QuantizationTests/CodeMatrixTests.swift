import CKernels
import Tensors
import Testing

@testable import Quantization

/// Products with few rows, directly from the codes.
@Suite(.serialized) struct CodeMatrixTests {
  /// Rows of 32 elements and more, ending anywhere within 32, and wider than the part of x that
  /// stays in L1.
  static let sizes = [
    (1, 32), (5, 96), (37, 1024), (3, 8320), (2, 12_288), (7, 1), (4, 31), (9, 65), (6, 333),
  ]

  static func stored(_ w: Tensor<Float>, _ format: WeightFormat) -> any QuantizedTensor {
    guard case .quantized(let tensor) = StoredMatrix(storing: w, as: format) else {
      preconditionFailure("\(format) does not quantise")
    }
    return tensor
  }

  /// The product directly from the codes, or nil.
  static func product(_ x: Tensor<Float>, _ w: any QuantizedTensor) -> Tensor<Float>? {
    let (rows, out) = (x.shape[0], w.shape[0])
    var y = Tensor<Float>(repeating: .nan, shape: [rows, out])
    var isDirect = false
    w._withCodes { codes in
      x.withPointer { x in
        y.withMutablePointer {
          codes.addProductTransposed(
            x, rows: rows, height: out, columns: w.shape[1], scale: 1, keeping: 0, into: $0)
        }
      }
      isDirect = true
    }
    return isDirect ? y : nil
  }

  static func isDirect(_ format: WeightFormat, columns: Int) -> Bool {
    switch format {
    case .float32: false
    case .nf4, .fp4, .int8Blocks, .gguf: columns % 32 == 0
    case .affine(let scheme): scheme.grouping != .column && scheme.grouping != .group(7)
    }
  }

  /// The plain kernel is the reference of the others.
  @Test(
    "Products are those of the dequantised matrix on every instruction set",
    arguments: FormatCases.all)
  func products(format: WeightFormat) {
    for (out, columns) in Self.sizes {
      let w = Self.stored(normal([out, columns]), format)
      let dense = w.dequantized()
      for rows in 1...9 {
        let comment: Comment = "\(rows) rows, \(out) x \(columns)"
        let x = normal([rows, columns], seed: 2)
        let expected = matmul(x, dense.transposed()).scalars
        let bounds = matmul(magnitudes(x), magnitudes(dense).transposed()).scalars
        var results: [[UInt32]] = []
        withEveryInstructionSet { _ in
          let y = matmulTransposed(x, w)
          #expect(y.shape == [rows, out], comment)
          let fits = y.scalars.indices.allSatisfy { i in
            // Two sums of `columns` products each, in another order.
            abs(y.scalars[i] - expected[i]) <= 2 * Float(columns) * .ulpOfOne * bounds[i]
          }
          #expect(fits, comment)
          let direct = Self.product(x, w)
          #expect((direct != nil) == Self.isDirect(format, columns: columns), comment)
          if let direct { results.append(bits(direct)) }
        }
        #expect(results.allSatisfy { $0 == results[0] }, "levels differ, \(comment)")
      }
    }
  }

  /// In a process of its own, where no other test changes the instruction set.
  @Test("Up to eight rows are multiplied directly with the codes")
  func eightRows() async {
    await #expect(processExitsWith: .success) {
      for format in FormatCases.all {
        let w = CodeMatrixTests.stored(normal([9, 96]), format)
        withEveryInstructionSet { level in
          for rows in 1...9 {
            let x = normal([rows, 96], seed: 2)
            guard let direct = CodeMatrixTests.product(x, w) else { continue }
            // Without vectors, and for more rows, the matrix is dequantised instead.
            let isTaken = matmulTransposed(x, w) == direct
            let mayBeTaken = level != Int32(LOQT_PLAIN) && rows <= 8
            #expect(isTaken == mayBeTaken, "\(format), level \(level), \(rows) rows")
          }
        }
      }
    }
  }

  /// All other products are 0, so that nothing is rounded.
  @Test("A row that picks a column gives its values exactly", arguments: FormatCases.all)
  func pickedColumns(format: WeightFormat) {
    for (out, columns) in [(5, 96), (3, 333), (2, 8224)] {
      // Far from 0, where zeros of asymmetric levels are large.
      for w in [normal([out, columns]), normal([out, columns]) + 0.3] {
        let tensor = Self.stored(w, format)
        let dense = tensor.dequantized()
        for first in stride(from: 0, to: columns, by: columns > 1000 ? 523 : 7) {
          let picked = [first, (first + 16) % columns, columns - 1]
          var x = Tensor<Float>.zeros([3, columns])
          for (row, column) in picked.enumerated() { x[row, column] = 1 }
          guard let y = Self.product(x, tensor) else { continue }
          for (row, column) in picked.enumerated() {
            let values = dense.sliced(column..<column + 1, alongAxis: 1).scalars
            #expect(y.sliced(row..<row + 1).scalars == values, "column \(column) of \(columns)")
          }
        }
      }
    }
  }

  @Test("Groups below 32 or not of a power of two are multiplied another way")
  func oddGroups() {
    for size in [1, 7, 16, 48] {
      let scheme = AffineScheme(bits: .four, grouping: .group(size))
      #expect(Self.product(normal([1, 96]), Self.stored(normal([3, 96]), .affine(scheme))) == nil)
    }
    let scheme = AffineScheme(bits: .eight, symmetry: .asymmetric, grouping: .group(64))
    // The last group of a row is short.
    let w = Self.stored(normal([5, 150]), .affine(scheme))
    let x = normal([2, 150], seed: 2)
    let expected = matmul(x, w.dequantized().transposed()).scalars
    for (a, b) in zip(Self.product(x, w)!.scalars, expected) { #expect(abs(a - b) < 1e-6) }
  }

  @Test("A broken number reaches the product", arguments: FormatCases.all)
  func brokenNumbers(format: WeightFormat) {
    var w = normal([4, 512])
    w[2, 300] = .infinity
    let tensor = Self.stored(w, format)
    let isBroken = (0..<4).map { !tensor.dequantizedRows($0..<$0 + 1).isFinite }
    guard let y = Self.product(normal([1, 512]), tensor) else { return }
    #expect(y.scalars.map(\.isNaN) == isBroken)
  }

  @Test(
    "The scale and the kept share are applied",
    arguments: ["nf4-64-double", "int8-symmetric-row", "q4_1"])
  func scaleAndKeeping(name: String) {
    let w = Self.stored(normal([70, 256]), WeightFormat(name: name)!)
    let x = normal([3, 256], seed: 2)
    var y = Tensor<Float>.ones([3, 70])
    y.addProductTransposed(x, w, scale: 2, keeping: -0.5)
    for (a, b) in zip(y.scalars, matmulTransposed(x, w).scalars) {
      #expect(abs(a - (2 * b - 0.5)) < 1e-6)
    }
    var unread = Tensor<Float>(repeating: .nan, shape: [3, 70])
    unread.addProductTransposed(x, w, keeping: 0)
    #expect(unread == matmulTransposed(x, w))
  }

  @Test(
    "The number of threads changes nothing",
    arguments: ["nf4-64-double", "dynamic8-256-signed", "int4-asymmetric-row", "q8_0"])
  func threadCounts(name: String) {
    let count = Threads.count
    defer { Threads.count = count }
    let w = Self.stored(normal([2000, 256]), WeightFormat(name: name)!)
    let x = normal([2, 256], seed: 2)
    Threads.count = 1
    let y = matmulTransposed(x, w)
    Threads.count = 3
    #expect(matmulTransposed(x, w) == y)
  }
}
