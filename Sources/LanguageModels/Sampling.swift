import Tensors

/// How the next token is drawn from a model's logits.
///
/// In this order: the repetition penalty is applied, the likeliest `topK` tokens are kept, the logits are
/// divided by the temperature, and tokens outside the `topP` nucleus or below the share `minP` of the
/// highest probability are dropped.
public struct Sampling: Sendable, Hashable {
  /// Divides the logits: below 1 favours likely tokens, 0 always takes the likeliest.
  public var temperature: Double
  /// Draws among this many of the likeliest tokens; all when nil.
  public var topK: Int?
  /// Draws among the fewest likeliest tokens that have this probability together (Holtzman et al., arXiv
  /// 1904.09751); 1 keeps all.
  public var topP: Double
  /// Draws among tokens with at least this share of the likeliest one's probability (Nguyen et al., arXiv
  /// 2407.01082); 0 keeps all.
  public var minP: Double
  /// Divides positive logits of tokens that the text already has, and multiplies negative ones (Keskar et
  /// al., arXiv 1909.05858); 1 changes nothing.
  public var repetitionPenalty: Double

  /// By default draws from the model's own distribution. Traps on a negative temperature, a `topK` below
  /// 1, a `topP` outside (0, 1], a `minP` outside [0, 1] and a penalty that is not positive.
  public init(
    temperature: Double = 1, topK: Int? = nil, topP: Double = 1, minP: Double = 0,
    repetitionPenalty: Double = 1
  ) {
    precondition(
      temperature >= 0 && (topK ?? 1) >= 1 && topP > 0 && topP <= 1 && (0...1).contains(minP)
        && repetitionPenalty > 0,
      "Sampling: temperature \(temperature), topK \(topK ?? 0), topP \(topP), minP \(minP), "
        + "repetitionPenalty \(repetitionPenalty)")
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.minP = minP
    self.repetitionPenalty = repetitionPenalty
  }

  /// Draws a token by its logits `[vocabulary]`.
  func draw(_ logits: Tensor<Float>, after text: [Int32], _ random: inout RandomSource) -> Int32 {
    let logits = penalised(logits, text)
    // Ties go to the smaller token, so the choice is the same on every machine.
    guard temperature > 0 else { return logits.argmax(squeezingAxis: 0).scalar }
    let kept = topK.map { logits.topK(min($0, logits.elementCount)) }
    let values = (kept?.values ?? logits).converted(to: Double.self)
    var probabilities = softmax(values / temperature).scalars
    if topP < 1 || minP > 0 { restrict(&probabilities) }
    var left = Double.random(in: 0..<1, using: &random)
    var last = 0
    for (place, probability) in probabilities.enumerated() where probability > 0 {
      left -= probability
      last = place
      if left < 0 { break }
    }
    return kept?.indices.scalars[last] ?? Int32(last)
  }

  private func penalised(_ logits: Tensor<Float>, _ text: [Int32]) -> Tensor<Float> {
    guard repetitionPenalty != 1 else { return logits }
    let penalty = Float(repetitionPenalty)
    var values = logits.scalars
    for token in Set(text) {
      let value = values[Int(token)]
      values[Int(token)] = value > 0 ? value / penalty : value * penalty
    }
    return Tensor(values)
  }

  /// Zeroes the probabilities of tokens outside the nucleus or below `minP`, and normalises the rest.
  private func restrict(_ probabilities: inout [Double]) {
    let order = probabilities.indices.sorted {
      (probabilities[$1], $0) < (probabilities[$0], $1)
    }
    let least = minP * (order.first.map { probabilities[$0] } ?? 0)
    var (sum, isFull) = (0.0, false)
    for place in order {
      if isFull || probabilities[place] < least {
        probabilities[place] = 0
        continue
      }
      sum += probabilities[place]
      isFull = sum >= topP
    }
    for place in probabilities.indices { probabilities[place] /= sum }
  }
}
