extension ChatTemplate {
  /// The named template equivalent to a model's own `chat_template`, recognised by the markers it writes,
  /// or nil if there is none. The template is only searched, never run.
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
        // Distinguished by spaces on both sides of the markers, on one side, or on neither.
        self.init(
          holds(" [/INST]") || holds(" [INST]")
            ? .mistral : holds("[INST] ") ? .mistralV3 : .mistralTekken)
      }
    } else {
      return nil
    }
  }

  /// The default instructions of a ChatML template.
  private static func defaultSystem(in template: [UInt8]) -> String? {
    // A line end may be escaped in a template.
    for opening in ["<|im_start|>system\\n", "<|im_start|>system\n"] {
      for start in occurrences(of: opening, in: template) {
        let rest = template[(start + opening.utf8.count)...]
        guard let end = occurrences(of: "<|im_end|>", in: Array(rest)).first else { continue }
        let words = rest.prefix(end)
        // Quotes and braces would be part of the template's program.
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
