internal import Foundation
internal import Tensors

extension RelativePlaces {
  /// The places of DeBERTa (He et al., 2020, arXiv 2006.03654): of a table of 2 `span` rows, distances
  /// from -span to span - 1, the rows that occur among so many tokens, and which they are.
  ///
  /// With `buckets`, distances beyond half of them share rows, the more the farther they are: a
  /// logarithm takes `maxPositions` to the last one.
  static func deBERTa(tokens: Int, span: Int, buckets: Int?, maxPositions: Int)
    -> (places: RelativePlaces, rows: Range<Int>)
  {
    func bucket(_ distance: Int) -> Int {
      guard let buckets, abs(distance) >= buckets / 2 else { return distance }
      let middle = buckets / 2
      let (near, far) = (Double(middle), Double(maxPositions - 1))
      let steps = (log(Double(abs(distance)) / near) / log(far / near) * (near - 1)).rounded(.up)
      return (distance < 0 ? -1 : 1) * (Int(steps) + middle)
    }
    func row(_ distance: Int) -> Int { max(0, min(2 * span - 1, bucket(distance) + span)) }
    let rows = row(1 - tokens)..<row(tokens - 1) + 1
    return (
      RelativePlaces(tokens: tokens, rowCount: rows.count) { row($0) - rows.lowerBound }, rows
    )
  }
}
