extension ChatTemplate {
  /// The named template that a model's own `chat_template` is, told by the markers it writes, or nil
  /// where it is none of them. The text is searched, never run.
  public init?(recognizing template: String) {
    let bytes = Array(template.utf8)
    func holds(_ marker: String) -> Bool { !occurrences(of: marker, in: bytes).isEmpty }
    if holds("<|im_start|>") {
      self.init(.chatML, defaultSystem: Self.defaultSystem(in: bytes))
    } else if holds("<|start_header_id|>") && holds("<|end_header_id|>") {
      self.init(.llama3)
    } else if holds("<start_of_turn>") {
      self.init(.gemma)
    } else if holds("<|assistant|>") && holds("<|end|>") {
      self.init(.phi3)
    } else if holds("[INST]") && !holds("[SYSTEM_PROMPT]") {
      if holds("<<SYS>>") {
        self.init(.llama2)
      } else {
        // With spaces on both sides of the marker's words, on one, or on none.
        self.init(
          holds(" [/INST]") || holds(" [INST]")
            ? .mistral : holds("[INST] ") ? .mistralV3 : .mistralTekken)
      }
    } else {
      return nil
    }
  }

  /// The words that a template of ChatML writes for a system that says nothing.
  private static func defaultSystem(in template: [UInt8]) -> String? {
    // In a template a line end may be spelled out.
    for opening in ["<|im_start|>system\\n", "<|im_start|>system\n"] {
      for start in occurrences(of: opening, in: template) {
        let rest = template[(start + opening.utf8.count)...]
        guard let end = occurrences(of: "<|im_end|>", in: Array(rest)).first else { continue }
        let words = rest.prefix(end)
        // Quotes and braces belong to the program around the words.
        guard !words.isEmpty, words.count < 1000,
          !words.contains(where: { "'\"{}".utf8.contains($0) })
        else { continue }
        return String(decoding: words, as: UTF8.self)
      }
    }
    return nil
  }
}

private func occurrences(of text: String, in bytes: [UInt8]) -> [Int] {
  TextPattern.literal(Array(text.utf8)).matches(in: bytes, 0..<bytes.count).map(\.lowerBound)
}
