/// Writes files atomically: a name always refers to the complete old file or the complete new one.
///
/// The bytes go to a hidden file in the same folder, are flushed to the disk, and only then does the
/// file take over the name. If anything fails, the old file stays and the hidden one is removed. A
/// process that is killed may leave the hidden file, `.NAME.PROCESS-NUMBER.partial`, which the next
/// write to the same name removes.
public enum AtomicFile {
  /// Writes a file by streaming; nothing becomes visible before `body` has returned.
  ///
  /// - Throws: Whatever `body` throws, or a ``TensorFileError`` that distinguishes a full disk, a missing
  ///   permission and a missing folder.
  public static func write(
    to path: String, _ body: (inout FileWriter) throws(TensorFileError) -> Void
  ) throws(TensorFileError) {
    let operations = FileOperations.current
    let target = try AtomicTarget(path)
    defer { target.release() }
    target.removeAbandoned(operations)
    let descriptor: Int32
    do throws(SystemError) {
      descriptor = try operations.create(target.partial)
    } catch {
      throw TensorFileError(writing: path, error)
    }
    do throws(TensorFileError) {
      var writer = FileWriter(path: path, descriptor: descriptor, operations: operations)
      do throws(TensorFileError) {
        try body(&writer)
        try writer.finish()
      } catch {
        try? operations.close(descriptor)
        throw error
      }
      do throws(SystemError) {
        try operations.close(descriptor)
        try operations.rename(target.partial, path)
      } catch {
        throw TensorFileError(writing: path, error)
      }
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

/// Receives the bytes of a file that ``AtomicFile`` writes.
public struct FileWriter: ~Copyable {
  private let path: String
  private let descriptor: Int32
  private let operations: FileOperations
  private var buffer: [UInt8] = []

  /// How many bytes have been written so far.
  public private(set) var count = 0

  /// Small writes are gathered up to this many bytes.
  private static let bufferLength = 1 << 16

  init(path: String, descriptor: Int32, operations: FileOperations) {
    self.path = path
    self.descriptor = descriptor
    self.operations = operations
  }

  /// Appends bytes.
  public mutating func write(_ bytes: [UInt8]) throws(TensorFileError) {
    var failure: TensorFileError?
    bytes.withUnsafeBytes { bytes in
      do throws(TensorFileError) { try write(bytes) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// Appends a text in UTF-8.
  public mutating func write(_ text: String) throws(TensorFileError) {
    try write(Array(text.utf8))
  }

  /// Appends bytes; long runs are written without being copied.
  package mutating func write(_ bytes: UnsafeRawBufferPointer) throws(TensorFileError) {
    count += bytes.count
    if buffer.count + bytes.count <= Self.bufferLength {
      buffer.append(contentsOf: bytes)
      return
    }
    try flush()
    if bytes.count <= Self.bufferLength {
      buffer.append(contentsOf: bytes)
    } else {
      try send(bytes)
    }
  }

  private mutating func flush() throws(TensorFileError) {
    let pending = buffer
    buffer.removeAll(keepingCapacity: true)
    var failure: TensorFileError?
    pending.withUnsafeBytes { bytes in
      do throws(TensorFileError) { try send(bytes) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  private func send(_ bytes: UnsafeRawBufferPointer) throws(TensorFileError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let chunk = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
      do throws(SystemError) {
        let written = try operations.write(descriptor, chunk)
        // A device that accepts no bytes and reports no error would loop for ever.
        if written == 0 { throw SystemError("write", SystemError.inputOutput) }
        rest = rest.dropFirst(written)
      } catch  where error.isInterruption {
        continue
      } catch {
        throw TensorFileError(writing: path, error)
      }
    }
  }

  mutating func finish() throws(TensorFileError) {
    try flush()
    do throws(SystemError) {
      try operations.synchronize(descriptor)
    } catch {
      throw TensorFileError(writing: path, error)
    }
  }
}
