internal import Autodiff
public import Layers
public import TensorFiles
public import Tensors

extension Llama {
  /// A trained model from the tensors of a Hugging Face folder, each read when its layer is made and
  /// gone before the next where the layer packs it: the model is never whole in memory. A LoQT layer
  /// that keeps its original matrix reads it from the files until its first merge.
  ///
  /// - Throws: A `TensorFileError` that names a tensor which is missing, has another shape, or has no
  ///   place in the model, before anything of the model's size is made; or the one that cannot be
  ///   read.
  public init(
    _ configuration: LlamaConfiguration, reading weights: SafetensorsFolder,
    using linear: LayerBuilder
  ) throws {
    try configuration.check(weights)
    linear.source = { name, shape in try weights.tensor(named: name, shape: shape) }
    self.init(configuration, using: linear)
    if let failure = linear.failure { throw failure }
    // The norms, which the builder does not make.
    for (name, parameter) in namedParameters() where parameter.shape.rank == 1 {
      parameter.tensor = try weights.tensor(named: name, shape: parameter.shape)
    }
  }
}

extension LlamaConfiguration {
  /// The names and shapes of the tensors of a dense model's file.
  public var tensorShapes: [(name: String, shape: Shape)] {
    let (queries, keys) = (heads * headSize, keyHeads * headSize)
    let block: [(String, Shape)] = [
      ("input_layernorm", [hiddenSize]), ("self_attn.q_proj", [queries, hiddenSize]),
      ("self_attn.k_proj", [keys, hiddenSize]), ("self_attn.v_proj", [keys, hiddenSize]),
      ("self_attn.o_proj", [hiddenSize, queries]), ("post_attention_layernorm", [hiddenSize]),
      ("mlp.gate_proj", [intermediateSize, hiddenSize]),
      ("mlp.up_proj", [intermediateSize, hiddenSize]),
      ("mlp.down_proj", [hiddenSize, intermediateSize]),
    ]
    let table: Shape = [vocabularySize, hiddenSize]
    var shapes: [(name: String, shape: Shape)] = [("model.embed_tokens", table)]
    for index in 0..<layers {
      shapes += block.map { (name: "model.layers.\(index).\($0.0)", shape: $0.1) }
    }
    shapes.append(("model.norm", [hiddenSize]))
    if !tiesEmbeddings { shapes.append(("lm_head", table)) }
    return shapes.map { (name: $0.name + ".weight", shape: $0.shape) }
  }

  /// Throws for the first tensor that a model of these sizes lacks, finds in another shape, or has no
  /// place for.
  func check(_ weights: SafetensorsFolder) throws(TensorFileError) {
    var unused = Set(weights.names)
    for (name, shape) in tensorShapes {
      guard let entry = weights.entry(named: name) else {
        throw TensorFileError(
          .missing, file: weights.path, field: "tensor '\(name)'", found: "no such tensor",
          expected: "\(shape)",
          remedy: "Give the folder of a Llama whose matrices are dense, with its own config.json")
      }
      guard entry.shape == shape else {
        throw TensorFileError(
          .typeMismatch, file: weights.path, field: "tensor '\(name)' shape",
          found: "\(entry.shape)", expected: "\(shape) by config.json")
      }
      unused.remove(name)
    }
    // A tied head is the embedding again; the angles of rotary positions follow from their base.
    let known = unused.filter {
      $0 == "lm_head.weight" || $0.hasSuffix("rotary_emb.inv_freq")
    }
    if let name = unused.subtracting(known).min() {
      throw TensorFileError(
        .unsupported, file: weights.path, field: "tensor '\(name)'",
        found: "a tensor that a Llama of this config.json has no place for")
    }
  }
}
