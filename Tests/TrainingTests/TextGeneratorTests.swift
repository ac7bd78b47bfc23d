import Autodiff
import LanguageModels
import Layers
import Tensors
import Testing
import Tokenization
import Training

@Suite struct TextGeneratorTests {
  /// A model in which each byte has one follower, whatever came before.
  struct Chain: LanguageModel {
    var configuration: LlamaConfiguration
    let embedding: Embedding
    let blocks: [DecoderBlock] = []
    let head: Linear? = nil
    var recomputesBlocks = false
    var members: [ModuleMember] { [] }

    /// Follows `text` from byte to byte; no byte may stand in it twice.
    init(_ text: String, positions: Int = 64) {
      configuration = LlamaConfiguration(
        vocabularySize: 256, hiddenSize: 256, intermediateSize: 8, layers: 1, heads: 1,
        maxPositions: positions)
      let bytes = Array(text.utf8)
      precondition(Set(bytes).count == bytes.count)
      var followers = Array(0..<256)
      for (byte, next) in zip(bytes, bytes.dropFirst()) { followers[Int(byte)] = Int(next) }
      var rows = Tensor<Float>.zeros([256, 256])
      for (byte, next) in followers.enumerated() { rows[next, byte] = 1 }
      embedding = Embedding(weight: rows)
    }

    /// The byte itself: the embedding as the head says which follows.
    func hiddenStates(_ tokens: Tensor<Int32>) -> Variable {
      var states = Tensor<Float>.zeros([tokens.elementCount, 256])
      for (index, token) in tokens.scalars.enumerated() { states[index, Int(token)] = 1 }
      return Variable(states.reshaped(to: tokens.shape + [256]))
    }
  }

  private func generator(_ text: String, limit: Int = 20, stops: [String] = []) -> TextGenerator {
    TextGenerator(
      model: Chain(text), tokenizer: ByteTokenizer(), sampling: Sampling(temperature: 0),
      limit: limit, stops: stops)
  }

  /// The pieces that are shown, and the whole.
  private func pieces(_ generator: TextGenerator, after prompt: String, most: Int = .max)
    -> ([String], TextGenerator.Output)
  {
    var generator = generator
    var random = RandomSource(seed: 1)
    var shown: [String] = []
    let output = generator.generate(after: Array(prompt.utf8).map(Int32.init), random: &random) {
      shown.append($0)
      return shown.count < most
    }
    return (shown, output)
  }

  @Test("Characters appear when they are whole, and the last one as it is")
  func characters() {
    let (shown, output) = pieces(generator("aé😀b", limit: 7), after: "a")
    #expect(shown == ["é", "😀", "b"])
    #expect(output == .init(text: "é😀b", tokenCount: 7, ending: .limit))
    // The emoji's last byte is not drawn.
    let (cut, rest) = pieces(generator("aé😀b", limit: 5), after: "a")
    #expect(cut == ["é", "\u{FFFD}"] && rest.text == "é\u{FFFD}")
  }

  @Test("A text ends before the first stop, of which nothing is shown, even in part")
  func stops() {
    let (shown, output) = pieces(generator("abcdefghij", stops: ["efg", "xyz"]), after: "a")
    #expect(shown == ["b", "c", "d"])
    #expect(output == .init(text: "bcd", tokenCount: 6, ending: .stop))
    // What only begins like one is shown when it has turned out so.
    let (others, whole) = pieces(
      generator("abcdefghij", limit: 9, stops: ["efx", "fx"]), after: "a")
    #expect(others == ["b", "c", "d", "efg", "h", "i", "j"])
    #expect(whole.text == "bcdefghij" && whole.ending == .limit)
    // Held back to the end.
    #expect(pieces(generator("abcdef", limit: 5, stops: ["fz"]), after: "a").1.text == "bcdef")
  }

  @Test("An end token ends a text without being part of it; so does the caller")
  func endings() {
    var ending = generator("abcdef")
    ending.endTokens = [Int32(UInt8(ascii: "d"))]
    let (_, output) = pieces(ending, after: "a")
    #expect(output == .init(text: "bc", tokenCount: 3, ending: .endToken))
    let (shown, cut) = pieces(generator("abcdef"), after: "a", most: 2)
    #expect(shown == ["b", "c"] && cut == .init(text: "bc", tokenCount: 2, ending: .caller))
  }

  @Test("A conversation keeps its turns, and forgets the oldest where the model has no room")
  func conversation() throws {
    // The end of a turn is spelled out here, for the tokenizer has no special tokens.
    let chain = Chain("\nHalo!", positions: 120)
    let generator = TextGenerator(
      model: chain, tokenizer: ByteTokenizer(), sampling: Sampling(temperature: 0), limit: 5)
    var conversation = Conversation(generator, template: ChatTemplate(.chatML))
    var random = RandomSource(seed: 1)
    let answer = try conversation.answer("Hi", random: &random)
    #expect(answer.text == "Halo!")
    #expect(
      conversation.messages == [ChatMessage(.user, "Hi"), ChatMessage(.assistant, "Halo!")])
    // 74 tokens so far; the second turn has 142.
    _ = try conversation.answer("Ho", random: &random)
    #expect(conversation.forgottenCount == 2 && conversation.messages.count == 4)
    #expect(throws: InputError.self) {
      try conversation.answer(String(repeating: "x", count: 200), random: &random)
    }
    #expect(conversation.messages.count == 4)
    conversation.reset()
    #expect(conversation.messages.isEmpty && conversation.forgottenCount == 0)
  }
}
