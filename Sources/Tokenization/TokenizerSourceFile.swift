#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif

/// A file of a tokenizer, in a form that other programs read too.
public struct TokenizerSourceFile: Equatable, Sendable {
  /// Its name, such as `tokenizer.json`.
  public let name: String
  /// What it holds.
  public let bytes: [UInt8]

  /// A file of its parts.
  public init(name: String, bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes
  }
}

extension Tokenizer {
  /// Writes the tokenizer's files into the existing folder `folder`; `PipelineTokenizer(contentsOf:)` reads
  /// them back with the same ids.
  ///
  /// Throws `TokenizerError` with the code `.unwritable`.
  public func save(to folder: URL) throws(TokenizerError) {
    for file in files {
      let url = folder.appending(component: file.name)
      do {
        try Data(file.bytes).write(to: url, options: .atomic)
      } catch {
        throw TokenizerError(.unwritable, "\(url.path): cannot be written: \(error)")
      }
    }
  }
}
