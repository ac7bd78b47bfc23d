public import Tensors

/// What a file or a folder of tensors holds, whatever its format: safetensors, one file or the folder of a
/// model, GGUF, `.npy` and `.npz`. For people to look at; tensors are read when they are asked for.
public struct TensorCatalog: Sendable {
  /// A tensor of the file.
  public struct Item: Sendable {
    /// The name; empty for the only array of a file.
    public let name: String
    /// How the elements are stored, as the format calls it.
    public let type: String
    /// The sizes of the axes, outermost first.
    public let shape: Shape
    /// The bytes that it takes in the file.
    public let byteCount: Int
    fileprivate let read: @Sendable () throws(TensorFileError) -> TensorStatistics

    /// Reads the tensor and counts its numbers. Throws a ``TensorFileError`` where it is of a type that is
    /// not read, and where it cannot be read.
    public func statistics() throws(TensorFileError) -> TensorStatistics { try read() }
  }

  /// A value stored beside the tensors.
  public enum Value: Sendable {
    /// A text.
    case text(String)
    /// A number or a truth value, as it is written.
    case plain(String)
    /// A list: how many elements, and the first of them.
    case list(count: Int, first: [Value])
  }

  /// What the format is called.
  public let format: String
  /// All tensors in the order of the file.
  public let items: [Item]
  /// The values stored beside them.
  public let metadata: [(key: String, value: Value)]

  /// Opens a file, or the folder of a model, and checks what its headers say.
  ///
  /// - Throws: A ``TensorFileError`` for anything the format forbids. A file of another format is named,
  ///   where it is known, with the way to convert it.
  public init(path: String) throws(TensorFileError) {
    if FileOperations.isFolder(path) {
      self.init(try SafetensorsFolder(path: path))
    } else if path.hasSuffix(".gguf") || GGUFFile.isGGUF(at: path) {
      self.init(try GGUFFile(path: path))
    } else if path.hasSuffix(".npz") {
      try self.init(NPZFile(path: path))
    } else if path.hasSuffix(".npy") {
      try self.init(NPYFile(path: path))
    } else {
      self.init(try SafetensorsFile(path: path))
    }
  }

  private init(_ file: SafetensorsFile) {
    format = "safetensors"
    items = file.entries.map { Item($0, in: file) }
    metadata = Self.metadata(of: file)
  }

  private init(_ folder: SafetensorsFolder) {
    let files = folder.files
    format = files.count == 1 ? "safetensors" : "safetensors, \(files.count) files"
    items = files.flatMap { file in
      file.entries.filter { folder.entry(named: $0.name) == $0 }.map { Item($0, in: file) }
    }
    metadata = files.first.map { Self.metadata(of: $0) } ?? []
  }

  private static func metadata(of file: SafetensorsFile) -> [(key: String, value: Value)] {
    file.metadata.sorted { $0.key < $1.key }.map { ($0.key, .text($0.value)) }
  }

  private init(_ file: GGUFFile) {
    format = "GGUF, version \(file.version)"
    items = file.entries.map { entry in
      Item(
        name: entry.name, type: entry.elementType.description, shape: entry.shape,
        byteCount: entry.byteRange.count
      ) { () throws(TensorFileError) in
        switch entry.elementType.elementType?.family {
        case .double?: TensorStatistics(try file.tensor(named: entry.name, as: Double.self))
        case .whole?: TensorStatistics(try file.tensor(named: entry.name, as: Int64.self))
        default: TensorStatistics(try file.tensor(named: entry.name, as: Float.self))
        }
      }
    }
    metadata = file.metadata.keys.compactMap { key in
      file.metadata[key].map { (key, Value($0)) }
    }
  }

  private init(_ file: NPYFile) throws(TensorFileError) {
    format = "npy"
    var items: [Item] = []
    var array: NPYFile? = file
    while let found = array {
      items.append(Item(items.isEmpty ? "" : "\(items.count + 1)", found))
      array = try found.next()
    }
    self.items = items
    metadata = []
  }

  private init(_ file: NPZFile) throws(TensorFileError) {
    format = "npz"
    var items: [Item] = []
    for name in file.names { items.append(Item(name, try file.array(named: name))) }
    self.items = items
    metadata = []
  }
}

extension TensorCatalog.Item {
  fileprivate init(_ entry: SafetensorsFile.Entry, in file: SafetensorsFile) {
    self.init(
      name: entry.name, type: entry.elementType.rawValue, shape: entry.shape,
      byteCount: entry.byteRange.count
    ) { () throws(TensorFileError) in
      let name = entry.name
      return switch entry.elementType.family {
      case .single: TensorStatistics(try file.tensor(named: name, as: Float.self))
      case .double: TensorStatistics(try file.tensor(named: name, as: Double.self))
      case .whole: TensorStatistics(try file.tensor(named: name, as: Int64.self))
      case .truth: TensorStatistics(try file.tensor(named: name, as: Bool.self))
      }
    }
  }

  fileprivate init(_ name: String, _ file: NPYFile) {
    self.init(
      name: name, type: file.elementType.rawValue, shape: file.shape, byteCount: file.byteCount
    ) { () throws(TensorFileError) in
      switch file.elementType.family {
      case .single: TensorStatistics(try file.tensor(as: Float.self))
      case .double: TensorStatistics(try file.tensor(as: Double.self))
      case .whole: TensorStatistics(try file.tensor(as: Int64.self))
      case .truth: TensorStatistics(try file.tensor(as: Bool.self))
      }
    }
  }
}

extension TensorCatalog.Value {
  /// How many elements of a list are kept.
  private static let shown = 8

  fileprivate init(_ value: GGUFValue) {
    guard value.isArray else {
      self = Self.first(1, of: value).values.first ?? .list(count: 0, first: [])
      return
    }
    let (count, values) = Self.first(Self.shown, of: value)
    self = .list(count: count, first: values)
  }

  private static func first(_ count: Int, of value: GGUFValue) -> (count: Int, values: [Self]) {
    func plain<Number>(_ numbers: [Number]) -> (Int, [Self]) {
      (numbers.count, numbers.prefix(count).map { .plain("\($0)") })
    }
    return switch value.elements {
    case .uint8(let values): plain(values)
    case .int8(let values): plain(values)
    case .uint16(let values): plain(values)
    case .int16(let values): plain(values)
    case .uint32(let values): plain(values)
    case .int32(let values): plain(values)
    case .uint64(let values): plain(values)
    case .int64(let values): plain(values)
    case .float32(let values): plain(values)
    case .float64(let values): plain(values)
    case .bool(let values): plain(values)
    case .string(let values): (values.count, values.prefix(count).map { .text($0) })
    case .data(let values):
      (values.count, values.prefix(count).map { .text(String(decoding: $0, as: UTF8.self)) })
    }
  }
}
