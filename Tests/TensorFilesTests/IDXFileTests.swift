import Foundation
import TensorFiles
import Tensors
import TestSupport
import Testing

@Suite struct IDXFileTests {
  private func file<R>(_ bytes: [UInt8], _ body: (IDXFile) throws -> R) throws -> R {
    try withTemporaryFolder { folder in
      let path = folder + "/images"
      try Data(bytes).write(to: URL(filePath: path))
      return try body(IDXFile(path: path))
    }
  }

  @Test func bytesAndBigEndianNumbersAreRead() throws {
    let images: Tensor<UInt8> = try file([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 255]) {
      #expect($0.shape == [2, 3] && $0.elementType == .u8)
      return try $0.tensor()
    }
    #expect(images == Tensor([1, 2, 3, 4, 5, 255], shape: [2, 3]))
    let shorts: Tensor<Int32> = try file([0, 0, 0x0B, 1, 0, 0, 0, 2, 0xFF, 0xFE, 1, 2]) {
      try $0.tensor()
    }
    #expect(shorts == Tensor([-2, 258]))
    let floats: Tensor<Float> = try file([0, 0, 0x0D, 1, 0, 0, 0, 1, 0x3F, 0xC0, 0, 0]) {
      try $0.tensor()
    }
    #expect(floats == Tensor([1.5]))
  }

  @Test(arguments: [
    ([], "two zeros"), ([0, 0, 8], "two zeros"), ([0, 0, 7, 1, 0, 0, 0, 0], "two zeros"),
    ([0, 1, 8, 1, 0, 0, 0, 0], "two zeros"), ([0, 0, 8, 0], "two zeros"),
    ([0, 0, 8, 2, 0, 0, 0, 1], "12 or more"), ([0, 0, 8, 1, 0, 0, 0, 2, 1], "expected 2"),
    ([0, 0, 8, 1, 0, 0, 0, 1, 1, 2], "2 bytes"), ([0x1F, 0x8B, 8, 0], "gunzip"),
    ([0, 0, 14, 3] + [UInt8](repeating: 0xFF, count: 12), "as many as there can be"),
  ])
  func otherBytesAreOneSentence(_ bytes: [UInt8], _ piece: String) throws {
    let error = #expect(throws: TensorFileError.self) { try file(bytes) { _ in } }
    #expect(error?.description.contains(piece) == true, "\(error?.description ?? "")")
  }
}
