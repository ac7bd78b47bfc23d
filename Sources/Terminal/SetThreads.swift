import Tensors
import Training

/// Sets the number of threads, if the option was given.
package func setThreads(_ threads: Int?) throws {
  guard let threads else { return }
  guard (1...256).contains(threads) else {
    throw InputError("--threads \(threads) is not from 1 to 256. Give a number in this range.")
  }
  Threads.count = threads
}
