/// The ids of the tokens with a role in a model; nil if a tokenizer has none.
public struct NamedTokens: Sendable, Equatable {
  /// The beginning of a text.
  public var bos: Int32?
  /// The end of a text.
  public var eos: Int32?
  /// The padding of a batch.
  public var pad: Int32?
  /// Text without tokens.
  public var unk: Int32?
  /// The token whose vector summarises a text in an encoder.
  public var cls: Int32?
  /// The separator between two texts.
  public var sep: Int32?
  /// The mask of a token to be predicted.
  public var mask: Int32?

  /// Creates named tokens; ids left out are nil.
  public init(
    bos: Int32? = nil, eos: Int32? = nil, pad: Int32? = nil, unk: Int32? = nil, cls: Int32? = nil,
    sep: Int32? = nil, mask: Int32? = nil
  ) {
    self.bos = bos
    self.eos = eos
    self.pad = pad
    self.unk = unk
    self.cls = cls
    self.sep = sep
    self.mask = mask
  }

  /// The names of the roles in configuration files, with their properties.
  static var roles: [(name: String, path: WritableKeyPath<Self, Int32?>)] {
    [
      ("bos_token", \.bos), ("eos_token", \.eos), ("pad_token", \.pad), ("unk_token", \.unk),
      ("cls_token", \.cls), ("sep_token", \.sep), ("mask_token", \.mask),
    ]
  }
}
