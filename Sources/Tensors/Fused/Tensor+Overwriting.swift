extension Tensor {
  /// The elements in row-major order, and a tensor of the same shape to write a result into: the
  /// same storage if nothing else holds it, so that the last use of a gradient costs no memory, and
  /// uninitialised storage otherwise.
  consuming func overwriting() -> (source: Tensor, result: Tensor) {
    if !isContiguous { self = copied() }
    if isKnownUniquelyReferenced(&storage) { return (copy self, self) }
    return (copy self, Tensor(storage: TensorStorage(count: elementCount), shape: shape))
  }
}

extension Tensor {
  /// Whether `other` is the same view of the same storage.
  package func isSame(as other: Tensor) -> Bool {
    storage === other.storage && offset == other.offset && shape == other.shape
      && viewStrides == other.viewStrides
  }
}

/// The fewest rows of `cols` elements worth a thread.
func rowGrain(_ cols: Int) -> Int { max(1, elementwiseGrain / max(1, cols)) }
