internal import CKernels

extension TensorMemory {
  /// What a tensor buffer is for.
  public enum Kind: Int, Sendable, Hashable, Codable, CaseIterable {
    /// Matrices of linear layers, embedding, head, norms: dense or packed.
    case weights
    /// Projections of gradients.
    case projections
    /// Trained low-rank factors.
    case adapters
    /// The state of optimizers.
    case optimizer
    /// Gradients of parameters, until they are used up.
    case gradients
    /// What the forward and backward passes compute and keep.
    case activations
    /// Everything else: copies in another precision, panels of packed matrices.
    case scratch
    /// What computing projections and merging updates takes.
    case projectionEvent

    /// The kind of the buffers that this thread makes at present.
    static var current: Kind { Kind(rawValue: Int(loqt_memory_kind())) ?? .scratch }
  }

  /// Runs `body` and counts the buffers that it makes on this thread as `kind`, for as long as they
  /// live.
  public static func counting<R>(as kind: Kind, _ body: () throws -> R) rethrows -> R {
    let before = loqt_set_memory_kind(Int32(kind.rawValue))
    defer { _ = loqt_set_memory_kind(before) }
    return try body()
  }

  /// Bytes of tensor buffers by kind.
  public struct Ledger: Sendable, Hashable, Codable {
    private var bytes = [Int](repeating: 0, count: Kind.allCases.count)

    /// No bytes of any kind.
    public init() {}

    fileprivate init(_ bytes: [Int]) { self.bytes = bytes }

    private enum CodingKeys: String, CodingKey { case bytes }

    /// Decodes the bytes of every kind. Throws if there are more or fewer numbers than kinds.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      bytes = try container.decode([Int].self, forKey: .bytes)
      guard bytes.count == Kind.allCases.count else {
        throw DecodingError.dataCorruptedError(
          forKey: .bytes, in: container,
          debugDescription: "\(bytes.count) numbers for \(Kind.allCases.count) kinds of memory")
      }
    }

    /// The bytes of a kind.
    public subscript(kind: Kind) -> Int {
      get { bytes[kind.rawValue] }
      set { bytes[kind.rawValue] = newValue }
    }

    /// The bytes of all kinds.
    public var total: Int { bytes.reduce(0, +) }
  }

  /// The bytes of each kind: those live, their peak since the start or the last `resetPeak()`, and
  /// those live when the total peaked.
  public static var ledgers: (live: Ledger, peak: Ledger, atPeak: Ledger) {
    let none = [Int](repeating: 0, count: Kind.allCases.count)
    var (live, peak, atPeak) = (none, none, none)
    loqt_read_memory(&live, &peak, &atPeak)
    return (Ledger(live), Ledger(peak), Ledger(atPeak))
  }

  static func move(_ count: Int, from: Kind, to: Kind) {
    loqt_move_memory(Int32(from.rawValue), Int32(to.rawValue), count)
  }
}

extension Tensor {
  /// Counts the tensor's buffer, shared or not, as `kind` from now on. Must not run on two threads
  /// at once for the same buffer.
  package func count(as kind: TensorMemory.Kind) { storage.count(as: kind) }
}
