import Tensors
import Testing

@Suite(.serialized)
struct MatmulTests {
  /// A random batch of matrices of a random layout: dense, transposed, sliced, broadcast.
  private func operand<Scalar: RealScalar>(
    _ lead: [Int], _ rows: Int, _ cols: Int, _ source: inout RandomSource
  ) -> Tensor<Scalar> {
    let shape = lead + [rows, cols]
    switch Int.random(in: 0..<5, using: &source) {
    case 0:
      return Tensor.normal(Shape(lead + [cols, rows]), using: &source).transposed()
    case 1:
      return Tensor.normal(Shape(lead + [rows + 3, cols + 2]), using: &source)
        .sliced(1..<rows + 1, alongAxis: -2).sliced(2..<cols + 2, alongAxis: -1)
    case 2:
      // Every second column: a layout BLAS cannot take.
      let wide = Tensor<Scalar>.normal(Shape(lead + [rows, cols, 2]), using: &source)
      return wide.sliced(1..<2, alongAxis: -1).squeezingShape(at: -1)
    case 3 where rows > 0:
      return Tensor.normal(Shape(lead + [1, cols]), using: &source).broadcast(to: Shape(shape))
    default:
      return Tensor.normal(Shape(shape), using: &source)
    }
  }

  /// `norm(c - a b) / (norm(a) norm(b) k ulp)` against a naive product in double, matrix by matrix.
  private func naiveRatio<Scalar: RealScalar>(
    _ c: Tensor<Scalar>, _ a: Tensor<Scalar>, _ b: Tensor<Scalar>
  ) -> Double {
    let x = a.scalars.map { Double($0) }
    let y = b.scalars.map { Double($0) }
    let z = c.scalars.map { Double($0) }
    let (m, k, n) = (a.shape[a.rank - 2], a.shape[a.rank - 1], b.shape[b.rank - 1])
    let lead = Array(c.shape.dropLast(2))
    func offset(_ index: [Int], _ tensor: Tensor<Scalar>) -> Int {
      let own = Array(tensor.shape.dropLast(2))
      return zip(index.suffix(own.count), own).reduce(0) { $0 * $1.1 + ($1.1 == 1 ? 0 : $1.0) }
    }
    var worst = 0.0
    for (batch, index) in Reference.indices(lead).enumerated() {
      let (i0, j0, c0) = (offset(index, a) * m * k, offset(index, b) * k * n, batch * m * n)
      for i in 0..<m {
        for j in 0..<n {
          var sum = 0.0
          var size = 0.0
          for p in 0..<k {
            let product = x[i0 + i * k + p] * y[j0 + p * n + j]
            sum += product
            size += Swift.abs(product)
          }
          let error = Swift.abs(z[c0 + i * n + j] - sum)
          // Not max: a NaN must not pass.
          guard error.isFinite else { return .infinity }
          worst = max(
            worst, error / max(size * Double(max(1, k)) * Double(Scalar.ulpOfOne), 1e-300))
        }
      }
    }
    return worst
  }

  private func randomProducts<Scalar: RealScalar>(_ type: Scalar.Type, _ count: Int) {
    var source = RandomSource(seed: 12)
    let sizes = [0, 1, 1, 2, 3, 5, 8, 16, 17, 31, 64, 100]
    let leads: [([Int], [Int])] = [
      ([], []), ([], []), ([3], [3]), ([2, 3], [2, 3]), ([3], [1]), ([1], [4]), ([2, 1], [3]),
      ([], [3]), ([2, 2], []), ([0], [1]),
    ]
    for number in 0..<count {
      let (m, k, n) = (
        sizes.randomElement(using: &source)!, sizes.randomElement(using: &source)!,
        sizes.randomElement(using: &source)!
      )
      let (left, right) = leads.randomElement(using: &source)!
      let a: Tensor<Scalar> = operand(left, m, k, &source)
      let b: Tensor<Scalar> = operand(right, k, n, &source)
      let c = matmul(a, b)
      #expect(c.shape.dimensions == Reference.broadcast(left, right)! + [m, n])
      // The forward error bound of a product in any order: k ulp of the sum of magnitudes.
      #expect(naiveRatio(c, a, b) <= 1, "case \(number): \(a.shape) x \(b.shape)")
    }
  }

