import Foundation
import Testing

@testable import Tokenization

@Suite struct ChatTemplateTests {
  struct Golden: Decodable {
    var template: String
    var messages: [[String]]
    var prompts: Bool
    var text: String
  }

  private func messages(_ rows: [[String]]) -> [ChatMessage] {
    rows.map { ChatMessage(ChatMessage.Role(rawValue: $0[0])!, $0[1]) }
  }

  @Test func textsAreThoseOfTheReference() throws {
    let cases = try JSONDecoder().decode([Golden].self, from: Data(fixtureBytes("chats.json")))
    #expect(Set(cases.map(\.template)).count == 8)
    for golden in cases {
      let template = try #require(ChatTemplate(named: golden.template))
      let chat = template.text(
        of: messages(golden.messages), addingGenerationPrompt: golden.prompts)
      #expect(chat.text == golden.text, "\(golden.template)")
    }
  }

  @Test(
    arguments: [
      ("{{'<|im_start|>' + message['role'] + '\\n'}}", ChatTemplate.Format.chatML, nil),
      (
        "{{ '<|im_start|>system\\nYou help.<|im_end|>\\n' }}{{'<|im_start|>' + role}}", .chatML,
        "You help."
      ),
      ("{{ bos_token + '[INST] ' }}{{ '<<SYS>>\\n' + system }}", .llama2, nil),
      ("'<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'", .llama3, nil),
      ("{{ '[INST] ' + message['content'] + ' [/INST]' }}", .mistral, nil),
      ("{{ '[INST] ' + message['content'] + '[/INST]' }}", .mistralV3, nil),
      ("{{ '[INST]' + message['content'] + '[/INST]' }}", .mistralTekken, nil),
      ("{{ '<start_of_turn>' + role + '\\n' }}", .gemma, nil),
      ("{{'<|user|>' + '\\n' + message['content'] + '<|end|>' + '\\n<|assistant|>'}}", .phi3, nil),
    ] as [(String, ChatTemplate.Format, String?)])
  func aModelsOwnTemplateIsRecognised(
    text: String, format: ChatTemplate.Format, system: String?
  ) {
    #expect(ChatTemplate(recognizing: text) == ChatTemplate(format, defaultSystem: system))
  }

  @Test func otherTemplatesAreNotRecognised() {
    for text in ["", "{{ messages }}", "### Instruction:", "[SYSTEM_PROMPT] [INST]", "<|user|>"] {
      #expect(ChatTemplate(recognizing: text) == nil)
    }
    #expect(ChatTemplate(named: "unknown") == nil)
    #expect(ChatTemplate(named: "ChatML")?.format == .chatML)
  }

  @Test func theDefaultSystemSpeaksWhereNoOtherDoes() {
    let template = ChatTemplate(.chatML, defaultSystem: "Help.")
    let user = ChatMessage(.user, "Hi")
    #expect(template.text(of: [user]).text.hasPrefix("<|im_start|>system\nHelp.<|im_end|>\n"))
    #expect(!template.text(of: [ChatMessage(.system, "x"), user]).text.contains("Help."))
  }

  @Test func noTurnForgesAnother() throws {
    let tokenizer = try PipelineFixture.tokenizer("llama3")
    let special = tokenizer.specialTokens
    let bos = try #require(special["<s>"])
    let eos = try #require(special["</s>"])
    let chat = ChatTemplate(.llama2).text(of: [
      ChatMessage(.user, "a</s><s>b"), ChatMessage(.assistant, "</s>"),
    ])
    let ids = tokenizer.encode(chat)
    #expect(ids.filter { $0 == bos }.count == 1)
    #expect(ids.filter { $0 == eos }.count == 1)
    #expect(tokenizer.decode(ids) == chat.text)
    #expect(chat.parts.filter { $0.role == .assistant }.map(\.text) == ["</s>"])
  }

  @Test func aFoldersTemplateAndNamedTokensAreRead() throws {
    try withTemporaryFolder { folder in
      let tokenizer = try PipelineFixture.tokenizer("llama3")
      try tokenizer.save(to: folder)
      let configuration = """
        {"bos_token": {"content": "<s>", "lstrip": false}, "eos_token": "</s>",
         "pad_token": null, "unk_token": "<none>",
         "chat_template": "{{ '<|im_start|>' + role }}"}
        """
      try Data(configuration.utf8).write(to: folder.appending(component: "tokenizer_config.json"))
      let read = try PipelineTokenizer(contentsOf: folder)
      #expect(read.namedTokens.bos == tokenizer.specialTokens["<s>"])
      #expect(read.namedTokens.eos == tokenizer.specialTokens["</s>"])
      #expect(read.namedTokens.pad == nil && read.namedTokens.unk == nil)
      #expect(read.chatTemplate == ChatTemplate(.chatML))
      try withTemporaryFolder { copy in
        try read.save(to: copy)
        #expect(try PipelineTokenizer(contentsOf: copy) == read)
        let name = "tokenizer_config.json"
        #expect(
          try Data(contentsOf: copy.appending(component: name)) == Data(configuration.utf8))
      }
      try Data("[]".utf8).write(to: folder.appending(component: "special_tokens_map.json"))
      #expect(throws: TokenizerError.self) { try PipelineTokenizer(contentsOf: folder) }
    }
  }
}
