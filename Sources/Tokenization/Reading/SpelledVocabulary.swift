/// The vocabulary of a file, with tokens in the file's spelling.
struct SpelledVocabulary {
  let vocabulary: Vocabulary

  /// Throws unless ids and tokens are unique and agree with the added tokens.
  init(_ contents: TokenizerFile) throws(TokenizerError) {
    let model = contents.model
    let highest = model.ids.max() ?? -1
    var order = [Int](repeating: -1, count: Int(highest) + 1)
    for (index, id) in model.ids.enumerated() {
      guard order[Int(id)] < 0 else {
        throw contents.error(.duplicate, "model.vocab", "id \(id) occurs twice")
      }
      order[Int(id)] = index
    }
    var tokens = ByteStrings()
    for place in order { tokens.append(place < 0 ? [] : model.spellings[place]) }
    vocabulary = Vocabulary(tokens: tokens)
    if model.kind != .unigram {
      for (index, id) in model.ids.enumerated()
      where vocabulary.id(of: model.spellings[index]) != id {
        throw contents.error(
          .duplicate, "model.vocab",
          "token \(quoted(model.spellings[index])) occurs twice")
      }
    }
    try check(contents)
  }

  private func check(_ contents: TokenizerFile) throws(TokenizerError) {
    var seen: Set<Int32> = []
    for (index, token) in contents.addedTokens.enumerated() {
      let content = Array(token.content.utf8)
      if let listed = vocabulary.id(of: content), listed != token.id {
        throw contents.error(
          .invalidValue, "added_tokens.[\(index)]",
          "id \(token.id), but the vocabulary gives its content the id \(listed)")
      }
      guard seen.insert(token.id).inserted else {
        throw contents.error(
          .duplicate, "added_tokens.[\(index)].id", "id \(token.id) occurs twice")
      }
      guard vocabulary.contains(token.id), !vocabulary[token.id].isEmpty,
        !vocabulary[token.id].elementsEqual(content)
      else { continue }
      throw contents.error(
        .duplicate, "added_tokens.[\(index)].id",
        "id \(token.id) is already that of the token \(quoted(vocabulary[token.id]))")
    }
  }
}
