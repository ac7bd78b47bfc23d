internal import CKernels

#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// A system call that failed.
package struct SystemError: Error, Sendable, Equatable {
  package var call: String
  package var number: Int32

  package init(_ call: String, _ number: Int32) {
    self.call = call
    self.number = number
  }

  package static let noSpace = ENOSPC
  package static let inputOutput = EIO
}

/// The system calls that change the disk, gathered here so that tests can make each of them fail.
package struct FileOperations: Sendable {
  /// Makes a file that is not there yet; with the given mode, or what the process gives to new ones.
  package var create: @Sendable (_ path: String, _ mode: UInt16?) throws(SystemError) -> Int32
  /// Opens a device or a pipe.
  package var open: @Sendable (_ path: String) throws(SystemError) -> Int32
  package var write: @Sendable (Int32, UnsafeRawBufferPointer) throws(SystemError) -> Int
  package var synchronize: @Sendable (Int32) throws(SystemError) -> Void
  package var close: @Sendable (Int32) throws(SystemError) -> Void
  package var rename: @Sendable (_ old: String, _ new: String) throws(SystemError) -> Void
  /// Lets two names swap what they lead to, in one step; false where the file system cannot.
  package var exchange: @Sendable (_ one: String, _ other: String) throws(SystemError) -> Bool
  package var makeFolder: @Sendable (_ path: String) throws(SystemError) -> Void
  package var removeFile: @Sendable (_ path: String) throws(SystemError) -> Void
  package var removeFolder: @Sendable (_ path: String) throws(SystemError) -> Void

  /// The operations in force for the current task.
  @TaskLocal package static var current = system

  /// The operations of the operating system.
  package static let system = FileOperations(
    create: { (path, mode) throws(SystemError) in
      let descriptor = try check(
        "open", systemOpen(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644))
      // Of no consequence where the file system keeps no modes.
      if let mode { _ = fchmod(descriptor, mode_t(mode)) }
      return descriptor
    },
    open: { (path) throws(SystemError) in
      try check("open", systemOpen(path, O_WRONLY | O_APPEND | O_CLOEXEC, 0))
    },
    write: { (descriptor, bytes) throws(SystemError) in
      try check("write", systemWrite(descriptor, bytes.baseAddress, bytes.count))
    },
    synchronize: { (descriptor) throws(SystemError) in
      #if canImport(Darwin)
        // On this system fsync does not flush the disk's own cache.
        if fcntl(descriptor, F_FULLFSYNC) == 0 { return }
      #endif
      _ = try check("fsync", fsync(descriptor))
    },
    close: { (descriptor) throws(SystemError) in _ = try check("close", systemClose(descriptor)) },
    rename: { (old, new) throws(SystemError) in
      _ = try check("rename", systemRename(old, new))
    },
    exchange: { (one, other) throws(SystemError) in
      guard loqt_exchange_names(one, other) != 0 else { return true }
      switch errno {
      case EINVAL, ENOSYS, ENOTSUP, EOPNOTSUPP: return false
      default: throw SystemError("exchange of names", errno)
      }
    },
    makeFolder: { (path) throws(SystemError) in _ = try check("mkdir", mkdir(path, 0o755)) },
    removeFile: { (path) throws(SystemError) in _ = try check("unlink", unlink(path)) },
    removeFolder: { (path) throws(SystemError) in _ = try check("rmdir", rmdir(path)) })

  private static func check<Result: SignedInteger>(_ call: String, _ result: Result)
    throws(SystemError) -> Result
  {
    if result < 0 { throw SystemError(call, errno) }
    return result
  }
}

// The members of `FileOperations` would shadow the system functions of the same names.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}

private func systemClose(_ descriptor: Int32) -> Int32 { close(descriptor) }

private func systemOpen(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 {
  open(path, flags, mode)
}

private func systemRename(_ old: String, _ new: String) -> Int32 { rename(old, new) }

extension FileOperations {
  /// Flushes an existing file or folder to the disk.
  package func synchronize(path: String) throws(SystemError) {
    let descriptor = systemOpen(path, O_RDONLY | O_CLOEXEC, 0)
    if descriptor < 0 { throw SystemError("open", errno) }
    defer { _ = systemClose(descriptor) }
    do {
      try synchronize(descriptor)
    } catch  where error.number == EINVAL || error.number == ENOTSUP {
      // Some network file systems cannot flush folders; they order renames themselves.
    }
  }

  /// Whether anything exists at this path, including a dangling link.
  static func exists(_ path: String) -> Bool {
    var information = stat()
    return lstat(path, &information) == 0
  }

  /// Whether there is a folder at this path, without following links.
  static func isFolder(_ path: String) -> Bool {
    var information = stat()
    return lstat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFDIR
  }

  /// Whether there is a file at this path, rather than a folder, a device or a link.
  static func isRegularFile(_ path: String) -> Bool {
    var information = stat()
    return lstat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFREG
  }

  /// What the link at this path leads to; nil where there is no link.
  static func link(at path: String) -> String? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    let count = readlink(path, &buffer, buffer.count - 1)
    guard count > 0 else { return nil }
    return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The names in a folder, sorted; empty if it cannot be read.
  static func names(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Removes a file or a folder with all it holds; links are removed, not followed.
  func removeTree(_ path: String) throws(SystemError) {
    guard Self.isFolder(path) else { return try removeFile(path) }
    for name in Self.names(in: path) { try removeTree(path + "/" + name) }
    try removeFolder(path)
  }

  /// Flushes every file and folder below a folder, then the folder itself.
  func synchronizeTree(_ path: String) throws(SystemError) {
    for name in Self.names(in: path) {
      let child = path + "/" + name
      if Self.isFolder(child) {
        try synchronizeTree(child)
      } else if Self.isRegularFile(child) {
        try synchronize(path: child)
      }
    }
    try synchronize(path: path)
  }
}

extension TensorFileError {
  /// The error for a system call that failed while writing a file.
  init(writing path: String, _ error: SystemError) {
    let untouched = "What was there before is unchanged"
    switch error.number {
    case ENOSPC, EDQUOT:
      self.init(
        .noSpace, file: path, found: "the disk or the quota is full",
        remedy: "\(untouched); free some space or choose another folder")
    case EFBIG:
      self.init(
        .noSpace, file: path, found: "the file is larger than the system allows",
        remedy: "\(untouched); raise the file size limit or choose another file system")
    case EACCES, EPERM, EROFS:
      self.init(
        .cannotWrite, file: path, found: "no permission to write (\(error.call))",
        remedy: "\(untouched); choose a folder you may write to")
    case ENOENT, ENOTDIR:
      self.init(
        .cannotWrite, file: path, found: "its folder does not exist (\(error.call))",
        remedy: "Create the folder first")
    default:
      self.init(
        .cannotWrite, file: path,
        found: "\(error.call) failed: \(String(cString: strerror(error.number)))",
        remedy: "\(untouched); check the disk and try again")
    }
  }

  /// The error for a system call that failed while reading a file.
  init(reading path: String, _ error: SystemError) {
    switch error.number {
    case ENOENT, ENOTDIR:
      self.init(.notFound, file: path, found: "no such file")
    case EACCES, EPERM:
      self.init(
        .cannotRead, file: path, found: "no permission to read", remedy: "Change its permissions")
    case EMFILE, ENFILE:
      self.init(
        .cannotRead, file: path, found: "too many open files", remedy: "Raise `ulimit -n`")
    default:
      self.init(
        .cannotRead, file: path,
        found: "\(error.call) failed: \(String(cString: strerror(error.number)))")
    }
  }
}
