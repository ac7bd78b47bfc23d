import Tensors
import Testing

struct CopyOnWriteTests {
  private typealias Change = (name: String, apply: (inout Tensor<Float>) -> Void)

  private let changes: [Change] = [
    ("subscript", { $0[0, 0] = 99 }),
    ("buffer", { $0.withUnsafeMutableBuffer { $0[0] = 99 } }),
    ("+=", { $0 += Tensor(5) }),
    ("*= scalar", { $0 *= 3 }),
    ("scaleAdd", { $0.scaleAdd(adding: 2, times: .ones($0.shape)) }),
    ("scatterAdd", { $0.scatterAdd(.ones([1, $0.shape[1]]), at: Tensor([0])) }),
    ("addProduct", { $0.addProduct(.ones([$0.shape[0], 1]), .ones([1, $0.shape[1]])) }),
  ]

  @Test("No change is seen through another tensor")
  func sharing() {
    let values: [Float] = (0..<12).map { Float($0) }
    for change in changes {
      let original = Tensor<Float>(values, shape: [3, 4])
      let views: [(String, Tensor<Float>)] = [
        ("copy", original), ("transposed", original.transposed()),
        ("slice", original.sliced(1..<3)), ("column", original.sliced(1..<3, alongAxis: 1)),
        ("reshaped", original.reshaped(to: [2, 6])),
        ("broadcast", original.sliced(0..<1).broadcast(to: [3, 4])),
        ("element", original.element(at: 1).expandingShape(at: 0)),
      ]
      for (name, view) in views {
        var changed = view
        let before = view.scalars
        change.apply(&changed)
        #expect(original.scalars == values, "\(change.name) through \(name)")
        #expect(view.scalars == before, "\(change.name) through \(name)")
        #expect(changed.scalars != before, "\(change.name) of \(name)")
        #expect(changed.shape == view.shape)
      }
    }
  }

  @Test("Changes to the original are not seen in its views")
  func changedOriginals() {
    for change in changes {
      var original = Tensor<Float>((0..<12).map { Float($0) }, shape: [3, 4])
      let view = original.transposed()
      let before = view.scalars
      change.apply(&original)
      #expect(view.scalars == before, "\(change.name)")
    }
  }

  @Test("Unique storage is changed in place")
  func inPlace() {
    for change in changes {
      var tensor = Tensor<Float>.ones([3, 4])
      let address = tensor.withUnsafeBuffer { $0.baseAddress }
      change.apply(&tensor)
      #expect(tensor.withUnsafeBuffer { $0.baseAddress } == address, "\(change.name)")
    }
  }

  @Test("A change of a copy leaves every layout alone")
  func changedCopies() {
    everyTensor(upToRank: 3) { reference, tensor, name in
      var changed = tensor
      changed.withUnsafeMutableBuffer { for i in $0.indices { $0[i] += 1 } }
      #expect(reference.matches(tensor), "\(name)")
      #expect(Reference(reference.shape) { reference[$0] + 1 }.matches(changed), "\(name)")
    }
  }
}
