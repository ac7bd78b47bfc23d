/// Writes whole folders, such as checkpoints, atomically: a name always refers to a complete folder.
///
/// The files go to a hidden sibling folder, which takes over the name once everything in it is on the
/// disk. Where the file system can swap two names in one step, there is no moment without a folder of
/// the name. Elsewhere an existing folder is first set aside as `.NAME.replaced`, and a process that is
/// killed between the two renames leaves only that name: call ``recover(at:)`` before reading a folder
/// that another process may have been replacing. Only one process at a time may write a given folder.
public enum AtomicFolder {
  /// Writes the folder `path`. Where it is a link, the folder that it leads to.
  ///
  /// - Parameters:
  ///   - path: The folder to create or replace; its parent must exist.
  ///   - body: Writes the files below the path it receives.
  /// - Throws: Whatever `body` throws, or a ``TensorFileError``; the old folder is then untouched.
  public static func write(
    to path: String, _ body: (_ folder: String) throws(TensorFileError) -> Void
  ) throws(TensorFileError) {
    try write(to: path, withManifest: false, body)
  }

  /// Writes the folder `path`, with a manifest of the sums of its files if it is wanted.
  ///
  /// - Parameters:
  ///   - path: The folder to create or replace; its parent must exist.
  ///   - withManifest: Whether the folder gets a ``FolderManifest``. All files in it are then written by
  ///     ``AtomicFile``, and none of them below another folder.
  ///   - keptPath: Where a folder that is replaced goes, in place of what is there; nil to remove it.
  ///   - body: Writes the files below the path it receives.
  /// - Throws: Whatever `body` throws, or a ``TensorFileError``; the old folder is then untouched.
  package static func write(
    to path: String, withManifest: Bool, keepingOldAt keptPath: String? = nil,
    _ body: (_ folder: String) throws(TensorFileError) -> Void
  ) throws(TensorFileError) {
    let operations = FileOperations.current
    try recover(at: path)
    let target = try AtomicTarget(path)
    defer { target.release() }
    target.removeAbandoned(operations)
    let old: String?
    do throws(TensorFileError) {
      do throws(SystemError) {
        try operations.makeFolder(target.partial)
      } catch {
        throw TensorFileError(writing: path, error)
      }
      if withManifest {
        try summed(target.partial, body)
      } else {
        try body(target.partial)
      }
      do throws(SystemError) {
        try operations.synchronizeTree(target.partial)
        old = try publish(target, operations)
      } catch {
        throw TensorFileError(writing: path, error)
      }
    } catch {
      try? operations.removeTree(target.partial)
      throw error.told(of: path, writtenAs: target.partial)
    }
    do throws(SystemError) {
      try operations.synchronize(path: target.folder)
    } catch {
      throw TensorFileError(unflushed: path, error)
    }
    // The old folder can go now that the new name is safe on the disk. If it cannot be removed here, the
    // next write removes it.
    guard let old else { return }
    if let keptPath {
      if FileOperations.exists(keptPath) { try? operations.removeTree(keptPath) }
      if (try? operations.rename(old, keptPath)) != nil { return }
    }
    try? operations.removeTree(old)
  }

  /// Runs `body`, and then writes the manifest of the files that it has written.
  private static func summed(
    _ folder: String, _ body: (_ folder: String) throws(TensorFileError) -> Void
  ) throws(TensorFileError) {
    let recorder = SumRecorder(folder: folder)
    let result = SumRecorder.$current.withValue(recorder) {
      Result { () throws(TensorFileError) in try body(folder) }
    }
    try result.get()
    let manifest = recorder.manifest
    let unknown = FileOperations.names(in: folder).filter { manifest.sums[$0] == nil }
    precondition(
      unknown.isEmpty, "AtomicFolder: \(unknown) were not written by AtomicFile and have no sums")
    try AtomicFile.write(manifest.text, to: folder + "/" + FolderManifest.fileName)
  }

  /// Gives the new folder its name. Returns where the folder is that had it before.
  private static func publish(_ target: AtomicTarget, _ operations: FileOperations)
    throws(SystemError) -> String?
  {
    let path = target.path
    guard FileOperations.exists(path) else {
      try operations.rename(target.partial, path)
      return nil
    }
    if try operations.exchange(target.partial, path) { return target.partial }
    let replaced = target.sibling("replaced")
    try operations.rename(path, replaced)
    do throws(SystemError) {
      try operations.rename(target.partial, path)
    } catch {
      try? operations.rename(replaced, path)
      throw error
    }
    return replaced
  }

  /// Restores a folder whose replacement was interrupted: puts the old one back if the new one is
  /// missing, and otherwise removes the old one.
  public static func recover(at path: String) throws(TensorFileError) {
    let operations = FileOperations.current
    let target = try AtomicTarget(path)
    defer { target.release() }
    let replaced = target.sibling("replaced")
    guard FileOperations.exists(replaced) else { return }
    do throws(SystemError) {
      if FileOperations.exists(target.path) {
        try operations.removeTree(replaced)
      } else {
        try operations.rename(replaced, target.path)
      }
    } catch {
      throw TensorFileError(writing: path, error)
    }
  }
}

extension TensorFileError {
  /// The error as it looks from outside a folder that was written under a hidden name, which means nothing
  /// to the user and is gone.
  fileprivate func told(of path: String, writtenAs partial: String) -> TensorFileError {
    guard file.hasPrefix(partial) else { return self }
    var error = self
    error.file = path + file.dropFirst(partial.count)
    if [.noSpace, .cannotWrite].contains(code) {
      error.remedy =
        "Nothing was saved, and what was there before is unchanged; "
        + (code == .noSpace ? "free some space" : "check the disk") + " or choose another folder"
    }
    return error
  }
}
