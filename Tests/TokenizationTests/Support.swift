import Foundation
import Testing

@testable import Tokenization

let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
  .appending(component: "Fixtures")

func fixtureBytes(_ name: String) throws -> [UInt8] {
  try [UInt8](Data(contentsOf: fixtures.appending(component: name)))
}

/// A text with its ids by the `tokenizers` package (Tests/Generators/tokenizer_fixtures.py).
struct GoldenCase: Decodable {
  var text: String
  var gpt2: [Int32]
  var gpt2Recognized: [Int32]
  var digits: [Int32]
  var digitsRecognized: [Int32]

  enum CodingKeys: String, CodingKey {
    case text, gpt2, digits
    case gpt2Recognized = "gpt2_recognized"
    case digitsRecognized = "digits_recognized"
  }

  static func all() throws -> [GoldenCase] {
    try JSONDecoder().decode([GoldenCase].self, from: Data(fixtureBytes("cases.json")))
  }
}

/// Runs `body` with a folder that is removed afterwards.
func withTemporaryFolder(_ body: (URL) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory
    .appending(component: "tokenization-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  try body(folder)
}

/// SplitMix64 (Steele et al. 2014), for tests that need the same numbers every time.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}
