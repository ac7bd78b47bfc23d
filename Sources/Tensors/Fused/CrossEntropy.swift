/// The mean of -log softmax(logits)[label] over the rows whose label is not `ignored`; 0 if there
/// are none.
///
/// `logits` is `[..., vocabulary]`, `labels` has one per row. Traps on a label outside the
/// vocabulary.
package func crossEntropy<Scalar: RealScalar>(
  _ logits: Tensor<Scalar>, labels: Tensor<Int32>, ignoring ignored: Int32
) -> Scalar {
  let labels = CrossEntropyLabels(labels, ignored, of: logits.shape, "crossEntropy")
  let total = logits.withPointer {
    // Without a gradient the kernel only reads.
    labels.loss(
      UnsafeMutablePointer(mutating: $0), 0..<labels.rows, gradient: Scalar?.none)
  }
  return labels.mean(total)
}

/// The gradient of `crossEntropy` for the logits: (softmax - onehot) / counted rows times
/// `gradient`, that of the loss. In place if nothing else holds the logits.
package func crossEntropyGradient<Scalar: RealScalar>(
  _ logits: consuming Tensor<Scalar>, labels: Tensor<Int32>, ignoring ignored: Int32,
  _ gradient: Scalar
) -> Tensor<Scalar> {
  let labels = CrossEntropyLabels(labels, ignored, of: logits.shape, "crossEntropyGradient")
  logits.withMutablePointer {
    _ = labels.loss($0, 0..<labels.rows, gradient: gradient / labels.divisor())
  }
  return logits
}

/// Which gradients of a linear layer are wanted.
package struct LinearGradients: OptionSet, Sendable {
  package let rawValue: Int
  package init(rawValue: Int) { self.rawValue = rawValue }

  /// For the layer's input.
  package static let input = LinearGradients(rawValue: 1)
  /// For its weight.
  package static let weight = LinearGradients(rawValue: 2)
}

/// The weight `[vocabulary, d]` of a head.
package enum HeadWeight<Scalar: RealScalar> {
  /// In the precision of the computation.
  case same(Tensor<Scalar>)
  /// In 16 bits, widened by panels of rows.
  case bfloat16(Tensor<BFloat16>)

  var shape: Shape {
    switch self {
    case .same(let weight): weight.shape
    case .bfloat16(let weight): weight.shape
    }
  }

  /// Calls `body` with one panel of rows after another: all rows at once, or at most 16 MiB of a
  /// weight that has to be widened.
  func forEachPanel(_ body: (_ rows: Range<Int>, UnsafePointer<Scalar>) -> Void) {
    switch self {
    case .same(let weight): weight.withPointer { body(0..<weight.shape[0], $0) }
    case .bfloat16(let weight):
      let (vocabulary, d) = (weight.shape[0], weight.shape[1])
      let height = max(1, (4 << 20) / max(1, d))
      for start in stride(from: 0, to: vocabulary, by: height) {
        let rows = start..<min(vocabulary, start + height)
        weight.sliced(rows).converted(to: Scalar.self).withPointer { body(rows, $0) }
      }
    }
  }
}

/// `crossEntropy` of `matmul(x, weight.transposed())` without ever holding all of those logits:
/// they exist for one block of rows, which contributes its share of the loss and of the wanted
/// gradients.
///
/// `x` is `[..., d]`, `weight` `[vocabulary, d]`, `labels` has one per row of `x`. The gradients
/// are those of the loss itself, of the shapes of `x` and `weight`. With a `cap` c the logits are c
/// tanh(l / c). `room` is the number of bytes that logits may take. Traps when shapes do not fit,
/// and on a label outside the vocabulary.
package func linearCrossEntropy<Scalar: RealScalar>(
  _ x: Tensor<Scalar>, weight: Tensor<Scalar>, labels: Tensor<Int32>, ignoring ignored: Int32,
  cap: Double? = nil, gradients wanted: LinearGradients = [], room: Int = 32 << 20
) -> (loss: Scalar, input: Tensor<Scalar>?, weight: Tensor<Scalar>?) {
  linearCrossEntropy(
    x, weight: .same(weight), labels: labels, ignoring: ignored, cap: cap, gradients: wanted,
    room: room)
}

