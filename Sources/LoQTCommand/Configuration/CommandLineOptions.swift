import ArgumentParser
import Foundation
import JSON
import Synchronization
import TensorFiles
import Training

/// The options that were given to this command, on its line and in its file of options.
struct CommandLineOptions: Sendable {
  /// The words, with those that stand for the file of options at the end.
  let words: [String]

  /// Those of this program.
  static var current: CommandLineOptions { stored.withLock { $0 } }
  private static let stored = Mutex(CommandLineOptions(words: []))

  /// Takes the words of the command line, and the file that they name.
  ///
  /// Throws an `InputError` for a name in the file that is no option.
  static func take(_ words: [String]) throws {
    let options = try CommandLineOptions(words)
    stored.withLock { $0 = options }
  }

  private init(words: [String]) { self.words = words }

  private init(_ words: [String]) throws {
    let given = CommandLineOptions(words: words)
    guard let command = words.first, let path = given.value(of: "configuration"),
      let table = OptionTable(command: command), table.entry(named: "configuration") != nil
    else {
      self.words = words
      return
    }
    let document = try JSONDocument(path: path)
    var added: [String] = []
    let names = Set(given.names.flatMap { [$0, "no-" + $0, String($0.trimmingPrefix("no-"))] })
    for (key, value) in document.object {
      guard table.names.contains(key), let entry = table.entry(named: key) else {
        let nearest = table.nearest(to: key).map { "; the nearest is \"\($0)\"" } ?? ""
        throw InputError(
          "\(path) has \"\(key)\", which is no option of loqt \(command)\(nearest). "
            + "--print-configuration shows all.")
      }
      guard !names.contains(key), value != .null else { continue }
      added += try Self.words(of: value, for: entry, in: table, file: path)
    }
    self.words = words + added
  }

  private static func words(
    of value: JSONValue, for entry: OptionTable.Entry, in table: OptionTable, file: String
  ) throws(InputError) -> [String] {
    func refuse(_ expected: String) -> InputError {
      InputError("\(file): \"\(entry.name)\" is \(value.text()). Give \(expected).")
    }
    let name = "--" + entry.name
    if entry.isFlag {
      guard let isOn = value.booleanValue else { throw refuse("true or false") }
      return isOn ? [name] : table.hasInverse(entry) ? ["--no-" + entry.name] : []
    }
    func text(_ value: JSONValue) -> String? {
      switch value {
      case .string(let text): text
      case .integer(let number): "\(number)"
      case .number(let number): "\(number)"
      default: nil
      }
    }
    if entry.isRepeating {
      let texts = (value.arrayValue ?? [value]).map(text)
      guard !texts.contains(nil) else { throw refuse("a text, or a list of them") }
      return texts.flatMap { [name, $0 ?? ""] }
    }
    guard let text = text(value) else { throw refuse("a text or a number") }
    return ["\(name)=\(text)"]
  }

  /// The names of the options that were given, without dashes.
  var names: [String] {
    words.filter { $0.hasPrefix("--") && $0.count > 2 }
      .map { String($0.dropFirst(2).prefix { $0 != "=" }) }
  }

  /// The last value that was given for an option; nil where none was.
  func value(of name: String) -> String? { values(of: name).last }

  /// All values that were given for an option.
  func values(of name: String) -> [String] {
    var values: [String] = []
    for (index, word) in words.enumerated() {
      if word.hasPrefix("--\(name)=") {
        values.append(String(word.dropFirst(name.count + 3)))
      } else if word == "--" + name {
        values += words[(index + 1)...].prefix { !$0.hasPrefix("--") }
      }
    }
    return values
  }
}

extension CommandLineOptions {
  /// Every option of the command with its value, as a file of options.
  ///
  /// - Parameter resolved: Values that follow from others, where nobody has given one.
  func configurationText(resolved: [String: JSONValue]) -> String {
    guard let command = words.first, let table = OptionTable(command: command) else { return "" }
    var object = JSONObject()
    for name in table.names {
      guard let entry = table.entry(named: name) else { continue }
      let given = values(of: name).map(Self.value)
      if entry.isFlag {
        let last = names.last { $0 == name || $0 == "no-" + name }
        object[name] =
          last.map { .boolean($0 == name) }
          ?? entry.defaultValue.map { .boolean($0 == "--" + name) }
          ?? (table.hasInverse(entry) ? .null : false)
      } else if entry.isRepeating {
        object[name] = .array(given)
      } else {
        object[name] = given.last ?? resolved[name] ?? entry.defaultValue.map(Self.value) ?? .null
      }
    }
    return JSONValue.object(object).text(.indented)
  }

  private static func value(_ text: String) -> JSONValue {
    Int(text).map { .integer($0) }
      ?? Double(text).flatMap { $0.isFinite ? .number($0) : nil } ?? .string(text)
  }
}
