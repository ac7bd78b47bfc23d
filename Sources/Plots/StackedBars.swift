/// Stacked horizontal bars on one scale, with a legend.
package struct StackedBars {
  /// A part of a bar; `style` names a class of the style sheet.
  package struct Part {
    package var name: String
    package var style: String
    package var value: Double

    package init(name: String, style: String, value: Double) {
      self.name = name
      self.style = style
      self.value = value
    }
  }
  /// A bar.
  package struct Bar {
    package var name: String
    /// The formatted sum of the parts.
    package var total: String
    package var parts: [Part]

    package init(name: String, total: String, parts: [Part]) {
      self.name = name
      self.total = total
      self.parts = parts
    }
  }

  package var bars: [Bar]
  /// Formats a part's value.
  package var text: (Double) -> String

  package init(bars: [Bar], text: @escaping (Double) -> String) {
    self.bars = bars
    self.text = text
  }

  package var markup: Markup {
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
