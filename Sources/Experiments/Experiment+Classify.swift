internal import Formatting
internal import Optimizers
internal import Training

extension Experiment {
  /// An encoder that learns labels: the paper's Table 2, on texts of one's own.
  static let classify = Experiment(
    "classify", "Classification",
    question: """
      An encoder, trained or at a random start, learns to tell the labels of texts, as the paper's learns \
      the tasks of GLUE. Which method learns that best?
      """,
    reference: "full",
    claims: [
      Claim("LoQT is better than LoftQ", "loqt", of: "loftq"),
      Claim("LoQT is better than LoRA", "loqt", of: "lora"),
    ],
    variants: { _ in
      func variant(_ method: TrainingMethod, _ rate: Double) -> Variant {
        var variant = Variant(method, rates: .swept(around: rate)) {
          $0.restLearningRate = 0.0005
          guard method != .full else { return }
          $0.rank = .count(32)
          $0.freezeEmbedding = true
        }
        variant.task = .classification
        return variant
      }
      return [
        variant(.full, 0.0001), variant(.loqt, 0.0005), variant(.lora, 0.0005),
        variant(.loftq, 0.0005),
      ]
    },
    findings: { results, text in
      guard let data = text.encoder?.data else { return [] }
      let counts = Dictionary(data.validation.labels.map { ($0, 1) }, uniquingKeysWith: +)
      let most = Double(counts.values.max() ?? 0) / Double(max(1, data.validation.count))
      func measures(_ row: ExperimentResults.Row) -> [SampleStatistics] {
        let scores = row.runs.compactMap(\.record.classification)
        return (0..<3).map { index in
          SampleStatistics(scores.compactMap { $0.measures[index].value })
        }
      }
      let names =
        results.rows.flatMap(\.runs).first?.record.classification?.measures.map(\.name) ?? []
      return [
        Finding(
          title: "Measures",
          note: """
            On \(NumberText.grouped(data.validation.count)) texts that were not learnt, with standard errors \
            over the seeds; the most frequent label alone has an accuracy of \(NumberText.percent(most, 1)).
            """,
          header: ["method"] + names.prefix(3).flatMap { [$0, "\u{b1}"] } + ["seeds"],
          rows: results.rows.map { row in
            [.text(row.name)]
              + measures(row).flatMap { measure -> [Finding.Cell] in
                [.number(measure.mean, decimals: 4), .number(measure.standardError, decimals: 4)]
              } + [.number(Double(row.runs.count), decimals: 0)]
          })
      ]
    })
}
