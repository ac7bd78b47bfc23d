#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

internal import JSON
internal import LanguageModels
internal import QuantizedLayers
internal import TensorFiles
internal import Tensors

extension ModelSource {
  /// Writes the trained update of every matrix as a LoRA adapter that the library peft loads. One matrix is in
  /// memory at a time.
  ///
  /// The adapter is over the model without these updates: its packed matrices as the numbers that they
  /// stand for, and all else as it was trained. That is the model of `base`, where its every number is
  /// the same, and is otherwise written to the folder `base` within the adapter's.
  ///
  /// Throws an `InputError` where the model is no frozen one with such updates or `base` has other numbers,
  /// and a `TensorFileError` where the folder cannot be written; what was there before is untouched then.
  ///
  /// - Parameters:
  ///   - path: The folder, which appears or is replaced as a whole; its parent exists.
  ///   - base: The model that the adapter is over; nil to write it.
  public func exportAdapter(to path: String, over base: ModelSource? = nil) throws {
    guard let stored = try storedWeights() else {
      throw InputError(
        "\(self.path) has no low-rank updates beside its matrices: these were trained themselves. Export them "
          + "with --to hf.")
    }
    let adapter = try LowRankAdapter(of: configuration, in: stored, at: self.path)
    let frozen = FrozenTensors(stored: stored)
    if let base { try check(base, against: frozen) }
    let folder = URL(filePath: base?.path ?? path + "/base").standardizedFileURL.path
    let json = try companions.settings(of: configuration, tokens: nil)
    try AtomicFolder.write(to: path) { (target) throws(TensorFileError) in
      try SafetensorsFile.write(
        adapter.sources(stored), metadata: ["format": "pt"],
        to: target + "/adapter_model.safetensors")
      try AtomicFile.write(
        JSONValue.object(adapter.settings(base: folder)).text(.indented) + "\n",
        to: target + "/" + PEFTConfiguration.fileName)
      try writeCompanions(to: target)
      guard base == nil else { return }
      try AtomicFolder.write(to: target + "/base") { (folder) throws(TensorFileError) in
        try writeDense(frozen, json, as: .float32, maximumFileSize: 5_000_000_000, to: folder)
      }
    }
  }

  /// Refuses a base with other numbers than those that the updates were trained beside.
  private func check(_ base: ModelSource, against frozen: FrozenTensors) throws {
    let tensors = try base.tensors(of: configuration)
    for (name, shape) in configuration.tensorShapes {
      guard
        try tensors.tensor(named: name, shape: shape) != frozen.tensor(named: name, shape: shape)
      else { continue }
      throw InputError(
        "\(base.path) is not the base of these updates: its \(name) has other numbers than the one they were "
          + "trained beside, which was packed or trained too. Leave --base out to have the right base "
          + "written.")
    }
  }
}

/// The tensors of a checkpoint without its low-rank updates.
private struct FrozenTensors: ModelTensors {
  let stored: StoredWeights

  func tensor(named name: String, shape: Shape) throws(TensorFileError) -> Tensor<Float> {
    if name.hasSuffix(".weight"),
      let layer = try stored.layer(named: String(name.dropLast(".weight".count)))
        as? any LowRankUpdatedLayer,
      let weight = layer.frozenWeight()
    {
      return weight
    }
    return try stored.tensor(named: name, shape: shape)
  }
}

/// What the updates of a checkpoint are as an adapter.
private struct LowRankAdapter {
  /// The updates of a tensor in a published file: of one matrix, or of several as its rows.
  private struct Module {
    let name: String
    /// The layers, with the rows of each and its rank.
    let parts: [(layer: String, rows: Int, rank: Int)]
    let columns: Int
    let scale: Float

    var rank: Int { parts.reduce(0) { $0 + $1.rank } }
    var rows: Int { parts.reduce(0) { $0 + $1.rows } }
    /// That peft divides by r.
    var alpha: Double { Double(scale) * Double(rank) }
  }

  private var modules: [Module] = []
  /// The names of matrices without an update.
  private var others: [String] = []
  private var isTransposed = false

