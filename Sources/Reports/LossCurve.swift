internal import Foundation
package import Plots
package import Training

/// The losses of a run prepared for a chart.
package struct LossCurve {
  /// The loss of each step.
  package let raw: [ChartPoint]
  /// The centred mean of the losses over a twenty-fifth of the run. The window narrows towards the steep
  /// start, so that the mean begins at the first loss, and is cut off at the end.
  package let smoothed: [ChartPoint]
  /// The loss of each evaluation.
  package let validation: [ChartPoint]

  package init(_ record: RunRecord) {
    raw = record.steps.map { ChartPoint(x: Double($0.step), y: $0.loss) }
    smoothed = Self.smoothed(raw, reach: raw.count / 50)
    validation = record.evaluations.map { ChartPoint(x: Double($0.step), y: $0.loss) }
  }

  /// The axis of steps, from the first to the last.
  package var steps: Axis {
    Axis(
      [0] + raw.suffix(1).map(\.x) + validation.map(\.x), ticks: 6, fit: .exact, smallestSpacing: 1)
  }

  /// The axis of losses, without the few outliers that would compress all others.
  package var losses: Axis {
    let sorted = raw.map(\.y).filter(Axis.canShow).sorted()
    let usual =
      sorted.isEmpty ? [] : [sorted[sorted.count / 200], sorted[sorted.count * 199 / 200]]
    return Axis(usual + smoothed.map(\.y) + validation.map(\.y), ticks: 6)
  }

  private static func smoothed(_ points: [ChartPoint], reach: Int) -> [ChartPoint] {
    var sums = [0.0]
    var counts = [0]
    for point in points {
      sums.append(sums.last! + (point.canShow ? point.y : 0))
      counts.append(counts.last! + (point.canShow ? 1 : 0))
    }
    return points.indices.map { index in
      let reach = min(reach, index)
      let window = (first: index - reach, end: min(index + reach + 1, points.count))
      let count = counts[window.end] - counts[window.first]
      let mean = count > 0 ? (sums[window.end] - sums[window.first]) / Double(count) : .nan
      return ChartPoint(x: points[index].x, y: mean)
    }
  }
}
