extension TokenDecoder {
  init(_ field: FileField) throws(TokenizerError) {
    switch try field.type() {
    case "ByteLevel": self = .byteLevel
    case "WordPiece":
      self = .wordPiece(
        continuation: try field.member("prefix")?.bytes() ?? Array("##".utf8),
        cleansUp: try field.boolean("cleanup", default: true))
    case "Metaspace": self = .metaspace(try Metaspace(field))
    case "BPEDecoder":
      self = .bytePair(suffix: try field.member("suffix")?.bytes() ?? Array("</w>".utf8))
    case "ByteFallback": self = .byteFallback
    case "Fuse": self = .fuse
    case "Strip":
      self = .strip(
        try field.required("content").bytes(),
        start: try field.required("start").integer(in: 0...1 << 20),
        stop: try field.required("stop").integer(in: 0...1 << 20))
    case "Replace":
      self = .replace(
        try TextPattern(try field.required("pattern")),
        by: try field.required("content").bytes())
    case "Sequence":
      var parts: [TokenDecoder] = []
      for part in try field.required("decoders").array(atMost: 64) {
        parts.append(try TokenDecoder(part))
      }
      self = .sequence(parts)
    default:
      throw try field.unsupported(
        "ByteLevel, WordPiece, Metaspace, BPEDecoder, ByteFallback, Fuse, Strip, Replace, Sequence")
    }
  }

  /// Whether this decodes the byte alphabet and nothing else.
  var isByteLevel: Bool {
    switch self {
    case .byteLevel: true
    case .sequence(let parts): parts.count == 1 && parts[0].isByteLevel
    default: false
    }
  }
}
