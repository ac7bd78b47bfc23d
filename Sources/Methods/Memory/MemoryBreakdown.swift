public import JSON
public import Tensors

/// Bytes by kind of content.
public struct MemoryBreakdown: Codable, Sendable, Hashable {
  /// Matrices of linear layers, embedding, head and norms, as stored.
  public var weights = 0
  /// The projections P of all layers.
  public var projections = 0
  /// The trained factors B of all layers.
  public var adapters = 0
  /// Optimizer state.
  public var optimizer = 0
  /// Gradients of parameters.
  public var gradients = 0
  /// Tensors of the forward and the backward pass.
  public var activations = 0
  /// Copies in another precision, panels of packed matrices.
  public var scratch = 0
  /// Memory used to find projections and merge updates.
  public var projectionEvent = 0
  /// Everything that is not a tensor: the program, its text, buffers of its libraries.
  public var other = 0

  /// All zeros.
  public init() {}

  /// The bytes counted by a ledger.
  public init(_ ledger: TensorMemory.Ledger) {
    for (kind, path) in Self.kinds { self[keyPath: path] = ledger[kind] }
  }

  /// Decodes a breakdown; missing kinds are 0.
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

  /// The sum of what training holds between passes: without activations, scratch and the program.
  package var state: Int { weights + projections + adapters + optimizer + gradients }

  /// The sum of all kinds of tensors.
  public var tensors: Int { Self.kinds.reduce(0) { $0 + self[keyPath: $1.path] } }

  /// The property of each kind in a ledger.
  private static var kinds: [(kind: TensorMemory.Kind, path: WritableKeyPath<Self, Int>)] {
    [
      (.weights, \.weights), (.projections, \.projections), (.adapters, \.adapters),
      (.optimizer, \.optimizer), (.gradients, \.gradients), (.activations, \.activations),
      (.scratch, \.scratch), (.projectionEvent, \.projectionEvent),
    ]
  }

  /// The maximum of both, kind by kind.
  package func highest(_ other: MemoryBreakdown) -> MemoryBreakdown {
    var result = self
    for (_, path) in Self.kinds {
      result[keyPath: path] = max(self[keyPath: path], other[keyPath: path])
    }
    return result
  }

  /// The kinds in the order of tables, with their titles for people and keys in files.
  public static var rows: [(title: String, key: String, path: KeyPath<Self, Int>)] {
    [
      ("weights", "weights", \.weights), ("projections P", "projections", \.projections),
      ("adapters B", "adapters", \.adapters), ("optimizer state", "optimizer", \.optimizer),
      ("gradients", "gradients", \.gradients), ("activations", "activations", \.activations),
      ("scratch", "scratch", \.scratch),
      ("projection event", "projection_event", \.projectionEvent),
    ]
  }

  /// The bytes by their keys in files.
  public var json: JSONValue {
    var object = JSONObject()
    for row in Self.rows { object[row.key] = .integer(self[keyPath: row.path]) }
    return .object(object)
  }
}
