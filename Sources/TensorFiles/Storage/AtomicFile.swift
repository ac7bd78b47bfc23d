/// Writes a file so that its name always shows a whole one: the old or the new, never a mix.
///
/// The bytes go to a hidden file in the same folder, are flushed to the disk, and only then take
/// over the name. Whatever fails on the way, the old file stays and the hidden one is removed. A
/// process that is killed may leave the hidden file, `.NAME.PROCESS-NUMBER.partial`; the next
/// writing of the same name removes it.
public enum AtomicFile {
  /// Writes a file by streaming; nothing becomes visible before `body` has returned.
  ///
  /// - Throws: What `body` throws, or a ``TensorFileError`` that tells a full disk, a missing
  ///   permission and a missing folder apart.
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

  /// Writes bytes that are at hand.
  public static func write(_ bytes: [UInt8], to path: String) throws(TensorFileError) {
    try write(to: path) { (writer) throws(TensorFileError) in try writer.write(bytes) }
  }

  /// Writes a text in UTF-8.
  public static func write(_ text: String, to path: String) throws(TensorFileError) {
    try write(Array(text.utf8), to: path)
  }
}

extension TensorFileError {
  /// The name is in place, but the system would not promise that it survives a power cut.
  init(unflushed path: String, _ error: SystemError) {
    self.init(writing: path, error)
    remedy = "The file is in place but may not survive a power cut; write it again"
  }
}

/// Where the bytes of one ``AtomicFile`` go before they are complete.
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

  /// Appends bytes; long runs go to the system without being copied.
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
        // A device that takes nothing and reports nothing would keep us here for ever.
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
