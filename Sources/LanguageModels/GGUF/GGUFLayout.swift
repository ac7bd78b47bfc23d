internal import JSON
internal import TensorFiles

/// How GGUF files hold the models of a family, as llama.cpp writes and reads them: under which
/// `general.architecture`, which names, and what their metadata say in place of a `config.json`.
public struct GGUFLayout: Sendable {
  /// What `general.architecture` says.
  public let architecture: String
  /// The names of tensors by those of a Hugging Face folder, both without the number of the block and without
  /// `.weight` or `.bias`.
  let names: [String: String]
  /// Whether rotary attention turns neighbouring elements, so that the rows of queries and keys are
  /// permuted.
  let turnsNeighbours: Bool
  /// Whether matrices that a Hugging Face folder holds as `[in, out]` are held as `[out, in]`.
  let isTransposed: Bool
  /// The members of the `config.json` that the metadata amount to.
  let read: @Sendable (GGUFFields) throws(TensorFileError) -> JSONObject
  /// The metadata of a model; throws where llama.cpp computes something else than it.
  let write:
    @Sendable (any ModelConfiguration, _ file: String) throws(TensorFileError) -> GGUFMetadata

  /// The name in a GGUF file of a tensor of a Hugging Face folder; nil where it has none.
  func spelling(of name: String) -> String? {
    var parts = name.split(separator: ".")
    guard let kind = parts.popLast() else { return nil }
    if ["model", "transformer"].contains(parts.first ?? "") { parts.removeFirst() }
    var block = ""
    if parts.count > 1, ["layers", "h"].contains(parts[0]), let index = Int(parts[1]) {
      block = "blk.\(index)."
      parts.removeFirst(2)
    }
    return names[parts.joined(separator: ".")].map { "\(block)\($0).\(kind)" }
  }
}

extension ModelFamily {
  /// How the models of a GGUF file's architecture are held.
  ///
  /// - Throws: A `TensorFileError` with the list of the architectures that are known.
  static func layout(ofArchitecture name: String, file: String) throws(TensorFileError)
    -> GGUFLayout
  {
    let layouts = all.compactMap(\.gguf)
    if let layout = layouts.first(where: { $0.architecture == name }) { return layout }
    let names = Set(layouts.map { "'\($0.architecture)'" }).sorted().joined(separator: ", ")
    throw TensorFileError(
      .unsupported, file: file, field: "general.architecture", found: "'\(printable(name))'",
      expected: "one of \(names)")
  }
}

/// A text of a file without what a terminal would obey, and short.
func printable(_ text: String) -> String {
  let safe = text.unicodeScalars.prefix(80).map { scalar -> String in
    scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format
      ? "?" : String(scalar)
  }
  return safe.joined() + (text.unicodeScalars.count > 80 ? "..." : "")
}
