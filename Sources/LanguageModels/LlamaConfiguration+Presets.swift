extension LlamaConfiguration {
  /// The presets by name, smallest first: the sizes of LoQT's experiments (arXiv 2405.16528), and for
  /// 3b those of OpenLLaMA 3B (Geng and Liu, 2023). A vocabulary of 32,000, an untied head.
  public static let presets: [(name: String, configuration: LlamaConfiguration)] = [
    ("9m", LlamaConfiguration(hiddenSize: 128, intermediateSize: 352, layers: 4, heads: 4)),
    ("20m", LlamaConfiguration(hiddenSize: 256, intermediateSize: 688, layers: 4, heads: 4)),
    ("60m", LlamaConfiguration(hiddenSize: 512, intermediateSize: 1376, layers: 8, heads: 8)),
    ("130m", LlamaConfiguration(hiddenSize: 768, intermediateSize: 2048, layers: 12, heads: 12)),
    ("350m", LlamaConfiguration(hiddenSize: 1024, intermediateSize: 2736, layers: 24, heads: 16)),
    ("1b", LlamaConfiguration(hiddenSize: 2048, intermediateSize: 5461, layers: 24, heads: 32)),
    ("3b", LlamaConfiguration(hiddenSize: 3200, intermediateSize: 8640, layers: 26, heads: 32)),
    ("7b", LlamaConfiguration(hiddenSize: 4096, intermediateSize: 11_008, layers: 32, heads: 32)),
    ("13b", LlamaConfiguration(hiddenSize: 5120, intermediateSize: 13_824, layers: 40, heads: 40)),
  ]

  /// The preset with a name, or nil if there is none; `presets` lists them.
  public static func preset(_ name: String) -> LlamaConfiguration? {
    presets.first { $0.name == name }?.configuration
  }
}
