internal import Foundation
internal import TensorFiles
public import Training

/// A folder of finished runs, one file each, named by the hash of the run's settings.
///
/// Experiments share the runs they have in common, and several processes may work on one folder: each run
/// is made by the process that claims it first.
public struct RunStore: Sendable {
  /// The folder.
  public let path: String

  /// A store in a folder, which is created if missing.
  public init(path: String) throws(InputError) {
    self.path = path
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw InputError("The folder \(path) cannot be created. Name another, or check permissions.")
    }
  }

  private func file(_ key: String) -> String { path + "/" + key + ".json" }

  /// The record of a run; nil if there is none or it cannot be read.
  func record(_ key: String) -> RunRecord? {
    guard let data = try? Data(contentsOf: URL(filePath: file(key))) else { return nil }
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try? decoder.decode(RunRecord.self, from: data)
  }

  /// Saves a record.
  func keep(_ record: RunRecord, as key: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    try AtomicFile.write(Array(try encoder.encode(record)), to: file(key))
  }

  /// Runs `body` while holding the lock of a run; returns nil if another process holds it.
  func claiming<Result>(_ key: String, _ body: () async throws -> Result) async throws -> Result? {
    let path = path + "/" + key + ".lock"
    let descriptor = open(path, O_CREAT | O_RDWR, 0o644)
    guard descriptor >= 0 else {
      throw InputError("The folder \(self.path) cannot be written to. Name another.")
    }
    // The system releases the lock when the process ends, in any way.
    defer { close(descriptor) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return nil }
    defer { unlink(path) }
    return try await body()
  }
}
