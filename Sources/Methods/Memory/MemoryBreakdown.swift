public import JSON
public import Tensors

/// Bytes by what they hold.
public struct MemoryBreakdown: Codable, Sendable, Hashable {
  /// Matrices of linear layers, embedding, head and norms, as stored.
  public var weights = 0
  /// P of all layers.
  public var projections = 0
  /// B of all layers.
  public var adapters = 0
  /// Optimizer state.
  public var optimizer = 0
  /// Gradients of parameters.
  public var gradients = 0
  /// What the forward and the backward pass make and keep.
  public var activations = 0
  /// Copies in another precision, panels of packed matrices.
  public var scratch = 0
  /// What finding projections and merging updates take.
  public var projectionEvent = 0
  /// What is no tensor: the program, its text, buffers of its libraries.
  public var other = 0

  /// Nothing.
  public init() {}

  /// The bytes that a ledger has counted.
  public init(_ ledger: TensorMemory.Ledger) {
    for (kind, path) in Self.kinds { self[keyPath: path] = ledger[kind] }
  }

  /// Kinds that are not there are 0.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    func bytes(_ key: CodingKeys) throws -> Int {
      try container.decodeIfPresent(Int.self, forKey: key) ?? 0
    }
    weights = try bytes(.weights)
    projections = try bytes(.projections)
    adapters = try bytes(.adapters)
    optimizer = try bytes(.optimizer)
    gradients = try bytes(.gradients)
    activations = try bytes(.activations)
    scratch = try bytes(.scratch)
    projectionEvent = try bytes(.projectionEvent)
    other = try bytes(.other)
  }

  /// The sum of all kinds.
  public var total: Int { tensors + other }

  /// The sum of what training holds, without activations, scratch and the program.
  package var state: Int { weights + projections + adapters + optimizer + gradients }

  /// The sum of all kinds of tensors.
  public var tensors: Int { Self.kinds.reduce(0) { $0 + self[keyPath: $1.path] } }

  /// Where each kind of the ledger is.
  private static var kinds: [(kind: TensorMemory.Kind, path: WritableKeyPath<Self, Int>)] {
    [
      (.weights, \.weights), (.projections, \.projections), (.adapters, \.adapters),
      (.optimizer, \.optimizer), (.gradients, \.gradients), (.activations, \.activations),
      (.scratch, \.scratch), (.projectionEvent, \.projectionEvent),
    ]
  }

  /// The larger of both, kind by kind.
  package func highest(_ other: MemoryBreakdown) -> MemoryBreakdown {
    var result = self
    for (_, path) in Self.kinds {
      result[keyPath: path] = max(self[keyPath: path], other[keyPath: path])
    }
    return result
  }

  /// The kinds as people and as files name them, in the order of tables.
  public static var rows: [(title: String, key: String, path: KeyPath<Self, Int>)] {
    [
      ("weights", "weights", \.weights), ("projections P", "projections", \.projections),
      ("adapters B", "adapters", \.adapters), ("optimizer state", "optimizer", \.optimizer),
      ("gradients", "gradients", \.gradients), ("activations", "activations", \.activations),
      ("scratch", "scratch", \.scratch),
      ("projection event", "projection_event", \.projectionEvent),
    ]
  }

  /// The kinds by the names they have in files.
  public var json: JSONValue {
    var object = JSONObject()
    for row in Self.rows { object[row.key] = .integer(self[keyPath: row.path]) }
    return .object(object)
  }
}
