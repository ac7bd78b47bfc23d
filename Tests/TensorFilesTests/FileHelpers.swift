import Foundation
import TensorFiles

/// All bytes of a file, read with Foundation.
func contents(_ path: String) throws -> [UInt8] {
  try Array(Data(contentsOf: URL(fileURLWithPath: path)))
}

/// Writes a file without flushing it. Removes an existing file first, since file systems flush files that
/// replace others.
func writePlainly(_ bytes: [UInt8], to path: String) throws {
  try? FileManager.default.removeItem(atPath: path)
  try Data(bytes).write(to: URL(fileURLWithPath: path))
}

/// Truncates a file in place.
func shorten(_ path: String, to length: Int) throws {
  let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
  defer { try? handle.close() }
  try handle.truncate(atOffset: UInt64(length))
}

/// The names in a folder, hidden ones included, sorted.
func names(in folder: String) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
}

/// The error number of an interrupted system call.
let interrupted = EINTR

/// Opens an existing file.
func openForWriting(_ path: String) throws(SystemError) -> Int32 {
  let descriptor = open(path, O_WRONLY)
  if descriptor < 0 { throw SystemError("open", errno) }
  return descriptor
}
