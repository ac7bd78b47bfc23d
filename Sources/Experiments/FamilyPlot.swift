internal import Formatting
internal import Plots
internal import Training

/// A plot of families of variants along a number: the mean losses of each family as a line with every
/// seed as a dot, and a second chart with each family's difference to the first.
struct FamilyPlot {
  /// Variants that differ in the number.
  struct Family {
    var name: String
    /// The points in order of the number, each with the losses of one or more seeds.
    var points: [(x: Double, losses: [UInt64: Double])]
  }

  /// The meaning of the number.
  let xTitle: String
  /// The families; differences are to the first.
  let families: [Family]

  /// The families of an experiment's finished runs; nil if there are none.
  init?(_ results: ExperimentResults) {
    var families: [Family] = []
    for row in results.rows {
      let losses = row.runs.map { ($0.seed, $0.record.validationLoss) }
        .filter { Axis.canShow($0.1) }
      guard let place = row.place, !losses.isEmpty else { continue }
      let point = (x: place.number, losses: Dictionary(uniqueKeysWithValues: losses))
      if let index = families.firstIndex(where: { $0.name == place.family }) {
        families[index].points.append(point)
      } else {
        families.append(Family(name: place.family, points: [point]))
      }
    }
    guard !families.isEmpty else { return nil }
    for index in families.indices { families[index].points.sort { $0.x < $1.x } }
    self.families = families
    xTitle = results.experiment.axis
  }

  /// The losses.
  var losses: LineChart {
    chart(
      "Final validation loss over \(xTitle)", yTitle: "validation loss, nats per token",
      families.map(\.points))
  }

  /// The differences of the losses to those of the first family at the same number and seed.
  var differences: LineChart {
    chart(
      "Difference of the losses to \(families[0].name) over \(xTitle)",
      yTitle: "difference to \(families[0].name), nats per token (lower is better)",
      families.map { family in
        family.points.compactMap { point in
          guard let reference = families[0].points.first(where: { $0.x == point.x }) else {
            return nil
          }
          let own = point.losses.compactMap { seed, loss in
            reference.losses[seed].map { (seed, loss - $0) }
          }
          return own.isEmpty ? nil : (point.x, Dictionary(uniqueKeysWithValues: own))
        }
      })
  }

  private func chart(
    _ summary: String, yTitle: String, _ lines: [[(x: Double, losses: [UInt64: Double])]]
  ) -> LineChart {
    let x = Axis(places: families.flatMap { $0.points.map(\.x) })
    var values: [Double] = []
    let layers = lines.enumerated().map { index, points -> [LineChart.Layer] in
      let style = SeriesStyle.name(index)
      // Families are offset slightly, so that none hides another's bars.
      let shift = 0.014 * (Double(index) - Double(lines.count - 1) / 2)
      let means = points.map { point in
        // Sorted by seed, so that sums have the same bits in every process.
        let losses = point.losses.sorted { $0.key < $1.key }.map(\.value)
        return (x: x.shifted(point.x, by: shift), statistics: SampleStatistics(losses))
      }
      let ranges = means.compactMap { x, statistics in
        statistics.standardError.map { error in
          (x: x, low: statistics.mean - 2 * error, high: statistics.mean + 2 * error)
        }
      }
      values += ranges.flatMap { [$0.low, $0.high] } + points.flatMap(\.losses.values)
      let line = means.map { ChartPoint(x: $0.x, y: $0.statistics.mean) }
      let name = families[index].name
      // One layer per seed, since the seeds of one number share a column.
      let seeds = Set(points.flatMap(\.losses.keys)).sorted().map { seed -> LineChart.Layer in
        .dots(
          zip(points, line).compactMap { point, mean in
            point.losses[seed].map { loss in
              (
                ChartPoint(x: mean.x, y: loss),
                "\(name), \(x.label(point.x)), seed \(seed): \(NumberText.decimals(loss, 4))"
              )
            }
          }, style: style + " seed", radius: 2)
      }
      return [.ranges(ranges, style: style), .line(line, style: style)] + seeds
    }
    return LineChart(
      summary: summary, xTitle: xTitle, yTitle: yTitle, x: x, y: Axis(values, ticks: 5),
      layers: layers.flatMap { $0 })
  }

  /// The legend as HTML.
  var legend: Markup {
    let items = families.enumerated().map { index, family -> Markup in
      "<li><i class=\"\(SeriesStyle.name(index))\"></i>\(family.name)</li>"
    }
    return "<ul class=\"legend\">\(items)</ul>"
  }

  /// Both charts side by side as an SVG file, with a width in pixels.
  func file(width: Double) -> String {
    let (margin, gap, top, height) = (10.0, 20.0, 34.0, 300.0)
    let half = (width - 2 * margin - gap) / 2
    var x = margin
    let legend = families.enumerated().map { index, family -> Markup in
      defer { x += 52 + 7 * Double(family.name.count) }
      return """
        <polyline class="\(SeriesStyle.name(index))" points="\(x),14 \(x + 20),14"/>\
        <text class="name" x="\(x + 28)" y="18">\(family.name)</text>
        """
    }
    return DrawingFile(
      summary: losses.summary, width: width, height: top + height,
      content: """
        \(legend)
        <g transform="translate(\(margin) \(top))">\
        \(losses.content(width: half, height: height))</g>
        <g transform="translate(\(margin + half + gap) \(top))">\
        \(differences.content(width: half, height: height))</g>
        """
    ).text
  }
}
