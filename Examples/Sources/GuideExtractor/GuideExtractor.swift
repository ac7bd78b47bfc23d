import Foundation

/// GuideExtractor OUTPUT FILE... : makes a function of each Markdown file, of all its blocks that are marked as Swift
/// in their order, so that a later block uses what an earlier one has made. Code in a comment that begins with
/// `<!-- swift` is part of it too, but not of the page: what a block needs, or what must be true behind it.
@main enum GuideExtractor {
  static func main() throws {
    let paths = CommandLine.arguments.dropFirst()
    guard let output = paths.first else { fatalError("GuideExtractor OUTPUT FILE...") }
    var imports: Set<String> = []
    var functions: [(name: String, body: String)] = []
    for path in paths.dropFirst() {
      let text = try String(contentsOfFile: path, encoding: .utf8)
      let code = code(of: text, file: path, imports: &imports)
      if code.isEmpty { continue }
      let name = URL(filePath: path).deletingPathExtension().lastPathComponent
      functions.append((name, code))
    }
    let entries = functions.map { "  (\"\($0.name)\", guide_\(identifier($0.name)))," }
    let bodies = functions.map {
      "func guide_\(identifier($0.name))() async throws {\n\($0.body)}\n"
    }
    let source =
      imports.sorted().joined(separator: "\n")
      + "\n\n/// The code of each page.\nnonisolated(unsafe) let guides: [(name: String, run: () async throws -> Void)] = [\n"
      + entries.joined(separator: "\n") + "\n]\n\n" + bodies.joined(separator: "\n")
    try source.write(toFile: output, atomically: true, encoding: .utf8)
  }

  private static func identifier(_ name: String) -> String {
    String(name.map { $0.isLetter || $0.isNumber ? $0 : "_" })
  }

  /// The code of a page, each line at the place where the page has it.
  private static func code(of text: String, file: String, imports: inout Set<String>) -> String {
    var code = ""
    var end: String?
    for (number, line) in text.components(separatedBy: "\n").enumerated() {
      if let closing = end {
        if line == closing {
          end = nil
        } else if line.hasPrefix("import ") {
          imports.insert(line)
        } else {
          code += line + "\n"
        }
      } else if line == "```swift" || line == "<!-- swift" {
        end = line == "```swift" ? "```" : "-->"
        code += "#sourceLocation(file: \"\(file)\", line: \(number + 2))\n"
      }
    }
    return code.isEmpty ? "" : code + "#sourceLocation()\n"
  }
}
