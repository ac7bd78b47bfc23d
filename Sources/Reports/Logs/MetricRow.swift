public import JSON
import Stepping
public import Training

/// The numbers that an event of a run brings.
public struct MetricRow: Sendable, Hashable {
  /// Steps taken.
  public var step: Int
  /// The numbers by their names, in order.
  public var values: [Value]

  /// A number with its name.
  public struct Value: Sendable, Hashable {
    /// What is measured.
    public var kind: Kind
    /// The number.
    public var number: Double
  }

  /// What is measured, with its name in files.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// Loss of the step, nats per token.
    case loss
    /// Learning rate of the step.
    case learningRate = "learning_rate"
    /// Training tokens a second.
    case tokensPerSecond = "tokens_per_second"
    /// Resident bytes of the process.
    case residentBytes = "resident_bytes"
    /// Loss on the validation text, nats per token.
    case validationLoss = "validation_loss"
    /// The share of the updates that survived a merge.
    case survival
  }

  /// The numbers of an event; nil where it brings none.
  public init?(_ event: TrainingEvent) {
    switch event {
    case .step(let progress):
      self.init(
        step: progress.step,
        [
          (.loss, progress.loss), (.learningRate, progress.learningRate),
          (.tokensPerSecond, progress.tokensPerSecond),
          (.residentBytes, Double(progress.residentBytes)),
        ])
    case .evaluation(let evaluation):
      self.init(step: evaluation.step, [(.validationLoss, evaluation.loss)])
    case .merge(let merge):
      guard let survival = merge.survival else { return nil }
      self.init(step: merge.step + 1, [(.survival, survival)])
    case .notice: return nil
    }
  }

  private init(step: Int, _ values: [(Kind, Double)]) {
    self.step = step
    self.values = values.map { Value(kind: $0.0, number: $0.1) }
  }

  /// The row as an object; null for what is no finite number.
  public var json: JSONValue {
    var object = JSONObject()
    object["step"] = .integer(step)
    for value in values {
      object[value.kind.rawValue] = value.number.isFinite ? Self.json(value.number) : .null
    }
    return .object(object)
  }

  private static func json(_ number: Double) -> JSONValue {
    Int(exactly: number).map { .integer($0) } ?? .number(number)
  }

  /// The names of the columns of `csv`.
  public static let csvHeader =
    (["step"] + Kind.allCases.map(\.rawValue)).joined(separator: ",")

  /// The row with commas between its cells, empty for what the event does not bring.
  public var csv: String {
    let cells = Kind.allCases.map { kind in
      values.first { $0.kind == kind }.map { value in
        Int(exactly: value.number).map { "\($0)" } ?? "\(value.number)"
      } ?? ""
    }
    return (["\(step)"] + cells).joined(separator: ",")
  }

  /// The numbers with TensorBoard's tags.
  var scalars: [(tag: String, value: Double)] {
    values.map { value in
      let tag =
        switch value.kind {
        case .loss: "loss/training"
        case .validationLoss: "loss/validation"
        case .survival: "merge/survival"
        default: value.kind.rawValue
        }
      return (tag, value.number)
    }
  }
}
