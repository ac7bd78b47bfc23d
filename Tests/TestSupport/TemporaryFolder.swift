import Foundation

/// Creates an empty folder and returns its path.
public func makeTemporaryFolder() throws -> String {
  let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("loqt-tests-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  return folder.path
}

/// Removes a folder with all its contents; a missing one is no error.
public func removeTemporaryFolder(_ path: String) {
  try? FileManager.default.removeItem(atPath: path)
}

/// Calls `body` with the path of an empty folder, and removes the folder afterwards.
public func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = try makeTemporaryFolder()
  defer { removeTemporaryFolder(folder) }
  return try body(folder)
}
