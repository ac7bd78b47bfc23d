#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

internal import JSON
internal import Tokenization

extension TrainingData {
  /// The corpus of the texts, by the tokenizer that `makeTokenizer` makes for what is to be trained on, or
  /// for the beginning of it where it is long.
  ///
  /// - Parameters:
  ///   - wholeLength: A text up to so many bytes is read as a whole; what is longer goes through memory piece
  ///     by piece.
  ///   - makeTokenizer: Gets the bytes.
  func textCorpus(
    wholeLength: Int = 64 << 20, _ makeTokenizer: ([UInt8]) throws -> any Tokenizer
  ) throws -> Corpus {
    let files = try texts.flatMap(Self.textFiles)
    var reader = TextReader(files)
    var buffer = TextBuffer()
    while buffer.bytes.count < wholeLength, let piece = try reader.next() {
      buffer.append(piece)
    }
    let name =
      files.count > 1 && texts.count == 1 ? "\(texts[0]) (\(files.count) files)" : self.name
    guard buffer.bytes.contains(where: { !SourceText.isSpace($0) }) else {
      throw InputError("\(name) holds no text. Give a plain text file with some words in it.")
    }
    var notices = Self.exampleNotice(buffer.bytes, name: name).map { [$0] } ?? []
    let keepsPart = validation == nil
    var isWhole = reader.isAtEnd
    let tokenizer = try makeTokenizer(
      isWhole && keepsPart
        ? Array(
          buffer.bytes[
            ..<SourceText.validationStart(in: buffer.bytes, of: buffer.bytes.count)])
        : buffer.bytes)
    if !isWhole, !tokenizer.encodesLinesApart {
      while let piece = try reader.next() { buffer.append(piece) }
      isWhole = true
    }
    var writer = TextTokenizer(
      tokenizer: tokenizer, recognizesSpecialTokens: specialTokens != .text,
      // The ends of a single text say nothing; those of several are places that a model is to know.
      marksDocuments: files.count > 1)
    while !isWhole {
      // What may belong to the validation part waits.
      let waiting = SourceText.validationBytes.upperBound
      while buffer.bytes.count > waiting + 2 << 20 {
        writer.append(buffer.removeFirst(1 << 20, atMost: buffer.bytes.count - waiting))
      }
      guard let piece = try reader.next() else { break }
      buffer.append(piece)
    }
    var validationText = Array(buffer.bytes)
    var measured = writer.emptied
    var endsWhole = true
    if let validation {
      writer.append(buffer)
      var reader = TextReader(try Self.textFiles(validation))
      var rest = TextBuffer()
      while let piece = try reader.next() { rest.append(piece) }
      validationText = rest.bytes
      measured.append(rest)
      if !reader.isValidUTF8 { notices.append(Corpus.notice(ofInvalid: validation)) }
    } else {
      let cut = SourceText.validationStart(in: buffer.bytes, of: reader.byteCount)
      writer.append(buffer.removeFirst(upTo: cut))
      validationText = buffer.bytes
      endsWhole = buffer.starts.first == 0
      measured.append(buffer)
    }
    if !reader.isValidUTF8 { notices.append(Corpus.notice(ofInvalid: name)) }
    return Corpus(
      name: name, tokenizer: tokenizer, training: writer.finished(isWhole: endsWhole),
      validation: measured.finished(isWhole: true),
      packing: packing ?? .joined, validationText: validationText, notices: notices)
  }

  /// A sentence where a text is examples in JSON Lines.
  private static func exampleNotice(_ text: [UInt8], name: String) -> String? {
    guard let line = text.split(separator: 0x0A, maxSplits: 1).first,
      line.first == UInt8(ascii: "{"),
      let object = (try? JSONValue(parsing: Array(line)))?.objectValue,
      let fields = ExampleFields(of: object)
    else { return nil }
    return
      "\(name) looks like examples with \"\(fields.names[0])\" in JSON Lines and is taken for plain "
      + "text. Give it with --data to learn from its examples."
  }

  /// The file of a path, or the text files of a folder and those in it, in the order of their paths.
  private static func textFiles(_ path: String) throws(InputError) -> [String] {
    var isFolder = false
    #if canImport(FoundationEssentials)
      let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    #else
      var objectiveIsFolder: ObjCBool = false
      let exists = FileManager.default.fileExists(atPath: path, isDirectory: &objectiveIsFolder)
      isFolder = objectiveIsFolder.boolValue
    #endif
    guard exists, isFolder else { return [path] }
    let names = (try? FileManager.default.subpathsOfDirectory(atPath: path)) ?? []
    let files = names.filter { name in
      let parts = name.split(separator: "/")
      return !parts.contains { $0.hasPrefix(".") }
        && ["txt", "text", "md"].contains(
          parts.last?.split(separator: ".").dropFirst().last?.lowercased() ?? "")
    }
    guard !files.isEmpty else {
      throw InputError(
        "The folder \(path) holds no text files. Give one with files that end in .txt, .text or .md."
      )
    }
    return files.sorted().map { path + "/" + $0 }
  }
}
