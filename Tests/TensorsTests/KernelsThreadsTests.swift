import CKernels
import Synchronization
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension KernelTests {
  @Suite(.serialized) struct Threads {
    /// How often each index was visited, and the ranges that ran.
    final class Record: Sendable {
      let hits: [Atomic8]
      let ranges = Mutex<[Range<Int>]>([])
      let nested: Bool
      let outside = Atomic<Int>(0)

      init(_ count: Int, nested: Bool = false) {
        hits = (0..<count).map { _ in Atomic8() }
        self.nested = nested
      }
    }

    final class Atomic8: Sendable {
      let value = Atomic<Int>(0)
    }

    /// Runs over `count` and returns the record.
    static func run(_ count: Int, grain: Int, nested: Bool = false) -> Record {
      let record = Record(count, nested: nested)
      loqt_parallel_for(
        count, grain,
        { context, begin, end in
          let record = Unmanaged<Record>.fromOpaque(context!).takeUnretainedValue()
          if !loqt_in_parallel_region() { record.outside.add(1, ordering: .relaxed) }
          record.ranges.withLock { $0.append(begin..<end) }
          for i in begin..<end { record.hits[i].value.add(1, ordering: .relaxed) }
          if record.nested {
            let inner = Threads.run(50, grain: 1)
            let missed = inner.hits.filter { $0.value.load(ordering: .relaxed) != 1 }.count
            record.outside.add(missed, ordering: .relaxed)
          }
        }, Unmanaged.passUnretained(record).toOpaque())
      return withExtendedLifetime(record) { record }
    }

    static func expectOnce(_ record: Record, grain: Int) {
      #expect(record.hits.allSatisfy { $0.value.load(ordering: .relaxed) == 1 })
      #expect(record.outside.load(ordering: .relaxed) == 0)
      let ranges = record.ranges.withLock { $0 }.sorted { $0.lowerBound < $1.lowerBound }
      #expect(ranges.dropLast().allSatisfy { $0.count >= grain })
      #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
    }

    func withThreads(_ count: Int32, _ body: () -> Void) {
      let before = loqt_thread_count()
      loqt_set_thread_count(count)
      #expect(loqt_thread_count() == count)
      body()
      loqt_set_thread_count(before)
    }

    @Test("Every index is visited once", arguments: [1, 2, 3, 8] as [Int32])
    func everyIndex(threads: Int32) {
      withThreads(threads) {
        for count in [0, 1, 2, 3, 7, 8, 9, 100, 1001] {
          for grain in [0, 1, 3, 64, 5000] {
            let record = Self.run(count, grain: grain)
            Self.expectOnce(record, grain: grain)
            #expect(record.ranges.withLock { $0.count } <= Int(threads))
          }
        }
      }
      #expect(!loqt_in_parallel_region())
    }

    @Test("Nested calls run on the thread that makes them")
    func nesting() {
      withThreads(4) {
        for _ in 0..<50 { Self.expectOnce(Self.run(40, grain: 1, nested: true), grain: 1) }
      }
    }

    @Test("Concurrent callers and resizing never lose an index")
    func concurrency() {
      withThreads(3) {
        var threads: [pthread_t] = []
        for _ in 0..<4 {
          #if canImport(Glibc)
            var thread = pthread_t()
          #else
            var thread: pthread_t!
          #endif
          pthread_create(
            &thread, nil,
            { _ in
              for k in 0..<300 {
                let grain = 1 + k % 13
                Threads.expectOnce(
                  Threads.run(1 + k * 7 % 500, grain: grain, nested: k % 5 == 0), grain: grain)
                if k % 50 == 0 { loqt_set_thread_count(Int32(1 + k / 50 % 6)) }
              }
              return nil
            }, nil)
          threads.append(thread)
        }
        for thread in threads { pthread_join(thread, nil) }
      }
    }

    @Test("Sleeping workers wake up")
    func sleepingWorkers() {
      withThreads(4) {
        for _ in 0..<20 {
          // Longer than a worker spins.
          usleep(1000)
          Self.expectOnce(Self.run(64, grain: 1), grain: 1)
        }
      }
    }

    #if canImport(Glibc)
      /// What a range saw where it ran.
      struct Place: Sendable {
        let thread = UInt(pthread_self())
        /// The 39th field, 36 after the name.
        let processor = Place.read("stat").split(separator: ")").last!.split(separator: " ")[36]
        let choice = Place.choice()

        /// The processors that this thread may run on.
        static func choice() -> [Substring] {
          read("status").split(separator: "\n").filter { $0.hasPrefix("Cpus_allowed") }
        }

        static func read(_ name: String) -> String {
          var bytes = [UInt8](repeating: 0, count: 4096)
          let file = open("/proc/thread-self/\(name)", O_RDONLY)
          let count = Glibc.read(file, &bytes, bytes.count)
          close(file)
          return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        }
      }

      final class Places: Sendable {
        let rounds = Mutex<[[Place]]>([])
      }

      /// The caller and the worker both fall asleep before they are needed.
      @Test("Woken threads run on processors of their own and keep their affinity")
      func affinity() {
        let before = Place.choice()
        #expect(before.count == 2)
        let places = Places()
        withThreads(2) {
          for _ in 0..<40 {
            usleep(2000)
            places.rounds.withLock { $0.append([]) }
            loqt_parallel_for(
              2, 1,
              { context, begin, _ in
                let place = Place()
                let places = Unmanaged<Places>.fromOpaque(context!).takeUnretainedValue()
                places.rounds.withLock { $0[$0.count - 1].append(place) }
                if begin > 0 { usleep(500) }
              }, Unmanaged.passUnretained(places).toOpaque())
            #expect(Place.choice() == before)
          }
        }
        let pairs = places.rounds.withLock { $0 }
        #expect(pairs.allSatisfy { $0.allSatisfy { $0.choice == before } })
        // The workers may be busy elsewhere in the process; then everything runs on one thread.
        let apart: [[Place]] = pairs.filter { $0.count == 2 && $0[0].thread != $0[1].thread }
        let shared = apart.filter { $0[0].processor == $0[1].processor }.count
        #expect(sysconf(Int32(_SC_NPROCESSORS_ONLN)) == 1 || 4 * shared <= apart.count)
      }
    #endif

    @Test("The split depends only on its arguments")
    func determinism() {
      withThreads(5) {
        func split() -> [Range<Int>] {
          Self.run(103, grain: 4).ranges.withLock { $0 }.sorted { $0.lowerBound < $1.lowerBound }
        }
        let first = split()
        #expect(first.count == 5)
        for _ in 0..<20 { #expect(split() == first) }
      }
    }
  }
}
