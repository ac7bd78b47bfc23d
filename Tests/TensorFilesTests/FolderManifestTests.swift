import Foundation
import TensorFiles
import Tensors
import TestSupport
import Testing

@Suite struct FolderManifestTests {
  private static func write(to path: String) throws {
    try AtomicFolder.write(to: path, withManifest: true) { (folder) throws(TensorFileError) in
      try SafetensorsFile.write(["w": Tensor<Float>([1, 2, 3])], to: folder + "/w.safetensors")
      try AtomicFile.write("{}\n", to: folder + "/a.json")
    }
  }

  @Test func sumsAreThoseOfAnotherProgram() throws {
    try withTemporaryFolder { parent in
      try Self.write(to: parent + "/f")
      let manifest = try #require(try FolderManifest(of: parent + "/f"))
      #expect(Set(manifest.sums.keys) == ["a.json", "w.safetensors"])
      // By sha256sum.
      #expect(
        manifest.sums["a.json"]
          == "ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356")
    }
  }

  @Test func everyFlippedBitIsFound() throws {
    try withTemporaryFolder { parent in
      let folder = parent + "/f"
      try Self.write(to: folder)
      try FolderManifest.verify(folder)
      var count = 0
      for name in try names(in: folder) {
        let good = try contents(folder + "/" + name)
        for bit in 0..<good.count * 8 {
          var bad = good
          bad[bit / 8] ^= 1 << (bit % 8)
          try writePlainly(bad, to: folder + "/" + name)
          #expect(throws: TensorFileError.self, "bit \(bit) of \(name)") {
            try FolderManifest.verify(folder)
          }
          count += 1
        }
        try writePlainly(good, to: folder + "/" + name)
      }
      #expect(count > 1_500)
      try FolderManifest.verify(folder)
    }
  }

  @Test func filesThatAreMissingOrShorterAreFoundAndOthersAreLetBe() throws {
    try withTemporaryFolder { parent in
      let folder = parent + "/f"
      try Self.write(to: folder)
      try writePlainly([1], to: folder + "/notes.txt")
      try FolderManifest.verify(folder)
      try shorten(folder + "/w.safetensors", to: 10)
      try FolderManifest.verify(folder) { $0 == "a.json" }
      let error = #expect(throws: TensorFileError.self) { try FolderManifest.verify(folder) }
      #expect(error?.file == folder + "/w.safetensors" && error?.remedy != nil)
      try FileManager.default.removeItem(atPath: folder + "/w.safetensors")
      #expect(throws: TensorFileError.self) { try FolderManifest.verify(folder) }
      try FileManager.default.removeItem(atPath: folder + "/manifest.sha256")
      try FolderManifest.verify(folder)
    }
  }

  @Test func aReplacedFolderIsKeptWhereItIsWanted() throws {
    try withTemporaryFolder { parent in
      for text in ["one", "two", "three"] {
        try AtomicFolder.write(
          to: parent + "/f", withManifest: true, keepingOldAt: parent + "/old"
        ) { (folder) throws(TensorFileError) in try AtomicFile.write(text, to: folder + "/a") }
      }
      #expect(try names(in: parent) == ["f", "old"])
      #expect(try contents(parent + "/old/a") == Array("two".utf8))
      try FolderManifest.verify(parent + "/old")
    }
  }
}
