extension PostProcessor {
  /// Reads a post-processor; nil if it adds no tokens.
  static func read(_ field: FileField) throws(TokenizerError) -> PostProcessor? {
    switch try field.type() {
    case "ByteLevel": return nil
    case "BertProcessing":
      return .bert(
        classification: try pairID(field, "cls"), separator: try pairID(field, "sep"))
    case "RobertaProcessing":
      return .roberta(
        classification: try pairID(field, "cls"), separator: try pairID(field, "sep"))
    case "TemplateProcessing":
      let tokens = try field.member("special_tokens")
      return PostProcessor(
        single: try parts(try field.required("single"), tokens),
        pair: try parts(try field.required("pair"), tokens))
    case "Sequence":
      var found: PostProcessor?
      for part in try field.required("processors").array(atMost: 64) {
        guard let processor = try read(part) else { continue }
        guard found == nil else {
          throw part.error(.unsupported, "expected one processor that adds tokens, found two")
        }
        found = processor
      }
      return found
    default:
      throw try field.unsupported(
        "TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel, Sequence")
    }
  }

  /// The id in a member such as `["[CLS]", 101]`.
  private static func pairID(_ field: FileField, _ name: String) throws(TokenizerError) -> Int32 {
    let pair = try field.required(name)
    let elements = try pair.array()
    guard elements.count == 2 else {
      throw pair.error(.invalidValue, "expected a token and its id")
    }
    _ = try elements[0].string()
    return try elements[1].id()
  }

  private static func parts(
    _ field: FileField, _ tokens: FileField?
  ) throws(TokenizerError) -> [Part] {
    var parts: [Part] = []
    for element in try field.array(atMost: 256) {
      if let sequence = try element.member("Sequence") {
        let name = try sequence.required("id")
        guard ["A", "B"].contains(try name.string()) else {
          throw name.error(.invalidValue, "expected A or B, found \(quoted(try name.bytes()))")
        }
        parts.append(.text(isSecond: try name.string() == "B", type: try type(sequence)))
      } else {
        let token = try element.required("SpecialToken")
        let name = try token.required("id")
        guard let listed = try tokens?.member(try name.string()) else {
          throw name.error(
            .invalidValue, "the token \(quoted(try name.bytes())) is not in special_tokens")
        }
        var ids: [Int32] = []
        for id in try listed.required("ids").array(atMost: 256) { ids.append(try id.id()) }
        parts.append(.tokens(ids, type: try type(token)))
      }
    }
    return parts
  }

  private static func type(_ field: FileField) throws(TokenizerError) -> Int32 {
    Int32(try field.member("type_id")?.integer(in: 0...1 << 16) ?? 0)
  }

  /// The highest id that it adds.
  var highestID: Int32 {
    (single + pair).map { if case .tokens(let ids, _) = $0 { ids.max() ?? -1 } else { -1 } }.max()
      ?? -1
  }
}
