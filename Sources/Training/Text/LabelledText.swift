internal import Tensors

/// Labelled lines of text, for classification.
///
/// A line is a label, a tab and the text, which may hold further tabs; empty lines are skipped.
public struct LabelledText: Sendable {
  /// Where the lines came from, for messages.
  public let name: String
  /// The distinct labels, sorted by their bytes.
  public let labels: [[UInt8]]
  /// The texts, each with the index of its label in `labels`.
  public let lines: [(text: [UInt8], label: Int)]

  /// A hash of all lines, which tells data sets apart.
  package let fingerprint: String

  /// The fewest lines accepted: fewer leave too little to train and measure on.
  public static let fewestLines = 50

  /// Reads a file. Throws if it is missing, not a file, or not such lines.
  public init(file path: String) throws(InputError) {
    try self.init(SourceText.bytes(ofFile: path), name: path)
  }

  /// Reads lines. Throws for the first line without a label or a text, for fewer than `fewestLines`, and
  /// if all have the same label.
  public init(_ bytes: [UInt8], name: String = "the text") throws(InputError) {
    let text = try SourceText.text(bytes, name: name)
    var found: [(text: ArraySlice<UInt8>, label: ArraySlice<UInt8>)] = []
    let lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() where !line.allSatisfy(SourceText.isSpace) {
      let tab = line.firstIndex(of: 0x09)
      let (label, rest) = (line[..<(tab ?? line.startIndex)], line[(tab ?? line.endIndex)...])
      guard !label.allSatisfy(SourceText.isSpace), !rest.allSatisfy(SourceText.isSpace) else {
        throw InputError(
          "Line \(index + 1) of \(name) is not a label, a tab and a text. Write each line in that form."
        )
      }
      found.append((rest.dropFirst(), label))
    }
    guard found.count >= Self.fewestLines else {
      throw InputError(
        "\(name) has \(found.count) lines with labels. Give \(Self.fewestLines) or more.")
    }
    let labels = Set(found.map { Array($0.label) }).sorted { $0.lexicographicallyPrecedes($1) }
    guard labels.count > 1 else {
      throw InputError("All lines of \(name) have the same label. Give two labels or more.")
    }
    let places = Dictionary(uniqueKeysWithValues: labels.enumerated().map { ($1, $0) })
    self.name = name
    self.labels = labels
    self.lines = found.map { (Array($0.text), places[Array($0.label)]!) }
    fingerprint = FNVHash.digits(found.lazy.flatMap { $0.label + [0x09] + $0.text + [0x0A] })
  }

  /// The name without folders.
  package var fileName: String { name.split(separator: "/").last.map(String.init) ?? name }
}