  init(of model: any ModelConfiguration, in stored: StoredWeights, at path: String) throws {
    for tensor in PublishedTensor.all(of: model) where tensor.name.hasSuffix(".weight") {
      var parts: [(layer: String, rows: Int, rank: Int)] = []
      var scale: Float?
      for part in tensor.parts {
        let name = String(part.name.dropLast(".weight".count))
        guard let layer = try stored.layer(named: name) else {
          parts.append((name, part.shape[0], 0))
          continue
        }
        guard let updated = layer as? any LowRankUpdatedLayer, updated.frozenWeight() != nil else {
          throw InputError(
            "\(path) has no frozen matrix with two factors beside it as its \(name), so that it is no adapter. "
              + "Export it with --to hf.")
        }
        let update = updated.lowRankUpdate
        scale = scale ?? update?.scale
        parts.append((name, part.shape[0], update?.up.shape[1] ?? 0))
      }
      guard let scale else {
        others.append(String(tensor.name.dropLast(".weight".count)))
        continue
      }
      if model.place(of: tensor.parts[0].name)?.isTransposed ?? false { isTransposed = true }
      modules.append(
        Module(
          name: String(tensor.name.dropLast(".weight".count)), parts: parts,
          columns: tensor.parts[0].shape[1], scale: scale))
    }
    guard !modules.isEmpty else {
      throw InputError(
        "\(path) has no update yet: it was saved before its first merge. Export it with --to hf.")
    }
  }

  /// The members of `adapter_config.json`.
  func settings(base: String) -> JSONObject {
    // The rank of most; the others are told apart.
    let ranks = Dictionary(grouping: modules, by: \.rank)
    let usual = ranks.max { ($0.value.count, $1.key) < ($1.value.count, $0.key) }!.value[0]
    var (ranksOfOthers, alphas) = (JSONObject(), JSONObject())
    for module in modules where module.rank != usual.rank || module.alpha != usual.alpha {
      let pattern = module.name.split(separator: ".").joined(separator: "\\.")
      ranksOfOthers[pattern] = .integer(module.rank)
      alphas[pattern] = .number(module.alpha)
    }
    func last(_ name: String) -> String { name.split(separator: ".").last.map(String.init) ?? name }
    // The last part of a name says enough where no matrix without an update has it too.
    var names = Set(modules.map { last($0.name) })
    if others.contains(where: { names.contains(last($0)) }) { names = Set(modules.map(\.name)) }
    return [
      "alpha_pattern": .object(alphas), "auto_mapping": nil,
      "base_model_name_or_path": .string(base),
      "bias": "none", "fan_in_fan_out": .boolean(isTransposed), "inference_mode": true,
      "lora_alpha": .number(usual.alpha), "lora_dropout": 0.0, "modules_to_save": nil,
      "peft_type": "LORA", "r": .integer(usual.rank), "rank_pattern": .object(ranksOfOthers),
      "target_modules": .array(names.sorted().map { .string($0) }), "task_type": "CAUSAL_LM",
      "use_dora": false, "use_rslora": false,
    ]
  }

  /// The factors of each module. Where it holds several matrices, the rows of A are those of all, and B is
  /// made of their blocks, so that the product is theirs one below the other.
  func sources(_ stored: StoredWeights) -> [SafetensorsFile.Source] {
    modules.flatMap { module in
      let name = PEFTTensors.prefix + module.name
      return [
        SafetensorsFile.Source(name + ".lora_A.weight", shape: [module.rank, module.columns]) {
          () throws(TensorFileError) in
          .concatenated(try updates(of: module, stored).compactMap { $0?.down })
        },
        SafetensorsFile.Source(name + ".lora_B.weight", shape: [module.rows, module.rank]) {
          () throws(TensorFileError) in
          let updates = try updates(of: module, stored)
          var column = 0
          var blocks: [Tensor<Float>] = []
          for (part, update) in zip(module.parts, updates) {
            var block = [Tensor<Float>.zeros([part.rows, column])]
            if let update { block.append(update.up) }
            column += part.rank
            block.append(.zeros([part.rows, module.rank - column]))
            blocks.append(.concatenated(block, alongAxis: 1))
          }
          return .concatenated(blocks)
        },
      ]
    }
  }

  private func updates(of module: Module, _ stored: StoredWeights) throws(TensorFileError)
    -> [LowRankUpdate?]
  {
    var updates: [LowRankUpdate?] = []
    for part in module.parts {
      updates.append(
        (try stored.layer(named: part.layer) as? any LowRankUpdatedLayer)?.lowRankUpdate)
    }
    return updates
  }
}
