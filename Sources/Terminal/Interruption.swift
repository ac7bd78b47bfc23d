import Foundation
import Synchronization

/// Ctrl-C and termination requests: the first asks the run to stop after its step, the second ends the
/// program at once.
package enum Interruption {
  private static let received = Atomic<Int32>(0)

  /// The signal that asked to stop, if any.
  package static var signal: Int32? {
    let number = received.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }

  /// Installs the signal handlers.
  package static func install() {
    // Initializes the variable before a signal can arrive, since a handler must not.
    _ = received.load(ordering: .relaxed)
    for number in [SIGINT, SIGTERM] {
      _ = Foundation.signal(number) { number in
        if Interruption.received.exchange(number, ordering: .relaxed) != 0 { _exit(128 + number) }
      }
    }
    // Writing to a closed pipe is an error, not the end of the program.
    _ = Foundation.signal(SIGPIPE, SIG_IGN)
  }

  /// Runs `body`, which learns of a first Ctrl-C from `signal`, and then restores the default handlers.
  package static func during<Result>(_ body: () throws -> Result) rethrows -> Result {
    received.store(0, ordering: .relaxed)
    install()
    defer { for number in [SIGINT, SIGTERM] { _ = Foundation.signal(number, SIG_DFL) } }
    return try body()
  }
}
