import Foundation
import TestSupport
import Tensors
import Testing

@testable import TensorFiles

@Suite struct TensorCatalogTests {
  @Test func typesThatNothingReadsHideNoOtherTensor() throws {
    let header =
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
      + #""b":{"dtype":"F8_E4M3","shape":[3],"data_offsets":[8,11]},"#
      + #""c":{"dtype":"F4","shape":[2,5],"data_offsets":[11,16]},"#
      + #""d":{"dtype":"C64","shape":[1],"data_offsets":[16,24]}}"#
    try withTemporaryFolder { folder in
      let path = folder + "/odd.safetensors"
      try writePlainly(rawSafetensors(header, dataLength: 24), to: path)
      let items = try TensorCatalog(path: path).items
      #expect(items.map(\.name) == ["a", "b", "c", "d"])
      #expect(items.map(\.type) == ["F32", "F8_E4M3", "F4", "C64"])
      #expect(items.map(\.byteCount) == [8, 3, 5, 8])
      #expect(try items[0].statistics().count == 2)
      for item in items.dropFirst() {
        let error = #expect(throws: TensorFileError.self) { try item.statistics() }
        #expect(error?.code == .typeMismatch && error?.description.contains(item.type) ?? false)
      }
    }
  }

  @Test func rowsThatEndWithinAByteAreRefused() throws {
    let header = #"{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}}"#
    try withTemporaryFolder { folder in
      let path = folder + "/half.safetensors"
      try writePlainly(rawSafetensors(header, dataLength: 2), to: path)
      let error = #expect(throws: TensorFileError.self) { try TensorCatalog(path: path) }
      #expect(error?.code == .malformed)
    }
  }

  @Test func statisticsAreThoseOfTheFiniteNumbers() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.safetensors"
      try SafetensorsFile.write(
        [
          .init("a", Tensor<Float>([3, -1, 0, .nan, .infinity, -0.0, 2])),
          .init("b", Tensor<Float>([.nan])), .init("c", Tensor<Double>([1e300, -1e300])),
          .init("d", Tensor<UInt8>([200, 0])), .init("e", Tensor<Bool>([true, false, true])),
        ], to: path)
      let items = Dictionary(
        uniqueKeysWithValues: try TensorCatalog(path: path).items.map { ($0.name, $0) })
      let a = try #require(items["a"]).statistics()
      #expect(a.minimum == -1 && a.maximum == .infinity && a.count == 7)
      // (3 - 1 + 0 - 0 + 2) / 5, and the root of the mean of 2.2², 1.8², .8², .8², 1.2².
      #expect(abs(a.mean - 0.8) < 1e-15 && abs(a.deviation - 2.16.squareRoot()) < 1e-15)
      #expect(a.zeros == 2 && a.notNumbers == 1 && a.infinities == 1)
      let b = try #require(items["b"]).statistics()
      #expect(b.minimum.isNaN && b.mean.isNaN && b.notNumbers == 1)
      #expect(try #require(items["c"]).statistics().maximum == 1e300)
      #expect(try #require(items["d"]).statistics().mean == 100)
      #expect(try #require(items["e"]).statistics().zeros == 1)
    }
  }

  @Test func everyFormatIsListed() throws {
    let fixtures = Fixture.folder
    let gguf = try TensorCatalog(path: fixtures + "/gguf/everything.gguf")
    #expect(gguf.format == "GGUF, version 3" && gguf.items.count == 10)
    #expect(gguf.items.last?.type == "MXFP4" && gguf.items.last?.byteCount == 3 * 34)
    let list = gguf.metadata.first { $0.key == "a.string" }?.value
    guard case .list(count: 3, let first)? = list, case .text("Ġthe")? = first.last else {
      Issue.record("\(String(describing: list))")
      return
    }
    #expect(try gguf.items[0].statistics().count == 192)
    let folder = try TensorCatalog(path: fixtures + "/qwen2_tiny")
    #expect(folder.format == "safetensors" && folder.items.count > 10)
    try withTemporaryFolder { folder in
      try NPYFile.write(Tensor<Float>([1, 2, 3, 4], shape: [2, 2]), to: folder + "/a.npy")
      let items = try TensorCatalog(path: folder + "/a.npy").items
      #expect(items.count == 1 && items[0].shape == [2, 2] && items[0].byteCount == 16)
      #expect(try items[0].statistics().mean == 2.5)
      try writePlainly([0x80, 2, 0x63, 0, 0, 0, 0, 0, 0, 0], to: folder + "/a.bin")
      let error = #expect(throws: TensorFileError.self) {
        try TensorCatalog(path: folder + "/a.bin")
      }
      #expect(error?.remedy?.hasPrefix("Convert it: python3") ?? false)
    }
  }
}
