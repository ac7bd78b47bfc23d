/// The ids of the tokens that have a role in a model; nil where a tokenizer has none.
public struct NamedTokens: Sendable, Equatable {
  /// What a text begins with.
  public var bos: Int32?
  /// What a text ends with.
  public var eos: Int32?
  /// What fills up a batch.
  public var pad: Int32?
  /// What stands for text without tokens.
  public var unk: Int32?
  /// What an encoder's summary is read from.
  public var cls: Int32?
  /// What stands between two texts.
  public var sep: Int32?
  /// What hides a token that is to be guessed.
  public var mask: Int32?

  /// Creates the ids; all are nil unless given.
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

  /// The names of the roles in configuration files, and where each is kept.
  static var roles: [(name: String, path: WritableKeyPath<Self, Int32?>)] {
    [
      ("bos_token", \.bos), ("eos_token", \.eos), ("pad_token", \.pad), ("unk_token", \.unk),
      ("cls_token", \.cls), ("sep_token", \.sep), ("mask_token", \.mask),
    ]
  }
}
