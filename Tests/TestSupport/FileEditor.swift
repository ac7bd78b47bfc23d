import Foundation

/// A file that is changed in place many times, since creating files would take most of a test's time.
public final class FileEditor {
  private let handle: FileHandle

  /// Opens an existing file.
  public init(_ path: String) throws {
    handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
  }

  deinit { try? handle.close() }

  /// Replaces the contents of the file.
  public func replace(with bytes: [UInt8]) throws {
    try handle.seek(toOffset: 0)
    try handle.write(contentsOf: bytes)
    try handle.truncate(atOffset: UInt64(bytes.count))
  }
}
