/// A normalisation form of Unicode (Unicode Standard Annex 15).
enum NormalizationForm: Equatable, Sendable {
  case nfc, nfd, nfkc, nfkd

  private var isCompatible: Bool { self == .nfkc || self == .nfkd }
  private var composes: Bool { self == .nfc || self == .nfkc }

  /// `text` in this form. Invalid UTF-8 is kept, and nothing is composed or reordered across it.
  func normalized(_ text: [UInt8]) -> [UInt8] {
    if isUnchanged(text) { return text }
    var output: [UInt8] = []
    output.reserveCapacity(text.count + text.count / 8)
    var run = ScalarRun(isCompatible: isCompatible, composes: composes)
    forEachScalar(in: text) { scalar, range in
      if let scalar {
        run.append(scalar, to: &output)
      } else {
        run.flush(to: &output)
        output.append(text[range.lowerBound])
      }
    }
    run.flush(to: &output)
    return output
  }

  /// A quick check for common text, in which nothing decomposes or combines.
  private func isUnchanged(_ text: [UInt8]) -> Bool {
    if text.isASCII { return true }
    guard self == .nfc else { return false }
    var isUnchanged = true
    forEachScalar(in: text) { scalar, _ in
      // Nothing below U+0300 combines with what comes before it or has another composed form.
      if let scalar, scalar.value >= 0x300, !NormalizationTables.isInert(scalar) {
        isUnchanged = false
      }
    }
    return isUnchanged
  }
}

/// A starter and the marks that follow it, which are reordered and composed together.
private struct ScalarRun {
  let isCompatible: Bool
  let composes: Bool
  private var scalars: [(scalar: Unicode.Scalar, class: UInt8)] = []

  init(isCompatible: Bool, composes: Bool) {
    self.isCompatible = isCompatible
    self.composes = composes
  }

  mutating func append(_ scalar: Unicode.Scalar, to output: inout [UInt8]) {
    if scalar.value < 0x80 {
      // ASCII does not compose with anything before it.
      flush(to: &output)
      scalars.append((scalar, 0))
      return
    }
    NormalizationTables.decompose(scalar, isCompatible: isCompatible) { part in
      let combiningClass = part.properties.canonicalCombiningClass.rawValue
      if combiningClass == 0, !composesWithStarter(part) { flush(to: &output) }
      scalars.append((part, combiningClass))
    }
  }

  /// Whether a starter may compose with the one before it, as Hangul vowels and final consonants and some
  /// signs of Indic scripts do.
  private func composesWithStarter(_ scalar: Unicode.Scalar) -> Bool {
    composes && !scalars.isEmpty && NormalizationTables.isSecond(scalar)
  }

  mutating func flush(to output: inout [UInt8]) {
    guard !scalars.isEmpty else { return }
    if scalars.count > 1 {
      putInOrder()
      if composes { compose() }
    }
    for (scalar, _) in scalars { output.append(scalar) }
    scalars.removeAll(keepingCapacity: true)
  }

  /// Sorts each run of marks stably by class.
  private mutating func putInOrder() {
    var start = 0
    while start < scalars.count {
      var end = start + 1
      if scalars[start].class != 0 {
        while end < scalars.count && scalars[end].class != 0 { end += 1 }
        if end - start > 1 {
          // The standard library's sort is stable.
          scalars[start..<end].sort { $0.class < $1.class }
        }
      }
      start = end
    }
  }

  private mutating func compose() {
    var starter = -1
    var lastClass = -1
    var count = 0
    for index in scalars.indices {
      let (scalar, combiningClass) = scalars[index]
      if starter >= 0, lastClass < Int(combiningClass) || lastClass == -1,
        let composed = NormalizationTables.composition(scalars[starter].scalar, scalar)
      {
        scalars[starter].scalar = composed
        continue
      }
      if combiningClass == 0 {
        starter = count
        lastClass = -1
      } else {
        lastClass = Int(combiningClass)
      }
      scalars[count] = (scalar, combiningClass)
      count += 1
    }
    scalars.removeLast(scalars.count - count)
  }
}
