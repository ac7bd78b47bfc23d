/// The files of a byte-level tokenizer that was trained here.
struct BytePairFiles {
  private let model: BytePairModel
  private let addedTokens: [AddedToken]
  private let preTokenization: PreTokenization

  init(
    _ model: BytePairModel, _ addedTokens: [AddedToken], _ preTokenization: PreTokenization
  ) {
    self.model = model
    self.addedTokens = addedTokens
    self.preTokenization = preTokenization
  }

  /// `tokenizer.json` and `tokenizer_config.json`, which both `tokenizers` and `transformers` load.
  var files: [TokenizerSourceFile] {
    let configuration = """
      {
        "add_prefix_space": false,
        "clean_up_tokenization_spaces": false,
        "tokenizer_class": "PreTrainedTokenizerFast"
      }

      """
    return [
      TokenizerSourceFile(name: "tokenizer.json", bytes: json()),
      TokenizerSourceFile(name: "tokenizer_config.json", bytes: Array(configuration.utf8)),
    ]
  }

  /// The bytes of the tokenizer's `tokenizer.json`.
  private func json() -> [UInt8] {
    var output: [UInt8] = []
    func write(_ text: String) { output.append(contentsOf: text.utf8) }

    write("{\n  \"version\": \"1.0\",\n  \"truncation\": null,\n  \"padding\": null,\n")
    write("  \"added_tokens\": [")
    for (index, token) in addedTokens.enumerated() {
      write(index == 0 ? "\n" : ",\n")
      write("    {\"id\": \(token.id), \"content\": ")
      Self.appendQuoted(Array(token.content.utf8), to: &output)
      write(", \"single_word\": false, \"lstrip\": false, \"rstrip\": false")
      write(", \"normalized\": false, \"special\": \(token.isSpecial)}")
    }
    write("\n  ],\n  \"normalizer\": null,\n")
    let byteLevel = """
      {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}
      """
    switch preTokenization {
    case .gpt2:
      write("  \"pre_tokenizer\": \(byteLevel),\n")
    case .gpt2WithSingleDigits:
      write("  \"pre_tokenizer\": {\"type\": \"Sequence\", \"pretokenizers\": [\n")
      write("    {\"type\": \"Digits\", \"individual_digits\": true},\n    \(byteLevel)]},\n")
    }
    write("  \"post_processor\": null,\n  \"decoder\": \(byteLevel),\n")
    write("  \"model\": {\n    \"type\": \"BPE\",\n    \"dropout\": null,\n")
    write("    \"unk_token\": null,\n    \"continuing_subword_prefix\": null,\n")
    write("    \"end_of_word_suffix\": null,\n")
    let spellings = fileSpellings()
    write("    \"fuse_unk\": false,\n    \"byte_fallback\": false,\n")
    write("    \"ignore_merges\": false,\n    \"vocab\": {")
    var separator = "\n"
    for (id, spelling) in spellings.enumerated() where !spelling.isEmpty {
      write(separator + "      ")
      Self.appendQuoted(spelling, to: &output)
      write(": \(id)")
      separator = ",\n"
    }
    write("\n    },\n    \"merges\": [")
    for (index, merge) in model.merges.enumerated() {
      write(index == 0 ? "\n      " : ",\n      ")
      // The byte alphabet has no space, so a space can separate the parts.
      let pair = spellings[Int(merge.left)] + [UInt8(ascii: " ")] + spellings[Int(merge.right)]
      Self.appendQuoted(pair, to: &output)
    }
    write("\n    ]\n  }\n}\n")
    return output
  }

  /// The spelling of each token in the file: added tokens verbatim, others in the byte alphabet.
  private func fileSpellings() -> [[UInt8]] {
    var spellings = (0..<model.vocabulary.count).map {
      ByteAlphabet.spelling(of: model.vocabulary[Int32($0)])
    }
    for token in addedTokens { spellings[Int(token.id)] = Array(token.content.utf8) }
    return spellings
  }

  private static func appendQuoted(_ text: [UInt8], to output: inout [UInt8]) {
    output.append(UInt8(ascii: "\""))
    for byte in text {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        output.append(UInt8(ascii: "\\"))
        output.append(byte)
      case 0..<0x20:
        let digits = Array("0123456789abcdef".utf8)
        output.append(contentsOf: Array("\\u00".utf8))
        output.append(digits[Int(byte >> 4)])
        output.append(digits[Int(byte & 15)])
      default:
        output.append(byte)
      }
    }
    output.append(UInt8(ascii: "\""))
  }
}
