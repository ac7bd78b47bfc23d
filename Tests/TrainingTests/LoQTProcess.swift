import Foundation
import TestSupport

/// A process of the command `loqt` and its output.
struct LoQTProcess {
  /// What a process left when it ended.
  struct Outcome {
    var code: Int32
    var output: String
    var errors: String
  }

  /// The executable beside that of the tests.
  static let executable = Bundle.main.bundleURL.appending(component: "loqt").path

  let process = Process()
  private let output = Pipe()
  private let errors = Pipe()

  /// Starts a process.
  init(_ arguments: [String], of path: String = executable, in folder: String) throws {
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    process.currentDirectoryURL = URL(filePath: folder)
    process.standardOutput = output
    process.standardError = errors
    try process.run()
  }

  /// Waits for the process to end.
  func finish() -> Outcome {
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let message = String(
      decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return Outcome(code: process.terminationStatus, output: text, errors: message)
  }

  /// Waits until the output has a text in it.
  func wait(for piece: String) { Self.wait(for: piece, in: output) }

  /// Waits until the error output has a text in it.
  func waitForError(_ piece: String) { Self.wait(for: piece, in: errors) }

  private static func wait(for piece: String, in pipe: Pipe) {
    var text = ""
    while !text.contains(piece) {
      let data = pipe.fileHandleForReading.availableData
      if data.isEmpty { break }
      text += String(decoding: data, as: UTF8.self)
    }
  }

  /// Sends a signal after the first progress line.
  func afterItsFirstStep(_ signal: Int32) -> Outcome {
    wait(for: "step 1/")
    kill(process.processIdentifier, signal)
    return finish()
  }

  /// Sends an interrupt after the first progress line.
  func interruptedAfterItsFirstStep() -> Outcome { afterItsFirstStep(SIGINT) }
}

/// Runs `body` in a folder with a `text.txt` of 40,000 bytes.
func withText(_ body: (String) throws -> Void) throws {
  try withTemporaryFolder { folder in
    try Data(patternedText(40_000)).write(to: URL(filePath: folder + "/text.txt"))
    try body(folder)
  }
}