/// `linearCrossEntropy` with a weight that may be stored in 16 bits; its gradient has the precision
/// of the computation.
package func linearCrossEntropy<Scalar: RealScalar>(
  _ x: Tensor<Scalar>, weight: HeadWeight<Scalar>, labels: Tensor<Int32>, ignoring ignored: Int32,
  cap: Double? = nil, gradients wanted: LinearGradients = [], room: Int = 32 << 20
) -> (loss: Scalar, input: Tensor<Scalar>?, weight: Tensor<Scalar>?) {
  precondition(
    x.rank >= 1 && weight.shape.rank == 2 && x.shape.lastDimension == weight.shape[1],
    "linearCrossEntropy: weight \(weight.shape) does not fit x \(x.shape)")
  let (vocabulary, d) = (weight.shape[0], weight.shape[1])
  let labels = CrossEntropyLabels(
    labels, ignored, of: [x.shape.rowCount, vocabulary], "linearCrossEntropy")
  let scale: Scalar? = wanted.isEmpty ? nil : 1 / labels.divisor()
  let cap = cap.map { SoftCap<Scalar>($0) }
  // The gradient also needs the logits before the cap.
  let copies = cap == nil || scale == nil ? 1 : 2
  let fitting = room / max(1, copies * vocabulary * MemoryLayout<Scalar>.stride)
  let blockRows = min(labels.rows, max(1, fitting > 16 ? fitting & ~15 : fitting))
  let logits = TensorStorage<Scalar>(count: copies * blockRows * vocabulary)
  var dx: Tensor<Scalar>?
  if wanted.contains(.input) {
    dx = Tensor(storage: TensorStorage(count: x.elementCount), shape: x.shape)
  }
  var dweight: Tensor<Scalar>?
  if wanted.contains(.weight) {
    dweight =
      labels.anyCounted(in: 0..<labels.rows)
      ? Tensor(storage: TensorStorage(count: vocabulary * d), shape: weight.shape)
      : .zeros(weight.shape)
  }
  // The first block sets the weight's gradient, the others add to it.
  var keeping: Scalar = 0
  var total = 0.0
  x.withPointer { x in
    for start in stride(from: 0, to: labels.rows, by: max(1, blockRows)) {
      let rows = start..<min(start + blockRows, labels.rows)
      guard labels.anyCounted(in: rows) else {
        dx?.withMutablePointer { Scalar._fill(0, $0 + start * d, rows.count * d) }
        continue
      }
      let (n, x, block) = (rows.count, x + start * d, logits.base)
      weight.forEachPanel { part, w in
        gemm(
          false, true, n, part.count, d, 1, x, d, w, d, 0, block + part.lowerBound, vocabulary)
      }
      let count = n * vocabulary
      let uncapped = block + (copies - 1) * blockRows * vocabulary
      if let cap {
        if copies == 2 { uncapped.update(from: block, count: count) }
        parallelFor(count, grain: elementwiseGrain) {
          cap.apply(to: block + $0.lowerBound, $0.count)
        }
      }
      total += labels.loss(block, rows, gradient: scale)
      if let cap, copies == 2 {
        parallelFor(count, grain: elementwiseGrain) {
          cap.pullBack(block + $0.lowerBound, from: uncapped + $0.lowerBound, $0.count)
        }
      }
      dx?.withMutablePointer { dx in
        weight.forEachPanel { part, w in
          gemm(
            false, false, n, d, part.count, 1, block + part.lowerBound, vocabulary, w, d,
            part.lowerBound == 0 ? 0 : 1, dx + start * d, d)
        }
      }
      dweight?.withMutablePointer {
        gemm(true, false, vocabulary, d, n, 1, block, vocabulary, x, d, keeping, $0, d)
      }
      keeping = 1
    }
  }
  withExtendedLifetime(logits) {}
  return (labels.mean(total), dx, dweight)
}

/// Checked labels of rows of logits.
private struct CrossEntropyLabels {
  private let labels: Tensor<Int32>
  private let ignored: Int32
  private let vocabulary: Int
  /// Rows whose label is not ignored.
  private let counted: Int

  var rows: Int { labels.elementCount }

  init(_ labels: Tensor<Int32>, _ ignored: Int32, of logits: Shape, _ name: StaticString) {
    precondition(
      logits.rank >= 1 && labels.elementCount == logits.rowCount,
      "\(name): labels \(labels.shape) do not fit rows of logits \(logits)")
    let vocabulary = logits.lastDimension
    counted = labels.withUnsafeBuffer { buffer in
      var counted = 0
      for label in buffer where label != ignored {
        precondition(
          label >= 0 && label < vocabulary,
          "\(name): label \(label) is outside the vocabulary of \(vocabulary)")
        counted += 1
      }
      return counted
    }
    self.labels = labels.contiguous()
    self.ignored = ignored
    self.vocabulary = vocabulary
  }

  /// The number of counted rows, 1 if there are none.
  func divisor<Scalar: RealScalar>() -> Scalar { Scalar(max(1, counted)) }

  func mean<Scalar: RealScalar>(_ total: Double) -> Scalar {
    Scalar(total / Double(max(1, counted)))
  }

  func anyCounted(in rows: Range<Int>) -> Bool {
    labels.withUnsafeBuffer { buffer in buffer[rows].contains { $0 != ignored } }
  }

  /// The summed loss of `logits` `[rows.count, vocabulary]`, which become their gradient times
  /// `gradient` unless that is nil.
  func loss<Scalar: RealScalar>(
    _ logits: UnsafeMutablePointer<Scalar>, _ rows: Range<Int>, gradient: Scalar?
  ) -> Double {
    let losses = TensorStorage<Scalar>(count: rows.count)
    let (base, cols) = (losses.base, vocabulary)
    labels.withPointer { labels in
      let labels = labels + rows.lowerBound
      parallelFor(rows.count, grain: rowGrain(cols)) { r in
        let i = r.lowerBound
        Scalar._crossEntropyRows(
          logits + i * cols, labels + i, ignored, gradient ?? 0, gradient != nil, base + i,
          r.count, cols)
      }
    }
    return withExtendedLifetime(losses) { Scalar._sum(base, rows.count) }
  }
}
