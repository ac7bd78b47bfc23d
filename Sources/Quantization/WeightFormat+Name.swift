extension WeightFormat {
  /// The format as one word, for files and command lines: `float32`; `nf4-64-double` and `fp4-64`
  /// with their block sizes, `double` if the scales are quantised too; `dynamic8-256-signed`;
  /// `int4-symmetric-row`, `int8-asymmetric-tensor`, `-column` or `-group32`; `q8_0`, `q4_0`,
  /// `q4_1`.
  public var name: String {
    switch self {
    case .float32: "float32"
    case .nf4(let size, let doubleQuantized): "nf4-\(size)" + (doubleQuantized ? "-double" : "")
    case .fp4(let size, let doubleQuantized): "fp4-\(size)" + (doubleQuantized ? "-double" : "")
    case .int8Blocks(let size, let map): "dynamic8-\(size)-\(map.rawValue)"
    case .affine(let scheme):
      "int\(scheme.bits.rawValue)-\(scheme.symmetry.rawValue)-\(scheme.grouping.name)"
    case .gguf(let block): block.rawValue
    }
  }

  /// The format with a ``WeightFormat/name``; nil if there is none, for a block size that is not a
  /// power of two from 32 to 4096, and for groups of no elements.
  public init?(name: String) {
    let words = name.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
    func blockSize() -> Int? {
      // Leading zeros and signs would give one format several names.
      guard words.count > 1, let size = Int(words[1]), "\(size)" == words[1] else { return nil }
      return isBlockSize(size) ? size : nil
    }
    let isDouble = words.count == 3 && words[2] == "double"
    switch (words[0], words.count) {
    case ("float32", 1): self = .float32
    case ("nf4", 2),
      ("nf4", 3) where isDouble:
      guard let size = blockSize() else { return nil }
      self = .nf4(blockSize: size, doubleQuantized: isDouble)
    case ("fp4", 2),
      ("fp4", 3) where isDouble:
      guard let size = blockSize() else { return nil }
      self = .fp4(blockSize: size, doubleQuantized: isDouble)
    case ("dynamic8", 3):
      guard let size = blockSize(), let map = DynamicMap(rawValue: words[2]) else { return nil }
      self = .int8Blocks(blockSize: size, map: map)
    case ("int4", 3), ("int8", 3):
      guard let symmetry = AffineScheme.Symmetry(rawValue: words[1]),
        let grouping = AffineScheme.Grouping(name: words[2])
      else {
        return nil
      }
      self = .affine(
        AffineScheme(
          bits: words[0] == "int4" ? .four : .eight, symmetry: symmetry, grouping: grouping))
    default:
      guard let block = GGUFBlock(rawValue: name) else { return nil }
      self = .gguf(block)
    }
  }
}

extension WeightFormat: Codable {
  /// Decodes a ``WeightFormat/name``.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let name = try container.decode(String.self)
    guard let format = WeightFormat(name: name) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "'\(name)' is not the name of a weight format")
    }
    self = format
  }

  /// Encodes the ``WeightFormat/name``.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(name)
  }
}

extension WeightFormat: CustomStringConvertible {
  /// The format in words.
  public var description: String {
    switch self {
    case .float32: return "float32"
    case .nf4(let size, let doubleQuantized):
      return "NF4, blocks of \(size)" + (doubleQuantized ? ", scales in 8 bits" : "")
    case .fp4(let size, let doubleQuantized):
      return "FP4, blocks of \(size)" + (doubleQuantized ? ", scales in 8 bits" : "")
    case .int8Blocks(let size, let map): return "8-bit \(map.rawValue) map, blocks of \(size)"
    case .affine(let scheme):
      let groups =
        switch scheme.grouping {
        case .tensor: "whole"
        case .row: "by rows"
        case .column: "by columns"
        case .group(let size): "groups of \(size)"
        }
      return "INT\(scheme.bits.rawValue) \(scheme.symmetry.rawValue), \(groups)"
    case .gguf(let block): return block.rawValue.uppercased()
    }
  }
}

extension AffineScheme.Grouping {
  fileprivate var name: String {
    switch self {
    case .tensor: "tensor"
    case .row: "row"
    case .column: "column"
    case .group(let size): "group\(size)"
    }
  }

  fileprivate init?(name: String) {
    switch name {
    case "tensor": self = .tensor
    case "row": self = .row
    case "column": self = .column
    default:
      guard name.hasPrefix("group"), let size = Int(name.dropFirst(5)), size > 0,
        "group\(size)" == name
      else {
        return nil
      }
      self = .group(size)
    }
  }
}
