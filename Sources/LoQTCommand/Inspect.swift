import ArgumentParser
import Formatting
import Foundation
import JSON
import TensorFiles
import Tensors
import Terminal
import Training

/// `loqt inspect`: what a file of tensors holds.
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List the tensors and the metadata of a file or a folder.",
    discussion: """
      Safetensors (a file, or the folder of a model, in one file or several), GGUF, npy and npz.

      Example: loqt inspect model.gguf --filter 'blk.0.*' --statistics
      """)

  @Argument(help: ArgumentHelp("The file, or the folder of a model.", valueName: "path"))
  var path: String

  @Option(
    help: ArgumentHelp(
      "List only tensors whose name has this in it; * stands for any text.", valueName: "pattern"))
  var filter: String?

  @Flag(help: "Read the tensors, and tell the range, mean and deviation of their numbers.")
  var statistics = false

  @Flag(help: "Print an object in JSON.")
  var json = false

  func run() throws {
    let catalog = try TensorCatalog(path: path)
    let items = catalog.items.filter { item in filter.map { item.name.matches($0) } ?? true }
    if items.isEmpty, let filter, !catalog.items.isEmpty {
      throw InputError(
        "No tensor of \(path) has '\(filter)' in its name. Leave out --filter to list all of them.")
    }
    if json { return print(try object(catalog, items).text(.indented)) }
    print("\(path.printable): \(catalog.format)")
    if !catalog.metadata.isEmpty, filter == nil { printMetadata(catalog.metadata) }
    try printTensors(items, of: catalog.items.count)
  }

  // MARK: For people

  private func printMetadata(_ metadata: [(key: String, value: TensorCatalog.Value)]) {
    print()
    let width = min(metadata.map { $0.key.printable.count }.max() ?? 0, 40)
    for (key, value) in metadata {
      let line = key.printable.padded(to: width) + "  " + value.line
      print(line.shortened(to: Console.width))
    }
  }

  private func printTensors(_ items: [TensorCatalog.Item], of count: Int) throws {
    guard !items.isEmpty else { return print("\nno tensors") }
    var lines = [["tensor", "type", "shape", "bytes"]]
    if statistics {
      lines[0] += ["least", "largest", "mean", "deviation", "zeros", "NaN"]
    }
    for item in items {
      let shape = "[\(item.shape.map { "\($0)" }.joined(separator: ", "))]"
      var line = [item.name.printable, item.type, shape, grouped(item.byteCount)]
      if statistics { line += columns(of: item) }
      lines.append(line)
    }
    // Names give way where the rest needs the width of the terminal.
    let others = lines[0].indices.dropFirst().reduce(0) { sum, column in
      sum + 2 + (lines.map { $0[column].count }.max() ?? 0)
    }
    let room = max(16, Console.width.map { $0 - others } ?? .max)
    for index in lines.indices { lines[index][0] = lines[index][0].shortened(to: room) }
    print()
    for line in aligned(lines) { print(line) }
    let elements = items.reduce(0) { $0 + $1.shape.elementCount }
    let bytes = items.reduce(0) { $0 + $1.byteCount }
    let shown =
      items.count == count ? "\(grouped(count))" : "\(grouped(items.count)) of \(grouped(count))"
    print(
      "\n\(shown) tensor\(count == 1 ? "" : "s"), \(grouped(elements)) elements, "
        + PlainText.megabytes(bytes))
  }

  /// The columns of statistics; dashes for a type whose numbers are not read.
  private func columns(of item: TensorCatalog.Item) -> [String] {
    guard let found = try? item.statistics() else { return Array(repeating: "-", count: 6) }
    func number(_ value: Double) -> String { value.isNaN ? "-" : printf("%.4g", value) }
    return [
      number(found.minimum), number(found.maximum), number(found.mean), number(found.deviation),
      grouped(found.zeros), grouped(found.notNumbers),
    ]
  }

  // MARK: For programs

  private func object(_ catalog: TensorCatalog, _ items: [TensorCatalog.Item]) throws -> JSONValue {
    var metadata = JSONObject()
    for (key, value) in catalog.metadata { metadata[key] = value.json }
    let tensors = items.map { item in
      var object: JSONObject = [
        "name": .string(item.name), "type": .string(item.type),
        "shape": .array(item.shape.map { .integer($0) }), "bytes": .integer(item.byteCount),
      ]
      if statistics, let found = try? item.statistics() {
        object["minimum"] = .finite(found.minimum)
        object["maximum"] = .finite(found.maximum)
        object["mean"] = .finite(found.mean)
        object["deviation"] = .finite(found.deviation)
        object["zeros"] = .integer(found.zeros)
        object["not_numbers"] = .integer(found.notNumbers)
        object["infinities"] = .integer(found.infinities)
      }
      return JSONValue.object(object)
    }
    return [
      "format": .string(catalog.format), "metadata": .object(metadata), "tensors": .array(tensors),
    ]
  }
}

extension TensorCatalog.Value {
  /// One line of text.
  fileprivate var line: String {
    switch self {
    case .text(let text): text.printable
    case .plain(let text): text
    case .list(let count, let first):
      "[" + first.map { $0.line.shortened(to: 24) }.joined(separator: ", ")
        + (count > first.count ? ", ...] of \(grouped(count))" : "]")
    }
  }

  /// A list in JSON is what there is of it.
  fileprivate var json: JSONValue {
    switch self {
    case .text(let text): .string(text)
    case .plain("true"): true
    case .plain("false"): false
    case .plain(let text): Int(text).map { .integer($0) } ?? .finite(Double(text) ?? .nan)
    case .list(let count, let first):
      ["count": .integer(count), "first": .array(first.map(\.json))]
    }
  }
}

extension JSONValue {
  /// A number, or null for one that JSON cannot write.
  fileprivate static func finite(_ value: Double) -> JSONValue {
    value.isFinite ? .number(value) : .null
  }
}

extension String {
  /// On one line, and without what a terminal would obey.
  fileprivate var printable: String {
    var text = ""
    for scalar in unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate:
        text += scalar == "\n" ? "\\n" : "\\u{\(String(scalar.value, radix: 16))}"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }

  /// At most so many characters, with dots for those left out of the middle.
  fileprivate func shortened(to width: Int?) -> String {
    guard let width, count > width, width > 3 else { return self }
    let kept = width - 3
    return String(prefix(kept - kept / 2)) + "..." + String(suffix(kept / 2))
  }

  /// Whether a pattern is in it, in which * stands for any text.
  fileprivate func matches(_ pattern: String) -> Bool {
    let parts = pattern.split(separator: "*")
    var rest = self[...]
    for part in parts {
      guard let found = rest.range(of: part) else { return false }
      rest = rest[found.upperBound...]
    }
    return true
  }
}
