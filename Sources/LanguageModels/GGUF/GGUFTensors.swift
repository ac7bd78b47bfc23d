internal import Layers
internal import TensorFiles
internal import Tensors

/// The tensors of a GGUF file as a Hugging Face folder of the same model holds them: under its names, the
/// rows of queries and keys in order, norms without what is added to them.
struct GGUFTensors: TensorSource {
  private let file: GGUFFile
  private let layout: GGUFLayout
  private let changes: [String: GGUFChange]
  let names: [String]

  init(of model: any ModelConfiguration, in file: GGUFFile, layout: GGUFLayout) {
    self.file = file
    self.layout = layout
    changes = Dictionary(
      PublishedTensor.all(of: model).map {
        ($0.name, GGUFChange(of: $0.name, shape: $0.shape, model, layout))
      }, uniquingKeysWith: { first, _ in first })
    var rest = Set(file.names)
    rest.remove(GGUFLayout.ropeDivisors)
    var names: [String] = []
    for name in changes.keys.sorted() {
      if let spelling = layout.spelling(of: name), rest.remove(spelling) != nil {
        names.append(name)
      }
    }
    self.names = names + rest.sorted()
  }

  var path: String { file.path }
  var sizesOrigin: String { file.sizesOrigin }

  func spelling(of name: String) -> String { layout.spelling(of: name) ?? name }

  func shape(ofTensor name: String) -> Shape? {
    let shape = file.shape(ofTensor: spelling(of: name))
    return shape.map { changes[name]?.shapeOutside($0) ?? $0 }
  }

  func floats(named name: String, shape: Shape) throws(TensorFileError) -> Tensor<Float> {
    let change = changes[name] ?? GGUFChange()
    let stored = try file.floats(named: spelling(of: name), shape: change.shapeOutside(shape))
    return change.undone(stored)
  }
}

/// What a GGUF file does to a tensor of a Hugging Face folder.
struct GGUFChange {
  /// Heads whose rows are permuted for a rotation of neighbours; 0 where they are in order.
  private var heads = 0
  private var isTransposed = false
  /// What is added to each element.
  private var offset: Float = 0

  /// Nothing.
  init() {}

  /// What is done to a tensor of a name and shape.
  init(of name: String, shape: Shape, _ model: any ModelConfiguration, _ layout: GGUFLayout) {
    isTransposed =
      layout.isTransposed && shape.rank == 2
      && model.tensorShapes.contains {
        model.place(of: $0.name).map { $0.name == name && $0.isTransposed } ?? false
      }
    guard let decoder = model as? DecoderConfiguration else { return }
    if layout.turnsNeighbours {
      if name.contains(".self_attn.q_proj.") { heads = decoder.heads }
      if name.contains(".self_attn.k_proj.") { heads = decoder.keyHeads }
    }
    if shape.rank == 1, name.hasSuffix("norm.weight") { offset = Float(decoder.normOffset) }
  }

  /// The shape outside a GGUF file, or inside it: either from the other.
  func shapeOutside(_ shape: Shape) -> Shape {
    isTransposed && shape.rank == 2 ? [shape[1], shape[0]] : shape
  }

  /// The tensor as a GGUF file holds it.
  func done(to tensor: Tensor<Float>) -> Tensor<Float> {
    changed(tensor, pairs: { [$0, 2, $1] }, shift: offset)
  }

  /// The tensor as a Hugging Face folder holds it.
  func undone(_ tensor: Tensor<Float>) -> Tensor<Float> {
    changed(tensor, pairs: { [$0, $1, 2] }, shift: -offset)
  }

  private func changed(
    _ tensor: Tensor<Float>, pairs: (Int, Int) -> [Int], shift: Float
  ) -> Tensor<Float> {
    var result = isTransposed ? tensor.transposed().contiguous() : tensor
    if heads > 0 {
      let shape = result.shape
      let split = pairs(heads, shape[0] / heads / 2) + shape.dropFirst()
      let axes = [0, 2, 1] + (shape.rank == 2 ? [3] : [])
      result = result.reshaped(to: split).transposed(axes).contiguous().reshaped(to: shape)
    }
    return shift == 0 ? result : result + shift
  }
}
