public import Layers
public import TensorFiles

extension Module {
  /// Sets each parameter to the tensor of its dotted name in a safetensors file.
  ///
  /// - Returns: What was missing, unexpected, or of another shape, all of it; `requireComplete()` makes
  ///   an error of it.
  /// - Throws: A `TensorFileError` where the file cannot be read or a tensor is none of numbers;
  ///   parameters before it are set then.
  public func loadParameters(path: String) throws -> ParameterLoadReport {
    let file = try SafetensorsFile(path: path)
    return try loadParameters(named: file.names) { try file.tensor(named: $0, as: Float.self) }
  }

  /// Writes all parameters under their dotted names to a safetensors file, which appears when it is
  /// whole; one that is shared is written once, under its first name. Packed matrices and whatever else is no
  /// parameter is left out: `save(to:)` of ModelFiles writes the whole module.
  public func saveParameters(path: String) throws(TensorFileError) {
    try SafetensorsFile.write(parameterTensors, metadata: ["format": "pt"], to: path)
  }
}
