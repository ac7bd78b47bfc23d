internal import JSON
public import Tensors

/// The tensors of a model folder: one `model.safetensors`, or several files with an index.
///
/// All files that the index names are opened and checked at once, and must hold the tensors that the
/// index assigns to them. Tensors that the index does not mention are ignored.
public struct SafetensorsFolder: Sendable {
  /// The folder, as it was given.
  public let path: String
  /// The files, in the order of the index.
  let files: [SafetensorsFile]
  private let places: [ByteKey: Int]

  static let singleName = "model.safetensors"
  static let indexName = "model.safetensors.index.json"

  /// Opens `model.safetensors.index.json` if it exists, or else `model.safetensors`.
  public init(path: String) throws(TensorFileError) {
    if FileOperations.exists(path + "/" + Self.indexName) {
      try self.init(folder: path, indexName: Self.indexName)
      return
    }
    let single = path + "/" + Self.singleName
    if !FileOperations.exists(single),
      let pickle = FileOperations.names(in: path).first(where: {
        $0.hasPrefix("pytorch_model") && $0.hasSuffix(".bin")
      })
    {
      try SafetensorsFile.refuseOtherFormats(path: path + "/" + pickle, beginning: [])
    }
    let file = try SafetensorsFile(path: single)
    self.init(
      path: path, files: [file],
      places: Dictionary(uniqueKeysWithValues: file.names.map { (ByteKey($0), 0) }))
  }

  /// Opens the files that an index in a folder names.
  public init(folder: String, indexName: String) throws(TensorFileError) {
    let indexPath = folder + "/" + indexName
    var positions: [String: Int] = [:]
    var files: [SafetensorsFile] = []
    var places: [ByteKey: Int] = [:]
    for (name, fileName) in try Self.weightMap(path: indexPath) {
      try Self.check(fileName: fileName, of: name, indexPath: indexPath)
      var position = positions[fileName]
      if position == nil {
        files.append(try SafetensorsFile(path: folder + "/" + fileName))
        position = files.count - 1
        positions[fileName] = position
      }
      guard let position, files[position].entry(named: name) != nil else {
        throw TensorFileError(
          .missing, file: indexPath, field: "tensor \(quoted(name))",
          found: "no such tensor in \(fileName)", remedy: "Fetch the folder again")
      }
      places[ByteKey(name)] = position
    }
    self.init(path: folder, files: files, places: places)
  }

  private init(path: String, files: [SafetensorsFile], places: [ByteKey: Int]) {
    self.path = path
    self.files = files
    self.places = places
  }

  /// Reads the map from the names of tensors to the names of files.
  private static func weightMap(path: String) throws(TensorFileError) -> [(String, String)] {
    let file = try FileReader(path: path)
    guard file.size <= SafetensorsHeader.maximumLength else {
      throw TensorFileError(
        .limitExceeded, file: path, found: "\(file.size) bytes",
        expected: "at most \(SafetensorsHeader.maximumLength)")
    }
    var reader = JSONReader<TensorFileError>(
      try file.bytes(in: 0..<file.size), file: path,
      maximumMembers: SafetensorsHeader.maximumTensors)
    var map: [(String, String)]?
    try reader.object { (reader, key) throws(TensorFileError) in
      guard key == "weight_map" else { return try reader.skipValue() }
      var entries: [(String, String)] = []
      try reader.require(.object, field: "weight_map")
      try reader.object { (reader, name) throws(TensorFileError) in
        try reader.require(.string, field: "weight_map \(quoted(name))")
        entries.append((name, try reader.string()))
      }
      map = entries
    }
    try reader.end()
    guard let map else {
      throw TensorFileError(
        .missing, file: path, field: "weight_map", found: "no such field",
        expected: "the file name of each tensor")
    }
    return map
  }

  /// Throws for a file name that leads outside the index's own folder.
  private static func check(fileName: String, of tensor: String, indexPath: String)
    throws(TensorFileError)
  {
    let isPlain =
      !fileName.isEmpty && !fileName.hasPrefix(".") && !fileName.contains("..")
      && !fileName.unicodeScalars.contains { $0 == "/" || $0 == "\\" || $0.value < 0x20 }
    if !isPlain {
      throw TensorFileError(
        .unsafePath, file: indexPath, field: "tensor \(quoted(tensor))", found: quoted(fileName),
        expected: "the plain name of a file in the same folder")
    }
  }

  /// The names of all tensors, sorted.
  public var names: [String] { places.keys.map(\.string).sorted() }

  /// The entry for a tensor in the file that holds it, or nil if there is none with this name.
  public func entry(named name: String) -> SafetensorsFile.Entry? {
    places[ByteKey(name)].flatMap { files[$0].entry(named: name) }
  }

  /// Reads one tensor as floats.
  public func tensor(named name: String, shape: Shape? = nil) throws(TensorFileError)
    -> Tensor<Float>
  {
    try tensor(named: name, as: Float.self, shape: shape)
  }

  /// Reads one tensor; see ``SafetensorsFile/tensor(named:as:shape:)``.
  public func tensor<Scalar: TensorFileScalar>(
    named name: String, as scalar: Scalar.Type = Scalar.self, shape: Shape? = nil
  ) throws(TensorFileError) -> Tensor<Scalar> {
    guard let place = places[ByteKey(name)] else {
      throw TensorFileError(
        .missing, file: path, field: "tensor \(quoted(name))", found: "no such tensor",
        expected: "one of the \(places.count) in the folder")
    }
    return try files[place].tensor(named: name, as: scalar, shape: shape)
  }
}
