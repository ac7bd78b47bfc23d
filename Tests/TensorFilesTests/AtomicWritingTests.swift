import Synchronization
import TensorFiles
import Tensors
import TestSupport
import Testing

@Suite struct AtomicWritingTests {
  @Test func bytesAreOnTheDiskBeforeTheNameIsGiven() throws {
    try withTemporaryFolder { folder in
      let observer = Saboteur(.noSpace, at: .max)
      try FileOperations.$current.withValue(observer.operations) {
        try AtomicFile.write("text", to: folder + "/a")
      }
      #expect(
        observer.log == ["create", "write", "synchronize", "close", "rename", "synchronize"])
      #expect(try names(in: folder) == ["a"])
      #expect(try contents(folder + "/a") == Array("text".utf8))
    }
  }

  @Test(arguments: [Saboteur.Fault.noSpace, .inputOutput, .kill])
  func aFileIsOldOrNewWhateverFailsOnTheWay(fault: Saboteur.Fault) throws {
    let old: [UInt8] = Array(repeating: 1, count: 1000)
    let new: [UInt8] = Array(repeating: 2, count: 300_000)
    try withTemporaryFolder { folder in
      let path = folder + "/a"
      var sawOld = 0
      var sawNew = 0
      for position in 0... {
        try AtomicFile.write(old, to: path)
        let saboteur = Saboteur(fault, at: position)
        var failure: TensorFileError?
        do {
          try FileOperations.$current.withValue(saboteur.operations) {
            try AtomicFile.write(to: path) { (writer) throws(TensorFileError) in
              // Small and large pieces take different paths.
              for start in stride(from: 0, to: 100_000, by: 1000) {
                try writer.write(Array(new[start..<start + 1000]))
              }
              try writer.write(Array(new[100_000...]))
            }
          }
        } catch let error as TensorFileError {
          failure = error
        }
        let found = try contents(path)
        if found == old { sawOld += 1 } else { sawNew += 1 }
        #expect(found == old || found == new, "\(position)")
        #expect((failure != nil) == saboteur.hasStruck, "\(position)")
        if fault == .noSpace, let failure {
          #expect(failure.code == .noSpace && failure.description.hasPrefix(path))
          #expect(failure.remedy != nil)
        }
        if fault != .kill { #expect(try names(in: folder) == ["a"], "\(position)") }
        if !saboteur.hasStruck { break }
      }
      #expect(sawOld >= 5 && sawNew >= 2)
      try AtomicFile.write(new, to: path)
      #expect(try names(in: folder) == ["a"])
    }
  }

  @Test func whatWasSetAsideDoesNotComeBackOnceTheFolderIsThere() throws {
    try withTemporaryFolder { parent in
      for name in ["a", ".a.replaced"] {
        try AtomicFolder.write(to: parent + "/" + name) { (_) throws(TensorFileError) in }
      }
      try AtomicFolder.recover(at: parent + "/a")
      #expect(try names(in: parent) == ["a"])
    }
  }

  enum Beginning: CaseIterable {
    case nothing, folder, folderThatCannotBeExchanged
  }

  @Test(arguments: [Saboteur.Fault.noSpace, .inputOutput, .kill], Beginning.allCases)
  func aFolderIsOldOrNewWhateverFailsOnTheWay(
    fault: Saboteur.Fault, beginning: Beginning
  ) throws {
    let exists = beginning != .nothing
    func write(_ value: Float, to path: String) throws {
      try AtomicFolder.write(to: path) { (folder) throws(TensorFileError) in
        try SafetensorsFile.write(["w": Tensor([value])], to: folder + "/model.safetensors")
        try AtomicFile.write("\(value)", to: folder + "/value.txt")
      }
    }
    func read(_ path: String) throws -> Float {
      let value = try SafetensorsFolder(path: path).tensor(named: "w").scalar
      #expect(try names(in: path) == ["model.safetensors", "value.txt"])
      #expect(try contents(path + "/value.txt") == Array("\(value)".utf8))
      return value
    }
    try withTemporaryFolder { parent in
      let path = parent + "/checkpoint"
      var outcomes: [Float?: Int] = [:]
      for position in 0... {
        if exists { try write(1, to: path) }
        let saboteur = Saboteur(
          fault, at: position, canExchange: beginning != .folderThatCannotBeExchanged)
        var failed = false
        do {
          try FileOperations.$current.withValue(saboteur.operations) { try write(2, to: path) }
        } catch is TensorFileError {
          failed = true
        }
        let leftovers = try names(in: parent).filter { $0 != "checkpoint" }
        if beginning == .folder { #expect(try names(in: parent).contains("checkpoint")) }
        try AtomicFolder.recover(at: path)
        let present = try names(in: parent).contains("checkpoint")
        let found = present ? try read(path) : nil
        outcomes[found, default: 0] += 1
        #expect(found == 2 || (failed && found == (exists ? 1 : nil)), "\(position)")
        if fault != .kill {
          // Until a folder is certain to survive a power cut, it must not replace the old one for good.
          #expect(leftovers.isEmpty || found == 2, "\(position): \(leftovers)")
        }
        if !exists { removeTemporaryFolder(path) }
        if !saboteur.hasStruck { break }
      }
      #expect(outcomes[exists ? 1 : nil] ?? 0 >= 15 && outcomes[2] ?? 0 >= 2, "\(outcomes)")
      try write(3, to: path)
      #expect(try names(in: parent) == ["checkpoint"])
    }
  }

  @Test func aFullDiskIsASentenceWithARemedy() throws {
    #if os(Linux)
      try withTemporaryFolder { folder in
        var operations = FileOperations.system
        operations.create = { (_, _) throws(SystemError) in try openForWriting("/dev/full") }
        let error = #expect(throws: TensorFileError.self) {
          try FileOperations.$current.withValue(operations) {
            try SafetensorsFile.write(
              ["w": Tensor<Float>.zeros([100_000])], to: folder + "/a.safetensors")
          }
        }
        #expect(
          error?.description == """
            \(folder)/a.safetensors: the disk or the quota is full. What was there before is \
            unchanged; free some space or choose another folder
            """)
      }
    #endif
  }

  @Test func shortAndInterruptedWritesAreContinued() throws {
    try withTemporaryFolder { folder in
      var operations = FileOperations.system
      let calls = Mutex(0)
      operations.write = { (descriptor, bytes) throws(SystemError) in
        let call = calls.withLock {
          $0 += 1
          return $0
        }
        if call % 3 == 0 { throw SystemError("write", interrupted) }
        return try FileOperations.system.write(
          descriptor, UnsafeRawBufferPointer(rebasing: bytes.prefix(call * 7)))
      }
      let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0) }
      try FileOperations.$current.withValue(operations) {
        try AtomicFile.write(bytes, to: folder + "/a")
      }
      #expect(try contents(folder + "/a") == bytes)
      operations.write = { (_, _) throws(SystemError) in 0 }
      #expect(throws: TensorFileError.self) {
        try FileOperations.$current.withValue(operations) {
          try AtomicFile.write(bytes, to: folder + "/a")
        }
      }
    }
  }

  @Test func anErrorOfTheWriterLeavesNothingBehind() throws {
    try withTemporaryFolder { folder in
      let own = TensorFileError(.unsupported, file: "x", found: "a test")
      #expect(throws: own) {
        try AtomicFile.write(to: folder + "/a") { (writer) throws(TensorFileError) in
          try writer.write("half")
          throw own
        }
      }
      #expect(throws: own) {
        try AtomicFolder.write(to: folder + "/b") { (inside) throws(TensorFileError) in
          try AtomicFile.write("half", to: inside + "/c")
          throw own
        }
      }
      let left = try names(in: folder)
      #expect(left.isEmpty)
    }
  }

  @Test func targetsThatCannotBeWrittenAreErrors() throws {
    try withTemporaryFolder { folder in
      try AtomicFolder.write(to: folder + "/sub/") { (inside) throws(TensorFileError) in
        try AtomicFile.write("x", to: inside + "/c")
      }
      for path in [folder + "/none/a", folder + "/sub", "", "/", "..", folder + "/a\u{0}b"] {
        let error = #expect(throws: TensorFileError.self) { try AtomicFile.write("x", to: path) }
        #expect(error?.code == .cannotWrite && error?.remedy != nil, "\(path)")
      }
      #expect(try names(in: folder) == ["sub"])
    }
  }

  @Test func whatKilledProcessesLeftIsRemovedByTheNextWriting() throws {
    try withTemporaryFolder { folder in
      // No system has such high process numbers; process 1 always exists.
      let abandoned = [".a.999999999-1.partial", ".b.999999999-7.partial"]
      let kept = [".a.1-1.partial", ".a.partial", ".a.x-1.partial", ".aa.999999999-1.partial"]
      for name in abandoned + kept { try AtomicFile.write("x", to: folder + "/" + name) }
      try AtomicFile.write("x", to: folder + "/a")
      try AtomicFolder.write(to: folder + "/b") { (_) throws(TensorFileError) in }
      #expect(try names(in: folder) == (kept + ["a", "b"]).sorted())
    }
  }

  @Test func writersOfTheSameNameDoNotDisturbEachOther() async throws {
    let folder = try await withThrowingTaskGroup(of: Void.self) { group in
      let folder = try makeTemporaryFolder()
      for value in 0..<8 as Range<UInt8> {
        group.addTask {
          for _ in 0..<20 {
            try AtomicFile.write([UInt8](repeating: value, count: 5000), to: folder + "/a")
          }
        }
      }
      try await group.waitForAll()
      return folder
    }
    defer { removeTemporaryFolder(folder) }
    let bytes = try contents(folder + "/a")
    #expect(bytes.count == 5000 && Set(bytes).count == 1)
    #expect(try names(in: folder) == ["a"])
  }
}
