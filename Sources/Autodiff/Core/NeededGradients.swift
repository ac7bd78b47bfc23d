/// For each input of an operation, whether its gradient is needed.
public struct NeededGradients: RandomAccessCollection, Sendable {
  // A bit set saves the allocation of an array for every operation. Inputs from the 64th on share a bit,
  // so an unneeded gradient of theirs may be computed.
  private var bits: UInt64 = 0
  /// The number of inputs.
  public let count: Int

  init(count: Int) { self.count = count }

  init(_ inputs: [Variable]) {
    count = inputs.count
    for index in 0..<count where inputs[index].node != nil { bits |= 1 << Self.bit(index) }
  }

  private static func bit(_ index: Int) -> UInt64 { UInt64(Swift.min(index, 63)) }

  var isAnyNeeded: Bool { bits != 0 }

  /// 0.
  public var startIndex: Int { 0 }
  /// The number of inputs.
  public var endIndex: Int { count }

  /// Whether the gradient of an input is needed. Traps if there is no such input.
  public subscript(index: Int) -> Bool {
    precondition(index >= 0 && index < count, "needsGradient: no input \(index)")
    return bits & (1 << Self.bit(index)) != 0
  }
}
