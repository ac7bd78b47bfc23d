import Tensors
import Testing

@testable import Quantization

@Suite struct StoredMatrixTests {
  static let formats: [WeightFormat] = [
    .float32, .nf4(), .nf4(blockSize: 128, doubleQuantized: false),
    .fp4(), .fp4(blockSize: 32, doubleQuantized: false), .int8Blocks(),
    .int8Blocks(blockSize: 64), .affine(AffineScheme(bits: .eight)),
    .affine(AffineScheme(bits: .four, symmetry: .asymmetric, grouping: .group(32))),
    .affine(AffineScheme(bits: .four, grouping: .tensor)),
    .affine(AffineScheme(bits: .eight, symmetry: .asymmetric, grouping: .column)),
    .gguf(.q8_0), .gguf(.q4_0), .gguf(.q4_1),
  ]

  func isIdentical(_ a: StoredMatrix, _ b: StoredMatrix) -> Bool {
    a.shape == b.shape && a.format == b.format && a.parts == b.parts
  }

  @Test("A stored matrix is what its format makes of the matrix", arguments: formats)
  func storedValues(format: WeightFormat) {
    let w = normal([33, 77])
    let stored = StoredMatrix(storing: w, as: format)
    #expect(stored.format == format)
    #expect(stored.shape == w.shape)
    #expect(stored.isFinite)
    #expect(stored.byteCount == format.byteCount(shape: [33, 77]))
    #expect(stored.dequantizedRows(5..<9) == stored.dequantized().sliced(5..<9))
    if format == .float32 { #expect(stored.dequantized() == w) }
  }

  @Test("Products are those of its values", arguments: formats)
  func productsOfValues(format: WeightFormat) {
    let stored = StoredMatrix(storing: normal([33, 77]), as: format)
    let values = stored.dequantized()
    let (x, d) = (normal([9, 77], seed: 2), normal([9, 33], seed: 3))
    // One panel, and more rows than are multiplied with codes: the same call of the same kernel.
    #expect(matmulTransposed(x, stored) == matmul(x, values.transposed()))
    #expect(matmul(d, stored) == matmul(d, values))
    var (y, dx) = (Tensor<Float>.ones([9, 33]), Tensor<Float>.ones([9, 77]))
    y.addProductTransposed(x, stored, scale: 3, keeping: 2)
    dx.addProduct(d, stored, scale: 3, keeping: 2)
    var (denseY, denseDX) = (Tensor<Float>.ones([9, 33]), Tensor<Float>.ones([9, 77]))
    denseY.addProduct(x, values.transposed(), scale: 3, keeping: 2)
    denseDX.addProduct(d, values, scale: 3, keeping: 2)
    #expect(y == denseY && dx == denseDX)
  }

  @Test("A matrix built by panels equals one stored whole", arguments: formats)
  func builtByPanels(format: WeightFormat) {
    // Three panels, whose ends cut blocks.
    let w = normal([7001, 333])
    var asked: [Range<Int>] = []
    let made = StoredMatrix(shape: w.shape, as: format) { rows in
      asked.append(rows)
      return w.sliced(rows)
    }
    #expect(asked.count == 3)
    #expect(isIdentical(made, StoredMatrix(storing: w, as: format)))
    var seen: [Range<Int>] = []
    made.forEachPanel { rows, panel in
      seen.append(rows)
      #expect(panel == made.dequantizedRows(rows))
    }
    #expect(seen == asked)
  }

  @Test("An error while building panels passes through", arguments: formats)
  func panelErrors(format: WeightFormat) {
    struct Stop: Error {}
    #expect(throws: Stop.self) {
      _ = try StoredMatrix(shape: [4, 4], as: format) { _ in throw Stop() }
    }
  }

  @Test("Adding a product equals storing the sum", arguments: formats)
  func addedProduct(format: WeightFormat) {
    var stored = StoredMatrix(storing: normal([33, 77]), as: format)
    let (a, b) = (normal([33, 4], seed: 2), normal([4, 77], seed: 3))
    var sum = stored.dequantized()
    sum.addProduct(a, b, scale: 0.5)
    stored.addProduct(a, b, scale: 0.5)
    #expect(isIdentical(stored, StoredMatrix(storing: sum, as: format)))
  }

  /// Two tiles or panels of rows, parts of columns for each thread, and a last tile that is short.
  /// A sum that the product rounds differently may cross a threshold, which is rarer than one in
  /// 10^4.
  @Test(
    "Adding a product by tiles or panels equals storing the sum",
    arguments: [
      WeightFormat.nf4(doubleQuantized: false), .nf4(), .fp4(blockSize: 128), .int8Blocks(),
      .affine(AffineScheme(bits: .eight)), .gguf(.q8_0),
    ])
  func tilesAndPanels(format: WeightFormat) {
    var stored = StoredMatrix(storing: normal([1030, 1280]), as: format)
    let (a, b) = (normal([1030, 4], seed: 2), normal([4, 1280], seed: 3))
    var sum = stored.dequantized()
    sum.addProduct(a, b, scale: 50)
    stored.addProduct(a, b, scale: 50)
    let expected = StoredMatrix(storing: sum, as: format).dequantized()
    let pairs = zip(stored.dequantized().scalars, expected.scalars)
    #expect(pairs.count { abs($0 - $1) > 1e-6 } <= 130)
  }

  @Test("Adding a broken product breaks only its own blocks")
  func brokenProduct() {
    var stored = StoredMatrix(storing: normal([8, 128]), as: .nf4(doubleQuantized: false))
    var a = Tensor<Float>.zeros([8, 1])
    a[3, 0] = .infinity
    stored.addProduct(a, .ones([1, 128]))
    let values = stored.dequantized()
    #expect((0..<8).map { values.sliced($0..<$0 + 1).isFinite } == (0..<8).map { $0 != 3 })
  }

  @Test("Adding to a dense matrix happens in place")
  func inPlace() {
    func address(_ matrix: StoredMatrix) -> UnsafePointer<Float>? {
      guard case .dense(let values) = matrix else { return nil }
      return values.withUnsafeBuffer { $0.baseAddress }
    }
    var stored = StoredMatrix(storing: normal([33, 77]), as: .float32)
    let before = address(stored)
    stored.addProduct(normal([33, 4]), normal([4, 77]))
    #expect(address(stored) == before)
  }

  @Test("Parts give the matrix back", arguments: formats)
  func roundTrip(format: WeightFormat) throws {
    let stored = StoredMatrix(storing: normal([33, 77]), as: format)
    let back = try StoredMatrix(shape: [33, 77], format: format, parts: stored.parts)
    #expect(isIdentical(back, stored))
    #expect(throws: QuantizationError.self) {
      _ = try StoredMatrix(shape: [33, 77], format: format, parts: TensorParts())
    }
    #expect(throws: QuantizationError.self) {
      _ = try StoredMatrix(shape: [33 * 77], format: format, parts: stored.parts)
    }
    #expect(throws: QuantizationError.self) {
      _ = try StoredMatrix(shape: [77, 34], format: format, parts: stored.parts)
    }
  }

  @Test("Numbers that are not finite are reported")
  func nonFinite() {
    var w = normal([4, 4])
    w[1, 1] = .nan
    for format in Self.formats { #expect(!StoredMatrix(storing: w, as: format).isFinite) }
  }
}
