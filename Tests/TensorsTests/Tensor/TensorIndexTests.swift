import Tensors
import Testing

struct TensorIndexTests {
  /// Every way to index an axis of `size`, with the positions it means; nil drops the axis.
  private func parts(_ size: Int) -> [(any TensorIndex, positions: [Int], drops: Bool)] {
    var all: [(any TensorIndex, positions: [Int], drops: Bool)] = [
      (.all, Array(0..<size), false), (0..<size, Array(0..<size), false),
      (0..., Array(0..<size), false),
      (..<size, Array(0..<size), false), (size..., [], false),
      (.stride(by: -1), (0..<size).reversed(), false),
      (.stride(by: 2), Array(stride(from: 0, to: size, by: 2)), false),
      (.stride(from: 0, to: size, by: 3), Array(stride(from: 0, to: size, by: 3)), false),
    ]
    if size > 0 {
      all += [
        (size - 1, [size - 1], true), (0...0, [0], false), (...(size - 1), Array(0..<size), false),
        (
          .stride(from: size - 1, to: 0, by: -2), Array(stride(from: size - 1, to: 0, by: -2)),
          false
        ),
      ]
    }
    return all
  }

  @Test("Every index of every matrix reads and writes its elements")
  func everyIndex() {
    for shape in everyShape(upToRank: 2) where shape.count == 2 {
      let reference = Reference(shape)
      for (rows, down, dropsRows) in parts(shape[0]) {
        for (columns, right, dropsColumns) in parts(shape[1]) {
          let expected = down.flatMap { i in right.map { reference[[i, $0]] } }
          let sizes = (dropsRows ? [] : [down.count]) + (dropsColumns ? [] : [right.count])
          for layout in Layout.allCases {
            let tensor = layout.tensor(reference)
            let part: Tensor<Float> = tensor[rows, columns]
            #expect(part.shape.dimensions == sizes, "\(layout) \(shape) \(rows) \(columns)")
            #expect(part.scalars == expected, "\(layout) \(shape) \(rows) \(columns)")
            var changed = tensor
            let value = Reference(sizes, first: 100)
            changed[rows, columns] = Tensor(value.values, shape: Shape(sizes))
            var written = reference.values
            for (k, place) in down.flatMap({ i in right.map { i * shape[1] + $0 } }).enumerated() {
              written[place] = value.values[k]
            }
            #expect(changed.scalars == written, "\(layout) \(shape) \(rows) \(columns)")
            #expect(reference.matches(tensor), "\(layout) \(shape)")
          }
        }
      }
    }
  }

  @Test("New axes and ellipses keep the order of the elements")
  func newAxes() {
    everyTensor(upToRank: 3) { reference, tensor, name in
      let sizes = reference.shape
      #expect(Reference(sizes).matches(tensor[.ellipsis]), "\(name)")
      let framed: Tensor<Float> = tensor[.newAxis, .ellipsis, .newAxis]
      #expect(framed.shape.dimensions == [1] + sizes + [1], "\(name)")
      #expect(framed.scalars == reference.values, "\(name)")
      guard let last = sizes.last, last > 0 else { return }
      let column: Tensor<Float> = tensor[.ellipsis, last - 1]
      let expected = Reference(sizes.dropLast()) { reference[$0 + [last - 1]] }
      #expect(expected.matches(column), "\(name)")
    }
  }

  @Test("Assigned values broadcast")
  func assignment() {
    var a = Tensor<Float>.zeros([2, 3])
    let before = a
    a[.all, 1...] = Tensor(7)
    #expect(a == [[0, 7, 7], [0, 7, 7]])
    a[1] = [1, 2, 3]
    #expect(a == [[0, 7, 7], [1, 2, 3]])
    a[.all, 0] += [10, 20]
    #expect(a == [[10, 7, 7], [21, 2, 3]])
    a[.stride(by: -1)] = a
    #expect(a == [[21, 2, 3], [10, 7, 7]])
    #expect(before == .zeros([2, 3]))
    let element: Float = a[1, 0]
    #expect(element == 10)
  }

  @Test("Misuse names the index and the shape")
  func misuse() async {
    func message(_ result: ExitTest.Result?) -> String {
      String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    }
    let range = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let _: Tensor<Float> = Tensor<Float>.zeros([2, 3])[.all, -4]
    }
    #expect(message(range).contains("subscript: position -4 outside axis 1 of [2, 3]"))
    let value = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var a = Tensor<Float>.zeros([2, 3])
      a[.all, 1] = [1, 2, 3]
    }
    #expect(message(value).contains("subscript: [3] does not broadcast to [2]"))
    let many = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let _: Tensor<Float> = Tensor<Float>.zeros([2, 3])[.all, .all, .all]
    }
    #expect(message(many).contains("subscript: 3 indices for shape [2, 3]"))
  }

  @Test("Strides past either end take only the first element")
  func longStrides() {
    let x = Tensor<Float>([1, 2, 3])
    #expect(x[.stride(by: .max)] == [1])
    #expect(x[.stride(by: .min)] == [3])
    #expect(Tensor<Float>.zeros([0])[.stride(by: .min)].shape == [0])
  }
}
