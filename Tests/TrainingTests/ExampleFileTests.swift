import Foundation
import TestSupport
import Testing
import Tokenization

@testable import Training

/// Reading of examples, and what is said of those that are none.
@Suite struct ExampleFileTests {
  private func examples(_ text: String) throws -> [TrainingExample] {
    try examples(Array(text.utf8))
  }

  private func examples(_ bytes: [UInt8]) throws -> [TrainingExample] {
    try withTemporaryFolder { folder in
      let path = folder + "/a.jsonl"
      try Data(bytes).write(to: URL(filePath: path))
      var found: [TrainingExample] = []
      var file = ExampleFile(name: "a.jsonl") { found.append($0) }
      try file.read(path)
      return found
    }
  }

  static let chat = [ChatMessage(.user, "Hi"), ChatMessage(.assistant, "Yes")]

  @Test(
    arguments: [
      (#"{"text": "a\nb"}"#, .text("a\nb")),
      (
        #"{"id": 1, "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes"}]}"#,
        .chat(chat, first: 0)
      ),
      (
        #"{"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Yes"}]}"#,
        .chat(chat, first: 0)
      ),
      (
        #"{"messages": [{"role": "user", "content": [{"type": "text", "text": "H"}, {"type": "text", "text": "i"}]}, {"role": "assistant", "content": "Yes"}]}"#,
        .chat(chat, first: 0)
      ),
      (#"{"prompt": "Hi", "completion": " Yes"}"#, .completion(prompt: "Hi", completion: " Yes")),
      (
        #"{"prompt": [{"role": "user", "content": "Hi"}], "completion": [{"role": "assistant", "content": "Yes"}]}"#,
        .chat(chat, first: 1)
      ),
      (
        #"{"instruction": "Say", "input": null, "output": "Yes"}"#,
        .instruction("Say", input: "", output: "Yes")
      ),
      (
        #"{"instruction": "Say", "input": "it", "output": "Yes"}"#,
        .instruction("Say", input: "it", output: "Yes")
      ),
    ] as [(String, TrainingExample)])
  func everyKindOfExampleIsRead(_ line: String, _ example: TrainingExample) throws {
    #expect(try examples(line) == [example])
    // The same in an array, and behind a mark, with lines ended otherwise and empty ones.
    #expect(try examples("  [\(line),\n\(line)]\n") == [example, example])
    #expect(
      try examples([0xEF, 0xBB, 0xBF] + Array("\(line)\r\n\r\n  \n\(line)\r\n".utf8)) == [
        example, example,
      ])
  }

  @Test func linesAcrossPiecesAreRead() throws {
    // Pieces are of 1 MiB: the second line begins in the first and ends in the third.
    let long = String(repeating: "é", count: 1_100_000)
    let found = try examples("{\"text\": \"a\"}\n{\"text\": \"\(long)\"}\n{\"text\": \"b\"}")
    #expect(found == [.text("a"), .text(long), .text("b")])
  }

  static let first = #"{"messages": [{"role": "user", "content": "a"}]}"# + "\n"

  @Test(
    arguments: [
      ("", "holds no example"),
      (" \n\n", "holds no example"),
      ("[]", "holds no example"),
      ("{", "Line 1 of a.jsonl is not valid JSON"),
      ("{\"text\": \"a\"}\n\n{\"text\": \"b\"", "Line 3 of a.jsonl is not valid JSON"),
      ("{\"text\": \"a\"} {\"text\": \"b\"}", "Line 1 of a.jsonl is not valid JSON"),
      ("{\"text\": \"a\", \"text\": \"b\"}", "Line 1 of a.jsonl is not valid JSON"),
      ("{\n \"text\": \"a\"\n}", "Line 1 of a.jsonl is not valid JSON"),
      ("{\"text\": \"\\ud800\"}", "Line 1 of a.jsonl is not valid JSON"),
      ("[{\"text\": \"a\"},", "begins as an array but is not valid JSON"),
      ("[1]", "Example 1 of a.jsonl is an integer, not an object"),
      ("\"text\"", "Line 1 of a.jsonl is a string, not an object"),
      ("{}", "has no fields, by which no example is told. Give \"messages\""),
      ("{\"question\": \"a\", \"answer\": \"b\"}", "has the fields \"question\", \"answer\""),
      ("{\"text\": \"a\"}\n{\"txt\": \"b\"}", "Line 2 of a.jsonl has no \"text\""),
      (first + "{\"text\": \"b\"}", "Line 2 of a.jsonl has no \"messages\""),
      ("{\"text\": 3}", "has an integer for \"text\""),
      ("{\"text\": null}", "has null for \"text\""),
      ("{\"text\": \"\"}", "has an empty \"text\""),
      ("{\"messages\": \"a\"}", "has a string for \"messages\""),
      ("{\"messages\": []}", "has no message in \"messages\""),
      ("{\"messages\": [\"a\"]}", "has a string for message 1"),
      ("{\"messages\": [{\"content\": \"a\"}]}", "does not say who speaks in message 1"),
      ("{\"messages\": [{\"role\": \"tool\", \"content\": \"a\"}]}", "has the role \"tool\""),
      ("{\"messages\": [{\"role\": \"user\"}]}", "has no words in message 1"),
      (
        "{\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"image\"}]}]}",
        "has no words in message 1"
      ),
      ("{\"prompt\": \"a\", \"completion\": \"\"}", "has an empty \"completion\""),
      ("{\"prompt\": [], \"completion\": []}", "has no message in \"prompt\""),
      ("{\"instruction\": \"a\", \"output\": \"\"}", "has an empty \"output\""),
      ("\u{1F}\u{8B}", "not valid JSON"),
    ])
  func whatIsNoExampleIsTold(_ text: String, _ sentence: String) {
    let error = #expect(throws: InputError.self) { try examples(text) }
    #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "")")
    #expect(error?.description.split(separator: "\n").count == 1)
  }

  @Test(
    arguments: [
      ([0x1F, 0x8B, 8, 0], "gunzip"), ([0x28, 0xB5, 0x2F, 0xFD], "unzstd"),
      ([0xFF, 0xFE, 0x7B, 0], "iconv"), (Array("PAR1".utf8), "Parquet"),
      (
        Array("{\"text\": \"".utf8) + [0xFF] + Array("\"}".utf8),
        "Line 1 of a.jsonl is not valid JSON"
      ),
    ] as [([UInt8], String)])
  func filesOfOtherKindsAreToldWithTheRemedy(_ bytes: [UInt8], _ sentence: String) {
    let error = #expect(throws: InputError.self) { try examples(bytes) }
    #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "")")
  }
}
