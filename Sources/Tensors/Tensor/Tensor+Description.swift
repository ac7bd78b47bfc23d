extension Tensor: CustomStringConvertible {
  /// Nested brackets with aligned columns, as NumPy prints an array: up to 8 fractional digits, one
  /// notation for all elements, lines of up to 75 characters. With more than 1,000 elements, long
  /// axes show their first and last three.
  public var description: String {
    if elementCount == 0 { return "[]" }
    let abbreviate = elementCount > 1000
    let shown = shape.map { size in
      abbreviate && size > 6 ? Array(0..<3) + Array(size - 3..<size) : Array(0..<size)
    }
    var picked = self
    for (axis, positions) in shown.enumerated() where positions.count < shape[axis] {
      let (first, last) = (positions[..<3], positions[3...])
      picked = .concatenated(
        [
          picked.sliced(first[0]..<first[2] + 1, alongAxis: axis),
          picked.sliced(last[3]..<last[5] + 1, alongAxis: axis),
        ], alongAxis: axis)
    }
    let texts = picked.scalars.map { scalar in
      let text = "\(scalar)"
      // Swift also prints the sign and the payload of a NaN.
      return isFloatingPoint && text.contains("nan") ? "nan" : text
    }
    guard rank > 0 else { return texts[0] }
    var layout = PrintedLayout(
      words: isFloatingPoint ? alignedNumbers(texts, largest: notationLimit) : aligned(texts),
      sizes: picked.shape.dimensions,
      gaps: zip(shown, shape).map { $0.count < $1 })
    return layout.block(0, indent: " ", width: 75)
  }

  private var isFloatingPoint: Bool {
    Scalar.self is any BinaryFloatingPoint.Type || Scalar.self is any HalfPrecisionScalar.Type
  }

  /// The magnitude from which numbers are printed with exponents: about the precision of the type.
  private var notationLimit: Double {
    Scalar.self == Double.self ? 1e8 : MemoryLayout<Scalar>.size == 4 ? 1e6 : 1e3
  }
}

/// Puts words into brackets and lines.
private struct PrintedLayout {
  let words: [String]
  let sizes: [Int]
  /// Whether elements are left out of the middle of an axis.
  let gaps: [Bool]
  private var next = 0

  init(words: [String], sizes: [Int], gaps: [Bool]) {
    self.words = words
    self.sizes = sizes
    self.gaps = gaps
  }

  mutating func block(_ axis: Int, indent: String, width: Int) -> String {
    var text = ""
    if axis == sizes.count - 1 {
      var line = indent
      func add(_ word: String) {
        if line.count + word.count > width - 1, line.count > indent.count {
          text += line.dropLast() + "\n"
          line = indent
        }
        line += word + " "
      }
      for i in 0..<sizes[axis] {
        if i == 3, gaps[axis] { add("...") }
        add(words[next])
        next += 1
      }
      text += line.dropLast()
    } else {
      let lineBreak = String(repeating: "\n", count: sizes.count - 1 - axis)
      var blocks: [String] = []
      for i in 0..<sizes[axis] {
        if i == 3, gaps[axis] { blocks.append(indent + "...") }
        blocks.append(indent + block(axis + 1, indent: indent + " ", width: width - 1))
      }
      text = blocks.joined(separator: lineBreak)
    }
    return "[" + text.dropFirst(indent.count) + "]"
  }
}

private func aligned(_ words: [String]) -> [String] {
  let width = words.map(\.count).max() ?? 0
  return words.map { spaces(width - $0.count) + $0 }
}

private func spaces(_ count: Int) -> String { String(repeating: " ", count: max(0, count)) }
private func zeros(_ count: Int) -> String { String(repeating: "0", count: max(0, count)) }

/// Numbers aligned by their decimal points.
private func alignedNumbers(_ texts: [String], largest: Double) -> [String] {
  let numbers = texts.map(DecimalDigits.init)
  let sizes = texts.compactMap { Double($0)?.magnitude }.filter { $0.isFinite && $0 > 0 }
  let (smallest, biggest) = (sizes.min() ?? 1, sizes.max() ?? 1)
  let scientific = biggest >= largest || smallest < 1e-4 || biggest / smallest > 1000
  let parts = numbers.map { $0.map { scientific ? $0.scientific : $0.positional } }
  let fraction = parts.compactMap { $0?.fraction.count }.max() ?? 0
  let exponent = parts.compactMap { $0?.exponent?.digits.count }.max() ?? 0
  let words = zip(texts, parts).map { text, part in
    guard let part else { return text }
    var word = part.whole + "." + part.fraction
    if let (sign, digits) = part.exponent {
      word += zeros(fraction - part.fraction.count) + "e" + sign
      return word + zeros(exponent - digits.count) + digits
    }
    return word + spaces(fraction - part.fraction.count)
  }
  return aligned(words)
}

/// A finite number as `0.digits` times a power of ten.
private struct DecimalDigits {
  typealias Parts = (
    whole: String, fraction: String, exponent: (sign: String, digits: String)?
  )

  let negative: Bool
  var digits: [Int]
  var power: Int

  /// Reads what Swift prints, `-1.5` or `1e-05`; nil for infinities and NaN.
  init?(_ text: String) {
    var rest = text[...]
    negative = rest.first == "-"
    if negative { rest = rest.dropFirst() }
    guard rest.first?.isNumber == true else { return nil }
    let halves = rest.split(separator: "e")
    let mantissa = halves[0].split(separator: ".")
    digits = mantissa.joined().compactMap(\.wholeNumberValue)
    power = mantissa[0].count + (halves.count > 1 ? Int(halves[1])! : 0)
    while digits.first == 0 {
      digits.removeFirst()
      power -= 1
    }
    if digits.isEmpty { power = 1 }
    trim()
  }

  private mutating func trim() { while digits.last == 0 { digits.removeLast() } }

  /// The number rounded to `count` digits.
  private func rounded(to count: Int) -> DecimalDigits {
    guard count < digits.count else { return self }
    var result = self
    guard count >= 0 else {
      result.digits = []
      return result
    }
    result.digits = Array(digits[..<count])
    if digits[count] >= 5 {
      var place = count - 1
      while place >= 0, result.digits[place] == 9 {
        result.digits[place] = 0
        place -= 1
      }
      if place >= 0 {
        result.digits[place] += 1
      } else {
        result.digits.insert(1, at: 0)
        result.power += 1
      }
    }
    result.trim()
    return result
  }

  private var sign: String { negative ? "-" : "" }

  private func text(_ range: Range<Int>) -> String {
    range.map { $0 >= 0 && $0 < digits.count ? String(digits[$0]) : "0" }.joined()
  }

  var positional: Parts {
    let number = rounded(to: power + 8)
    let whole = number.power > 0 ? number.text(0..<number.power) : "0"
    let fraction =
      number.digits.isEmpty
      ? "" : number.text(min(number.power, number.digits.count)..<number.digits.count)
    return (sign + whole, fraction, nil)
  }

  var scientific: Parts {
    let number = rounded(to: 9)
    let exponent = number.power - 1
    let digits = String(Swift.abs(exponent))
    return (
      sign + number.text(0..<1), number.text(1..<max(1, number.digits.count)),
      (exponent < 0 ? "-" : "+", zeros(2 - digits.count) + digits)
    )
  }
}
