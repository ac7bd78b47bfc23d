public import Quantization
public import Tensors

/// Quantised matrices are stored as their parts, each named `NAME.PART`, and dense ones as `NAME`. The
/// metadata hold under `NAME` the format and the shape, as in `nf4-64-double [512, 1376]`.
extension SafetensorsFile {
  /// Writes matrices in any formats, and other tensors beside them; see `write(_:metadata:to:)`.
  public static func write(
    matrices: [String: StoredMatrix], sources: [Source] = [], metadata: [String: String] = [:],
    to path: String
  ) throws(TensorFileError) {
    var metadata = metadata
    var sources = sources
    for (name, matrix) in matrices {
      guard metadata.updateValue("\(matrix.format.name) \(matrix.shape)", forKey: name) == nil
      else {
        throw TensorFileError(
          .duplicate, file: path, field: "metadata \(quoted(name))",
          found: "the name of a matrix", expected: "a unique key")
      }
      sources += Source.parts(of: matrix, named: name)
    }
    try write(sources, metadata: metadata, to: path)
  }

  /// Reads a matrix whose format and shape are in the metadata.
  public func matrix(named name: String) throws(TensorFileError) -> StoredMatrix {
    let field = "metadata \(quoted(name))"
    guard let text = metadata[name] else {
      throw TensorFileError(
        .missing, file: path, field: field, found: "no such entry",
        expected: "the format and the shape of a matrix")
    }
    let words = text.split(separator: " ", maxSplits: 1)
    guard words.count == 2, let format = WeightFormat(name: String(words[0])),
      let shape = Shape(matrix: words[1])
    else {
      throw TensorFileError(
        .malformed, file: path, field: field, found: quoted(text),
        expected: "a format and a shape, such as 'nf4-64-double [512, 1376]'")
    }
    return try matrix(named: name, shape: shape, format: format)
  }

  /// Reads a matrix of a known shape and format from its parts.
  public func matrix(
    named name: String, shape: Shape, format: WeightFormat
  ) throws(TensorFileError) -> StoredMatrix {
    try StoredMatrix(
      reading: name, shape: shape, format: format, file: path, has: { entry(named: $0) != nil },
      bytes: { (name) throws(TensorFileError) in try tensor(named: name, as: UInt8.self) },
      floats: { (name) throws(TensorFileError) in try tensor(named: name) })
  }
}

extension SafetensorsFolder {
  /// Reads a matrix of a known shape and format from its parts.
  public func matrix(
    named name: String, shape: Shape, format: WeightFormat
  ) throws(TensorFileError) -> StoredMatrix {
    try StoredMatrix(
      reading: name, shape: shape, format: format, file: path, has: { entry(named: $0) != nil },
      bytes: { (name) throws(TensorFileError) in try tensor(named: name, as: UInt8.self) },
      floats: { (name) throws(TensorFileError) in try tensor(named: name) })
  }
}

extension SafetensorsFile.Source {
  /// The parts of a matrix, to be written as `NAME.PART`; a dense one is `NAME` itself.
  public static func parts(of matrix: StoredMatrix, named name: String) -> [Self] {
    if case .dense(let matrix) = matrix { return [Self(name, matrix)] }
    let parts = matrix.parts
    return parts.bytes.map { Self("\(name).\($0.key)", $0.value) }
      + parts.floats.map { Self("\(name).\($0.key)", $0.value) }
  }
}

extension StoredMatrix {
  fileprivate init(
    reading name: String, shape: Shape, format: WeightFormat, file: String,
    has: (String) -> Bool,
    bytes: (String) throws(TensorFileError) -> Tensor<UInt8>,
    floats: (String) throws(TensorFileError) -> Tensor<Float>
  ) throws(TensorFileError) {
    var parts = TensorParts()
    let names = format.partNames
    if format == .float32 {
      parts.floats["values"] = has(name) ? try floats(name) : nil
    }
    for part in names.bytes where has("\(name).\(part)") {
      parts.bytes[part] = try bytes("\(name).\(part)")
    }
    for part in names.floats where has("\(name).\(part)") {
      parts.floats[part] = try floats("\(name).\(part)")
    }
    do throws(QuantizationError) {
      try self.init(shape: shape, format: format, parts: parts)
    } catch {
      throw TensorFileError(
        .malformed, file: file, field: "tensor \(quoted(name))", found: "\(error)")
    }
  }
}

extension Shape {
  /// Parses two sizes in brackets.
  fileprivate init?(matrix text: Substring) {
    guard text.hasPrefix("["), text.hasSuffix("]") else { return nil }
    let sizes = text.dropFirst().dropLast().split(separator: ",", omittingEmptySubsequences: false)
    var values: [Int] = []
    for size in sizes {
      guard let value = Int(size.drop(while: { $0 == " " })), value >= 0 else { return nil }
      values.append(value)
    }
    guard values.count == 2 else { return nil }
    self.init(values)
  }
}
