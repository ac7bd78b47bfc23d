internal import Tensors

/// Texts, or pairs of texts, with a label each, to learn which label a text has; or with a number each.
///
/// They come from CSV, from tab-separated columns or from JSON lines; see `LabelColumns`. Without a header
/// a line is the label, a tab and the text, which may hold further tabs. Empty lines are left out.
public struct LabelledText: Sendable {
  /// One text with its label.
  public struct Example: Sendable, Hashable {
    /// The text.
    public var text: [UInt8]
    /// The second text of a pair.
    public var pair: [UInt8]?
    /// The place of the label in `labels`; 0 where numbers are learnt.
    public var label: Int
    /// The number, where numbers are learnt.
    public var value: Double
    /// The line that it begins in, from 1.
    public var line: Int
  }

  /// Where the texts came from, for messages.
  public let name: String
  /// The different labels, in the order of their numbers where all are whole numbers, else of their
  /// bytes; none where numbers are learnt.
  public let labels: [[UInt8]]
  /// The texts.
  public let examples: [Example]
  /// What a person should know about the file.
  public let notices: [String]

  /// Tells sets apart.
  package let fingerprint: String

  /// Fewer texts leave nothing to learn from or to measure on.
  public static let fewestLines = 50

  /// What is learnt, and by which labels.
  public enum Kind: Sendable, Hashable {
    /// The labels that are there.
    case classes
    /// Labels that are known already, by name or by number from 0: those of the texts that are learnt
    /// from, or of a trained classifier.
    case knownClasses([[UInt8]], of: String)
    /// Numbers.
    case numbers

    fileprivate var isKnown: Bool { if case .knownClasses = self { true } else { false } }
  }

  /// Reads a file. Throws when it is missing, no file, or no such texts.
  public init(file path: String, columns: LabelColumns = LabelColumns(), kind: Kind = .classes)
    throws(InputError)
  {
    try self.init(SourceText.bytes(ofFile: path), name: path, columns: columns, kind: kind)
  }

  /// Reads texts with their labels.
  ///
  /// Throws an `InputError` for the first line that has no label or no text, or a label that is not
  /// known, and for fewer texts than `fewestLines` or one label alone where these are to be learnt from.
  ///
  /// - Parameters:
  ///   - bytes: A file's.
  ///   - name: Where they came from; the ending says what they are, or else the first line.
  ///   - columns: Which columns hold what.
  ///   - kind: What is learnt.
  public init(
    _ bytes: [UInt8], name: String = "the text", columns: LabelColumns = LabelColumns(),
    kind: Kind = .classes
  ) throws(InputError) {
    let text = try SourceText.text(bytes, name: name)
    let table = try LabelledRows(text, name: name, columns: columns)
    guard kind.isKnown || table.rows.count >= Self.fewestLines else {
      throw InputError(
        "\(name) has \(table.rows.count) lines with labels. Give \(Self.fewestLines) or more.")
    }
    self.name = name
    var notices = table.notices
    switch kind {
    case .classes:
      labels = try Self.labels(table.rows, name: name)
      if let note = Self.suspicion(table, name: name) { notices.append(note) }
    case .knownClasses(let known, _): labels = known
    case .numbers: labels = []
    }
    let numbering = LabelNumbers(labels, kind)
    var examples: [Example] = []
    examples.reserveCapacity(table.rows.count)
    for row in table.rows {
      let (label, value) = try numbering.number(row, name: name)
      examples.append(
        Example(text: row.text, pair: row.pair, label: label, value: value, line: row.line))
    }
    self.examples = examples
    self.notices = notices
    fingerprint = FNVHash.digits(table.rows.lazy.flatMap(\.bytes))
  }

  private static func labels(_ rows: [LabelledRows.Row], name: String) throws(InputError)
    -> [[UInt8]]
  {
    let labels = Set(rows.map(\.label))
    guard labels.count > 1 else {
      throw InputError("All lines of \(name) have the same label. Give two labels or more.")
    }
    let texts = labels.map { (bytes: $0, text: String(decoding: $0, as: UTF8.self)) }
    if labels.count > max(20, rows.count / 2), texts.allSatisfy({ Double($0.text) != nil }) {
      throw InputError(
        "The labels of \(name) are numbers, \(labels.count) different ones such as \(texts[0].text). Give "
          + "--regression to learn numbers.")
    }
    let numbered = texts.compactMap { text in Int(text.text).map { (text.bytes, $0) } }
    if numbered.count == labels.count, Set(numbered.map(\.1)).count == labels.count {
      return numbered.sorted { $0.1 < $1.1 }.map(\.0)
    }
    return labels.sorted { $0.lexicographicallyPrecedes($1) }
  }

  /// What speaks for a header that was not recognised.
  private static func suspicion(_ table: LabelledRows, name: String) -> String? {
    guard !table.hasHeader, let first = table.rows.first,
      !table.rows.dropFirst().contains(where: { $0.label == first.label })
    else { return nil }
    return
      "No other line of \(name) has the label '\(String(decoding: first.label, as: UTF8.self))' of its "
      + "first line. If that line names the columns, say so: --columns text=NAME,label=NAME."
  }

  /// The name without folders.
  package var fileName: String { name.split(separator: "/").last.map(String.init) ?? name }

  /// The labels as texts.
  public var labelNames: [String] { labels.map { String(decoding: $0, as: UTF8.self) } }
}

/// The numbers of labels.
private struct LabelNumbers {
  private let places: [[UInt8]: Int]
  private let kind: LabelledText.Kind

  init(_ labels: [[UInt8]], _ kind: LabelledText.Kind) {
    self.kind = kind
    places = Dictionary(
      labels.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
  }

  func number(_ row: LabelledRows.Row, name: String) throws(InputError) -> (Int, Double) {
    let label = String(decoding: row.label, as: UTF8.self)
    if case .numbers = kind {
      guard let value = Double(label), value.isFinite else {
        throw InputError(
          "Line \(row.line) of \(name): '\(label)' is not a number, which --regression learns.")
      }
      return (0, value)
    }
    if let place = places[row.label] { return (place, 0) }
    guard case .knownClasses(_, let owner) = kind else { preconditionFailure("LabelNumbers") }
    // A number from 0, where no name of a label is one.
    if let place = Int(label), (0..<places.count).contains(place),
      !places.keys.contains(where: { Int(String(decoding: $0, as: UTF8.self)) != nil })
    {
      return (place, 0)
    }
    let known = places.sorted { $0.value < $1.value }.prefix(8)
      .map { String(decoding: $0.key, as: UTF8.self) }.joined(separator: ", ")
    throw InputError(
      "Line \(row.line) of \(name): \(owner) knows no label '\(label)'. It knows \(known)"
        + (places.count > 8 ? " and \(places.count - 8) more." : "."))
  }
}
