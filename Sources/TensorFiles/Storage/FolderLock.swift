#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// Keeps a second process from writing into a folder while this value lives. The system lets go of it
/// when the process ends, however it ends.
package final class FolderLock {
  private let descriptor: Int32

  /// Locks a folder; nil where another process has, and where this one has already.
  ///
  /// The lock is on the hidden file `.lock`, which stays behind. File systems that know no locks give
  /// one to everybody.
  ///
  /// Throws a `TensorFileError` where the folder cannot be written to.
  package init?(_ folder: String) throws(TensorFileError) {
    let path = folder + "/.lock"
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    if descriptor < 0 { throw TensorFileError(writing: path, SystemError("open", errno)) }
    self.descriptor = descriptor
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK { return nil }
  }

  deinit { close(descriptor) }
}
