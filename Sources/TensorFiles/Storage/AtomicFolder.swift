/// Writes whole folders, such as checkpoints, atomically: a name always refers to a complete folder.
///
/// The files go to a hidden sibling folder, which takes over the name once everything in it is on the
/// disk. There is no portable way to rename one folder over another in one step, so an existing folder
/// is first set aside as `.NAME.replaced`. A process that is killed between the two renames leaves only
/// that name: call ``recover(at:)`` before reading a folder that another process may have been
/// replacing. Only one process at a time may write a given folder.
public enum AtomicFolder {
  /// Writes the folder `path`.
  ///
  /// - Parameters:
  ///   - path: The folder to create or replace; its parent must exist.
  ///   - body: Writes the files below the path it receives.
  /// - Throws: Whatever `body` throws, or a ``TensorFileError``; the old folder is then untouched.
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
    // The old folder can go now that the new name is safe on the disk. If it cannot be removed here, the
    // next write removes it.
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

  /// Restores a folder whose replacement was interrupted: puts the old one back if the new one is
  /// missing, and otherwise removes the old one.
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
