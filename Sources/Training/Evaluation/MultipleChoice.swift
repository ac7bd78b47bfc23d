public import JSON
public import LanguageModels
internal import Autodiff
internal import Tensors
public import Tokenization

/// Questions that a language model answers by the likelihood of each choice.
public enum MultipleChoice {
  /// One question.
  public struct Question: Sendable, Hashable {
    /// What stands before each choice.
    public var prompt: String
    /// The choices.
    public var choices: [String]
    /// The place of the right one.
    public var answer: Int

    /// A question. Traps on fewer than two choices and an answer that is none of them.
    public init(prompt: String, choices: [String], answer: Int) {
      precondition(
        choices.count > 1 && choices.indices.contains(answer),
        "MultipleChoice: answer \(answer) of \(choices.count) choices")
      self.prompt = prompt
      self.choices = choices
      self.answer = answer
    }
  }

  /// The questions in a file of JSON lines, each with `prompt`, `choices` and `answer`, the place of the
  /// right choice from 0.
  ///
  /// Throws an `InputError` that names the line.
  public static func questions(file path: String) throws(InputError) -> [Question] {
    let text = try SourceText.text(SourceText.bytes(ofFile: path), name: path)
    var questions: [Question] = []
    let lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() where !line.allSatisfy(SourceText.isSpace) {
      let value = try? JSONValue(parsing: Array(line))
      let choices = value?["choices"]?.arrayValue?.compactMap(\.stringValue) ?? []
      guard let prompt = value?["prompt"]?.stringValue, choices.count > 1,
        choices.count == value?["choices"]?.arrayValue?.count, choices.allSatisfy({ !$0.isEmpty }),
        case .integer(let answer)? = value?["answer"], choices.indices.contains(answer)
      else {
        throw InputError(
          "Line \(index + 1) of \(path) is not a question. Write each as {\"prompt\": \"...\", \"choices\": "
            + "[\"...\", \"...\"], \"answer\": 0}, the answer a place among the choices from 0.")
      }
      questions.append(Question(prompt: prompt, choices: choices, answer: answer))
    }
    return questions
  }

  /// How likely a choice is.
  public struct Likelihood: Sendable, Hashable {
    /// The sum of the logarithms of its tokens' probabilities.
    public var sum: Double
    /// How many tokens it has.
    public var tokens: Int

    /// A likelihood.
    public init(sum: Double, tokens: Int) {
      self.sum = sum
      self.tokens = tokens
    }
  }

  /// The shares of questions whose right answer is the likeliest.
  public struct Scores: Sendable, Hashable {
    /// How many questions there were.
    public let count: Int
    /// By the sums: `acc` of the Language Model Evaluation Harness.
    public let accuracy: Double
    /// By the sums over the characters of each choice: its `acc_norm`.
    public let normalisedAccuracy: Double
    /// By the sums over the tokens of each choice.
    public let tokenAccuracy: Double

    /// The shares of some questions with the likelihoods of their choices.
    public init(_ answers: [(question: Question, likelihoods: [Likelihood])]) {
      count = answers.count
      func share(_ score: (Likelihood, String) -> Double) -> Double {
        let right = answers.count { question, likelihoods in
          let scores = zip(likelihoods, question.choices).map { score($0, $1) }
          return scores.firstIndex(of: scores.max() ?? 0) == question.answer
        }
        return Double(right) / Double(answers.count)
      }
      accuracy = share { likelihood, _ in likelihood.sum }
      normalisedAccuracy = share { $0.sum / Double($1.unicodeScalars.count) }
      tokenAccuracy = share { likelihood, _ in likelihood.sum / Double(max(1, likelihood.tokens)) }
    }

    /// The shares for other programs.
    public var json: JSONValue {
      [
        "acc": .number(accuracy), "acc_norm": .number(normalisedAccuracy),
        "acc_token": .number(tokenAccuracy), "questions": .integer(count),
      ]
    }
  }
}

extension LanguageModel {
  /// How likely each choice of a question is behind its prompt, with a space between them where neither
  /// has one. Of what is longer than the model was made for, the beginning is left out.
  public func logLikelihoods(
    of question: MultipleChoice.Question, tokenizer: any Tokenizer
  ) -> [MultipleChoice.Likelihood] {
    let rows = question.choices.map { choice in
      tokenizer.tokens(prompt: question.prompt, choice: choice)
    }
    let limit = configuration.maxPositions + 1
    let kept = rows.map { (ids: Array($0.ids.suffix(limit)), count: min($0.count, limit - 1)) }
    let length = (kept.map(\.ids.count).max() ?? 1) - 1
    let inputs = kept.flatMap { row in
      row.ids.dropLast() + Array(repeating: 0, count: length - row.ids.count + 1)
    }
    return withoutGradient {
      let states = hiddenStates(Tensor(inputs, shape: [kept.count, length])).tensor
      return kept.enumerated().map { index, row in
        let last = row.ids.count - 1
        let own = states.element(at: index).sliced(last - row.count..<last).contiguous()
        let logits = logSoftmax(self.logits(of: Variable(own)).value.float)
        let targets = row.ids.suffix(row.count)
        let sum = targets.enumerated().reduce(0.0) { sum, token in
          sum + Double(logits.element(at: token.offset).scalars[Int(token.element)])
        }
        return MultipleChoice.Likelihood(sum: sum, tokens: row.count)
      }
    }
  }
}

extension Tokenizer {
  /// The tokens of a prompt with a choice behind it, and how many of them are the choice's: those behind
  /// as many as the prompt has alone.
  fileprivate func tokens(prompt: String, choice: String) -> (ids: [Int32], count: Int) {
    let isApart =
      prompt.isEmpty || prompt.unicodeScalars.last!.properties.isWhitespace
      || choice.unicodeScalars.first!.properties.isWhitespace
    // A space at the end of a prompt is one of the choice's tokens.
    let bare = String(
      prompt.unicodeScalars.reversed().drop { $0.properties.isWhitespace }.reversed()
        .reduce(into: String.UnicodeScalarView()) { $0.append($1) })
    var ids = encode(prompt + (isApart ? "" : " ") + choice)
    var count = ids.count - encode(bare).count
    if !startTokens.isEmpty {
      ids = startTokens + ids
    } else if bare.isEmpty {
      ids.insert(namedTokens.bos ?? namedTokens.eos ?? 0, at: 0)
    }
    count = max(1, min(count, ids.count - 1))
    return (ids, count)
  }
}
