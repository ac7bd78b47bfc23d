internal import JSON
internal import Layers
public import TensorFiles
public import Tensors

/// The tensors of a model in a Hugging Face folder, or in what gives tensors as such a folder does, by the
/// model's names: whatever the files call them, and where they hold several in one or a matrix transposed.
public struct PublishedTensors: Sendable {
  private let weights: any TensorSource
  private let places: [String: TensorPlace]

  /// Finds every tensor of a model.
  ///
  /// - Throws: A `TensorFileError` that names a tensor that is missing, has the wrong shape, or has no
  ///   place in the model, such as a tied model's head that differs from its embedding.
  public init(of model: any ModelConfiguration, in weights: any TensorSource)
    throws(TensorFileError)
  {
    self.weights = weights
    let (places, unused) = try Self.find(model, in: weights)
    self.places = places
    if model.tiesEmbeddings, let embedding = model.tensorShapes.first {
      try checkHead(embedding.name, embedding.shape)
    }
    if let name = unused.min() { throw Self.unexpected(name, of: model, in: weights) }
  }

  /// Finds the tensors that a classifier begins with in the folder of a model, which has other heads or
  /// none.
  ///
  /// - Parameters:
  ///   - classifier: The classifier, of the model in the folder.
  ///   - weights: The folder.
  ///   - new: The names of the classifier's tensors that it is not to take from there; gets those that
  ///     are not there of the layers behind the model.
  /// - Throws: A `TensorFileError` that names a tensor of the model which is missing, has another shape,
  ///   or is one too many.
  public init(
    of classifier: ClassifierConfiguration, startingFrom weights: any TensorSource,
    new: inout Set<String>
  ) throws(TensorFileError) {
    self.weights = weights
    let layout = classifier.layout
    for (name, shape) in classifier.headShapes {
      let places = Self.candidates(name, classifier)
      if !places.contains(where: { weights.shape(ofTensor: $0.name) == shape }) {
        new.insert(name)
      }
    }
    let (places, unused) = try Self.find(classifier, in: weights, without: new)
    self.places = places
    // Heads go by many names, but what is called as parts of the model are has to be one.
    let parts = Set(
      classifier.body.tensorShapes.map { $0.name.prefix { $0 != "." } })
    let name = unused.filter { name in
      layout.bodyName(of: name).map { parts.contains($0.prefix { $0 != "." }) }
        ?? parts.contains(name.prefix { $0 != "." })
    }.min()
    if let name { throw Self.unexpected(name, of: classifier, in: weights) }
  }

  /// Where the tensors of a model are, and the names that are nothing of it.
  private static func find(
    _ model: any ModelConfiguration, in weights: any TensorSource, without left: Set<String> = []
  ) throws(TensorFileError) -> (places: [String: TensorPlace], unused: Set<String>) {
    let names = Set(weights.names)
    var unused = names
    var places: [String: TensorPlace] = [:]
    for (name, shape) in model.tensorShapes where !left.contains(name) {
      let candidates = Self.candidates(name, model)
      guard let place = candidates.first(where: { names.contains($0.name) }),
        let found = weights.shape(ofTensor: place.name)
      else { throw Self.missing(name, shape, of: model, in: weights) }
      let expected = place.shape(of: shape)
      guard found == expected else {
        throw TensorFileError(
          .typeMismatch, file: weights.path,
          field: "tensor '\(weights.spelling(of: place.name))' shape", found: "\(found)",
          expected: "\(expected) by \(weights.sizesOrigin)")
      }
      unused.remove(place.name)
      places[name] = place
    }
    return (places, unused.filter { !Self.isKnown($0) })
  }

  private static func unexpected(
    _ name: String, of model: any ModelConfiguration, in weights: any TensorSource
  ) -> TensorFileError {
    let nearest = name.nearest(among: model.tensorShapes.map { weights.spelling(of: $0.name) })
    return TensorFileError(
      .unsupported, file: weights.path, field: "tensor \(JSONError.quoted(name))",
      found: "a tensor that a \(model.modelType) of these sizes has no place for",
      remedy: nearest.map { "The nearest name that it has is \(JSONError.quoted($0))" })
  }

