import Foundation
import JSON
import Reports
import Stepping
import TestSupport
import Testing
import Training

@Suite struct MetricsLogTests {
  private static func step(_ step: Int, loss: Double) -> TrainingEvent {
    .step(
      TrainingProgress(
        step: step, steps: 10, loss: loss, learningRate: 0.01, tokensPerSecond: 1_000.5,
        remainingSeconds: 1, residentBytes: 12_345, memory: MemoryBreakdown(),
        peakMemory: MemoryBreakdown()))
  }

  private static func lines(_ path: String) throws -> [String] {
    try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
  }

  @Test("Rows have the numbers of their events, and say where one is none")
  func rows() throws {
    let row = try #require(MetricRow(Self.step(3, loss: 2.5)))
    #expect(
      row.json.text()
        == #"{"step":3,"loss":2.5,"learning_rate":0.01,"tokens_per_second":1000.5,"resident_bytes":12345}"#
    )
    #expect(row.csv == "3,2.5,0.01,1000.5,12345,,")
    #expect(
      MetricRow.csvHeader
        == "step,loss,learning_rate,tokens_per_second,resident_bytes,validation_loss,survival")
    let ruined = try #require(MetricRow(Self.step(4, loss: .nan)))
    #expect(ruined.json["loss"] == .null && ruined.csv.hasPrefix("4,nan,"))
    let evaluation = try #require(MetricRow(.evaluation(.init(step: 5, loss: 1.5))))
    #expect(evaluation.csv == "5,,,,,1.5,")
    #expect(MetricRow(.notice("something")) == nil)
  }

  @Test("A run that goes on after a step goes on in its files, without what came after the step")
  func resuming() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/metrics"
      var log: MetricsLog? = try MetricsLog(path: path, after: 0)
      for number in 1...5 { log?.take(Self.step(number, loss: Double(number))) }
      log?.write()
      log = nil
      // A process that was killed may leave half a line.
      let handle = try #require(FileHandle(forWritingAtPath: path + ".jsonl"))
      try handle.seekToEnd()
      try handle.write(contentsOf: Data("{\"step\": 2, \"lo".utf8))
      try handle.close()
      log = try MetricsLog(path: path, after: 3)
      log?.take(Self.step(4, loss: 40))
      log?.write()
      let losses = try Self.lines(path + ".jsonl").map { try JSONValue(parsing: $0)["loss"] }
      #expect(losses == [1, 2, 3, 40])
      let rows = try Self.lines(path + ".csv")
      #expect(rows.first == MetricRow.csvHeader)
      #expect(rows.dropFirst().map { $0.prefix { $0 != "," } } == ["1", "2", "3", "4"])
      #expect(rows.last?.hasPrefix("4,40,") == true)
      // A new run begins anew.
      _ = try MetricsLog(path: path, after: 0)
      #expect(try Self.lines(path + ".csv") == [MetricRow.csvHeader])
      #expect(try Self.lines(path + ".jsonl").isEmpty)
    }
  }

  @Test("A file that is gone is made again")
  func vanishedFiles() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/metrics"
      let log = try MetricsLog(path: path, after: 0)
      try FileManager.default.removeItem(atPath: path + ".jsonl")
      log.take(Self.step(1, loss: 1))
      log.write()
      #expect(try Self.lines(path + ".jsonl").count == 1)
    }
  }

  /// The bytes of the `tensorboard` package for the same events; see Tests/CrossChecks/tensorboard_events.py.
  @Test("Event files have the bytes that TensorBoard's own writer gives")
  func events() {
    let bytes =
      TensorBoardEvents.fileVersion(time: 1.5)
      + TensorBoardEvents.scalars([("loss/training", 2.5)], step: 300, time: 2.25)
    let digits = bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    #expect(
      digits
        == "1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c"
        + "2400000000000000422b804d09000000000000024010ac022a160a140a0d6c6f73732f747261696e"
        + "696e6715000020403e9a656e")
  }
}
