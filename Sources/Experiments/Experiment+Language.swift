internal import Formatting
internal import Foundation
internal import Optimizers
internal import Training

extension Experiment {
  /// Continued pretraining in another language: the paper's run on Icelandic, on a small scale.
  static let language = Experiment(
    "language", "Another language",
    question: """
      A trained model goes on with 60,000 tokens of a text in a language that it knows little. Which method \
      learns the language best, and what does the model forget of the one that it knows?
      """,
    reference: "full",
    claims: [
      Claim("LoQT is better than QLoRA", "loqt", of: "qlora"),
      Claim("LoQT is better than LoRA", "loqt", of: "lora"),
      Claim("LoQT is better than GaLore", "loqt", of: "galore"),
    ],
    variants: { scale in
      let tokens = scale.batchSize * scale.sequence
      func variant(
        _ method: TrainingMethod, _ rate: Double, named name: String? = nil, steps: Int? = nil
      ) -> Variant {
        var variant = Variant(
          method, named: name, steps: steps ?? max(1, min(scale.steps, 60_000 / tokens)),
          rates: .swept(around: rate))
        variant.task = .continuedPretraining
        return variant
      }
      // What the model can before: a step that changes nothing.
      var before = variant(.full, 0, named: "before", steps: 1)
      before.rates = .fixed(1e-30)
      before.options.restLearningRate = 1e-30
      return [
        variant(.loqt, 5e-4), variant(.full, 5e-5), variant(.qlora, 5e-4), variant(.lora, 5e-4),
        variant(.galore, 2e-4), before,
      ]
    },
    findings: { results, _ in
      [
        Finding(
          title: "What is learnt, what is forgotten, and what it takes",
          note: """
            Perplexity of the text that is learnt and of the one that is not, after the run, with standard errors \
            over the seeds; the row "before" is the model as it came.
            """,
          header: [
            "method", "learnt", "\u{b1}", "known", "\u{b1}", "tokens/s", "peak, GiB", "seeds",
          ],
          rows: results.rows.map { row in
            let records = row.runs.map(\.record)
            let learnt = SampleStatistics(records.map { exp($0.validationLoss) })
            let known = SampleStatistics(records.compactMap { $0.knownLoss.map(exp) })
            let speed = SampleStatistics(records.map(\.tokensPerSecond))
            let peak = records.map(\.memory.total).max() ?? 0
            return [
              .text(row.name), .number(learnt.mean, decimals: 2),
              .number(learnt.standardError, decimals: 2), .number(known.mean, decimals: 2),
              .number(known.standardError, decimals: 2), .number(speed.mean, decimals: 0),
              .number(Double(peak) / 1_073_741_824, decimals: 2),
              .number(Double(records.count), decimals: 0),
            ]
          })
      ]
    })
}
