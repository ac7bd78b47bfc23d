import Foundation

/// Writes a progress line that rewrites itself, and lines that stay. In a file or a pipe, progress is one
/// line every few seconds.
package final class Console {
  private let isTerminal =
    isatty(STDOUT_FILENO) == 1 && getenv("TERM").map { strcmp($0, "dumb") } != 0
  private let clock = ContinuousClock()
  private var lastProgress: ContinuousClock.Instant?
  private var hasOpenProgress = false

  /// Seconds between progress lines on a terminal and elsewhere.
  private static let intervals = (terminal: 0.1, file: 10.0)

  package init() {}

  /// The columns of the terminal that the output goes to; nil where it goes elsewhere.
  package static var width: Int? {
    guard isatty(STDOUT_FILENO) == 1 else { return nil }
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }

  /// Writes lines that stay. What would command the terminal is made visible (see `printable(_:)`).
  package func print(_ text: String) {
    closeProgress()
    let text = printable(text)
    write((Self.width.map { wrapped(text, to: $0) } ?? text) + "\n", to: .standardOutput)
  }

  /// Writes lines to the error output.
  package func warn(_ text: String) {
    endProgress()
    write(printable(text) + "\n", to: .standardError)
  }

  /// Shows progress unless it was shown a moment ago.
  package func show(_ progress: ProgressLine, isLast: Bool) {
    let interval = isTerminal ? Self.intervals.terminal : Self.intervals.file
    if let lastProgress, !isLast, (clock.now - lastProgress) / .seconds(1) < interval { return }
    lastProgress = clock.now
    let line = printable(progress.text(width: isTerminal ? Self.width : nil))
    if isTerminal {
      write("\r\(line)\u{1B}[K", to: .standardOutput)
      hasOpenProgress = true
    } else {
      write(line + "\n", to: .standardOutput)
    }
  }

  /// Keeps the last progress line.
  package func endProgress() {
    if hasOpenProgress { write("\n", to: .standardOutput) }
    hasOpenProgress = false
  }

  /// Clears the progress line.
  private func closeProgress() {
    if hasOpenProgress { write("\r\u{1B}[K", to: .standardOutput) }
    hasOpenProgress = false
  }

  private func write(_ text: String, to handle: FileHandle) {
    // A closed pipe is no reason to lose the run.
    try? handle.write(contentsOf: Data(text.utf8))
  }
}
