import JSON
import Tensors
import Testing

@Suite struct JSONTests {
  @Test(
    arguments: [
      ("null", JSONValue.null), (" true ", true), ("false", false), ("0", 0), ("-12", -12),
      ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
      ("9223372036854775808", .number(0x1p63)), ("1.0", .number(1)), ("1e3", .number(1000)),
      ("-0", .number(-0.0)), ("2.5E-3", .number(0.0025)), ("[]", []), ("{}", [:]),
      ("[1,[2, \"x\"]]", [1, [2, "x"]]), (#""a\n\u00e9\ud83d\ude00\/\\""#, "a\né😀/\\"),
      (#"{"b":1,"a":{"c":null}}"#, ["b": 1, "a": ["c": nil]]), ("\"\u{7f}é\"", "\u{7f}é"),
    ] as [(String, JSONValue)])
  func readsWhatTheGrammarAllows(text: String, expected: JSONValue) throws {
    #expect(try JSONValue(parsing: text) == expected)
  }

  @Test(
    arguments: [
      ("", 0), (" ", 1), ("nul", 0), ("truE", 0), ("01", 1), ("-", 1), ("+1", 0), ("1.", 2),
      (".5", 0), ("1e", 2), ("1e400", 0), ("NaN", 0), ("Infinity", 0), ("[1,]", 3), ("[1 2]", 3),
      ("[", 1), ("{\"a\":1,}", 7), ("{a:1}", 1), ("{\"a\" 1}", 5), ("{\"a\":1", 6), ("'a'", 0),
      ("\"a", 2), ("\"\n\"", 1), (#""\x""#, 2), (#""\u12g4""#, 5), (#""\ud800""#, 6),
      (#""\ud800\u0041""#, 6), (#""\udc00""#, 6), ("1 2", 2), ("{} {}", 3), ("// x", 0),
      ("\u{feff}{}", 0), (#"{"a":1,"a":2}"#, 7), (#"{"a":1,"\u0061":2}"#, 7),
    ] as [(String, Int)])
  func refusesWhatTheGrammarForbids(text: String, offset: Int) {
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    #expect(error?.offset == offset, "\(String(describing: error))")
  }

  @Test(
    arguments: [
      [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82],
    ]
      as [[UInt8]])
  func refusesStringsThatAreNotUTF8(content: [UInt8]) {
    #expect(throws: JSONError.self) { try JSONValue(parsing: [0x22] + content + [0x22]) }
    // The same after an escape, where strings take another path.
    #expect(throws: JSONError.self) {
      try JSONValue(parsing: Array(#""\n"#.utf8) + content + [0x22])
    }
  }

  @Test func nestingIsBounded() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    _ = try JSONValue(parsing: nested(128))
    #expect(throws: JSONError.self) { try JSONValue(parsing: nested(129)) }
    #expect(throws: JSONError.self) {
      try JSONValue(parsing: String(repeating: "[", count: 1_000_000))
    }
  }

  @Test func objectsKeepTheOrderOfTheirKeys() throws {
    let keys = ["z", "a", "m", "0", "é"]
    let text = "{" + keys.map { "\"\($0)\":0" }.joined(separator: ",") + "}"
    var object = try #require(try JSONValue(parsing: text).objectValue)
    #expect(object.keys == keys)
    object["a"] = nil
    object["z"] = 5
    object["b"] = 1
    #expect(object.map(\.key) == ["z", "m", "0", "é", "b"])
    #expect(object["z"] == 5)
  }

  @Test(arguments: [JSONValue.Layout.compact, .indented])
  func textReadsBackEqual(layout: JSONValue.Layout) throws {
    let value: JSONValue = [
      "text": "quote \" backslash \\ newline \n bell \u{7} é 😀", "empty": [:], "none": [],
      "numbers": [
        0, -7, .integer(.max), 0.1, 1e-300, .number(.leastNonzeroMagnitude), 1.7976931348623157e308,
        .number(3),
      ],
      "nested": [["a": [nil, true, false]], [1, [2]]],
    ]
    #expect(try JSONValue(parsing: value.text(layout)) == value)
  }

  @Test func layoutsAreTheDocumentedOnes() {
    let value: JSONValue = ["a": [1, 2], "b": ["c": [[], [3, 4]]], "d": .number(.nan)]
    #expect(value.text() == #"{"a":[1,2],"b":{"c":[[],[3,4]]},"d":null}"#)
    #expect(
      value.text(.indented) == """
        {
          "a": [1, 2],
          "b": {
            "c": [
              [],
              [3, 4]
            ]
          },
          "d": null
        }
        """)
  }

  @Test func damagedTextsNeverTrap() throws {
    let text = Array(#"{"a":[1,-2.5e3,"x\u00e9\ud83d\ude00\n"],"b":{"c":null,"d":true}}"#.utf8)
    for length in 0..<text.count {
      #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text[..<length])) }
    }
    var random = RandomSource(seed: 1)
    let alphabet = Array("{}[],:\"\\0123456789.eE+-truefalsnu\u{e9}\u{0} \n".utf8) + [0xff, 0x80]
    for _ in 0..<20_000 {
      var damaged = text
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let position = Int.random(in: 0..<damaged.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: damaged[position] = alphabet.randomElement(using: &random)!
        case 1: damaged.remove(at: position)
        default: damaged.insert(alphabet.randomElement(using: &random)!, at: position)
        }
      }
      if let value = try? JSONValue(parsing: damaged) {
        #expect(try JSONValue(parsing: value.text()) == value)
      }
    }
  }
}
