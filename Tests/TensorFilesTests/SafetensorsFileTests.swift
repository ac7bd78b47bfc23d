import TensorFiles
import Tensors
import TestSupport
import Testing

@Suite struct SafetensorsFileTests {
  @Test func namesAreComparedByTheirBytes() throws {
    // One name as one scalar and as two, which Swift takes for equal.
    let names = ["caf\u{E9}", "cafe\u{301}"]
    try withTemporaryFolder { folder in
      let path = folder + "/t.safetensors"
      try SafetensorsFile.write(
        names.enumerated().map {
          SafetensorsFile.Source($1, Tensor<Float>([Float($0 + 1)]))
        }, to: path)
      let file = try SafetensorsFile(path: path)
      #expect(file.names.count == 2)
      for (index, name) in names.enumerated() {
        #expect(try file.tensor(named: name).scalars == [Float(index + 1)])
      }
    }
  }

  @Test func readsFilesOfTheReferenceImplementation() throws {
    let fixtures = try names(in: Fixture.folder).filter { $0.hasSuffix(".safetensors") }
    #expect(fixtures.contains("quantization.safetensors"))
    for name in fixtures {
      let fixture = try Fixture(String(name.dropLast(".safetensors".count)))
      #expect(!fixture.cases.isEmpty)
      for entry in fixture.file.entries {
        let count = entry.shape.elementCount
        switch entry.elementType {
        case .u8:
          let tensor = try fixture.file.tensor(named: entry.name, as: UInt8.self)
          #expect(tensor.elementCount == count)
        case .i32:
          let tensor = try fixture.file.tensor(named: entry.name, as: Int32.self)
          #expect(tensor.elementCount == count)
        case .f64:
          let tensor = try fixture.file.tensor(named: entry.name, as: Double.self)
          #expect(tensor.elementCount == count)
        default: #expect(try fixture.file.tensor(named: entry.name).elementCount == count)
        }
      }
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

extension SafetensorsFileTests {
  @Test func headersAreAlignedAndEqualTensorsGiveEqualBytes() throws {
    try withTemporaryFolder { folder in
      for length in 1...9 {
        let name = String(repeating: "n", count: length)
        let sources: [SafetensorsFile.Source] = [
          .init(name, Tensor<UInt8>([1, 2, 3])), .init("f", Tensor<Float>([4])),
        ]
        try SafetensorsFile.write(sources, metadata: ["b": "1", "a": "2"], to: folder + "/a")
        try SafetensorsFile.write(
          sources.reversed(), metadata: ["a": "2", "b": "1"], to: folder + "/b")
        let bytes = try contents(folder + "/a")
        #expect(try contents(folder + "/b") == bytes)
        #expect(bytes[0] % 8 == 0)
        #expect(bytes.suffix(7) == [0, 0, 0x80, 0x40, 1, 2, 3])
      }
    }
  }

  @Test func halvesReadAsTheFloatsTheyAre() throws {
    try withTemporaryFolder { folder in
      // All 16-bit patterns, more than the reader converts at once.
      let data = (0..<1 << 16).flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
      let header =
        #"{"h":{"dtype":"F16","shape":[65536],"data_offsets":[0,131072]},"#
        + #""b":{"dtype":"BF16","shape":[65536],"data_offsets":[131072,262144]}}"#
      try writePlainly(rawSafetensors(header, dataLength: 0) + data + data, to: folder + "/a")
      let file = try SafetensorsFile(path: folder + "/a")
      let halves = try file.tensor(named: "h").scalars
      let bfloats = try file.tensor(named: "b").scalars
      for pattern in 0..<1 << 16 {
        #expect(bfloats[pattern].bitPattern == UInt32(pattern) << 16)
        #if !(os(macOS) && arch(x86_64))
          let expected = Float(Float16(bitPattern: UInt16(pattern)))
          let same = halves[pattern] == expected || (halves[pattern].isNaN && expected.isNaN)
          #expect(same && halves[pattern].sign == expected.sign, "\(pattern)")
        #endif
      }
    }
  }

  @Test func floatsAreStoredAsTheNearestHalf() throws {
    var random = RandomSource(seed: 3)
    var values: [Float] = [
      0, -0.0, 1, -1, 65504, 65519.996, 0x1p-14, 0x1p-24, 0x1p-25, 0x1.8p-25, 0x1p-26, .nan,
      .infinity, -.infinity, 1 + 0x1p-11, 1 + 0x1p-10 + 0x1p-11, 0x1.ffcp-15, 0x1.ffep-15,
    ]
    while values.count < 100_000 {
      let value = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
      if value.magnitude < 65519 { values.append(value) }
      values.append(Float.random(in: -70...70, using: &random) * 0x1p-17)
    }
    let tensor = Tensor(values)
    try withTemporaryFolder { folder in
      try SafetensorsFile.write(
        [.init("h", tensor, as: .f16), .init("b", tensor, as: .bf16)], to: folder + "/a")
      let file = try SafetensorsFile(path: folder + "/a")
      let halves = try file.tensor(named: "h").scalars
      let bfloats = try file.tensor(named: "b").scalars
      for (i, value) in values.enumerated() {
        if value.isNaN {
          #expect(halves[i].isNaN && bfloats[i].isNaN)
          continue
        }
        #if !(os(macOS) && arch(x86_64))
          #expect(halves[i] == Float(Float16(value)), "\(value)")
        #endif
        // The nearest of the two neighbouring bfloats, ties to even.
        let below = Float(bitPattern: value.bitPattern & 0xffff_0000)
        let above = Float(bitPattern: below.bitPattern &+ 0x1_0000)
        let toBelow = abs(Double(value) - Double(below))
        let toAbove = abs(Double(above) - Double(value))
        let isEven = below.bitPattern & 0x1_0000 == 0
        #expect(
          bfloats[i] == (toBelow < toAbove || (toBelow == toAbove && isEven) ? below : above)
            || value.isInfinite, "\(value)")
      }
    }
  }

  @Test func numbersThatAHalfCannotHoldAreNotMadeInfinite() throws {
    try withTemporaryFolder { folder in
      for (value, type) in [(65520, .f16), (-1e9, .f16), (3.4e38, .bf16)] as [(Float, ElementType)]
      {
        let error = #expect(throws: TensorFileError.self) {
          try SafetensorsFile.write([.init("x", Tensor([0, value]), as: type)], to: folder + "/a")
        }
        #expect(error?.description.contains("'x'") == true)
        #expect(throws: TensorFileError.self) { try SafetensorsFile(path: folder + "/a") }
      }
    }
  }

  @Test func nothingIsReadAsATypeThatCouldLoseSomething() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a"
      try SafetensorsFile.write(
        [
          .init("double", Tensor<Double>([0.1])), .init("long", Tensor<Int64>([1])),
          .init("byte", Tensor<UInt8>([2])),
        ], to: path)
      let file = try SafetensorsFile(path: path)
      let error = #expect(throws: TensorFileError.self) { try file.tensor(named: "double") }
      #expect(error?.code == .typeMismatch)
      #expect(throws: TensorFileError.self) { try file.tensor(named: "long", as: Int32.self) }
      #expect(throws: TensorFileError.self) { try file.tensor(named: "byte", as: Bool.self) }
      #expect(throws: TensorFileError.self) { try file.tensor(named: "byte") }
      #expect(throws: TensorFileError.self) { try file.tensor(named: "none") }
      let shape = #expect(throws: TensorFileError.self) {
        try file.tensor(named: "double", as: Double.self, shape: [1, 1])
      }
      #expect(shape?.description.contains("found") == false)
      #expect(shape?.description.contains("[1], expected [1, 1]") == true)
    }
  }

  @Test func truthValuesOtherThanZeroAndOneAreErrors() throws {
    try withTemporaryFolder { folder in
      let header = MalformedFile.tensor(dtype: "\"BOOL\"", shape: "[3]", offsets: "[0,3]")
      try writePlainly(rawSafetensors(header, dataLength: 0) + [1, 0, 2], to: folder + "/a")
      let file = try SafetensorsFile(path: folder + "/a")
      let error = #expect(throws: TensorFileError.self) {
        try file.tensor(named: "a", as: Bool.self)
      }
      #expect(error?.code == .malformed && error?.found == "byte 2")
    }
  }

  @Test func writingRefusesNamesThatClash() throws {
    try withTemporaryFolder { folder in
      let tensor = Tensor<Float>([1])
      for names in [["a", "a"], ["__metadata__"]] {
        let error = #expect(throws: TensorFileError.self) {
          try SafetensorsFile.write(names.map { .init($0, tensor) }, to: folder + "/a")
        }
        #expect(error?.code == .duplicate)
      }
    }
  }

  @Test func viewsAndTensorsMadeOnDemandAreWrittenRowMajor() throws {
    try withTemporaryFolder { folder in
      let tensor = Tensor<Float>([1, 2, 3, 4, 5, 6], shape: [2, 3])
      try SafetensorsFile.write(
        [.init("view", tensor.transposed()), .init("made", shape: [2, 3]) { tensor }],
        to: folder + "/a")
      let file = try SafetensorsFile(path: folder + "/a")
      #expect(try file.tensor(named: "view") == Tensor([1, 4, 2, 5, 3, 6], shape: [3, 2]))
      #expect(try file.tensor(named: "made") == tensor)
    }
  }

  @Test func nonFiniteNumbersSurvive() throws {
    try withTemporaryFolder { folder in
      let values: [Float] = [.nan, .infinity, -.infinity, -0.0, .leastNonzeroMagnitude]
      try SafetensorsFile.write(["a": Tensor(values)], to: folder + "/a")
      let read = try SafetensorsFile(path: folder + "/a").tensor(named: "a").scalars
      #expect(read.map(\.bitPattern) == values.map(\.bitPattern))
    }
  }
}