  /// Reads one of the model's tensors. Throws a `TensorFileError` if it cannot be read.
  public func tensor(named name: String, shape: Shape) throws(TensorFileError) -> Tensor<Float> {
    guard let place = places[name] else { return try weights.floats(named: name, shape: shape) }
    let whole = try weights.floats(named: place.name, shape: place.shape(of: shape))
    let turned = place.isTransposed ? whole.transposed() : whole
    return (place.rows.map { turned.sliced($0, alongAxis: 0) } ?? turned).contiguous()
  }

  /// Throws if the files of a tied model have a head that differs from its embedding.
  private func checkHead(_ embedding: String, _ shape: Shape) throws(TensorFileError) {
    let name = "lm_head.weight"
    guard weights.shape(ofTensor: name) == shape else { return }
    guard
      try weights.floats(named: name, shape: shape) == tensor(named: embedding, shape: shape)
    else {
      throw TensorFileError(
        .unsupported, file: weights.path, field: "tensor '\(name)'",
        found: "a head that is not the embedding", expected: "the embedding by config.json",
        remedy: "Set tie_word_embeddings to false in config.json to keep this head")
    }
  }

  /// The places where a tensor may be: under its own name or where its family puts it, each also without
  /// the prefix of the whole model, as in files of models without a head.
  private static func candidates(_ name: String, _ model: any ModelConfiguration) -> [TensorPlace] {
    let places = [TensorPlace(name)] + (model.place(of: name).map { [$0] } ?? [])
    return places
      + places.compactMap { place in
        guard let prefix = model.namesOfWholes.first(where: { place.name.hasPrefix($0) })
        else { return nil }
        var bare = place
        bare.name.removeFirst(prefix.count)
        return bare
      }
  }

  private static func missing(
    _ name: String, _ shape: Shape, of model: any ModelConfiguration, in weights: any TensorSource
  ) -> TensorFileError {
    let meant = model.tensorShapes.flatMap { candidates($0.name, model).map(\.name) }
    let others = Set(weights.names).subtracting(meant).filter { !isKnown($0) }
    let spelling = weights.spelling(of: name)
    let hint =
      spelling.nearest(among: others.sorted()).map {
        "The nearest name there is \(JSONError.quoted($0))"
      }
    let remedies = [
      weights is SafetensorsFolder
        ? "Give the folder of a model whose matrices are dense, with its own config.json" : nil,
      hint,
    ].compactMap { $0 }
    return TensorFileError(
      .missing, file: weights.path, field: "tensor '\(spelling)'", found: "no such tensor",
      expected: "\(shape)", remedy: remedies.isEmpty ? nil : remedies.joined(separator: ". "))
  }

  /// A tied head is the embedding again, as `checkHead` has seen; angles of rotary positions, causal masks
  /// and numbers of positions follow from sizes.
  private static func isKnown(_ name: String) -> Bool {
    name == "lm_head.weight"
      || ["rotary_emb.inv_freq", ".attn.bias", ".attn.masked_bias", "position_ids"].contains {
        name.hasSuffix($0)
      }
  }
}

extension ModelConfiguration {
  /// What may be left out at the beginning of names: the model's, where a file holds nothing else.
  fileprivate var namesOfWholes: [String] {
    let own = (self as? ClassifierConfiguration)?.layout.bodyName ?? ""
    return ["model.", "transformer."] + (own.isEmpty ? [] : [own + "."])
  }
}

extension TensorPlace {
  /// The shape in the file of a tensor with shape `own` in the model.
  fileprivate func shape(of own: Shape) -> Shape {
    var shape = own
    if let rowCount { shape = Shape([rowCount] + own.dropFirst()) }
    return isTransposed ? Shape(shape.reversed()) : shape
  }
}

extension String {
  /// The name with the smallest edit distance from this one, if small enough to be a likely match.
  func nearest(among names: [String]) -> String? {
    let letters = Array(utf8)
    func distance(_ other: String) -> Int {
      let other = Array(other.utf8)
      var row = Array(0...other.count)
      for (i, letter) in letters.enumerated() {
        var corner = row[0]
        row[0] = i + 1
        for (j, second) in other.enumerated() {
          let changed = corner + (letter == second ? 0 : 1)
          corner = row[j + 1]
          row[j + 1] = Swift.min(changed, corner + 1, row[j] + 1)
        }
      }
      return row[other.count]
    }
    let best = names.prefix(4096).map { (name: $0, distance: distance($0)) }
      .min { ($0.distance, $0.name) < ($1.distance, $1.name) }
    return best.flatMap { $0.distance <= max(3, letters.count / 3) ? $0.name : nil }
  }
}
