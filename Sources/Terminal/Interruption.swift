import Foundation
import Synchronization

/// Ctrl-C, requests to end, and a terminal that goes away: the first asks the run to stop after its step,
/// the second ends the program at once.
package enum Interruption {
  private static let received = Atomic<Int32>(0)
  private static let endsAtOnce = Atomic<Bool>(false)

  private static let message: StaticString = "\nStopped while measuring; the run is saved.\n"

  private static let signals = [SIGINT, SIGTERM, SIGHUP]

  /// The signal that asked to stop, if any.
  package static var signal: Int32? {
    let number = received.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }

  /// Installs the signal handlers.
  package static func install() {
    // Initializes the variables before a signal can arrive, since a handler must not.
    _ = received.load(ordering: .relaxed)
    _ = endsAtOnce.load(ordering: .relaxed)
    _ = message
    for number in signals where !isIgnored(number) {
      _ = Foundation.signal(number) { number in
        let isFirst = Interruption.received.exchange(number, ordering: .relaxed) == 0
        let isSaved = Interruption.endsAtOnce.load(ordering: .relaxed)
        // Of the few calls that a handler may make.
        if isSaved {
          _ = Interruption.message.withUTF8Buffer { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        }
        if !isFirst || isSaved { _exit(128 + number) }
      }
    }
    // Writing to a closed pipe is an error, not the end of the program.
    _ = Foundation.signal(SIGPIPE, SIG_IGN)
  }

  /// Whether the program was started deaf to a signal, as nohup does.
  private static func isIgnored(_ number: Int32) -> Bool {
    guard number == SIGHUP else { return false }
    var action = sigaction()
    guard sigaction(number, nil, &action) == 0 else { return false }
    #if canImport(Darwin)
      let handler = action.__sigaction_u.__sa_handler
    #else
      let handler = action.__sigaction_handler.sa_handler
    #endif
    return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  /// From now on the first signal ends the program at once: everything is saved.
  package static func endAtOnce() {
    endsAtOnce.store(true, ordering: .relaxed)
    if let signal { _exit(128 + signal) }
  }

  /// Runs `body`, which learns of a first Ctrl-C from `signal`, and then restores the default handlers.
  package static func during<Result>(_ body: () throws -> Result) rethrows -> Result {
    received.store(0, ordering: .relaxed)
    install()
    defer { for number in signals { _ = Foundation.signal(number, SIG_DFL) } }
    return try body()
  }
}
