internal import Adapters
internal import Autodiff
internal import JSON
internal import LanguageModels
internal import Layers
internal import LoQT
internal import Optimizers
internal import Quantization
internal import QuantizedLayers
internal import TensorFiles
internal import Tensors

extension Llama {
  /// A model whose values a checkpoint will replace: nothing is drawn, and no original matrix held.
  init(toRestore configuration: LlamaConfiguration, using linear: LayerBuilder) {
    linear.source = { _, shape in .zeros(shape) }
    self.init(configuration, using: linear)
  }

  /// Fills the LoQT, adapter and packed layers from a checkpoint; what was read is taken off `unread`.
  ///
  /// - Parameters:
  ///   - loqt: The section of `config.json` with the formats of LoQT layers.
  ///   - adapters: That of adapter layers.
  func restoreLayers(
    from weights: SafetensorsFolder, loqt: JSONDocument?, adapters: JSONDocument?,
    _ unread: inout Set<String>
  ) throws(TensorFileError) {
    for (name, layer) in modules(ofType: LoQTLinear.self) {
      let entry = try Self.entry(of: name, in: loqt, "loqt")
      let shape = weights.entry(named: name + ".factor")?.shape ?? layer.factor.shape
      let rank = shape.rank == 2 ? shape[layer.side == .left ? 1 : 0] : 0
      guard layer.allows(rank: rank) else {
        throw TensorFileError(
          .unsupported, file: weights.path, field: "tensor '\(name).factor'", found: "rank \(rank)",
          expected: "that of the configuration, \(layer.largestRank)")
      }
      var projection: StoredMatrix?
      if try entry.optionalString("projection") != nil {
        projection = try weights.matrix(
          name + ".projection",
          layer.side == .left ? [rank, layer.inputSize] : [layer.outputSize, rank],
          WeightFormat(entry, "projection"), &unread)
      }
      try layer.restore(
        weight: weights.matrix(
          name + ".weight", [layer.outputSize, layer.inputSize], WeightFormat(entry, "weight"),
          &unread),
        projection: projection,
        factor: weights.tensor(named: name + ".factor", shape: layer.factorShape(rank: rank)))
      unread.remove(name + ".factor")
    }
    for (name, layer) in modules(ofType: AdapterLinear.self) {
      let entry = try Self.entry(of: name, in: adapters, "adapters")
      var weight: StoredMatrix?
      if try entry.optionalString("weight") != nil {
        weight = try weights.matrix(
          name + ".weight", [layer.outputSize, layer.inputSize], WeightFormat(entry, "weight"),
          &unread)
      }
      layer.restore(weight: weight)
    }
    for (name, layer) in modules(ofType: PackedLinear.self) {
      layer.restore(
        weight: try weights.matrix(
          name + ".weight", [layer.outputSize, layer.inputSize], layer.weight.format, &unread))
    }
  }

  private static func entry(of name: String, in section: JSONDocument?, _ key: String)
    throws(TensorFileError) -> JSONDocument
  {
    if let entry = try section?.optionalDocument("layers")?.optionalDocument(name) { return entry }
    throw TensorFileError(
      .missing, file: section?.file ?? "config.json", field: "\(key).layers['\(name)']",
      found: "no such layer", expected: "the formats of its matrices")
  }
}

extension SafetensorsFolder {
  /// A stored matrix from its parts, which are taken off `unread`.
  fileprivate func matrix(
    _ name: String, _ shape: Shape, _ format: WeightFormat, _ unread: inout Set<String>
  ) throws(TensorFileError) -> StoredMatrix {
    unread.remove(name)
    for part in format.partNames.bytes + format.partNames.floats {
      unread.remove(name + "." + part)
    }
    return try matrix(named: name, shape: shape, format: format)
  }
}

extension WeightFormat {
  /// Reads its name, a member of a `config.json`.
  init(_ document: JSONDocument, _ field: String) throws(TensorFileError) {
    let name = try document.string(field)
    guard let format = WeightFormat(name: name) else {
      throw TensorFileError(
        .unsupported, file: document.file, field: "'\(field)'", found: "'\(name)'",
        expected: "the name of a format, such as 'nf4-64-double' or 'int8-symmetric-row'")
    }
    self = format
  }
}

extension RankRule {
  /// As a member of a `config.json`: a number, or a text for the other rules.
  var json: JSONValue {
    if case .count(let count) = self { .integer(count) } else { .string(description) }
  }

  /// Reads a member of a `config.json`.
  init(_ section: JSONDocument, _ field: String) throws(TensorFileError) {
    let text = try? section.string(field)
    let rule: RankRule? = if let text { RankRule(text) } else { .count(try section.integer(field)) }
    switch rule {
    case .count(1...1 << 20)?, .energy(_, 1...1 << 20, 1...1 << 20)?: self = rule!
    case .fraction(let share)? where share > 0 && share <= 1: self = rule!
    default:
      throw TensorFileError(
        .unsupported, file: section.file, field: "'\(field)'",
        found: rule.map { "\($0)" } ?? "'\(text ?? "")'", expected: "a positive rank")
    }
  }
}

extension LoQTConfiguration {
  /// Reads the section `loqt` of a `config.json`.
  init(_ section: JSONDocument) throws(TensorFileError) {
    let steps = try section.integer("compensation_steps")
    guard steps >= 0 else {
      throw TensorFileError(
        .unsupported, file: section.file, field: "'compensation_steps'", found: "\(steps)",
        expected: "a count")
    }
    self.init(
      rank: try RankRule(section, "rank"), side: try choice(section, "side") ?? .smaller,
      scale: try positiveScale(of: section),
      weightFormat: try WeightFormat(section, "weight"),
      projectionFormat: try WeightFormat(section, "projection"), compensationSteps: steps,
      stateRule: try choice(section, "state_rule") ?? .keep)
  }
}

extension AdapterConfiguration {
  /// Reads the section `adapters` of a `config.json`: enough to make layers that a checkpoint fills.
  init(_ section: JSONDocument) throws(TensorFileError) {
    self.init(rank: try RankRule(section, "rank"), scale: try positiveScale(of: section))
  }
}

/// One of a few names; nil where the field is absent.
private func choice<Choice: RawRepresentable<String> & CaseIterable>(
  _ section: JSONDocument, _ field: String
) throws(TensorFileError) -> Choice? {
  guard let name = try section.optionalString(field) else { return nil }
  if let choice = Choice(rawValue: name) { return choice }
  let names = Choice.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
  throw TensorFileError(
    .unsupported, file: section.file, field: "'\(field)'", found: "'\(name)'",
    expected: "one of \(names)")
}

private func positiveScale(of section: JSONDocument) throws(TensorFileError) -> Float {
  let scale = try section.number("scale")
  guard Float(scale) > 0, Float(scale).isFinite else {
    throw TensorFileError(
      .unsupported, file: section.file, field: "'scale'", found: "\(scale)",
      expected: "a positive number")
  }
  return Float(scale)
}
