#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// An open regular file of a known size, read by position from any thread.
///
/// Files are read rather than mapped: if a mapped file is truncated, a signal kills the process, while
/// a read merely returns fewer bytes.
final class FileReader: Sendable {
  let path: String
  let size: Int
  private let descriptor: Int32

  init(path: String) throws(TensorFileError) {
    guard !path.utf8.contains(0) else {
      throw TensorFileError(.notFound, file: quoted(path), found: "a NUL in the path")
    }
    // Opening a pipe would wait for its other end; a regular file ignores the flag.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    if descriptor < 0 { throw TensorFileError(reading: path, SystemError("open", errno)) }
    var information = stat()
    guard fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw TensorFileError(
        .cannotRead, file: path, found: "a folder or a device", expected: "a file")
    }
    self.path = path
    self.size = Int(information.st_size)
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Fills the buffer with the bytes from `position`.
  func read(at position: Int, into buffer: UnsafeMutableRawBufferPointer) throws(TensorFileError) {
    var done = 0
    while done < buffer.count {
      // Some systems refuse more than 2 GiB in one call.
      let count = min(buffer.count - done, 1 << 30)
      let result = pread(descriptor, buffer.baseAddress! + done, count, off_t(position + done))
      if result < 0, errno == EINTR { continue }
      if result < 0 { throw TensorFileError(reading: path, SystemError("pread", errno)) }
      if result == 0 {
        throw TensorFileError(
          .truncated, file: path, offset: position + done, found: "the end of the file",
          expected: "\(size) bytes as when it was opened",
          remedy: "The file was shortened while it was open; write it again")
      }
      done += result
    }
  }

  /// The bytes of a range inside the file; a range beyond its end is an error.
  func bytes(in range: Range<Int>) throws(TensorFileError) -> [UInt8] {
    guard range.lowerBound >= 0, range.upperBound <= size else {
      throw TensorFileError(
        .truncated, file: path, found: "\(size) bytes", expected: "\(range.upperBound)")
    }
    var failure: TensorFileError?
    let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
      do throws(TensorFileError) {
        try read(at: range.lowerBound, into: UnsafeMutableRawBufferPointer(buffer))
        count = range.count
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }
}
