internal import JSON
internal import TensorFiles
internal import Tokenization

/// The `adapter_config.json` of a folder that the library peft wrote: LoRA (Hu et al., arXiv 2106.09685)
/// beside the matrices of another folder.
struct PEFTConfiguration: Sendable {
  static let fileName = "adapter_config.json"

  /// The folder of the base, or its name on a hub; nil where the file does not say.
  let base: String?
  private let rank: Int
  private let alpha: Double
  private let ranks: [(pattern: RegularExpression, value: Int)]
  private let alphas: [(pattern: RegularExpression, value: Double)]
  private let dividesByRoot: Bool
  private let targets: Targets
  let file: String

  private enum Targets: Sendable {
    case names([String])
    case pattern(RegularExpression)
    /// Every linear layer, or those that are usual for a family.
    case all
  }

  /// Reads the file. Throws a `TensorFileError` for what is no LoRA, or one of a kind that is not read here.
  init(_ document: JSONDocument) throws(TensorFileError) {
    file = document.file
    func unsupported(_ field: String, _ found: String, _ expected: String) -> TensorFileError {
      TensorFileError(
        .unsupported, file: document.file, field: "'\(field)'", found: found, expected: expected)
    }
    let type = try document.string("peft_type")
    guard type.uppercased() == "LORA" else { throw unsupported("peft_type", "'\(type)'", "'LORA'") }
    for field in ["use_dora", "use_qalora", "use_bdlora"] {
      guard try document.optionalBoolean(field) ?? false else { continue }
      throw unsupported(field, "true", "false: matrices plus a product of two factors")
    }
    let bias = try document.optionalString("bias") ?? "none"
    guard bias == "none" else { throw unsupported("bias", "'\(bias)'", "'none'") }
    for field in [
      "layer_replication", "trainable_token_indices", "target_parameters",
      "alora_invocation_tokens",
      "arrow_config",
    ] {
      switch document.object[field] {
      case nil, .null?, .array([])?, .object([:])?: continue
      case let value?: throw unsupported(field, value.kind, "none")
      }
    }
    base = try document.optionalString("base_model_name_or_path").flatMap { $0.isEmpty ? nil : $0 }
    rank = try document.integer("r")
    guard rank >= 1, rank <= 1 << 20 else { throw unsupported("r", "\(rank)", "a positive rank") }
    alpha = try document.optionalNumber("lora_alpha") ?? 8
    dividesByRoot = try document.optionalBoolean("use_rslora") ?? false
    ranks = try Self.patterns(document, "rank_pattern", \.integerValue)
    alphas = try Self.patterns(document, "alpha_pattern", \.numberValue)
    switch document.object["target_modules"] {
    case nil, .null?, "all-linear"?: targets = .all
    case .string(let pattern)?:
      targets = .pattern(try Self.expression(pattern, document, "target_modules"))
    case .array(let names)? where names.allSatisfy { $0.stringValue != nil }:
      targets = .names(names.compactMap(\.stringValue))
    case let value?:
      throw unsupported("target_modules", value.kind, "names, a regular expression or 'all-linear'")
    }
  }

  private static func patterns<Value>(
    _ document: JSONDocument, _ field: String, _ convert: (JSONValue) -> Value?
  ) throws(TensorFileError) -> [(RegularExpression, Value)] {
    guard let section = try document.optionalDocument(field) else { return [] }
    var patterns: [(RegularExpression, Value)] = []
    for (key, value) in section.object {
      guard let number = convert(value) else {
        throw TensorFileError(
          .typeMismatch, file: section.file, field: "'\(key)'", found: value.kind,
          expected: "a number")
      }
      patterns.append((try expression("(.*\\.)?(" + key + ")", document, field), number))
    }
    return patterns
  }

  private static func expression(_ pattern: String, _ document: JSONDocument, _ field: String)
    throws(TensorFileError) -> RegularExpression
  {
    do throws(RegularExpression.Failure) {
      return try RegularExpression(whole: pattern)
    } catch {
      throw TensorFileError(
        .unsupported, file: document.file, field: "'\(field)'",
        found: "the regular expression '\(pattern)': \(error.message)")
    }
  }

  /// Whether the adapter has factors beside the matrix of a module, by its name in the base.
  func targets(_ module: String) -> Bool {
    switch targets {
    case .names(let names): names.contains { module == $0 || module.hasSuffix("." + $0) }
    case .pattern(let pattern): pattern.matchesStart(of: module)
    case .all: true
    }
  }

  /// r of a module.
  func rank(of module: String) -> Int {
    ranks.first { $0.pattern.matchesStart(of: module) }?.value ?? rank
  }

  /// s of a module: alpha / r, or alpha / sqrt(r) (rank-stabilised LoRA, arXiv 2312.03732).
  func scale(of module: String) -> Float {
    let alpha = alphas.first { $0.pattern.matchesStart(of: module) }?.value ?? alpha
    let rank = Double(rank(of: module))
    return Float(alpha / (dividesByRoot ? rank.squareRoot() : rank))
  }
}
