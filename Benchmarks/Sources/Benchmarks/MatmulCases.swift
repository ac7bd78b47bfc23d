import CRivals
import Tensors

private protocol BLASScalar: RealScalar {
  static var gemmName: String { get }
  /// Row-major `c = op(a) op(b)`.
  static func gemm(
    _ transposes: (CBLAS_TRANSPOSE, CBLAS_TRANSPOSE), _ m: Int32, _ n: Int32, _ k: Int32,
    _ a: UnsafePointer<Self>, _ lda: Int32, _ b: UnsafePointer<Self>, _ ldb: Int32,
    _ c: UnsafeMutablePointer<Self>)
}

extension Float: BLASScalar {
  static var gemmName: String { "cblas_sgemm" }
  static func gemm(
    _ transposes: (CBLAS_TRANSPOSE, CBLAS_TRANSPOSE), _ m: Int32, _ n: Int32, _ k: Int32,
    _ a: UnsafePointer<Self>, _ lda: Int32, _ b: UnsafePointer<Self>, _ ldb: Int32,
    _ c: UnsafeMutablePointer<Self>
  ) {
    cblas_sgemm(
      CblasRowMajor, transposes.0, transposes.1, m, n, k, 1, a, lda, b, ldb, 0, c, n)
  }
}

extension Double: BLASScalar {
  static var gemmName: String { "cblas_dgemm" }
  static func gemm(
    _ transposes: (CBLAS_TRANSPOSE, CBLAS_TRANSPOSE), _ m: Int32, _ n: Int32, _ k: Int32,
    _ a: UnsafePointer<Self>, _ lda: Int32, _ b: UnsafePointer<Self>, _ ldb: Int32,
    _ c: UnsafeMutablePointer<Self>
  ) {
    cblas_dgemm(
      CblasRowMajor, transposes.0, transposes.1, m, n, k, 1, a, lda, b, ldb, 0, c, n)
  }
}

/// A matrix `[rows, columns]` that is stored as it reads, or transposed.
private func matrix<Scalar: BLASScalar>(
  _ rows: Int, _ columns: Int, transposed: Bool, seed: UInt64
) -> Tensor<Scalar> {
  var source = RandomSource(seed: seed)
  return transposed
    ? Tensor<Scalar>.normal([columns, rows], using: &source).transposed()
    : Tensor<Scalar>.normal([rows, columns], using: &source)
}

/// Ours into an existing result, and the bare call on the same buffers.
private func pair<Scalar: BLASScalar>(
  _: Scalar.Type, _ m: Int, _ k: Int, _ n: Int, _ transposes: (Bool, Bool)
) -> (ours: () -> Void, rival: () -> Void) {
  let a: Tensor<Scalar> = matrix(m, k, transposed: transposes.0, seed: 1)
  let b: Tensor<Scalar> = matrix(k, n, transposed: transposes.1, seed: 2)
  var c = Tensor<Scalar>.zeros([m, n])
  var d = Tensor<Scalar>.zeros([m, n])
  let (x, y) = (transposes.0 ? a.transposed() : a, transposes.1 ? b.transposed() : b)
  func flag(_ transposed: Bool) -> CBLAS_TRANSPOSE { transposed ? CblasTrans : CblasNoTrans }
  return (
    { c.addProduct(a, b, keeping: 0) },
    {
      x.withUnsafeBuffer { x in
        y.withUnsafeBuffer { y in
          d.withUnsafeMutableBuffer {
            Scalar.gemm(
              (flag(transposes.0), flag(transposes.1)), Int32(m), Int32(n), Int32(k),
              x.baseAddress!, Int32(transposes.0 ? m : k), y.baseAddress!,
              Int32(transposes.1 ? k : n), $0.baseAddress!)
          }
        }
      }
    }
  )
}

private func comparison<Scalar: BLASScalar>(
  _ type: Scalar.Type, _ m: Int, _ k: Int, _ n: Int, _ transposes: (Bool, Bool), threads: Int,
  reach: Double
) -> any BenchmarkCase {
  let layout = (transposes.0 ? "T" : "N") + (transposes.1 ? "T" : "N")
  return Comparison(
    "matmul", "\(type), \(m) x \(k) x \(n), \(layout), \(threads) threads", unit: gflops,
    work: 2 * Double(m) * Double(k) * Double(n), rival: "\(Scalar.gemmName), its own threads",
    reach: reach
  ) {
    let (ours, rival) = pair(type, m, k, n, transposes)
    return (
      on(threads, ours),
      {
        openblas_set_num_threads(Int32(threads))
        rival()
        openblas_set_num_threads(1)
      }
    )
  }
}

func matmulCases() -> [any BenchmarkCase] {
  var cases: [any BenchmarkCase] = []
  let layouts = [(false, false), (false, true), (true, false), (true, true)]
  for (m, k, n) in [(256, 256, 256), (1024, 512, 1376), (256, 2048, 5461)] {
    for layout in layouts {
      cases.append(comparison(Float.self, m, k, n, layout, threads: 1, reach: 0.98))
      cases.append(comparison(Double.self, m, k, n, layout, threads: 1, reach: 0.98))
    }
  }
  // A linear layer's product, with its weight transposed.
  cases.append(comparison(Float.self, 256, 4096, 11008, (false, true), threads: 1, reach: 0.98))
  cases.append(comparison(Double.self, 256, 4096, 11008, (false, true), threads: 1, reach: 0.98))
  if Threads.count > 1 {
    let all = Threads.count
    cases.append(comparison(Float.self, 1024, 512, 1376, (false, true), threads: all, reach: 0.98))
    cases.append(comparison(Float.self, 256, 2048, 5461, (false, true), threads: all, reach: 1.15))
    cases.append(
      comparison(Float.self, 1024, 11008, 4096, (false, true), threads: all, reach: 1.15))
  }
  cases.append(
    Figure(
      group: "matmul", name: "16 x 16 x 16: what ours takes beyond the bare call", unit: "ns",
      rival: "allowed", reach: 1
    ) {
      let (ours, rival) = pair(Float.self, 16, 16, 16, (false, false))
      let repeats = 10_000
      var best = (ours: Double.infinity, rival: Double.infinity)
      for _ in 0..<40 {
        best.ours = min(best.ours, fastest(1) { for _ in 0..<repeats { ours() } })
        best.rival = min(best.rival, fastest(1) { for _ in 0..<repeats { rival() } })
      }
      return (max(1, (best.ours - best.rival) / Double(repeats) * 1e9), 300)
    })
  return cases
}
