internal import Foundation
internal import JSON
public import TensorFiles
public import Training

/// Writes the numbers of a run while it goes on: `PATH.jsonl`, `PATH.csv`, and in the folder `PATH` event
/// files that TensorBoard reads.
///
/// Rows reach the files within a second or two, so that other programs can follow. A file that cannot be
/// written does not stop the run: its rows wait, and what has not been written at the end is lost.
public final class MetricsLog {
  /// A file that rows are appended to.
  private struct File {
    let path: String
    var waiting: [UInt8] = []
  }

  private var lines: File
  private var table: File
  private var events: File
  private let clock = ContinuousClock()
  private var lastWrite: ContinuousClock.Instant

  /// Rows wait so long for others.
  private static var pause: Duration { .seconds(1) }
  /// The most bytes that wait for a file that cannot be written.
  private static let mostWaiting = 1 << 24

  /// A log that begins, or goes on after a step; what files of a run hold beyond that step goes.
  ///
  /// Throws a `TensorFileError` where the files cannot be written.
  ///
  /// - Parameters:
  ///   - path: What the names of the files begin with.
  ///   - step: Steps that the run has taken.
  public init(path: String, after step: Int) throws(TensorFileError) {
    let time = Date().timeIntervalSince1970
    lines = File(path: path + ".jsonl")
    table = File(path: path + ".csv")
    events = File(
      path: "\(path)/events.out.tfevents.\(Int(time)).loqt.\(getpid())",
      waiting: TensorBoardEvents.fileVersion(time: time))
    lastWrite = clock.now
    let keptLines = Self.kept(of: lines.path) {
      (try? JSONValue(parsing: $0))?["step"]?.integerValue.map { $0 <= step } ?? false
    }
    let keptRows = Self.kept(of: table.path) {
      $0.prefix { $0 != "," }.wholeMatch(of: /\d+/).flatMap { Int($0.0) }.map { $0 <= step }
        ?? false
    }
    try AtomicFile.write((step == 0 ? "" : keptLines), to: lines.path)
    try AtomicFile.write(
      MetricRow.csvHeader + "\n" + (step == 0 ? "" : keptRows), to: table.path)
    let files = FileManager.default
    if step == 0 { try? files.removeItem(atPath: path) }
    try? files.createDirectory(atPath: path, withIntermediateDirectories: true)
    events.waiting += TensorBoardEvents.start(after: step, time: time)
    write()
  }

  /// The lines of a file that satisfy a condition.
  private static func kept(of path: String, _ isKept: (String) -> Bool) -> String {
    guard let data = try? Data(contentsOf: URL(filePath: path)) else { return "" }
    return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
      .filter(isKept).map { $0 + "\n" }.joined()
  }

  /// Takes an event of the run.
  public func take(_ event: TrainingEvent) {
    guard let row = MetricRow(event) else { return }
    lines.waiting += (row.json.text() + "\n").utf8
    table.waiting += (row.csv + "\n").utf8
    events.waiting += TensorBoardEvents.scalars(
      row.scalars, step: row.step, time: Date().timeIntervalSince1970)
    if clock.now - lastWrite >= Self.pause { write() }
  }

  /// Writes what waits.
  public func write() {
    lastWrite = clock.now
    for file in [\MetricsLog.lines, \.table, \.events] {
      let rows = self[keyPath: file].waiting
      guard !rows.isEmpty else { continue }
      let isWritten = Self.append(rows, to: self[keyPath: file].path)
      if isWritten || rows.count > Self.mostWaiting { self[keyPath: file].waiting = [] }
    }
  }

  deinit { write() }

  private static func append(_ bytes: [UInt8], to path: String) -> Bool {
    let files = FileManager.default
    if !files.fileExists(atPath: path), !files.createFile(atPath: path, contents: nil) {
      return false
    }
    guard let handle = FileHandle(forWritingAtPath: path) else { return false }
    defer { try? handle.close() }
    guard let end = try? handle.seekToEnd() else { return false }
    do {
      try handle.write(contentsOf: Data(bytes))
      return true
    } catch {
      // Half a row would be taken for a whole one.
      try? handle.truncate(atOffset: end)
      return false
    }
  }
}
