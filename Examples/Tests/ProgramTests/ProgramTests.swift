import Foundation
import Testing

/// Every program of the package runs to its end and prints the expected text.
@Suite(.serialized) struct ProgramTests {
  @Test(arguments: [
    ("TensorsInTwentyLines", "variances along the axes"), ("LeastSquares", "condition"),
    ("LearnASpiral", "right: "), ("LoQTOnYourModel", "LoQT, rank 16"),
    ("CustomOperation", "by differences"), ("MethodOfYourOwn", "at the end:"),
    ("QuantizeAMatrix", "int8-symmetric-row"), ("SafetensorsFiles", "in 16 bits"),
    ("PretrainALanguageModel", "one small "), ("LookInsideARun", "7b loqt"),
  ])
  func `the program runs to its end`(_ name: String, _ promise: String) throws {
    // The programs are beside the test bundle.
    let folder = Bundle.main.bundleURL
    let candidates = [folder, folder.deletingLastPathComponent()]
    let program = try #require(
      candidates.map { $0.appending(path: name) }
        .first { FileManager.default.isExecutableFile(atPath: $0.path) },
      "\(name) is not beside the tests")
    let process = Process()
    process.executableURL = program
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(text)")
    #expect(text.contains(promise), "\(text)")
  }
}
