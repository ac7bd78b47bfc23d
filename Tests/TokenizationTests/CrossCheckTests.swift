import Foundation
import Testing

@testable import Tokenization

/// Compares with other programs on whole corpora, if the environment names a folder prepared by
/// `Tests/CrossChecks/tokenizer_ids.py`; `make cross-check-tokenizers` does both.
@Suite struct CrossCheckTests {
  private struct Case: Decodable {
    var name: String
    var tokenizer: String
    var corpus: String
    var lines: [String]
    var ids: [[Int32]]
  }

  static let folder = ProcessInfo.processInfo.environment["TOKENIZER_CROSS_CHECK"]

  @Test(.enabled(if: folder != nil))
  func idsAreEqualOnWholeCorpora() throws {
    let folder = URL(filePath: Self.folder ?? "")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".case.json") }.sorted()
    #expect(!files.isEmpty)
    for file in files {
      let data = try Data(contentsOf: folder.appending(component: file))
      let golden = try JSONDecoder().decode(Case.self, from: data)
      let tokenizer = try PipelineTokenizer(contentsOf: URL(filePath: golden.tokenizer))
      var different = 0
      var changed = 0
      for (line, ids) in zip(golden.lines, golden.ids) {
        let own = tokenizer.encode(line)
        if own != ids {
          different += 1
          if different <= 3 { print(golden.name, line.debugDescription, own, ids) }
        }
        if tokenizer.decode(own) != line { changed += 1 }
      }
      print(
        "\(golden.name), \(golden.corpus): \(golden.lines.count) lines, \(different) with other ids,",
        "\(changed) that do not come back")
      #expect(different == 0)
    }
  }
}
