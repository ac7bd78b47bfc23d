internal import TensorFiles
internal import Tensors

/// The metadata of a GGUF file under the prefix of its architecture, with errors that name the key.
struct GGUFFields {
  let file: GGUFFile
  let architecture: String

  /// The full name of a key.
  func key(_ name: String) -> String { "\(architecture).\(name)" }

  /// The value of a key; nil where there is none.
  subscript(name: String) -> GGUFValue? { file.metadata[key(name)] }

  /// An integer that must be there; a list of equal ones, which some files have a number a block of, counts
  /// as one.
  func integer(_ name: String) throws(TensorFileError) -> Int {
    if let value = try optionalInteger(name) { return value }
    throw TensorFileError(
      .missing, file: file.path, field: "key '\(key(name))'", found: "no such key",
      expected: "an integer")
  }

  /// An integer, or nil where there is no such key.
  func optionalInteger(_ name: String) throws(TensorFileError) -> Int? {
    guard let value = self[name] else { return nil }
    if let integer = value.integerValue { return integer }
    if let integers = value.integers, let first = integers.first {
      if integers.allSatisfy({ $0 == first }) { return first }
      throw unsupported(name, "different numbers for the blocks", "one number for all of them")
    }
    throw wrongType(name, "an integer")
  }

  /// A number, or nil where there is no such key.
  func optionalNumber(_ name: String) throws(TensorFileError) -> Double? {
    guard let value = self[name] else { return nil }
    if let number = value.numberValue { return number }
    throw wrongType(name, "a number")
  }

  /// A text, or nil where there is no such key.
  func optionalString(_ name: String) throws(TensorFileError) -> String? {
    guard let value = self[name] else { return nil }
    if let string = value.stringValue { return string }
    throw wrongType(name, "a text")
  }

  private func wrongType(_ name: String, _ expected: String) -> TensorFileError {
    TensorFileError(
      .typeMismatch, file: file.path, field: "key '\(key(name))'", found: "a value of another type",
      expected: expected)
  }

  /// The error of a key that describes another model than those that are made here.
  func unsupported(_ name: String, _ found: String, _ expected: String) -> TensorFileError {
    TensorFileError(
      .unsupported, file: file.path, field: "key '\(key(name))'", found: found, expected: expected)
  }

  /// Whether there is a tensor of a name.
  func has(_ tensor: String) -> Bool { file.entry(named: tensor) != nil }

  /// The number of different tokens: the rows of the embedding.
  var vocabularySize: Int {
    get throws(TensorFileError) {
      let name = "token_embd.weight"
      guard let shape = file.shape(ofTensor: name) else {
        throw TensorFileError(
          .missing, file: file.path, field: "tensor '\(name)'", found: "no such tensor",
          expected: "the embedding")
      }
      guard shape.rank == 2 else {
        throw TensorFileError(
          .typeMismatch, file: file.path, field: "tensor '\(name)' shape", found: "\(shape)",
          expected: "[vocabulary, hidden]")
      }
      return shape[0]
    }
  }

  /// The number of blocks, which all have tensors of their own.
  var blockCount: Int {
    get throws(TensorFileError) {
      let count = try integer("block_count")
      guard count > 0, count <= file.names.count else {
        throw unsupported(
          "block_count", "\(count) blocks", "from 1 to the \(file.names.count) tensors of the file")
      }
      return count
    }
  }
}
