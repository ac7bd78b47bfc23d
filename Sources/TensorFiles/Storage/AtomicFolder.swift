/// Writes a whole folder, such as a checkpoint, so that its name always shows a whole one.
///
/// The files go to a hidden sibling folder; it takes over the name once everything in it is on
/// the disk. No system renames one folder over another in one step everywhere, so an existing
/// folder is first set aside as `.NAME.replaced`. A process that is killed between these two
/// renames leaves that name only: call ``recover(at:)`` before reading a folder that another
/// process may have been replacing. One process at a time writes a given folder.
public enum AtomicFolder {
  /// Writes the folder `path`.
  ///
  /// - Parameters:
  ///   - path: The folder to appear or to be replaced; its parent exists.
  ///   - body: Writes the files below the path it is given.
  /// - Throws: What `body` throws, or a ``TensorFileError``; the old folder is then untouched.
  public static func write(
    to path: String, _ body: (_ folder: String) throws(TensorFileError) -> Void
  ) throws(TensorFileError) {
    let operations = FileOperations.current
    try recover(at: path)
    let target = try AtomicTarget(path)
    defer { target.release() }
    target.removeAbandoned(operations)
    do throws(TensorFileError) {
      do throws(SystemError) {
        try operations.makeFolder(target.partial)
      } catch {
        throw TensorFileError(writing: path, error)
      }
      try body(target.partial)
      do throws(SystemError) {
        try operations.synchronizeTree(target.partial)
        try publish(target, operations)
      } catch {
        throw TensorFileError(writing: path, error)
      }
    } catch {
      try? operations.removeTree(target.partial)
      throw error
    }
    do throws(SystemError) {
      try operations.synchronize(path: target.folder)
    } catch {
      throw TensorFileError(unflushed: path, error)
    }
    // Only now, with the new name safe on the disk, is the old folder dispensable. What cannot be
    // removed here is removed by the next writing.
    try? operations.removeTree(target.sibling("replaced"))
  }

  private static func publish(_ target: AtomicTarget, _ operations: FileOperations)
    throws(SystemError)
  {
    let path = target.folder + "/" + target.name
    guard FileOperations.exists(path) else { return try operations.rename(target.partial, path) }
    let replaced = target.sibling("replaced")
    try operations.rename(path, replaced)
    do throws(SystemError) {
      try operations.rename(target.partial, path)
    } catch {
      try? operations.rename(replaced, path)
      throw error
    }
  }

  /// Puts the old folder back where a process was killed while it replaced it, and removes what
  /// was set aside where the folder is there.
  public static func recover(at path: String) throws(TensorFileError) {
    let operations = FileOperations.current
    let target = try AtomicTarget(path)
    defer { target.release() }
    let replaced = target.sibling("replaced")
    let present = target.folder + "/" + target.name
    guard FileOperations.exists(replaced) else { return }
    do throws(SystemError) {
      if FileOperations.exists(present) {
        try operations.removeTree(replaced)
      } else {
        try operations.rename(replaced, present)
      }
    } catch {
      throw TensorFileError(writing: path, error)
    }
  }
}
