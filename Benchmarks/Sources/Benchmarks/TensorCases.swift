import Autodiff
import CRivals
import Tensors

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Random numbers that are the same in every run.
func random(_ shape: Shape, seed: UInt64 = 1) -> Tensor<Float> {
  var source = RandomSource(seed: seed)
  return .normal(shape, using: &source)
}

func tensorCases() -> [any BenchmarkCase] {
  matmulCases() + memoryCases() + reductionCases() + functionCases() + threadCases()
}

/// `body` with our loops on `threads` threads.
func on(_ threads: Int, _ body: @escaping () -> Void) -> () -> Void {
  {
    let all = Threads.count
    Threads.count = threads
    body()
    Threads.count = all
  }
}

/// One thread, and all of them where there are more.
var threadCounts: [Int] { Threads.count > 1 ? [1, Threads.count] : [1] }

/// Operations on 16 Mi elements beside a triad of as many: reads and writes of memory.
private func memoryCases() -> [any BenchmarkCase] {
  // Several times in a row, because the rival leaves results in the caches that have to be written
  // to memory at our cost.
  let (count, times) = (16 << 20, 4)

  /// `bytes` is what an element of the operation has to move.
  func beside(
    _ name: String, bytes: Double, reach: Double, _ prepare: @escaping () -> () -> Void
  ) -> [any BenchmarkCase] {
    threadCounts.map { threads in
      Comparison(
        "memory", "\(name), \(threads) threads", unit: gigabytes,
        work: bytes * Double(times * count),
        rival: "C triad, \(threads) threads", rivalWork: 12 * Double(times * count), reach: reach
      ) {
        let ours = prepare()
        let (a, b) = (random([count]), random([count], seed: 2))
        var out = Tensor<Float>.zeros([count])
        return (
          on(threads) { for _ in 0..<times { ours() } },
          {
            a.withUnsafeBuffer { x in
              b.withUnsafeBuffer { y in
                out.withUnsafeMutableBuffer {
                  for _ in 0..<times {
                    rival_triad_on(
                      Int32(threads), x.baseAddress!, y.baseAddress!, $0.baseAddress!, count)
                  }
                }
              }
            }
          }
        )
      }
    }
  }

  let square: Shape = [4096, 4096]
  let rows: Shape = [8192, 2048]
  return beside("add, a result of its own", bytes: 12, reach: 0.8) {
    let (a, b) = (random([count]), random([count], seed: 2))
    return { _ = a + b }
  }
    + beside("add in place", bytes: 12, reach: 0.8) {
      var a = random([count])
      let b = random([count], seed: 2)
      return { a += b }
    }
    + beside("fused multiply-add in place", bytes: 12, reach: 0.8) {
      var a = random([count])
      let b = random([count], seed: 2)
      return { a.scaleAdd(adding: 1e-3, times: b) }
    }
    + beside("softmax, rows of 2048", bytes: 8, reach: 0.8) {
      let x = random(rows)
      return { _ = softmax(x) }
    }
    + beside("rmsNorm, rows of 2048", bytes: 8, reach: 0.8) {
      let x = Variable(random(rows))
      let weight = Variable(random([2048]))
      return { _ = rmsNorm(x, weight: weight, epsilon: 1e-5) }
    }
    + beside("silu", bytes: 8, reach: 0.8) {
      let x = random([count])
      return { _ = silu(x) }
    }
    + beside("a row added to all rows", bytes: 8, reach: 0.6) {
      let (x, row) = (random(rows), random([2048]))
      return { _ = x + row }
    }
    + beside("a column added to all columns", bytes: 8, reach: 0.6) {
      let (x, column) = (random(rows), random([8192, 1]))
      return { _ = x + column }
    }
    + beside("transposed copy, 4096 x 4096", bytes: 8, reach: 0.6) {
      let x = random(square)
      return { _ = x.transposed().copied() }
    }
    + beside("gather rows of 1024", bytes: 8, reach: 0.6) {
      let table = random([16384, 1024])
      var source = RandomSource(seed: 5)
      let order: Tensor<Int32> = .permutation(16384, using: &source)
      return { _ = table.gatheringRows(at: order) }
    }
}

