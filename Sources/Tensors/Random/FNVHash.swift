/// The hash of Fowler, Noll and Vo (FNV-1a, 64 bits): the same in every process, unlike `Hasher`'s.
/// It does not resist deliberate collisions.
package enum FNVHash {
  /// The hash of no bytes.
  @inlinable package static var empty: UInt64 { 0xCBF2_9CE4_8422_2325 }
  /// The multiplier of every step.
  @inlinable package static var prime: UInt64 { 0x100_0000_01B3 }

  /// The hash of some bytes.
  @inlinable package static func value(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(empty) { ($0 ^ UInt64($1)) &* prime }
  }

  /// The hash of some bytes as sixteen hexadecimal digits.
  @inlinable package static func digits(_ bytes: some Sequence<UInt8>) -> String {
    let digits = String(value(bytes), radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
