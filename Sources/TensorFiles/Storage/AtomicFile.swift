/// Writes files atomically: a name always refers to the complete old file or the complete new one.
///
/// The bytes go to a hidden file in the same folder, are flushed to the disk, and only then does the
/// file take over the name. If anything fails, the old file stays and the hidden one is removed. A
/// process that is killed may leave the hidden file, `.NAME.PROCESS-NUMBER.partial`, which the next
/// write to the same name removes.
///
/// A link stays, and the file that it leads to is replaced; the new file has the mode of the old one.
/// Devices and pipes, such as `/dev/stdout`, are written into.
public enum AtomicFile {
  /// Writes a file by streaming; nothing becomes visible before `body` has returned.
  ///
  /// - Throws: Whatever `body` throws, or a ``TensorFileError`` that distinguishes a full disk, a missing
  ///   permission and a missing folder.
  public static func write(
    to path: String, _ body: (inout FileWriter) throws(TensorFileError) -> Void
  ) throws(TensorFileError) {
    let operations = FileOperations.current
    guard case .file(let place, let mode) = OutputPlace(path) else {
      _ = try fill(path, { (o) throws(SystemError) in try o.open(path) }, syncs: false, body)
      return
    }
    let target = try AtomicTarget(place)
    defer { target.release() }
    target.removeAbandoned(operations)
    do throws(TensorFileError) {
      let sum = try fill(
        path,
        { (operations) throws(SystemError) in
          try operations.create(target.partial, mode.map { UInt16($0) })
        }, syncs: true, body)
      do throws(SystemError) {
        try operations.rename(target.partial, place)
      } catch {
        throw TensorFileError(writing: path, error)
      }
      if let sum { SumRecorder.current?.record(path, sum) }
    } catch {
      try? operations.removeFile(target.partial)
      throw error
    }
    do throws(SystemError) {
      try operations.synchronize(path: target.folder)
    } catch {
      throw TensorFileError(unflushed: path, error)
    }
  }

  /// Opens a file, writes into it, and closes it. Returns the sum of the bytes if somebody records it.
  private static func fill(
    _ path: String, _ open: (FileOperations) throws(SystemError) -> Int32, syncs: Bool,
    _ body: (inout FileWriter) throws(TensorFileError) -> Void
  ) throws(TensorFileError) -> SHA256? {
    let operations = FileOperations.current
    let descriptor: Int32
    do throws(SystemError) {
      descriptor = try open(operations)
    } catch {
      throw TensorFileError(writing: path, error)
    }
    var writer = FileWriter(
      path: path, descriptor: descriptor, operations: operations,
      isSummed: SumRecorder.current != nil)
    do throws(TensorFileError) {
      try body(&writer)
      try writer.finish(syncs: syncs)
    } catch {
      try? operations.close(descriptor)
      throw error
    }
    do throws(SystemError) {
      try operations.close(descriptor)
    } catch {
      throw TensorFileError(writing: path, error)
    }
    return writer.sum
  }

  /// Writes bytes.
  public static func write(_ bytes: [UInt8], to path: String) throws(TensorFileError) {
    try write(to: path) { (writer) throws(TensorFileError) in try writer.write(bytes) }
  }

  /// Writes a text in UTF-8.
  public static func write(_ text: String, to path: String) throws(TensorFileError) {
    try write(Array(text.utf8), to: path)
  }
}

extension TensorFileError {
  /// The error for a file that is in place, but that the system failed to flush to the disk.
  init(unflushed path: String, _ error: SystemError) {
    self.init(writing: path, error)
    remedy = "The file is in place but may not survive a power cut; write it again"
  }
}
