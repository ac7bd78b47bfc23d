/// Unicode's decompositions and compositions, unpacked at first use.
enum NormalizationTables {
  /// The range and the kind of a scalar's decomposition.
  private struct Entry {
    var start: UInt32
    var length: UInt8
    var isCompatible: Bool
  }

  private struct Contents: Sendable {
    var entries: [UInt32: Entry] = [:]
    var scalars: [Unicode.Scalar] = []
    /// From two scalars to their composition.
    var compositions: [UInt64: Unicode.Scalar] = [:]
    /// The scalars that occur second in a composition.
    var seconds: Set<UInt32> = []
    /// For each scalar of the first plane, whether NFC never changes it.
    var inert: [Bool] = []
  }

  private static let contents = unpack()

  // Hangul syllables are computed (Unicode Standard, section 3.12).
  private static let syllables: Range<UInt32> = 0xAC00..<0xAC00 + 11172
  private static let leads: Range<UInt32> = 0x1100..<0x1113
  private static let vowels: Range<UInt32> = 0x1161..<0x1176
  private static let trails: Range<UInt32> = 0x11A8..<0x11C3

  /// Calls `body` with the scalars of the full decomposition of a scalar.
  static func decompose(
    _ scalar: Unicode.Scalar, isCompatible: Bool, _ body: (Unicode.Scalar) -> Void
  ) {
    let value = scalar.value
    if syllables.contains(value) {
      let index = value - syllables.lowerBound
      body(Unicode.Scalar(leads.lowerBound + index / 588)!)
      body(Unicode.Scalar(vowels.lowerBound + index % 588 / 28)!)
      if index % 28 > 0 { body(Unicode.Scalar(trails.lowerBound + index % 28 - 1)!) }
      return
    }
    guard value >= 0xA0, let entry = contents.entries[value],
      isCompatible || !entry.isCompatible
    else {
      body(scalar)
      return
    }
    for index in Int(entry.start)..<Int(entry.start) + Int(entry.length) {
      decompose(contents.scalars[index], isCompatible: isCompatible, body)
    }
  }

  /// The composition of two scalars, if any.
  static func composition(
    _ first: Unicode.Scalar, _ second: Unicode.Scalar
  ) -> Unicode.Scalar? {
    if leads.contains(first.value), vowels.contains(second.value) {
      let index = (first.value - leads.lowerBound) * 588 + (second.value - vowels.lowerBound) * 28
      return Unicode.Scalar(syllables.lowerBound + index)
    }
    if syllables.contains(first.value), (first.value - syllables.lowerBound) % 28 == 0,
      trails.contains(second.value)
    {
      return Unicode.Scalar(first.value + second.value - trails.lowerBound + 1)
    }
    return contents.compositions[UInt64(first.value) << 32 | UInt64(second.value)]
  }

  /// Whether a scalar may compose with one before it.
  static func isSecond(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value >= 0x300
      && (vowels.contains(scalar.value) || trails.contains(scalar.value)
        || contents.seconds.contains(scalar.value))
  }

  /// Whether NFC never changes a scalar, in any context.
  static func isInert(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 0x10000
      ? contents.inert[Int(scalar.value)] : isInert(scalar, contents.entries, contents.seconds)
  }

  private static func isInert(
    _ scalar: Unicode.Scalar, _ entries: [UInt32: Entry], _ seconds: Set<UInt32>
  ) -> Bool {
    let value = scalar.value
    if let entry = entries[value], !entry.isCompatible { return false }
    return scalar.properties.canonicalCombiningClass.rawValue == 0 && !seconds.contains(value)
      && !vowels.contains(value) && !trails.contains(value)
  }

  private static func unpack() -> Contents {
    var contents = Contents()
    guard let bytes = base64Decoded(Array(encoded.utf8)) else { return contents }
    var position = 0
    func variable() -> UInt32 {
      var value: UInt32 = 0
      var shift: UInt32 = 0
      while true {
        let byte = bytes[position]
        position += 1
        value |= UInt32(byte & 0x7F) << shift
        if byte < 0x80 { return value }
        shift += 7
      }
    }
    var code: UInt32 = 0
    var previous: UInt32 = 0
    while position < bytes.count {
      code += variable()
      let kind = variable()
      let count = kind & 4 == 0 ? 1 : variable()
      let mapping = (0..<kind >> 3).map { _ in
        let difference = variable()
        previous =
          difference & 1 == 0 ? previous + difference >> 1 : previous - (difference + 1) >> 1
        return previous
      }
      for offset in 0..<count {
        contents.entries[code + offset] = Entry(
          start: UInt32(contents.scalars.count), length: UInt8(mapping.count),
          isCompatible: kind & 2 != 0)
        contents.scalars += mapping.map { Unicode.Scalar($0 + offset)! }
      }
      if kind & 1 != 0 {
        contents.compositions[UInt64(mapping[0]) << 32 | UInt64(mapping[1])] = Unicode.Scalar(code)
        contents.seconds.insert(mapping[1])
      }
      code += count
    }
    contents.inert = (UInt32(0)..<0x10000).map { value in
      Unicode.Scalar(value).map { isInert($0, contents.entries, contents.seconds) } ?? false
    }
    return contents
  }
}
