import TensorFiles
import Tensors
import TestSupport
import Testing

@Suite struct SafetensorsFileTests {
  @Test func readsAFileOfTheReferenceImplementation() throws {
    let fixture = try Fixture("quantization")
    #expect(fixture.cases.contains("nf4"))
    for entry in fixture.file.entries {
      #expect(try fixture.file.bytes(named: entry.name).count == entry.byteRange.count)
    }
  }

  @Test func roundTripsEveryScalarAndShape() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.safetensors"
      let shapes: [Shape] = [[], [0], [3], [2, 3], [0, 5], [1, 1, 1], [2, 0, 2], [2, 2, 2, 2]]
      for shape in shapes {
        let count = shape.elementCount
        let floats = Tensor<Float>((0..<count).map { Float($0) - 1.5 }, shape: shape)
        let doubles = Tensor<Double>((0..<count).map { 1 / Double($0 + 3) }, shape: shape)
        let integers = Tensor<Int32>((0..<count).map { Int32.min + Int32($0) }, shape: shape)
        let longs = Tensor<Int64>((0..<count).map { Int64.max - Int64($0) }, shape: shape)
        let bytes = Tensor<UInt8>((0..<count).map { UInt8(255 - $0) }, shape: shape)
        let truths = Tensor<Bool>((0..<count).map { $0 % 2 == 1 }, shape: shape)
        try SafetensorsFile.write(
          [
            .init("bytes", bytes), .init("floats", floats), .init("doubles", doubles),
            .init("integers", integers), .init("longs", longs), .init("truths", truths),
          ], metadata: ["format": "pt", "é\"": "\n"], to: path)
        let file = try SafetensorsFile(path: path)
        #expect(file.metadata == ["format": "pt", "é\"": "\n"])
        #expect(file.names == ["doubles", "longs", "floats", "integers", "truths", "bytes"])
        #expect(try file.tensor(named: "floats", shape: shape) == floats)
        #expect(try file.tensor(named: "doubles", as: Double.self) == doubles)
        #expect(try file.tensor(named: "integers", as: Int32.self) == integers)
        #expect(try file.tensor(named: "longs", as: Int64.self) == longs)
        #expect(try file.tensor(named: "bytes", as: UInt8.self) == bytes)
        #expect(try file.tensor(named: "truths", as: Bool.self) == truths)
        #expect(
          try file.tensor(named: "floats", as: Double.self).scalars
            == floats.scalars.map(Double.init))
        #expect(
          try file.tensor(named: "bytes", as: Int64.self).scalars == bytes.scalars.map(Int64.init))
      }
    }
  }
}
