import CRivals
import Tensors

/// Random numbers that are the same in every run.
func random(_ shape: Shape, seed: UInt64 = 1) -> Tensor<Float> {
  var source = RandomSource(seed: seed)
  return .normal(shape, using: &source)
}

func tensorCases() -> [Comparison] {
  matmulCases() + elementwiseCases()
}

private func matmulCases() -> [Comparison] {
  let shapes = [(256, 256, 256), (1024, 512, 1376), (256, 2048, 5461), (1024, 4096, 11008)]
  var cases: [Comparison] = []
  for (m, k, n) in shapes {
    let work = 2 * Double(m) * Double(k) * Double(n)
    // One thread against a bare call, then all threads against OpenBLAS's own.
    for threads in [1, Threads.count] where threads == 1 || Threads.count > 1 {
      cases.append(
        Comparison(
          "matmul", "\(m) x \(k) x \(n), weight transposed, \(threads) threads", unit: gflops,
          work: work, rival: "cblas_sgemm", reach: threads > 1 && n > 2048 ? 1.15 : 0.98
        ) {
          let (a, b) = (random([m, k]), random([n, k], seed: 2))
          var c = Tensor<Float>.zeros([m, n])
          var d = Tensor<Float>.zeros([m, n])
          let all = Threads.count
          return (
            {
              Threads.count = threads
              c.addProduct(a, b.transposed(), keeping: 0)
              Threads.count = all
            },
            {
              openblas_set_num_threads(Int32(threads))
              a.withUnsafeBuffer { x in
                b.withUnsafeBuffer { y in
                  d.withUnsafeMutableBuffer { z in
                    cblas_sgemm(
                      CblasRowMajor, CblasNoTrans, CblasTrans, Int32(m), Int32(n), Int32(k), 1,
                      x.baseAddress, Int32(k), y.baseAddress, Int32(k), 0, z.baseAddress, Int32(n))
                  }
                }
              }
              openblas_set_num_threads(1)
            }
          )
        })
    }
  }
  return cases
}

private func elementwiseCases() -> [Comparison] {
  let count = 16 << 20
  let bytes = 12 * Double(count)
  func triad(_ a: Tensor<Float>, _ b: Tensor<Float>, _ out: inout Tensor<Float>) {
    a.withUnsafeBuffer { x in
      b.withUnsafeBuffer { y in
        out.withUnsafeMutableBuffer {
          rival_triad(x.baseAddress!, y.baseAddress!, $0.baseAddress!, count)
        }
      }
    }
  }
  func scalarLoop(
    _ name: String, _ ours: @escaping (Tensor<Float>) -> Tensor<Float>,
    _ rival: @escaping (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
  ) -> Comparison {
    let n = 1 << 14
    return Comparison(
      "elementwise", "\(name), 16 Ki, 1 thread", unit: (name: "M/s", factor: 1e-6),
      work: Double(n), rival: "glibc loop", reach: 8
    ) {
      let x = random([n])
      var out = Tensor<Float>.zeros([n])
      return (
        onOneThread { _ = ours(x) },
        {
          x.withUnsafeBuffer { source in
            out.withUnsafeMutableBuffer { rival(source.baseAddress!, $0.baseAddress!, n) }
          }
        }
      )
    }
  }
  return [
    Comparison(
      "elementwise", "add in place, 16 Mi", unit: gigabytes, work: bytes,
      rival: "C triad, 1 thread",
      reach: 0.8
    ) {
      var a = random([count])
      let b = random([count], seed: 2)
      var out = Tensor<Float>.zeros([count])
      return (onOneThread { a += b }, { triad(b, b, &out) })
    },
    scalarLoop("exp", { exp($0) }) { rival_exp($0, $1, $2) },
    scalarLoop("tanh", { tanh($0) }) { rival_tanh($0, $1, $2) },
    scalarLoop("erf", { erf($0) }) { rival_erf($0, $1, $2) },
    Comparison(
      "elementwise", "softmax rows of 2048, 8192 rows", unit: gigabytes,
      work: 8 * 2048 * 8192, rival: "C triad, 1 thread", rivalWork: bytes, reach: 0.8
    ) {
      let x = random([8192, 2048])
      let (a, b) = (random([count]), random([count], seed: 2))
      var out = Tensor<Float>.zeros([count])
      return (onOneThread { _ = softmax(x) }, { triad(a, b, &out) })
    },
  ]
}