  @Test("Random products equal naive ones in double", arguments: [1, 2])
  func naiveProducts(_ threads: Int) {
    let before = Threads.count
    defer { Threads.count = before }
    Threads.count = threads
    randomProducts(Float.self, 200)
    randomProducts(Double.self, 100)
  }

  @Test("Large products are split without gaps", arguments: [1, 2])
  func largeProducts(_ threads: Int) {
    let before = Threads.count
    defer { Threads.count = before }
    Threads.count = threads
    var source = RandomSource(seed: 2)
    // Both long sides, neither a multiple of the split.
    for (m, k, n) in [(301, 120, 77), (77, 120, 301), (1, 400, 1503), (1503, 400, 1)] {
      let a = Tensor<Float>.normal([m, k], using: &source)
      let b = Tensor<Float>.normal([k, n], using: &source)
      for left in [a, a.transposed().copied().transposed()] {
        for right in [b, b.transposed().copied().transposed()] {
          let ratio = naiveRatio(matmul(left, right), left, right)
          #expect(ratio <= 1, "strides \(left.strides), \(right.strides)")
        }
      }
    }
  }

  @Test("Every small shape multiplies exactly")
  func smallShapes() {
    for m in 0...3 {
      for k in 0...3 {
        for n in 0...3 {
          let a = Reference([m, k])
          let b = Reference([k, n], first: -4)
          let expected = Reference([m, n]) { index in
            (0..<k).reduce(0) { $0 + a[[index[0], $1]] * b[[$1, index[1]]] }
          }
          for left in Layout.allCases {
            for right in Layout.allCases {
              let product = matmul(left.tensor(a), right.tensor(b))
              #expect(expected.matches(product), "\(left) \(m) x \(k), \(right) \(k) x \(n)")
              var sum = Tensor<Float>.ones([m, n])
              sum.addProduct(left.tensor(a), right.tensor(b), scale: 2, keeping: 3)
              #expect(Reference([m, n]) { 3 + 2 * expected[$0] }.matches(sum))
            }
          }
        }
      }
    }
  }

  @Test("Vectors count as rows and columns")
  func vectors() {
    let a = Tensor<Float>(rows: [[1, 2, 3], [4, 5, 6]])
    #expect(matmul(a, Tensor([1, 0, -1])) == Tensor([-2, -2]))
    #expect(matmul(Tensor([1, -1]), a) == Tensor([-3, -3, -3]))
    #expect(matmul(Tensor<Float>([1, 2]), Tensor([3, 4])).scalar == 11)
  }

  @Test("Old elements are not read when nothing is kept")
  func keepingNothing() {
    var c = Tensor<Float>(repeating: .nan, shape: [2, 2])
    c.addProduct(.identity(2), .identity(2), keeping: 0)
    #expect(c == .identity(2))
    var empty = Tensor<Float>(repeating: .nan, shape: [2, 2])
    empty.addProduct(.zeros([2, 0]), .zeros([0, 2]), keeping: 0)
    #expect(empty == .zeros([2, 2]))
  }

  @Test("Non-finite elements spread as in arithmetic")
  func nonFinite() {
    var a = Tensor<Float>.zeros([2, 2])
    a[0, 0] = .infinity
    let product = matmul(a, Tensor<Float>.zeros([2, 2]))
    #expect(product[0, 0].isNaN && product[1, 1] == 0)
  }

  @Test("Concurrent callers get the product")
  func concurrentCallers() async {
    var source = RandomSource(seed: 3)
    let a = Tensor<Float>.normal([150, 200], using: &source)
    let b = Tensor<Float>.normal([200, 130], using: &source)
    let expected = matmul(a, b)
    let results = await withTaskGroup(of: Tensor<Float>.self) { group in
      for _ in 0..<32 { group.addTask { matmul(a, b) } }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(results.count == 32)
    // A part of another size may add in another order.
    for result in results { #expect((result - expected).norm() <= 1e-5 * expected.norm()) }
  }
}
