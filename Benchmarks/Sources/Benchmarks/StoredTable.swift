import Foundation
import Tensors

/// The rows of earlier runs on one kind of processor, in a file of `Benchmarks/Processors`.
///
/// Rates mean nothing on another processor, so each has a table of its own; and the ratio to the
/// rival of the same run is compared, which other programs disturb less than the rates.
struct StoredTable {
  private let file: URL
  private(set) var rows: [String: Row]

  /// The table of this processor with these kernels and threads; empty if there is none.
  init(in folder: URL) {
    let processor = Processor.current
    let name = [
      processor.maker.isEmpty ? processor.name : processor.maker, "\(processor.family)",
      "\(processor.model)", BLASKernels.current.name, "\(Threads.count)-threads",
    ]
    let allowed = name.joined(separator: "-").lowercased().map { character in
      character.isASCII && (character.isLetter || character.isNumber) ? character : "-"
    }
    file = folder.appending(component: String(allowed) + ".json")
    let stored = try? JSONDecoder().decode([Row].self, from: Data(contentsOf: file))
    rows = Dictionary((stored ?? []).map { ($0.key, $0) }, uniquingKeysWith: { $1 })
  }

  var isEmpty: Bool { rows.isEmpty }
  var name: String { file.lastPathComponent }

  /// The ratio of a row over the stored one; nil if none is stored.
  func change(of row: Row) -> Double? { rows[row.key].map { row.ratio / $0.ratio } }

  /// Stores rows: those that are missing, or all of them.
  mutating func keep(_ fresh: [Row], replacing: Bool) throws {
    for row in fresh where replacing || rows[row.key] == nil { rows[row.key] = row }
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try encoded(rows.values.sorted { $0.key < $1.key }).write(to: file, options: .atomic)
  }
}

extension Row {
  fileprivate var key: String { "\(group): \(`case`)" }
}

/// Rows as readable JSON.
func encoded(_ rows: [Row]) throws -> Data {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  return try encoder.encode(rows)
}
