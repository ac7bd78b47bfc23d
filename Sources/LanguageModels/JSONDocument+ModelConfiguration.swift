internal import JSON
internal import Layers
import TensorFiles

/// Reading the fields of a `config.json`, with limits on sizes and errors that name the field.
extension JSONDocument {
  /// The error for a field that describes a model that is not supported.
  func unsupported(_ field: String, _ found: String, _ expected: String) -> TensorFileError {
    TensorFileError(
      .unsupported, file: file, field: "'\(field)'", found: found, expected: expected)
  }

  /// A positive size below 2^31, so that products of two sizes do not overflow.
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

  /// Throws for any string other than the supported one.
  func expect(_ name: String, _ only: String) throws(TensorFileError) {
    let found = try optionalString(name) ?? only
    guard found == only else { throw unsupported(name, "'\(found)'", "'\(only)'") }
  }

  /// Throws if an unsupported property is set.
  func expectFalse(_ name: String) throws(TensorFileError) {
    if try optionalBoolean(name) ?? false { throw unsupported(name, "true", "false") }
  }

  /// This document with defaults for absent fields; a null field stays null.
  func filled(with defaults: JSONObject) -> JSONDocument {
    var object = object
    for (key, value) in defaults where object[key] == nil { object[key] = value }
    return JSONDocument(object, file: file)
  }

  /// The even size of a head; `hidden_size` over the number of heads when left out.
  func headSize(hiddenSize: Int, heads: Int) throws(TensorFileError) -> Int {
    guard let size = try optionalInteger("head_dim") else {
      guard hiddenSize % heads == 0 else {
        throw unsupported("hidden_size", "\(hiddenSize)", "a multiple of the \(heads) heads")
      }
      return try even(hiddenSize / heads)
    }
    return try even(size)
  }

  private func even(_ size: Int) throws(TensorFileError) -> Int {
    guard size > 0, size % 2 == 0, size < 1 << 16 else {
      throw unsupported("head_dim", "\(size)", "a positive even size")
    }
    return size
  }

  /// An activation function by name; silu when left out.
  func activation(_ name: String, or other: String = "silu") throws(TensorFileError) -> Activation {
    let found = try optionalString(name) ?? other
    guard let activation = Activation(configurationName: found) else {
      let names = Activation.configurationNames.map(\.name).joined(separator: ", ")
      throw unsupported(name, "'\(found)'", "one of \(names)")
    }
    return activation
  }

  /// Which blocks `layer_types` gives a window (`sliding_attention`); nil if absent.
  func windowedBlocks(_ count: Int) throws(TensorFileError) -> [Bool]? {
    guard let value = object["layer_types"], value != .null else { return nil }
    let names = value.arrayValue?.compactMap(\.stringValue) ?? []
    let known = ["full_attention", "sliding_attention"]
    guard names.count == count, names.allSatisfy(known.contains) else {
      throw unsupported(
        "layer_types", value.kind, "\(count) times 'full_attention' or 'sliding_attention'")
    }
    return names.map { $0 == "sliding_attention" }
  }
}

extension DecoderConfiguration {
  /// The `layer_types` of the blocks.
  var layerTypes: JSONValue {
    .array(
      (0..<layers).map {
        .string(kind(ofBlock: $0).isWindowed ? "sliding_attention" : "full_attention")
      })
  }
}
