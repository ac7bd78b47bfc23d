#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif
#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The bytes of a file or a pipe, a piece at a time.
final class ByteInput {
  private let descriptor: Int32
  private let path: String
  private let pieceLength: Int

  /// Opens a file; `-` is the standard input. Throws where it is missing, a folder, or not to be read.
  init(path: String, pieceLength: Int = 1 << 20) throws(InputError) {
    self.path = path
    self.pieceLength = pieceLength
    guard path != "-" else {
      descriptor = dup(STDIN_FILENO)
      return
    }
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw InputError(
        errno == ENOENT
          ? "There is no text file \(path). Give the path of a plain text file."
          : "The text file \(path) cannot be read. Check its permissions.")
    }
    var status = stat()
    if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
      close(descriptor)
      throw InputError("\(path) is a folder. Give the path of a plain text file.")
    }
  }

  deinit { close(descriptor) }

  /// The next bytes; nil at the end.
  func next() throws(InputError) -> [UInt8]? {
    var failed = false
    let piece = [UInt8](unsafeUninitializedCapacity: pieceLength) { buffer, count in
      while count < pieceLength {
        let got = read(descriptor, buffer.baseAddress! + count, pieceLength - count)
        if got < 0, errno == EINTR { continue }
        failed = got < 0
        guard got > 0 else { break }
        count += got
      }
    }
    guard !failed else {
      throw InputError("The text file \(path) cannot be read to its end. Check the disk.")
    }
    return piece.isEmpty ? nil : piece
  }

  /// All that is left.
  func rest() throws(InputError) -> [UInt8] {
    var bytes: [UInt8] = []
    while let piece = try next() { bytes += piece }
    return bytes
  }
}
