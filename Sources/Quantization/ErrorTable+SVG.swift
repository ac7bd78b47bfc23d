extension ErrorTable {
  /// The table as a drawing: for each format its bytes an element, its signal to noise ratio and the
  /// distribution of its errors, all on one axis; light or dark as its surroundings.
  public func svg() -> String {
    let width = 760
    let (left, right, row, top) = (292, 728, 56, 64)
    let quantized = rows.filter { $0.error.relative > 0 }
    let limit = niceLimit(quantized.map(\.histogram.limit).max() ?? 1)
    let bottom = top + row * rows.count
    func x(_ error: Double) -> Double {
      Double(left + right) / 2 + error / limit * Double(right - left) / 2
    }
    var lines: [String] = []
    for step in -2...2 {
      let value = limit * Double(step) / 2
      let place = decimal(x(value))
      lines.append(
        "<line class=\"\(step == 0 ? "axis" : "rule")\" x1=\"\(place)\" y1=\"\(top - 8)\""
          + " x2=\"\(place)\" y2=\"\(bottom)\"/>")
      lines.append(
        "<text class=\"tick\" x=\"\(place)\" y=\"\(bottom + 20)\">\(label(value))</text>")
    }
    for (index, entry) in rows.enumerated() {
      let base = top + row * (index + 1) - 10
      lines.append("<text class=\"name\" x=\"24\" y=\"\(base - 18)\">\(escaped(entry.name))</text>")
      lines.append(
        "<text class=\"note\" x=\"24\" y=\"\(base)\">\(decimal(entry.bytesPerElement, 4)) bytes"
          + " an element · \(ratio(entry.error.signalToNoise))</text>")
      lines.append(drawing(of: entry, base: Double(base), height: Double(row - 18), x))
    }
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(width) \(bottom + 52)" role="img" \
      aria-label="Errors of \(rows.count) weight formats">
      <style>
      svg { --ground: #fff; --ink: #16202c; --soft: #5a6675; --rule: #e1e5ea; --axis: #a9b2bd; \
      --bar: #0b62b8; background: var(--ground); }
      @media (prefers-color-scheme: dark) { svg { --ground: #12171e; --ink: #e7ecf2; \
      --soft: #9aa7b5; --rule: #2c3642; --axis: #566373; --bar: #5aa9f5; } }
      text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; \
      fill: var(--soft); font-variant-numeric: tabular-nums; }
      .title { font-size: 15px; font-weight: 650; fill: var(--ink); }
      .name { font-size: 13px; font-weight: 600; fill: var(--ink); }
      .tick, .caption { text-anchor: middle; }
      .plate { paint-order: stroke; stroke: var(--ground); stroke-width: 6; }
      .rule { stroke: var(--rule); } .axis { stroke: var(--axis); }
      .bars { fill: var(--bar); } .reach { stroke: var(--bar); stroke-width: 1.5; opacity: .55; }
      </style>
      <text class="title" x="24" y="30">What each format does to the same numbers</text>
      \(lines.joined(separator: "\n"))
      <text class="caption" x="\((left + right) / 2)" y="\(bottom + 40)">error of an element, in units \
      of the root mean square of the numbers</text>
      </svg>
      """
  }

  /// The distribution of one format: bars on a line from the most negative error to the most
  /// positive. The middle one, in which the elements that are levels pile up, is cut at the height of
  /// the largest beside it.
  private func drawing(
    of row: Row, base: Double, height: Double, _ x: (Double) -> Double
  ) -> String {
    let histogram = row.histogram
    var beside = histogram.counts
    if beside.count > 1 { beside.remove(at: beside.count / 2) }
    let largest = Double(max(1, beside.max() ?? 0))
    guard row.error.relative > 0 else {
      return "<text class=\"tick plate\" x=\"\(decimal(x(0)))\" y=\"\(decimal(base - 4))\">"
        + (row.error.relative == 0 ? "exact" : "not all finite") + "</text>"
    }
    let bin = 2 * histogram.limit / Double(histogram.counts.count)
    var path = ""
    for (center, count) in zip(histogram.centers, histogram.counts) where count > 0 {
      let (start, end) = (x(center - bin / 2), x(center + bin / 2))
      let top = base - height * min(1, Double(count) / largest)
      path +=
        "M\(decimal(start)) \(decimal(base))V\(decimal(top))H\(decimal(end))V\(decimal(base))Z"
    }
    return "<line class=\"reach\" x1=\"\(decimal(x(-histogram.limit)))\" y1=\"\(decimal(base))\""
      + " x2=\"\(decimal(x(histogram.limit)))\" y2=\"\(decimal(base))\"/>"
      + "<path class=\"bars\" d=\"\(path)\"/>"
  }
}

/// The next of 1, 1.5, 2, 3, 4, 5, 6 and 8 times a power of ten.
private func niceLimit(_ value: Double) -> Double {
  guard value.isFinite, value > 0 else { return 1 }
  var power = 1.0
  while power >= value { power /= 10 }
  while power * 10 < value { power *= 10 }
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map { $0 * power }.first { $0 >= value } ?? value
}

/// A number with so many digits after the point, without zeros at its end.
private func decimal(_ value: Double, _ digits: Int = 2) -> String {
  let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
  guard abs(value) * scale < 1e15 else { return "\(value)" }
  let units = Int((abs(value) * scale).rounded())
  let (whole, fraction) = units.quotientAndRemainder(dividingBy: Int(scale))
  var text = "\(fraction)"
  text = String(repeating: "0", count: digits - text.count) + text
  while text.hasSuffix("0") { text.removeLast() }
  return (value < 0 && units > 0 ? "-" : "") + "\(whole)" + (text.isEmpty ? "" : "." + text)
}

private func label(_ value: Double) -> String {
  decimal(value, 6).replacing("-", with: "−")
}

private func ratio(_ decibels: Double) -> String {
  decibels.isFinite ? "\(decimal(decibels, 1)) dB" : decibels > 0 ? "no error" : "not all finite"
}

private func escaped(_ text: String) -> String {
  text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
}
