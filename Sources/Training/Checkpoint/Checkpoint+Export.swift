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
    /// 4 bytes an element.
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

  /// Writes the model as a Hugging Face folder of dense matrices, updates merged, which transformers and
  /// others load. One matrix is in memory beside the model at a time.
  ///
  /// Throws a `TensorFileError` where the folder cannot be written; what was there before is untouched then.
  ///
  /// - Parameters:
  ///   - path: The folder, which appears or is replaced as a whole; its parent exists.
  ///   - storage: How the elements are written.
  public func exportDense(to path: String, as storage: DenseStorage = .float32)
    throws(TensorFileError)
  {
    let weights = EffectiveWeights(of: model)
    let configuration = model.erasedConfiguration
    try AtomicFolder.write(to: path) { (folder) throws(TensorFileError) in
      let sources = configuration.tensorShapes.map { name, shape in
        SafetensorsFile.Source(name, shape: shape, as: storage.elementType) {
          (try? weights.tensor(named: name, shape: shape)) ?? .zeros(shape)
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

extension LanguageModel {
  /// Its configuration as that of any model.
  fileprivate var erasedConfiguration: any ModelConfiguration { configuration }
}
