#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

internal import JSON
internal import LanguageModels
public import TensorFiles
internal import Tensors
internal import Tokenization

extension Checkpoint {
  /// The element types that a dense folder is written in.
  public enum DenseStorage: String, Sendable, Hashable, CaseIterable {
    /// 4 bytes per element.
    case float32
    /// 2 bytes, rounded to nearest.
    case bfloat16
    /// 2 bytes, rounded to nearest.
    case float16

    fileprivate var elementType: ElementType {
      switch self {
      case .float32: .f32
      case .bfloat16: .bf16
      case .float16: .f16
      }
    }
  }

  /// Writes the model, updates merged, as a Hugging Face folder of dense matrices that transformers and
  /// other programs load. Only one matrix at a time is in memory beside the model.
  ///
  /// Throws a `TensorFileError` if the folder cannot be written; an existing folder is untouched then.
  ///
  /// - Parameters:
  ///   - path: The folder, created or replaced as a whole; its parent must exist.
  ///   - storage: How the elements are written.
  public func exportDense(to path: String, as storage: DenseStorage = .float32)
    throws(TensorFileError)
  {
    let weights = EffectiveWeights(of: model)
    let configuration = model.erasedConfiguration
    let tensors = PublishedTensor.all(of: configuration)
    for part in tensors.flatMap(\.parts) { try weights.check(part.name, part.shape) }
    try AtomicFolder.write(to: path) { (folder) throws(TensorFileError) in
      let sources = tensors.map { tensor in
        SafetensorsFile.Source(tensor.name, shape: tensor.shape, as: storage.elementType) {
          tensor.value(weights)
        }
      }
      try SafetensorsFile.write(
        sources, metadata: ["format": "pt"], to: folder + "/model.safetensors")
      var json = configuration.json
      json["torch_dtype"] = .string(storage.rawValue)
      try AtomicFile.write(
        JSONValue.object(json).text(.indented) + "\n", to: folder + "/config.json")
      try writeTokenizer(to: folder)
    }
  }
}

/// A tensor as published files of its family hold it: one of the model's tensors, or several stacked.
private struct PublishedTensor {
  let name: String
  private(set) var parts: [(name: String, shape: Shape, firstRow: Int)] = []
  let isTransposed: Bool

  /// The published tensors of a model, in the order of the model's own.
  static func all(of configuration: any ModelConfiguration) -> [PublishedTensor] {
    var tensors: [PublishedTensor] = []
    var indices: [String: Int] = [:]
    for (own, shape) in configuration.tensorShapes {
      let place = configuration.place(of: own) ?? TensorPlace(own)
      let index = indices[place.name] ?? tensors.count
      if index == tensors.count {
        indices[place.name] = index
        tensors.append(PublishedTensor(name: place.name, isTransposed: place.isTransposed))
      }
      tensors[index].parts.append((own, shape, place.rows?.lowerBound ?? 0))
      tensors[index].parts.sort { $0.firstRow < $1.firstRow }
    }
    return tensors
  }

  private init(name: String, isTransposed: Bool) {
    self.name = name
    self.isTransposed = isTransposed
  }

  var shape: Shape {
    let rows = parts.reduce(0) { $0 + $1.shape[0] }
    guard parts[0].shape.rank == 2 else { return [rows] }
    let columns = parts[0].shape[1]
    return isTransposed ? [columns, rows] : [rows, columns]
  }

  func value(_ weights: EffectiveWeights) -> Tensor<Float> {
    let values = parts.map { weights.value(of: $0.name) }
    let whole = values.count == 1 ? values[0] : Tensor<Float>.concatenated(values)
    return isTransposed && whole.rank == 2 ? whole.transposed().contiguous() : whole
  }
}

extension LanguageModel {
  /// The configuration without its type.
  fileprivate var erasedConfiguration: any ModelConfiguration { configuration }
}
