@testable import TensorFiles
import Tensors
import TestSupport
import Testing

@Suite struct NPYFileTests {
  private func path(_ name: String) -> String { "\(Fixture.folder)/npy/\(name).npy" }

  /// The generator's values for every array: 3 i - 5 in row-major order.
  private func values<Scalar: Numeric>(_ count: Int, _ type: Scalar.Type) -> [Scalar] {
    (0..<count).map { Scalar(exactly: 3 * $0 - 5) ?? Scalar(exactly: 3 * $0 - 5 + 256)! }
  }

  @Test func readsNumPysFilesOfEveryElementType() throws {
    #expect(
      try NPYFile(path: path("f4")).tensor() == Tensor(values(24, Float.self), shape: [2, 3, 4]))
    #expect(try NPYFile(path: path("f2")).tensor().scalars == values(24, Float.self))
    #expect(
      try NPYFile(path: path("f8")).tensor(as: Double.self).scalars == values(24, Double.self))
    #expect(try NPYFile(path: path("u1")).tensor(as: UInt8.self).scalars == values(24, UInt8.self))
    for name in ["i4", "i2", "i1"] {
      #expect(
        try NPYFile(path: path(name)).tensor(as: Int32.self).scalars == values(24, Int32.self))
    }
    #expect(try NPYFile(path: path("i8")).tensor(as: Int64.self).scalars == values(24, Int64.self))
    #expect(
      try NPYFile(path: path("truth")).tensor(as: Bool.self).scalars == [true, false, true])
  }

  @Test func readsUnsignedIntegersAsWiderOnes() throws {
    // Of NumPy's conversion modulo 2^16, 2^32 and 2^64 the first two are negative.
    let places = (0..<24).map { Int64(3 * $0 - 5) }
    for (name, modulus) in [("u2", Int64(1) << 16), ("u4", 1 << 32)] {
      let expected = places.map { $0 < 0 ? $0 + modulus : $0 }
      #expect(try NPYFile(path: path(name)).tensor(as: Int64.self).scalars == expected)
    }
    #expect(try NPYFile(path: path("u2")).tensor(as: Int32.self).scalars[0] == 65_531)
    let error = #expect(throws: TensorFileError.self) {
      try NPYFile(path: path("u8")).tensor(as: Int64.self)
    }
    #expect(error?.offset == 128 && error?.description.contains("2^63") == true)
  }

  @Test func readsBigEndianArraysAndSizesOfPython2() throws {
    #expect(try NPYFile(path: path("big_endian")).tensor().scalars == values(24, Float.self))
    #expect(
      try NPYFile(path: path("big_endian_integers")).tensor()
        == Tensor(values(24, Int64.self), shape: [4, 6]))
    #expect(
      try NPYFile(path: path("python2")).tensor()
        == Tensor(values(24, Float.self), shape: [4, 6]))
  }

  @Test func readsOneArrayAfterTheOther() throws {
    let first = try NPYFile(path: path("several"))
    #expect(try first.tensor().scalars == values(24, Float.self))
    let second = try #require(try first.next())
    let doubled = values(24, Double.self).map { 2 * $0 }
    #expect(try second.tensor() == Tensor<Double>(doubled, shape: [4, 6]))
    #expect(try second.next() == nil)
  }

  @Test func readsTheArraysOfAnArchive() throws {
    let archive = try NPZFile(path: "\(Fixture.folder)/npy/several.npz")
    #expect(archive.names == ["doubled", "values"])
    #expect(try archive.tensor(named: "values").scalars == values(24, Float.self))
    let doubled: Tensor<Double> = try archive.tensor(named: "doubled")
    #expect(doubled == Tensor(values(24, Double.self).map { 2 * $0 }, shape: [4, 6]))
    #expect(throws: TensorFileError.self) { try archive.array(named: "other") }
    let error = #expect(throws: TensorFileError.self) {
      try NPZFile(path: "\(Fixture.folder)/npy/compressed.npz").array(named: "values")
    }
    #expect(error?.description.contains("numpy.savez") == true)
  }

  @Test func damagedArchivesAreRefused() throws {
    try withTemporaryFolder { folder in
      let bytes = try contents("\(Fixture.folder)/npy/several.npz")
      for length in 0..<bytes.count {
        try writePlainly(Array(bytes[..<length]), to: folder + "/a.npz")
        #expect(throws: TensorFileError.self) { try NPZFile(path: folder + "/a.npz") }
      }
      var random = RandomSource(seed: 12)
      for _ in 0..<2_000 {
        var damaged = bytes
        damaged[Int.random(in: 0..<bytes.count, using: &random)] = UInt8(
          truncatingIfNeeded: random.next())
        try writePlainly(damaged, to: folder + "/a.npz")
        // A changed byte of an array is read as is; anything else must be an error.
        do throws(TensorFileError) {
          let archive = try NPZFile(path: folder + "/a.npz")
          for name in archive.names { _ = try archive.array(named: name) }
        } catch {
          #expect(error.code != .cannotRead)
        }
      }
    }
  }

  @Test func aFileOfAnotherTypeSaysWhatToPass() {
    let error = #expect(throws: TensorFileError.self) { try NPYFile(path: path("f8")).tensor() }
    #expect(error?.description.hasSuffix("Pass `as: Double.self`") == true)
  }

  @Test func whatIsAssignedToDecidesTheType() throws {
    let bytes: Tensor<UInt8> = try NPYFile(path: path("u1")).tensor()
    let floats = try NPYFile(path: path("f4")).tensor()
    #expect(bytes.scalars == values(24, UInt8.self))
    #expect(type(of: floats) == Tensor<Float>.self)
  }

  @Test func arraysInFortranOrderAreTransposed() throws {
    let cube = try NPYFile(path: path("fortran"))
    #expect(cube.shape == [2, 3, 4])
    #expect(try cube.tensor() == Tensor(values(24, Float.self), shape: [2, 3, 4]))
    let matrix = try NPYFile(path: path("fortran_matrix")).tensor(as: Int64.self)
    #expect(matrix == Tensor(values(24, Int64.self), shape: [6, 4]))
  }

  @Test(
    arguments: [
      ("vector", [24]), ("scalar", []), ("empty", [0, 3]), ("version2", [4, 6]),
      ("version3", [4, 6]),
    ] as [(String, [Int])])
  func readsEveryShapeAndVersion(name: String, shape: [Int]) throws {
    let tensor = try NPYFile(path: path(name)).tensor()
    #expect(
      tensor == Tensor(values(Shape(shape).elementCount, Float.self), shape: Shape(shape)))
  }

  @Test func writesTheBytesThatNumPyWrites() throws {
    try withTemporaryFolder { folder in
      func check<Scalar: TensorFileScalar>(_ name: String, _ type: Scalar.Type) throws {
        let tensor = try NPYFile(path: path(name)).tensor(as: type)
        try NPYFile.write(tensor, to: folder + "/a.npy")
        #expect(try contents(folder + "/a.npy") == contents(path(name)), "\(name)")
      }
      for name in ["f4", "vector", "scalar", "empty"] { try check(name, Float.self) }
      try check("f8", Double.self)
      try check("i4", Int32.self)
      try check("i8", Int64.self)
      try check("u1", UInt8.self)
      try check("truth", Bool.self)
    }
  }

  @Test(
    arguments: [
      ("complex", "'<c8'"), ("text", "'<U1'"), ("objects", "'|O'"),
      ("records", "records"),
    ])
  func otherElementTypesAreRefusedByName(name: String, shown: String) {
    let error = #expect(throws: TensorFileError.self) { try NPYFile(path: path(name)) }
    #expect(error?.code == .unsupported)
    #expect(error?.description.contains(shown) == true, "\(String(describing: error))")
  }

  @Test(
    arguments: [
      "", "{}", "{'descr': '<f4', 'fortran_order': False}",
      "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,), }",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1), }",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1.0,), }",
      "{'descr': '<f4', 'fortran_order': False, 'shape': [1], }",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), } x",
      "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,), }",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775808,), }",
      "{'descr': '<f4', 'fortran_order': False, 'shape': ("
        + String(repeating: "1, ", count: 65) + "), }",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1,",
      "{'descr': '<\\x664', 'fortran_order': False, 'shape': (1,), }", "{'descr': '<f4",
      "{descr: '<f4', 'fortran_order': False, 'shape': (1,), }",
    ])
  func malformedHeadersAreRefused(header: String) throws {
    try withTemporaryFolder { folder in
      let length = header.utf8.count
      let bytes: [UInt8] =
        [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 0xff), UInt8(length >> 8)]
        + Array(header.utf8) + [0, 0, 0, 0]
      try writePlainly(bytes, to: folder + "/a.npy")
      #expect(throws: TensorFileError.self) { try NPYFile(path: folder + "/a.npy") }
    }
  }

  @Test func truncationAtEveryByteAndTrailingBytesAreRefused() throws {
    try withTemporaryFolder { folder in
      let bytes = try contents(path("version2"))
      for length in 0..<bytes.count {
        try writePlainly(Array(bytes[..<length]), to: folder + "/a.npy")
        #expect(throws: TensorFileError.self) { try NPYFile(path: folder + "/a.npy").tensor() }
      }
      try writePlainly(bytes + [0], to: folder + "/a.npy")
      #expect(throws: TensorFileError.self) { try NPYFile(path: folder + "/a.npy") }
    }
  }

  @Test func randomDamageNeverTraps() throws {
    let bytes = try contents(path("version2"))
    var random = RandomSource(seed: 11)
    var accepted = 0
    for _ in 0..<20_000 {
      var damaged = bytes
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let position = Int.random(in: 0..<80, using: &random)
        damaged[position] = UInt8(truncatingIfNeeded: random.next())
      }
      do throws(TensorFileError) {
        let header = try NPYHeader(start: damaged, fileSize: damaged.count, file: "damaged")
        #expect(Shape(header.dimensions).elementCount * header.elementType.byteCount == 96)
        accepted += 1
      } catch {
        #expect(error.code != .cannotRead)
      }
    }
    #expect(accepted < 2_000, "\(accepted)")
  }
}
