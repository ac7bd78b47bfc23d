import Foundation
import Synchronization

/// Ctrl-C and the request to terminate: the first asks the run to stop after its step, a second one
/// ends the program at once.
package enum Interruption {
  private static let received = Atomic<Int32>(0)

  /// The signal that asked to stop, if one did.
  package static var signal: Int32? {
    let number = received.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }

  /// Takes over the signals.
  package static func install() {
    // Makes the variable before a signal can arrive: a handler must not.
    _ = received.load(ordering: .relaxed)
    for number in [SIGINT, SIGTERM] {
      _ = Foundation.signal(number) { number in
        if Interruption.received.exchange(number, ordering: .relaxed) != 0 { _exit(128 + number) }
      }
    }
    // Writing to a pipe whose reader has gone is an error, not the end.
    _ = Foundation.signal(SIGPIPE, SIG_IGN)
  }

  /// Runs `body`, in which the first Ctrl-C is for `signal` to tell, and gives the signals back.
  package static func during<Result>(_ body: () throws -> Result) rethrows -> Result {
    received.store(0, ordering: .relaxed)
    install()
    defer { for number in [SIGINT, SIGTERM] { _ = Foundation.signal(number, SIG_DFL) } }
    return try body()
  }
}
