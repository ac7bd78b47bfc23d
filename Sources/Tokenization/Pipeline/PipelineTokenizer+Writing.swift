#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif

extension PipelineTokenizer {
  /// Writes the tokenizer's files into the existing folder `folder`, as they were read.
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
