import Foundation
import Testing

/// The code of every page of the documentation, taken from it when the tests are built, runs to its end.
@Suite(.serialized) struct GuideTests {
  @Test(arguments: guides.map(\.name))
  func `the code of the page runs`(_ name: String) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "guide-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let before = FileManager.default.currentDirectoryPath
    FileManager.default.changeCurrentDirectoryPath(folder.path)
    defer {
      FileManager.default.changeCurrentDirectoryPath(before)
      try? FileManager.default.removeItem(at: folder)
    }
    try await guides.first { $0.name == name }?.run()
  }
}
