internal import Formatting
internal import Optimizers
internal import Training

extension Experiment {
  /// Fine-tuning on a small scale: the paper's Table 3.
  static let fineTune = Experiment(
    "fine-tune", "Fine-tuning",
    question: """
      A language model is trained on the text, then learns to tell the labels of a labelled set, or \
      which eighth of the text a passage of 64 tokens is from: a classification set made from the \
      text itself. Which method learns that best from the same model?
      """,
    reference: "full",
    claims: [
      Claim("LoQT is better than LoftQ", "loqt", of: "loftq"),
      Claim("LoQT is better than LoRA", "loqt", of: "lora"),
    ],
    variants: { scale in
      let steps = max(1, scale.steps / 2)
      func variant(_ method: TrainingMethod, _ rate: Double) -> Variant {
        var variant = Variant(method, steps: steps, rates: .swept(around: rate)) {
          $0.restLearningRate = 0.003
          guard method != .full else { return }
          $0.rank = .count(max(1, scale.largestRank / 4))
          $0.freezeEmbedding = true
        }
        variant.task = .fineTuning
        if method == .loqt { variant.options.usePaperMerges() }
        return variant
      }
      return [
        variant(.full, 0.0005), variant(.loqt, 0.002), variant(.lora, 0.002),
        variant(.qlora, 0.002), variant(.loftq, 0.002), variant(.loqtUnquantized, 0.002),
      ]
    },
    findings: { results, text in
      let passages = try PassageSet(text, testing: results.scale.validationTokens)
      return [
        Finding(
          title: "Accuracy",
          note: """
            Share of the \(NumberText.grouped(passages.test.count)) test passages\
            \(text.labelled.map { " of \($0.fileName)" } ?? "") that are put into the right one of \
            \(passages.classes) classes; the most frequent one alone has \
            \(NumberText.percent(passages.mostFrequentShare, 1)).
            """,
          header: ["method", "accuracy", "\u{b1}", "seeds"],
          rows: results.rows.map { row in
            let shares = SampleStatistics(row.runs.compactMap(\.record.accuracy))
            return [
              .text(row.name), .share(shares.mean), .share(shares.standardError),
              .number(Double(shares.count), decimals: 0),
            ]
          })
      ]
    })
}
