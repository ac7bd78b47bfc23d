import ArgumentParser
import JSON
import Training

/// The options of a command, as the command itself describes them.
struct OptionTable {
  /// An option or a flag.
  struct Entry {
    let name: String
    let isFlag: Bool
    let isRepeating: Bool
    let defaultValue: String?
  }

  /// In the order of the help.
  let entries: [Entry]

  /// The options of a subcommand of `loqt`; nil if there is none of the name.
  init?(command name: String) {
    guard let dump = try? JSONValue(parsing: LoQTCommand._dumpHelp()),
      let command = dump["command"]?["subcommands"]?.arrayValue?.first(where: {
        $0["commandName"]?.stringValue == name
      })
    else { return nil }
    entries = (command["arguments"]?.arrayValue ?? []).compactMap { argument in
      guard let kind = argument["kind"]?.stringValue, kind != "positional",
        let name = argument["preferredName"]?["name"]?.stringValue, name != "help"
      else { return nil }
      return Entry(
        name: name, isFlag: kind == "flag",
        isRepeating: argument["isRepeating"]?.booleanValue ?? false,
        defaultValue: argument["defaultValue"]?.stringValue)
    }
  }

  /// The option of a name; nil if there is none.
  func entry(named name: String) -> Entry? { entries.first { $0.name == name } }

  /// Whether there is a flag for the contrary.
  func hasInverse(_ entry: Entry) -> Bool {
    entry.isFlag && self.entry(named: "no-" + entry.name) != nil
  }

  /// The names that a file of options may use: those of flags for the contrary are left out.
  var names: [String] {
    entries.map(\.name).filter { name in
      !(name.hasPrefix("no-") && entry(named: String(name.dropFirst(3))) != nil)
        && !["configuration", "print-configuration"].contains(name)
    }
  }

  /// The name that is written most like another.
  func nearest(to name: String) -> String? {
    names.map { ($0, Self.distance($0, name)) }.min { $0.1 < $1.1 }?.0
  }

  /// The fewest characters to insert, remove or replace (Levenshtein's distance).
  private static func distance(_ one: String, _ other: String) -> Int {
    let other = Array(other)
    var row = Array(0...other.count)
    for (i, a) in one.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, b) in other.enumerated() {
        let next = min(row[j] + 1, row[j + 1] + 1, diagonal + (a == b ? 0 : 1))
        diagonal = row[j + 1]
        row[j + 1] = next
      }
    }
    return row[other.count]
  }
}
