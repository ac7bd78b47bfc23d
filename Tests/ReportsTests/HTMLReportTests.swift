import Foundation
import FoundationXML
import Reports
import TestSupport
import Testing
import Training

@Suite struct HTMLReportTests {
  private typealias Fields = [[String: Any]]

  /// A record as stored in a checkpoint; `parts` replace fields of an empty one.
  private func record(_ parts: [String: Any] = [:]) throws -> RunRecord {
    let memory = ["adapters", "gradients", "optimizer", "other", "projections", "weights"]
    let nothing = Dictionary(uniqueKeysWithValues: memory.map { ($0, 0) })
    let empty: [String: Any] = [
      "method": "loqt", "settings": [Any](), "seed": 7, "tokensPerStep": 512,
      "parameterCount": 1_850_000, "steps": [Any](), "evaluations": [Any](), "merges": [Any](),
      "samples": [Any](), "notices": [Any](), "validationLoss": "nan", "bitsPerByte": "nan",
      "tokensPerSecond": 0, "wallSeconds": 0, "peakResidentBytes": 0, "memory": nothing,
      "fullRankMemory": nothing,
    ]
    let data = try JSONSerialization.data(withJSONObject: empty.merging(parts) { $1 })
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try decoder.decode(RunRecord.self, from: data)
  }

  private func step(_ number: Int, loss: Any) -> [String: Any] {
    ["step": number, "loss": loss, "learningRate": 0.01, "elapsed": Double(number)]
  }

  private func evaluation(_ step: Int, loss: Any) -> [String: Any] {
    ["step": step, "loss": loss]
  }

  private func merge(_ step: Int, survival: Any?, loss: Any = 4.5) -> [String: Any] {
    let layers: [[String: Any]] = (0..<3).map { index in
      var layer: [String: Any] = ["name": "layer\(index)", "seconds": 0.1, "relativeError": 0.05]
      if let survival {
        layer["survival"] = survival
        layer["relativeUpdate"] = 0.125
        layer["updateEnergy"] = 1.0
      }
      return layer
    }
    return [
      "step": step, "layers": layers, "lossBefore": loss, "lossAfter": loss, "seconds": 0.31,
    ]
  }

  /// The contents of a page, which must be well-formed.
  private func parsed(_ html: String) throws -> Page {
    let parser = XMLParser(data: Data(html.utf8))
    let page = Page()
    parser.delegate = page
    try #require(parser.parse(), "line \(parser.lineNumber): \(page.problem)")
    return page
  }

  @Test func anEmptyRecordMakesAWellFormedPage() throws {
    let page = try parsed(HTMLReport(record()).html)
    #expect(page.headings == ["LoQT"])
    #expect(page.text.contains("seed 7"))
    #expect(page.elements["svg"] == nil)
  }

