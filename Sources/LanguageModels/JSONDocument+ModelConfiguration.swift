import TensorFiles

/// How the fields of a `config.json` are read: with limits that a model can be made within, and errors
/// that name the field.
extension JSONDocument {
  /// The error of a field that describes another model than the one that is read.
  func unsupported(_ field: String, _ found: String, _ expected: String) -> TensorFileError {
    TensorFileError(
      .unsupported, file: file, field: "'\(field)'", found: found, expected: expected)
  }

  /// A positive size; one beyond which products of two sizes overflow is refused.
  func size(_ name: String, or other: Int? = nil) throws(TensorFileError) -> Int {
    let value = if let other { try optionalInteger(name) ?? other } else { try integer(name) }
    guard value > 0, value < 1 << 31 else {
      throw unsupported(name, "\(value)", "a positive size")
    }
    return value
  }

  /// A positive, finite number.
  func positive(_ name: String, or other: Double) throws(TensorFileError) -> Double {
    let value = try optionalNumber(name) ?? other
    guard value > 0, value.isFinite else {
      throw unsupported(name, "\(value)", "a positive number")
    }
    return value
  }

  /// A number within a range.
  func number(_ name: String, or other: Double, in range: ClosedRange<Double>)
    throws(TensorFileError) -> Double
  {
    let value = try optionalNumber(name) ?? other
    guard range.contains(value) else {
      throw unsupported(name, "\(value)", "a number of \(range)")
    }
    return value
  }

  /// Refuses a string other than the one that is supported.
  func expect(_ name: String, _ only: String) throws(TensorFileError) {
    let found = try optionalString(name) ?? only
    guard found == only else { throw unsupported(name, "'\(found)'", "'\(only)'") }
  }

  /// Refuses a property that is not supported.
  func expectFalse(_ name: String) throws(TensorFileError) {
    if try optionalBoolean(name) ?? false { throw unsupported(name, "true", "false") }
  }
}