/// Sums, beside a loop that only reads, and sorting.
private func reductionCases() -> [any BenchmarkCase] {
  let count = 16 << 20
  let sums: [any BenchmarkCase] = threadCounts.map { threads in
    Comparison(
      "reductions", "sum, 16 Mi, \(threads) threads", unit: gigabytes, work: 4 * Double(count),
      rival: "read bandwidth, \(threads) threads", reach: 0.8
    ) {
      let x = random([count])
      return (
        on(threads) { _ = x.sum() },
        { x.withUnsafeBuffer { rival_read_on(Int32(threads), $0.baseAddress!, count) } }
      )
    }
  }

  // Several of ours for one of the rival's, which takes so much longer.
  let times = 16
  func sorting(
    _ name: String, _ count: Int, reach: Double,
    _ ours: @escaping (Tensor<Float>) -> Void
  ) -> any BenchmarkCase {
    Comparison(
      "reductions", name, unit: (name: "M/s", factor: 1e-6), work: Double(times * count),
      rival: "C qsort", rivalWork: Double(count), reach: reach
    ) {
      let x = random([count])
      var out = Tensor<Float>.zeros([count])
      return (
        on(1) { for _ in 0..<times { ours(x) } },
        {
          x.withUnsafeBuffer { source in
            out.withUnsafeMutableBuffer { rival_sort(source.baseAddress!, $0.baseAddress!, count) }
          }
        }
      )
    }
  }
  return sums + [
    sorting("sort, 16 Ki", 1 << 14, reach: 4) { _ = $0.sorted() },
    sorting("sort, 1 Mi", 1 << 20, reach: 4) { _ = $0.sorted() },
    sorting("positions in order, 1 Mi", 1 << 20, reach: 4) { _ = $0.argsort() },
  ]
}

/// Functions of data that fits in the nearest caches, on one thread, at every instruction set.
private func functionCases() -> [any BenchmarkCase] {
  // Several at a time, as setting the threads and the instruction set takes part of a microsecond.
  let (n, times) = (1 << 14, 16)
  let levels = [(0, "plain", 1.0), (2, "AVX2", 4.0), (3, "AVX-512", 8.0)]
  typealias Rival = (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
  let functions: [(String, (Tensor<Float>) -> Tensor<Float>, Rival)] = [
    ("exp", { exp($0) }, { rival_exp($0, $1, $2) }),
    ("tanh", { tanh($0) }, { rival_tanh($0, $1, $2) }),
    ("erf", { erf($0) }, { rival_erf($0, $1, $2) }),
  ]
  return functions.flatMap { name, ours, rival in
    levels.filter { $0.0 <= loqt_best_instruction_set() }.map { level, label, reach in
      Comparison(
        "functions", "\(name), 16 Ki, \(label)", unit: (name: "M/s", factor: 1e-6),
        work: Double(times * n), rival: "glibc loop", reach: reach
      ) {
        let x = random([n])
        var out = Tensor<Float>.zeros([n])
        return (
          on(1) {
            loqt_force_instruction_set(Int32(level))
            for _ in 0..<times { _ = ours(x) }
            loqt_force_instruction_set(loqt_best_instruction_set())
          },
          {
            x.withUnsafeBuffer { source in
              out.withUnsafeMutableBuffer {
                for _ in 0..<times { rival(source.baseAddress!, $0.baseAddress!, n) }
              }
            }
          }
        )
      }
    }
  }
}

/// Whether a thread that has slept runs beside the one that wakes it. Waking takes a tenth of a
/// millisecond in a virtual machine. This is the median of many, since a single one may be lucky.
private func threadCases() -> [any BenchmarkCase] {
  guard Threads.count > 1 else { return [] }
  return [
    Figure(
      group: "threads", name: "8 times erf of 512 Ki after a pause, 2 threads", unit: "us",
      rival: "1 thread", reach: 1.5
    ) {
      let x = random([512 << 10])
      func median(_ threads: Int) -> Double {
        let clock = ContinuousClock()
        let body = on(threads) { for _ in 0..<8 { _ = erf(x) } }
        let times = (0..<51).map { _ in
          usleep(10_000)
          return clock.measure(body) / .microseconds(1)
        }
        return times.sorted()[25]
      }
      return (median(2), median(1))
    }
  ]
}
