package import JSON
package import Optimizers
package import Quantization
package import TensorFiles

extension WeightFormat {
  /// Reads a format's name from a member of a `config.json`.
  package init(_ document: JSONDocument, _ field: String) throws(TensorFileError) {
    let name = try document.string(field)
    guard let format = WeightFormat(name: name) else {
      throw TensorFileError(
        .unsupported, file: document.file, field: "'\(field)'", found: "'\(name)'",
        expected: "the name of a format, such as 'nf4-64-double' or 'int8-symmetric-row'")
    }
    self = format
  }
}

extension RankRule {
  /// The rule as a member of a `config.json`: a number, or a text for rules other than counts.
  package var json: JSONValue {
    if case .count(let count) = self { .integer(count) } else { .string(description) }
  }

  /// Reads a rule from a member of a `config.json`.
  package init(_ section: JSONDocument, _ field: String) throws(TensorFileError) {
    let text = try? section.string(field)
    let rule: RankRule? = if let text { RankRule(text) } else { .count(try section.integer(field)) }
    switch rule {
    case .count(1...1 << 20)?, .energy(_, 1...1 << 20, 1...1 << 20)?: self = rule!
    case .fraction(let share)? where share > 0 && share <= 1: self = rule!
    default:
      throw TensorFileError(
        .unsupported, file: section.file, field: "'\(field)'",
        found: rule.map { "\($0)" } ?? "'\(text ?? "")'", expected: "a positive rank")
    }
  }
}

extension JSONDocument {
  /// A required member that is an object.
  func document(_ name: String) throws(TensorFileError) -> JSONDocument {
    if let document = try optionalDocument(name) { return document }
    throw TensorFileError(
      .missing, file: file, field: "'\(name)'", found: "no such member", expected: "an object")
  }

  /// A field that holds the name of a case; nil if the field is absent.
  func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ field: String
  ) throws(TensorFileError) -> Choice? {
    guard let name = try optionalString(field) else { return nil }
    if let choice = Choice(rawValue: name) { return choice }
    let names = Choice.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
    throw TensorFileError(
      .unsupported, file: file, field: "'\(field)'", found: "'\(name)'",
      expected: "one of \(names)")
  }

  /// The member `scale`, a positive number in single precision.
  func positiveScale() throws(TensorFileError) -> Float {
    let scale = try number("scale")
    guard Float(scale) > 0, Float(scale).isFinite else {
      throw TensorFileError(
        .unsupported, file: file, field: "'scale'", found: "\(scale)",
        expected: "a positive number")
    }
    return Float(scale)
  }
}
