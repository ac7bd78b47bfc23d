#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// What an output path leads to.
enum OutputPlace: Equatable {
  /// A regular file, or none yet, by the name behind all links; with the mode of the one that is there.
  case file(String, mode: mode_t?)
  /// A device, a pipe or a socket, which is written into and never replaced.
  case device

  init(_ path: String) {
    var information = stat()
    let exists = stat(path, &information) == 0
    // The shell may have put a file behind /dev/stdout, to which others write too.
    let isOpen = ["/dev/std", "/dev/fd/", "/proc/"].contains { path.hasPrefix($0) }
    if exists, isOpen || ![S_IFREG, S_IFDIR].contains(information.st_mode & S_IFMT) {
      self = .device
    } else {
      self = .file(
        Self.withoutLinks(path),
        mode: exists && information.st_mode & S_IFMT == S_IFREG
          ? information.st_mode & 0o7777 : nil)
    }
  }

  /// The path that a link leads to, also where nothing is there; any other path as it is.
  static func withoutLinks(_ path: String) -> String {
    var path = path
    // As many links as the system itself follows.
    for _ in 0..<40 {
      var trimmed = Substring(path)
      while trimmed.count > 1, trimmed.last == "/" { trimmed.removeLast() }
      guard let target = FileOperations.link(at: String(trimmed)) else { return path }
      let folder = trimmed.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        .joined(separator: "/")
      path =
        target.hasPrefix("/") || (folder.isEmpty && !trimmed.hasPrefix("/"))
        ? target : folder + "/" + target
    }
    return path
  }
}
