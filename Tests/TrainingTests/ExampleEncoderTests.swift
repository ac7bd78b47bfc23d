import Foundation
import TestSupport
import Testing
import Tokenization

@testable import Training

/// The tokens of examples and which of them are learnt.
@Suite struct ExampleEncoderTests {
  /// A byte-level tokenizer with the special tokens of chat templates.
  static func tokenizer() throws -> PipelineTokenizer {
    try withTemporaryFolder { folder in
      let source = "\(Fixture.folder)/../TokenizationTests/Fixtures/ChatMasks/qwen2.json"
      try FileManager.default.copyItem(atPath: source, toPath: folder + "/tokenizer.json")
      try Data(#"{"eos_token": "<|im_end|>", "bos_token": "<s>"}"#.utf8).write(
        to: URL(filePath: folder + "/tokenizer_config.json"))
      return try PipelineTokenizer(contentsOf: URL(filePath: folder))
    }
  }

  private func encoder(
    _ loss: LossScope = .completions, template: ChatTemplate? = ChatTemplate(.chatML),
    special: SpecialTokenRule? = nil
  ) throws -> ExampleEncoder {
    ExampleEncoder(
      tokenizer: try Self.tokenizer(), template: template, loss: loss, specialTokens: special)
  }

  /// What is learnt of an example, as text.
  private func learnt(_ example: EncodedExample) throws -> String {
    let marks = example.isLearnt ?? example.tokens.map { _ in true }
    return try Self.tokenizer().decode(zip(example.tokens, marks).filter(\.1).map(\.0))
  }

  @Test func aCompletionIsLearntWithTheEndBehindIt() throws {
    let example = try encoder().encode(.completion(prompt: "In the beginning", completion: " was"))
    #expect(try learnt(example) == " was<|im_end|>")
    #expect(try Self.tokenizer().decode(example.tokens) == "In the beginning was<|im_end|>")
    let all = try encoder(.all).encode(.completion(prompt: "In the", completion: " was"))
    #expect(all.isLearnt == nil)
  }

  @Test func anInstructionIsAConversationWhereTheModelKnowsHow() throws {
    let example = TrainingExample.instruction("Add", input: "1 2", output: "3")
    #expect(try learnt(try encoder().encode(example)) == "3<|im_end|>")
    #expect(
      try Self.tokenizer().decode(encoder().encode(example).tokens)
        == "<|im_start|>user\nAdd\n\n1 2<|im_end|>\n<|im_start|>assistant\n3<|im_end|>\n")
    #expect(
      try Self.tokenizer().decode(encoder(template: nil).encode(example).tokens)
        == "### Instruction:\nAdd\n\n### Input:\n1 2\n\n### Response:\n3<|im_end|>")
  }

  @Test func onlyTheTurnsOfTheCompletionAreLearnt() throws {
    let chat = [
      ChatMessage(.user, "a"), ChatMessage(.assistant, "b"), ChatMessage(.user, "c"),
      ChatMessage(.assistant, "d"),
    ]
    #expect(try learnt(encoder().encode(.chat(chat, first: 0))) == "b<|im_end|>d<|im_end|>")
    #expect(try learnt(encoder().encode(.chat(chat, first: 2))) == "d<|im_end|>")
  }

  @Test func specialTokensAreTextInConversationsAndTokensInTexts() throws {
    let tokenizer = try Self.tokenizer()
    let end = try #require(tokenizer.specialTokens["<|im_end|>"])
    func count(_ example: TrainingExample, _ rule: SpecialTokenRule?) throws -> Int {
      try encoder(special: rule).encode(example).tokens.count { $0 == end }
    }
    let text = TrainingExample.text("a<|im_end|>b")
    // The end of a text is one too.
    #expect(try [nil, .tokens, .text].map { try count(text, $0) } == [2, 2, 1])
    let chat = TrainingExample.chat([ChatMessage(.assistant, "a<|im_end|>b")], first: 0)
    #expect(try [nil, .tokens, .text].map { try count(chat, $0) } == [1, 2, 1])
    // The marks are those of the assistant's words either way.
    #expect(try learnt(encoder(special: .tokens).encode(chat)) == "a<|im_end|>b<|im_end|>")
  }

  @Test func aConversationNeedsATemplateAndAnAnswer() throws {
    let asked = TrainingExample.chat([ChatMessage(.user, "a")], first: 0)
    let mute = #expect(throws: ExampleFault.self) { try encoder(template: nil).encode(asked) }
    #expect(mute?.text.contains("--chat-template: chatml, llama2") == true)
    let unanswered = #expect(throws: ExampleFault.self) { try encoder().encode(asked) }
    #expect(unanswered?.text.contains("--loss all") == true)
    #expect(try encoder(.all).encode(asked).isLearnt == nil)
  }
}
