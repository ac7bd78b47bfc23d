/// Receives the bytes of a file that ``AtomicFile`` writes.
public struct FileWriter: ~Copyable {
  private let path: String
  private let descriptor: Int32
  private let operations: FileOperations
  private var buffer: [UInt8] = []
  /// The sum of all bytes; nil where nobody wants it.
  private(set) var sum: SHA256?

  /// How many bytes have been written so far.
  public private(set) var count = 0

  /// Small writes are gathered up to this many bytes.
  private static let bufferLength = 1 << 16

  init(path: String, descriptor: Int32, operations: FileOperations, isSummed: Bool = false) {
    self.path = path
    sum = isSummed ? SHA256() : nil
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

  private mutating func send(_ bytes: UnsafeRawBufferPointer) throws(TensorFileError) {
    sum?.update(bytes)
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

  mutating func finish(syncs: Bool) throws(TensorFileError) {
    try flush()
    guard syncs else { return }
    do throws(SystemError) {
      try operations.synchronize(descriptor)
    } catch {
      throw TensorFileError(writing: path, error)
    }
  }
}
