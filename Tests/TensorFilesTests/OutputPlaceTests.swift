import Foundation
import Synchronization
import TensorFiles
import TestSupport
import Testing

/// Outputs that are more than a name for a file.
@Suite struct OutputPlaceTests {
  private static func mode(_ path: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    return try #require(attributes[.posixPermissions] as? NSNumber).intValue
  }

  @Test func aDeviceIsWrittenIntoAndStaysADevice() throws {
    // As an administrator one could replace it.
    try AtomicFile.write("text", to: "/dev/null")
    var information = stat()
    #expect(stat("/dev/null", &information) == 0)
    #expect(information.st_mode & S_IFMT == S_IFCHR)
    #if os(Linux)
      let error = #expect(throws: TensorFileError.self) {
        try AtomicFile.write("text", to: "/dev/full")
      }
      #expect(error?.code == .noSpace)
    #endif
  }

  @Test func aFileInAFolderOfDevicesIsReplaced() throws {
    #if os(Linux)
      let path = "/dev/shm/loqt-test-\(getpid())"
      defer { unlink(path) }
      for text in ["one", "two"] {
        try AtomicFile.write(text, to: path)
        #expect(try contents(path) == Array(text.utf8))
      }
    #endif
  }

  @Test func aPipeGetsTheBytes() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/pipe"
      #expect(mkfifo(path, 0o600) == 0)
      // A reader lets the writer open the pipe.
      let descriptor = open(path, O_RDONLY | O_NONBLOCK)
      defer { close(descriptor) }
      try AtomicFile.write("text", to: path)
      var bytes = [UInt8](repeating: 0, count: 10)
      #expect(read(descriptor, &bytes, 10) == 4)
      #expect(Array(bytes.prefix(4)) == Array("text".utf8))
      #expect(try names(in: folder) == ["pipe"])
    }
  }

  @Test func aLinkStaysAndItsFileIsReplaced() throws {
    try withTemporaryFolder { folder in
      try FileManager.default.createDirectory(
        atPath: folder + "/far", withIntermediateDirectories: false)
      for (link, target) in [("one", "far/file"), ("two", folder + "/far/file"), ("three", "two")] {
        try FileManager.default.createSymbolicLink(
          atPath: folder + "/" + link, withDestinationPath: target)
        // The first time nothing is where the link leads.
        try AtomicFile.write(link, to: folder + "/" + link)
        #expect(try contents(folder + "/far/file") == Array(link.utf8))
        #expect(
          try FileManager.default.destinationOfSymbolicLink(atPath: folder + "/" + link) == target)
      }
      #expect(try names(in: folder) == ["far", "one", "three", "two"])
      #expect(try names(in: folder + "/far") == ["file"])
      try FileManager.default.createSymbolicLink(
        atPath: folder + "/loop", withDestinationPath: "loop")
      #expect(throws: TensorFileError.self) {
        try AtomicFile.write("text", to: folder + "/loop/a")
      }
    }
  }

  @Test func aLinkToAFolderStaysToo() throws {
    try withTemporaryFolder { folder in
      try FileManager.default.createSymbolicLink(
        atPath: folder + "/checkpoint", withDestinationPath: "far")
      for text in ["old", "new"] {
        try AtomicFolder.write(to: folder + "/checkpoint") { (inside) throws(TensorFileError) in
          try AtomicFile.write(text, to: inside + "/a")
        }
        #expect(try contents(folder + "/far/a") == Array(text.utf8))
      }
      #expect(try names(in: folder) == ["checkpoint", "far"])
    }
  }

  @Test(arguments: [0o600, 0o640, 0o444])
  func aFileKeepsItsMode(_ mode: Int) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a"
      try AtomicFile.write("old", to: path)
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
      try AtomicFile.write("new", to: path)
      #expect(try contents(path) == Array("new".utf8))
      #expect(try Self.mode(path) == mode)
    }
  }

  @Test func oneLockAtATime() throws {
    try withTemporaryFolder { folder in
      var first = try FolderLock(folder)
      #expect(first != nil)
      #expect(try FolderLock(folder) == nil)
      first = nil
      #expect(try FolderLock(folder) != nil)
      #expect(throws: TensorFileError.self) { try FolderLock(folder + "/missing") }
    }
  }
}
