import Tensors
import Training

/// Sets how many threads work, if the option was given.
package func setThreads(_ threads: Int?) throws {
  guard let threads else { return }
  guard (1...256).contains(threads) else {
    throw InputError("--threads \(threads) is not a count from 1 to 256. Give one that is.")
  }
  Threads.count = threads
}
