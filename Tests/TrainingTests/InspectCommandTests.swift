import Foundation
import JSON
import TensorFiles
import TestSupport
import Tensors
import Testing

/// `loqt inspect` as a person calls it.
@Suite struct InspectCommandTests {
  /// Runs the command, which is beside the tests' own executable.
  private func inspect(_ arguments: String...) throws -> (
    code: Int32, output: String, errors: String
  ) {
    let process = Process()
    let (output, errors) = (Pipe(), Pipe())
    process.executableURL = Bundle.main.bundleURL.appending(component: "loqt")
    process.arguments = ["inspect"] + arguments
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let message = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text, message)
  }

  private let file = Fixture.folder + "/gguf/everything.gguf"

  @Test func tensorsAndMetadataAreListedInColumns() throws {
    let found = try inspect(file, "--statistics")
    #expect(found.code == 0, "\(found.errors)")
    let lines = found.output.split(separator: "\n")
    #expect(lines[0].hasSuffix("everything.gguf: GGUF, version 3"))
    #expect(lines.contains { $0.hasPrefix("a.string") && $0.hasSuffix("[, a, Ġthe]") })
    #expect(lines.last == "10 tensors, 1,376 elements, 0.00 MB")
    let head = try #require(lines.firstIndex { $0.hasPrefix("tensor ") })
    let rows = lines[head...].dropLast().map(\.count)
    #expect(Set(rows).count == 1, "columns are not aligned: \(rows)")
    // What is not read has dashes, and hides nothing.
    let odd = try #require(lines.first { $0.hasPrefix("mxfp4.weight") })
    #expect(odd.split(separator: " ").suffix(6) == ["-", "-", "-", "-", "-", "-"])
    let vector = try #require(lines.first { $0.hasPrefix("vector ") })
    #expect(vector.split(separator: " ").suffix(6) == ["1", "3", "2", "0.8165", "0", "0"])
  }

  @Test func aFilterChoosesAndJSONTellsTheSame() throws {
    let found = try inspect(file, "--json", "--filter", "q*_0.w", "--statistics")
    let object = try JSONValue(parsing: Array(found.output.utf8), file: "output")
    let tensors = try #require(object["tensors"]?.arrayValue)
    #expect(tensors.compactMap { $0["name"]?.stringValue } == ["q8_0.weight", "q4_0.weight"])
    #expect(tensors[0]["shape"] == [3, 64] && tensors[0]["bytes"]?.integerValue == 3 * 2 * 34)
    #expect(tensors[0]["deviation"]?.numberValue ?? 0 > 0.5)
    #expect(object["metadata"]?["n.uint8"]?.integerValue == 200)
    let none = try inspect(file, "--filter", "nothing")
    #expect(none.code != 0 && none.errors.contains("No tensor of") && none.output.isEmpty)
  }

  @Test func namesNeverCommandTheTerminal() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.safetensors"
      try SafetensorsFile.write(
        ["\u{1b}[31mred\u{202e}\r": Tensor<Float>([1])], metadata: ["k\u{7}": "a\u{1b}c\nd"],
        to: path)
      let found = try inspect(path)
      #expect(found.code == 0)
      for scalar in found.output.unicodeScalars where scalar != "\n" {
        let category = scalar.properties.generalCategory
        #expect(category != .control && category != .format)
      }
      #expect(found.output.contains(#"\u{1b}[31mred\u{202e}\u{d}"#))
      #expect(found.output.contains(#"a\u{1b}c\nd"#))
    }
  }

  @Test func aFileThatIsNoneOfTheseIsRefusedWithASentence() throws {
    try withTemporaryFolder { folder in
      for (name, words) in [("a.gguf", "GGUF"), ("a.npy", ".npy"), ("a.txt", "safetensors")] {
        try AtomicFile.write("these are words, no tensors\n", to: folder + "/" + name)
        let found = try inspect(folder + "/" + name)
        #expect(found.code != 0 && found.output.isEmpty)
        #expect(found.errors.contains(words), "\(found.errors)")
      }
    }
  }
}
