#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

internal import Synchronization

/// The names used to write a path atomically.
struct AtomicTarget {
  /// The folder that holds the path.
  let folder: String
  /// The last component of the path.
  let name: String
  /// The path itself, behind all links.
  var path: String { folder + "/" + name }
  /// The hidden sibling that is written first, unique to this writer.
  let partial: String

  private static let active = Mutex<(count: Int, partials: Set<String>)>((0, []))

  /// The names for a path. Where it is a link, they are those of what the link leads to.
  init(_ path: String) throws(TensorFileError) {
    let target = OutputPlace.withoutLinks(path)
    var trimmed = Substring(target)
    while trimmed.count > 1, trimmed.last == "/" { trimmed.removeLast() }
    let components = trimmed.split(separator: "/", omittingEmptySubsequences: false)
    guard let name = components.last, !["", ".", ".."].contains(name), !path.utf8.contains(0) else {
      throw TensorFileError(
        .cannotWrite, file: quoted(path), found: "a path without a file name",
        remedy: "Name a file inside a folder")
    }
    let parent = components.dropLast().joined(separator: "/")
    self.folder = components.count == 1 ? "." : parent.isEmpty ? "/" : parent
    self.name = String(name)
    let prefix = folder + "/." + name
    partial = Self.active.withLock { active in
      active.count += 1
      let partial = "\(prefix).\(getpid())-\(active.count).partial"
      active.partials.insert(partial)
      return partial
    }
  }

  /// The hidden sibling with the given ending.
  func sibling(_ ending: String) -> String { "\(folder)/.\(name).\(ending)" }

  /// Records that `partial` is no longer being written.
  func release() {
    Self.active.withLock { _ = $0.partials.remove(partial) }
  }

  /// Removes what killed writers of the same path left, which would fill the disk over time.
  func removeAbandoned(_ operations: FileOperations) {
    let prefix = "." + name + "."
    for candidate in FileOperations.names(in: folder)
    where candidate.hasPrefix(prefix) && candidate.hasSuffix(".partial") {
      let parts = candidate.dropFirst(prefix.count).dropLast(".partial".count)
        .split(separator: "-", omittingEmptySubsequences: false).map { Int32($0) }
      guard parts.count == 2, let process = parts[0], process > 0, parts[1] != nil else { continue }
      let path = folder + "/" + candidate
      let isAlive =
        process == getpid()
        ? Self.active.withLock { $0.partials.contains(path) }
        : kill(process, 0) == 0 || errno != ESRCH
      if !isAlive { try? operations.removeTree(path) }
    }
  }
}

extension SystemError {
  var isInterruption: Bool { number == EINTR }
}
