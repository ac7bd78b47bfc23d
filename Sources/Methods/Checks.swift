/// A positive number that single precision can hold, as it is used in.
package func positive(_ value: Double, _ name: String, such example: String)
  throws(InputError) -> Double
{
  guard value.isFinite, Float(value) > 0, Float(value).isFinite else {
    throw InputError("\(name) \(value) is not a positive number. Give one such as \(example).")
  }
  return value
}

/// A count within limits.
package func count(_ value: Int, _ name: String, in range: ClosedRange<Int>, usual: Int? = nil)
  throws(InputError) -> Int
{
  guard range.contains(value) else {
    let remedy = usual.map { "The usual one is \($0)." } ?? "Give one that is."
    throw InputError(
      "\(name) \(value) is not a count from \(range.lowerBound) to \(range.upperBound). \(remedy)")
  }
  return value
}
