/// Horizontal bars of parts on one scale, with a legend.
struct StackedBars {
  /// A part of a bar; `style` names a class of the style sheet.
  struct Part {
    var name: String
    var style: String
    var value: Double
  }
  /// A bar.
  struct Bar {
    var name: String
    /// The sum as a person reads it.
    var total: String
    var parts: [Part]
  }

  var bars: [Bar]
  /// A part's value as a person reads it.
  var text: (Double) -> String

  var markup: Markup {
    """
    <div class="bars">
    \(bars.map(row))
    </div>
    """
  }

  private var longest: Double { bars.map(Self.length).max() ?? 0 }

  private static func length(_ bar: Bar) -> Double { bar.parts.reduce(0) { $0 + $1.value } }

  private func row(_ bar: Bar) -> Markup {
    var end = 0.0
    let scale = longest > 0 ? 1_000 / longest : 0
    let rectangles = bar.parts.filter { $0.value > 0 }.map { part -> Markup in
      let start = end
      end += part.value * scale
      return """
        <rect class="\(part.style)" x="\(start)" y="0" width="\(end - start)" height="30">\
        <title>\(bar.name), \(part.name): \(text(part.value))</title></rect>
        """
    }
    return """
      <div class="bar"><span>\(bar.name)</span><strong>\(bar.total)</strong>
      <svg viewBox="0 0 1000 30" preserveAspectRatio="none" role="img" \
      aria-label="\(bar.name): \(bar.total)">
      \(rectangles)
      </svg></div>
      """
  }
}
