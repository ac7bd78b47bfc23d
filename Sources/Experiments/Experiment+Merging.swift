internal import Optimizers
internal import Training

extension Experiment {
  /// How long a run must be for merging to pay off.
  static let merging = Experiment(
    "merging", "Whether merging pays",
    question: """
      From which length of the run on does LoQT beat the same model that never merges, and QLoRA of \
      equal bytes, with both factors trained?
      """,
    reference: "loqt, \u{d7}1", axis: "steps of the run",
    claims: [("\u{d7}\u{bd}"), ("\u{d7}1"), ("\u{d7}2")].flatMap { length in
      [
        Claim(
          "LoQT is better than never merging, steps \(length)", "loqt, \(length)",
          of: "never, \(length)"),
        Claim(
          "LoQT is better than QLoRA of equal bytes, steps \(length)", "loqt, \(length)",
          of: "qlora, \(length)"),
      ]
    }
  ) { scale in
    [("\u{d7}1", 1.0), ("\u{d7}\u{bd}", 0.5), ("\u{d7}2", 2)].flatMap { name, factor in
      let steps = max(1, Int((Double(scale.steps) * factor).rounded()))
      var loqt = Variant.paper("loqt, \(name)", rates: .swept(around: 0.005)) {
        $0.rank = .count(scale.largestRank)
      }
      var never = Variant.paper("never, \(name)", rates: .swept(around: 0.005)) {
        $0.neverMerge()
        $0.rank = .count(scale.largestRank)
      }
      loqt.steps = steps
      never.steps = steps
      let qlora = Variant(.qlora, named: "qlora, \(name)", steps: steps).fitting(loqt, scale)
      return [
        loqt.placed("loqt", at: steps), never.placed("never merged", at: steps),
        qlora.placed("qlora of equal bytes", at: steps),
      ]
    }
  }

  /// How low the rank may be, and whether merging pays off at lower ranks.
  static let ranks = Experiment(
    "ranks", "Rank",
    question: """
      How does the loss rise as the rank falls, and is LoQT at low rank better than never merging and \
      than QLoRA of equal bytes?
      """,
    reference: "loqt, r = 1/4", axis: "rank of LoQT",
    claims: ["1/8", "1/16", "1/32"].flatMap { share in
      [
        Claim(
          "LoQT is better than never merging, r = \(share)", "loqt, r = \(share)",
          of: "never, r = \(share)"),
        Claim(
          "LoQT is better than QLoRA of equal bytes, r = \(share)", "loqt, r = \(share)",
          of: "qlora, r = \(share)"),
      ]
    }
  ) { scale in
    [("1/4", 1), ("1/16", 4), ("1/8", 2), ("1/32", 8)].flatMap { name, divisor in
      let rank = max(1, scale.largestRank / divisor)
      let loqt = Variant.paper("loqt, r = \(name)", rates: .swept(around: 0.005)) {
        $0.rank = .count(rank)
      }
      let never = Variant.paper("never, r = \(name)", rates: .swept(around: 0.005)) {
        $0.neverMerge()
        $0.rank = .count(rank)
      }
      let qlora = Variant(.qlora, named: "qlora, r = \(name)").fitting(loqt, scale)
      return [
        loqt.placed("loqt", at: rank), never.placed("never merged", at: rank),
        qlora.placed("qlora of equal bytes", at: rank),
      ]
    }
  }
}

extension Variant {
  /// The same variant on the line of a family.
  fileprivate func placed(_ family: String, at number: Int) -> Variant {
    var placed = self
    placed.place = Place(family: family, number: Double(number))
    return placed
  }
}
