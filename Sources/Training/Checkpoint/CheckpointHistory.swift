#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// The earlier checkpoints of a run, in folders such as `earlier/step-000120`.
package struct CheckpointHistory: Sendable {
  /// The folder that holds them.
  package let folder: String
  /// The most that are kept, the newest.
  package let limit: Int

  private static let prefix = "step-"

  /// The history of a run.
  ///
  /// - Parameters:
  ///   - folder: The folder that holds them.
  ///   - limit: The most that are kept; when left out none, or as many as there are when a run goes on.
  ///   - isResumed: Whether the run goes on.
  package init(folder: String, limit: Int?, isResumed: Bool = false) {
    self.folder = folder
    self.limit = limit ?? (isResumed ? Self.checkpoints(in: folder).count : 0)
  }

  /// Where a checkpoint belongs when a newer one replaces it, in a folder that is made for it; nil to keep
  /// none, and for what is no checkpoint of a run.
  package func place(of checkpoint: String) -> String? {
    guard limit > 0, let settings = try? RunSettings(checkpoint: checkpoint) else { return nil }
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let digits = "\(settings.step)"
    let zeros = String(repeating: "0", count: max(0, 6 - digits.count))
    return "\(folder)/\(Self.prefix)\(zeros)\(digits)"
  }

  /// The checkpoints, the oldest first.
  package var checkpoints: [String] { Self.checkpoints(in: folder) }

  private static func checkpoints(in folder: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.compactMap { name in
      name.hasPrefix(prefix) ? Int(name.dropFirst(prefix.count)).map { ($0, name) } : nil
    }.sorted { $0.0 < $1.0 }.map { folder + "/" + $0.1 }
  }

  /// Removes the oldest beyond the limit.
  package func prune() {
    for path in checkpoints.dropLast(limit) { try? FileManager.default.removeItem(atPath: path) }
  }
}
