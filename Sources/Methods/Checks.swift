/// Returns a value that is positive and finite in single precision, and throws for any other.
package func checkedPositive(_ value: Double, _ name: String, such example: String)
  throws(InputError) -> Double
{
  guard value.isFinite, Float(value) > 0, Float(value).isFinite else {
    throw InputError("\(name) \(value) is not a positive number. Give one such as \(example).")
  }
  return value
}

/// Returns a count within a range, and throws for any other.
package func checkedCount(
  _ value: Int, _ name: String, in range: ClosedRange<Int>, usual: Int? = nil
)
  throws(InputError) -> Int
{
  guard range.contains(value) else {
    let remedy = usual.map { "The usual one is \($0)." } ?? "Give one that is."
    throw InputError(
      "\(name) \(value) is not a count from \(range.lowerBound) to \(range.upperBound). \(remedy)")
  }
  return value
}
