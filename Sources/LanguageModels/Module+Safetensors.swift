public import Layers
public import TensorFiles

extension Module {
  /// Sets each parameter to the tensor of its dotted name in a safetensors file.
  ///
  /// - Returns: A report of all tensors that were missing, unexpected, or of another shape;
  ///   `requireComplete()` throws for any of them.
  /// - Throws: A `TensorFileError` if the file cannot be read or a tensor is not numeric; parameters
  ///   before it are set by then.
  public func loadParameters(path: String) throws -> ParameterLoadReport {
    let file = try SafetensorsFile(path: path)
    return try loadParameters(named: file.names) { try file.tensor(named: $0, as: Float.self) }
  }

  /// Writes all parameters under their dotted names to a safetensors file, which appears only when
  /// complete. A shared parameter is written once, under its first name. Packed matrices and other
  /// non-parameters are left out; `save(to:)` of ModelFiles writes the whole module.
  public func saveParameters(path: String) throws(TensorFileError) {
    try SafetensorsFile.write(parameterTensors, metadata: ["format": "pt"], to: path)
  }
}