  @Test func aLongRunFillsEverySection() throws {
    let page = try parsed(HTMLReport(record(finishedRun)).html)
    #expect(
      page.headings
        == ["LoQT on text.txt", "Loss", "Merges", "Memory", "Samples", "Settings"])
    for piece in [
      "54.60", "loss 4.000 nats per token", "1.625", "7,513", "25\u{202f}%",
      "of full-rank Adam\u{2019}s 24.00\u{202f}MB",
      "97.0\u{202f}%", "12.5\u{202f}%", "5.00\u{202f}%", "4.5000", "0.31", "NF4", "rank is kept",
      "In the beginning", "1.85 million parameters", "seed 7",
    ] {
      #expect(page.text.contains(piece), "\(piece)")
    }
  }

  @Test func onlyThePageOfARunningRunIsLoadedAgain() throws {
    let record = try record(["steps": [step(0, loss: 5.0)]])
    #expect(HTMLReport(record, isRunning: true).html.contains("http-equiv=\"refresh\""))
    #expect(!HTMLReport(record).html.contains("http-equiv"))
    _ = try parsed(HTMLReport(record, isRunning: true).html)
  }

  @Test func runsAreComparedInATableAndAPage() throws {
    let one = try record([
      "steps": (0..<40).map { step($0, loss: 5 - Double($0) / 20) },
      "evaluations": [evaluation(0, loss: 5), evaluation(20, loss: 4.25)],
      "tokensPerSecond": 1_234,
    ])
    let other = try record([
      "method": "full", "steps": (0..<20).map { step($0, loss: 3) },
      "validationLoss": 2.5,
      "evaluations": [evaluation(0, loss: 3), evaluation(20, loss: 2.5)],
    ])
    let comparison = RunComparison([("a/<one>", one), ("b", other)])
    let lines = comparison.table.split(separator: "\n").map {
      $0.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
    }
    // The last twentieth of the first run are steps 38 and 39, of losses 3.1 and 3.05.
    #expect(
      lines[1].prefix(8)
        == ["a/<one>", "loqt", "40", "20,480", "3.0750", "4.2500", "70.11", "1,234"])
    #expect(lines[2].prefix(7) == ["b", "full", "20", "10,240", "3.0000", "2.5000", "12.18"])
    let html = comparison.html
    #expect(try parsed(html).elements["polyline"] == 8)
    #expect(html.contains("a/&lt;one&gt;") && !html.contains("a/<one>"))
  }

  @Test func fullHasNoSectionOfMerges() throws {
    let page = try parsed(
      HTMLReport(record(["method": "full", "steps": [step(0, loss: 8.0)]])).html)
    #expect(page.headings == ["Full-rank training", "Loss"])
  }

  @Test(arguments: [
    ["nan"], ["inf"], ["-inf", "nan"], ["4", "nan", "inf", "3"], ["0"], ["4", "4"], ["1e300"],
    ["1e-300", "2e-300"], ["-1e99", "1e99"], ["8.5"],
  ])
  func anyLossesMakeAWellFormedPage(_ losses: [String]) throws {
    let numbers = losses.map { text -> Any in
      let value = Double(text) ?? .nan
      return value.isFinite ? value : text
    }
    var (steps, evaluations, merges): (Fields, Fields, Fields) = ([], [], [])
    for (index, number) in numbers.enumerated() {
      steps.append(step(index, loss: number))
      evaluations.append(evaluation(index, loss: number))
      merges.append(merge(index, survival: number, loss: number))
    }
    let record = try record([
      "steps": steps, "evaluations": evaluations, "merges": merges, "tokensPerSecond": numbers[0],
      "wallSeconds": numbers[0], "bitsPerByte": numbers[0],
    ])
    let page = try parsed(HTMLReport(record).html)
    #expect(page.headings == ["LoQT", "Loss", "Merges"])
    // A number that no axis can show must be omitted, not drawn far away.
    for attribute in page.coordinates {
      let numbers = attribute.split { " ,\n".contains($0) }.map { Double($0) ?? .nan }
      #expect(numbers.allSatisfy { abs($0) <= 1_000 }, "\(attribute)")
    }
  }

  @Test func aFirstMergeAloneHasTablesOnly() throws {
    let page = try parsed(HTMLReport(record(["merges": [merge(0, survival: nil)]])).html)
    #expect(page.elements["table"] == 2)
    #expect(page.elements["svg"] == nil)
  }

  @Test func textIsEscaped() throws {
    let hostile = "</title><script>alert('1 & 2')</script>\"\u{0}\u{1b}"
    let settings: [[String: String]] = [["name": "text", "value": hostile]]
    let samples: [[String: String]] = [["prompt": hostile, "continuation": hostile]]
    let record = try record([
      "method": hostile, "notices": [hostile], "settings": settings, "samples": samples,
    ])
    let html = HTMLReport(record).html
    let page = try parsed(html)
    #expect(page.elements["script"] == nil)
    #expect(page.text.contains("<script>alert('1 & 2')</script>\"\u{fffd}\u{fffd}"))
  }

  @Test func aHundredThousandStepsStaySmall() throws {
    var (steps, evaluations, merges): ([RunRecord.Step], Fields, Fields) = ([], [], [])
    for index in 0..<100_000 {
      let falling: Double = 3 + 5 / (1 + Double(index) / 900)
      let noise = Double(index * 7_919 % 101) / 200
      steps.append(
        RunRecord.Step(
          step: index, loss: falling + noise, learningRate: 0.01, elapsed: Double(index)))
      if index % 100 == 0 { evaluations.append(evaluation(index, loss: falling)) }
      if index % 50 == 0 { merges.append(merge(index, survival: 0.97)) }
    }
    var record = try record(["evaluations": evaluations, "merges": merges])
    record.steps = steps
    let html = HTMLReport(record).html
    #expect(html.utf8.count < 500_000)
    let page = try parsed(html)
    #expect(page.text.contains("1,880 merges not shown"))
    #expect(page.text.contains("After step 0: validation loss 8.0000"))
  }

  @Test func thePageNeedsNothingElse() throws {
    let html = try HTMLReport(record(finishedRun)).html
    for piece in ["http", "<script", "<link", "url(", "@import", "src="] {
      #expect(!html.contains(piece), "\(piece)")
    }
  }

  @Test func writingLeavesThePage() throws {
    try withTemporaryFolder { folder in
      let report = try HTMLReport(record(finishedRun))
      try report.write(to: folder + "/report.html")
      let read = try String(contentsOf: URL(filePath: folder + "/report.html"), encoding: .utf8)
      #expect(read == report.html)
    }
  }

  /// A run of 100 steps with every kind of content.
  private var finishedRun: [String: Any] {
    var run: [String: Any] = [
      "validationLoss": 4.0, "bitsPerByte": 1.625, "tokensPerSecond": 7513.2, "wallSeconds": 754.0,
      "notices": ["The rank is kept."],
    ]
    run["steps"] = (0..<100).map { (index: Int) -> [String: Any] in
      step(index, loss: 8 - 0.04 * Double(index))
    }
    run["evaluations"] = [evaluation(0, loss: 8.2), evaluation(100, loss: 4.0)]
    run["merges"] = [merge(0, survival: nil), merge(20, survival: 0.97), merge(50, survival: 0.9)]
    let memory: [String: Int] = [
      "weights": 3_000_000, "projections": 1_000_000, "adapters": 500_000, "optimizer": 1_000_000,
      "gradients": 500_000, "other": 90_000_000,
    ]
    let fullRankMemory: [String: Int] = [
      "weights": 8_000_000, "projections": 0, "adapters": 0, "optimizer": 14_000_000,
      "gradients": 2_000_000, "other": 0,
    ]
    run["memory"] = memory
    run["fullRankMemory"] = fullRankMemory
    let samples: [[String: String]] = [
      ["prompt": "In the beginning", "continuation": " was the word."]
    ]
    let settings: [[String: String]] = [
      ["name": "text", "value": "texts/text.txt"], ["name": "matrices", "value": "NF4"],
    ]
    run["samples"] = samples
    run["settings"] = settings
    return run
  }
}

/// The contents of a parsed page.
private final class Page: NSObject, XMLParserDelegate {
  var elements: [String: Int] = [:]
  var headings: [String] = []
  var coordinates: [String] = []
  var text = ""
  var problem = ""
  private var isHeading = false

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String]
  ) {
    elements[name, default: 0] += 1
    isHeading = name == "h1" || name == "h2"
    if isHeading { headings.append("") }
    for key in ["x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "points", "width", "height"] {
      if let value = attributes[key] { coordinates.append(value) }
    }
  }

  func parser(
    _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
  ) {
    isHeading = false
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) {
    text += string
    if isHeading { headings[headings.count - 1] += string }
  }

  func parser(_ parser: XMLParser, parseErrorOccurred error: any Error) {
    problem = "\(error)"
  }
}
