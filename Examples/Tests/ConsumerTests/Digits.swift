import TensorFiles
import Tensors

/// Handwritten digits of 8 x 8 pixels from 0 to 16 (E. Alpaydin, C. Kaynak, UCI Machine Learning
/// Repository); every fifth is for testing.
struct Digits {
  typealias Batch = (x: Tensor<Float>, y: Tensor<Int32>)
  let training, test: Batch

  init() throws {
    let folder = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
    let file = try SafetensorsFile(path: "/\(folder)/Tests/Fixtures/digits.safetensors")
    let pixels = try file.bytes(named: "digits/pixels")
    let labels = try file.bytes(named: "digits/labels")
    let x = Tensor(pixels.map { Float($0) / 16 }, shape: [labels.count, 64])
    func batch(where isChosen: (Int) -> Bool) -> Batch {
      let rows = labels.indices.filter(isChosen)
      return (
        x.gatheringRows(at: Tensor(rows.map { Int32($0) })),
        Tensor(rows.map { Int32(labels[$0]) })
      )
    }
    training = batch { $0 % 5 != 0 }
    test = batch { $0 % 5 == 0 }
  }

  /// `count` batches of `size` training digits, shuffled in every epoch.
  func batches(_ count: Int, of size: Int, seed: UInt64) -> some Sequence<Batch> {
    var source = RandomSource(seed: seed)
    let labels = training.y.scalars
    var order: [Int32] = []
    return (0..<count).lazy.map { _ in
      if order.count < size {
        order = Tensor<Int32>.permutation(labels.count, using: &source).scalars
      }
      let rows = order.suffix(size)
      order.removeLast(size)
      return (
        training.x.gatheringRows(at: Tensor(Array(rows))), Tensor(rows.map { labels[Int($0)] })
      )
    }
  }

  /// The share of the test digits whose `logits` `[digits, 10]` are highest at the label.
  func accuracy(of logits: Tensor<Float>) -> Double {
    let right = zip(logits.argmaxAlongRows().scalars, test.y.scalars).count { $0 == $1 }
    return Double(right) / Double(test.y.elementCount)
  }
}
