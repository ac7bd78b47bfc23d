internal import JSON

extension SafetensorsFolder {
  /// Writes the tensors of a model into an existing folder: one `model.safetensors`, or where that would be
  /// larger than `maximumFileSize` several files `model-00001-of-00003.safetensors` in the given
  /// order with `model.safetensors.index.json`.
  ///
  /// A tensor that is larger than the size has a file of its own.
  ///
  /// - Throws: A ``TensorFileError`` where a name is used twice, a tensor cannot be made, or a file cannot
  ///   be written.
  public static func write(
    _ sources: [SafetensorsFile.Source], metadata: [String: String] = [:],
    maximumFileSize: Int = .max, to folder: String
  ) throws(TensorFileError) {
    var shards: [[SafetensorsFile.Source]] = [[]]
    var (size, total) = (0, 0)
    for source in sources {
      if size + source.byteCount > maximumFileSize, !shards[shards.count - 1].isEmpty {
        shards.append([])
        size = 0
      }
      shards[shards.count - 1].append(source)
      size += source.byteCount
      total += source.byteCount
    }
    guard shards.count > 1 else {
      return try SafetensorsFile.write(
        sources, metadata: metadata, to: folder + "/" + singleName)
    }
    var map: [ByteKey: String] = [:]
    for (index, shard) in shards.enumerated() {
      let name = "model-\(digits(index + 1))-of-\(digits(shards.count)).safetensors"
      for source in shard where map.updateValue(name, forKey: ByteKey(source.name)) != nil {
        throw TensorFileError(
          .duplicate, file: folder + "/" + name, field: "tensor \(quoted(source.name))",
          found: "a name that is taken", expected: "a name of its own")
      }
      try SafetensorsFile.write(shard, metadata: metadata, to: folder + "/" + name)
    }
    var places = JSONObject()
    for (name, file) in map.sorted(by: { $0.key.string < $1.key.string }) {
      places[name.string] = .string(file)
    }
    let index: JSONValue = [
      "metadata": ["total_size": .integer(total)], "weight_map": .object(places),
    ]
    try AtomicFile.write(index.text(.indented) + "\n", to: folder + "/" + indexName)
  }

  /// A number as the names of files have it.
  private static func digits(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
  }
}
