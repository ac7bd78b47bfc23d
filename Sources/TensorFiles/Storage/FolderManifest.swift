internal import Synchronization

/// The SHA-256 sums of the files of a folder, which it holds as `manifest.sha256`, a file that
/// `sha256sum --check` reads too. It is written last, so a folder that has it is complete.
package struct FolderManifest: Sendable, Hashable {
  /// The name of the file.
  package static let fileName = "manifest.sha256"

  /// The sum of each file by its name.
  package var sums: [String: String]

  /// A line for each file, sorted by name.
  var text: String {
    sums.sorted { $0.key < $1.key }.map { "\($0.value)  \($0.key)\n" }.joined()
  }

  /// A manifest of sums by name.
  init(sums: [String: String]) { self.sums = sums }

  /// Reads the manifest of a folder; nil where it has none, as folders of earlier releases.
  ///
  /// Throws a `TensorFileError` where it is damaged.
  package init?(of folder: String) throws(TensorFileError) {
    let path = folder + "/" + Self.fileName
    guard FileOperations.exists(path) else { return nil }
    let reader = try FileReader(path: path)
    let bytes = try reader.bytes(in: 0..<min(reader.size, 1 << 20))
    sums = [:]
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      let parts = line.split(separator: "  ", maxSplits: 1).map(String.init)
      guard parts.count == 2, !parts[1].contains("/"), parts[1] != ".." else { continue }
      sums[parts[1]] = parts[0]
    }
    // What was left out, written otherwise or stands twice shows here.
    guard Array(text.utf8) == bytes else {
      throw TensorFileError(
        .malformed, file: path, found: "lines that were not saved so",
        expected: "a sum and a name in each", remedy: Self.remedy)
    }
  }

  /// Compares the files of a folder with the sums in its manifest; a folder without one passes.
  ///
  /// Throws a `TensorFileError` that names the first file that is missing or has changed.
  ///
  /// - Parameters:
  ///   - folder: The folder.
  ///   - isWanted: Which names to compare.
  package static func verify(
    _ folder: String, where isWanted: (String) -> Bool = { _ in true }
  ) throws(TensorFileError) {
    guard let manifest = try FolderManifest(of: folder) else { return }
    for (name, sum) in manifest.sums.sorted(by: { $0.key < $1.key }) where isWanted(name) {
      let file = folder + "/" + name
      guard try SHA256(file: file).digits == sum else {
        throw TensorFileError(
          .malformed, file: file, found: "other bytes than were saved", remedy: remedy)
      }
    }
  }

  private static let remedy =
    "The disk or a copy may have damaged it: take another copy, or an earlier checkpoint. If the change is "
    + "wanted, delete \(fileName)"
}

/// Sums files while they are written into a folder, so that the manifest tells what was meant to be
/// written and not what the disk made of it.
final class SumRecorder: Sendable {
  /// The recorder of the folder that is being written.
  @TaskLocal static var current: SumRecorder?

  private let folder: String
  private let sums = Mutex<[String: String]>([:])

  init(folder: String) { self.folder = folder }

  /// Takes the sum of a file, which counts if it lies in the folder.
  func record(_ path: String, _ sum: SHA256) {
    guard path.hasPrefix(folder + "/") else { return }
    sums.withLock { $0[String(path.dropFirst(folder.count + 1))] = sum.digits }
  }

  var manifest: FolderManifest { FolderManifest(sums: sums.withLock { $0 }) }
}
