import Foundation
import Testing

@testable import Tokenization

/// Which tokens of a conversation the model writes, against transformers (Tests/Generators/chat_masks.py).
@Suite struct ChatMaskTests {
  struct Golden: Decodable {
    var tokenizer: String
    var template: String
    var messages: [[String]]
    var text: String
    var ids: [Int32]
    var mask: [Int]
  }

  static func golden() throws -> [Golden] {
    try JSONDecoder().decode([Golden].self, from: Data(fixtureBytes("ChatMasks/masks.json")))
  }

  private func mask(_ ranges: [Range<Int>], of count: Int) -> [Int] {
    (0..<count).map { place in ranges.contains { $0.contains(place) } ? 1 : 0 }
  }

  @Test(arguments: ["qwen2", "llama2", "gemma", "mistral"])
  func theTokensOfAnswersAreThoseOfTransformers(_ name: String) throws {
    let tokenizer = try PipelineTokenizer(
      contentsOf: fixtures.appending(component: "ChatMasks/\(name).json"))
    let cases = try Self.golden().filter { $0.tokenizer == name }
    #expect(cases.count == 16)
    for golden in cases {
      let template = try #require(ChatTemplate(named: golden.template))
      let chat = template.text(
        of: golden.messages.map { ChatMessage(ChatMessage.Role(rawValue: $0[0])!, $0[1]) },
        addingGenerationPrompt: false)
      #expect(chat.text == golden.text, "\(golden.template)")
      let ids = tokenizer.encode(chat)
      #expect(ids == golden.ids, "\(golden.template)")
      let answers = template.answers(in: chat)
      let learnt = tokenizer.tokens(ids, of: chat, in: answers)
      #expect(
        mask(learnt, of: ids.count) == golden.mask, "\(golden.template): \(golden.messages)")
    }
  }

  @Test func countedBytesAndBeginningsTellTheSameTokens() throws {
    let tokenizer = try PipelineTokenizer(
      contentsOf: fixtures.appending(component: "ChatMasks/qwen2.json"))
    let text = Array("In the beginning\n\nwas the word, né 123".utf8)
    let ids = tokenizer.encode(bytes: text)
    for start in [0, 3, 17, 18, 20] {
      for end in [start, 25, text.count] where end >= start {
        let counted = tokenizer.tokens(ids, of: text.count, in: [start..<end]) { _ in [] }
        // Of another length than the tokens' bytes: the beginnings have to tell.
        let compared = tokenizer.tokens(ids, of: text.count + 1, in: [start..<end]) {
          tokenizer.encode(bytes: Array(text[..<$0]))
        }
        #expect(counted[0].isEmpty == (start == end))
        if start < end { #expect(counted == compared, "\(start)..<\(end)") }
      }
    }
  }

  @Test func anAnswerEndsWithTheTokenThatEndsTheTurn() {
    let chat = ChatTemplate(.chatML).text(
      of: [ChatMessage(.user, "a"), ChatMessage(.assistant, "b"), ChatMessage(.assistant, "c")],
      addingGenerationPrompt: true)
    let bytes = Array(chat.text.utf8)
    let answers = ChatTemplate(.chatML).answers(in: chat)
    #expect(
      answers.map { String(decoding: bytes[$0], as: UTF8.self) } == ["b<|im_end|>", "c<|im_end|>"])
  }
}
