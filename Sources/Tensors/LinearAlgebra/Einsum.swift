/// Sums of products in Einstein's notation, on top of `matmul`.
///
/// `pattern` names the axes of each operand by letters, and after `->` those of the result: an axis
/// that is not among them is summed over, and one that several operands share is multiplied along.
/// `"ij,jk->ik"` is the matrix product, `"bij,bjk->bik"` one for each batch, `"ii->"` the trace,
/// `"i,j->ij"` the outer product, `"ij->ji"` the transpose. `...` stands for the axes without a letter,
/// which broadcast from the last: `"...ij,...jk->...ik"`. Without `->` the result has those axes and then
/// the letters that occur once, in alphabetical order. Axes of size 1 broadcast against others of their
/// letter. Operands are contracted two at a time, in the order that multiplies the fewest numbers.
///
/// Traps if the pattern does not name every axis, if axes of one letter differ in size, or if the
/// result has a letter that no operand has or that it repeats.
public func einsum<Scalar: RealScalar>(_ pattern: String, _ operands: Tensor<Scalar>...)
  -> Tensor<Scalar>
{
  let (inputs, output) = EinsumPattern(pattern).letters(ranks: operands.map(\.rank))
  precondition(
    inputs.count == operands.count && zip(inputs, operands).allSatisfy { $0.count == $1.rank },
    "einsum: \(pattern) does not fit shapes \(operands.map(\.shape))")
  var sizes: [Character: Int] = [:]
  for (letters, operand) in zip(inputs, operands) {
    for (letter, size) in zip(letters, operand.shape) {
      let known = sizes[letter] ?? 1
      precondition(
        known == size || known == 1 || size == 1,
        "einsum: axes \(letter) of \(pattern) differ in shapes \(operands.map(\.shape))")
      sizes[letter] = known == 1 ? size : known
    }
  }
  precondition(
    Set(output).count == output.count && output.allSatisfy { sizes[$0] != nil },
    "einsum: the result of \(pattern) repeats a letter or has one of no operand")

  let terms = zip(inputs, operands).map {
    Labelled(letters: $0, tensor: $1).withoutBroadcastAxes(sizes).diagonal()
  }
  let order = ContractionOrder(terms.map { Set($0.letters) }, output: Set(output), sizes: sizes)
  return contract(terms, order).summed(keeping: Set(output)).ordered(output).tensor
}

private func contract<Scalar>(_ terms: [Labelled<Scalar>], _ order: ContractionOrder)
  -> Labelled<Scalar>
{
  var terms = terms
  for step in order.steps {
    let (a, b) = (terms[step.left], terms[step.right])
    terms.append(a.multiplied(by: b, keeping: step.needed))
  }
  return terms[terms.count - 1]
}

/// A tensor whose axes have names.
private struct Labelled<Scalar: RealScalar> {
  var letters: [Character]
  var tensor: Tensor<Scalar>

  /// The tensor without axes of size 1 whose letters have other sizes elsewhere.
  func withoutBroadcastAxes(_ sizes: [Character: Int]) -> Labelled {
    var result = self
    for axis in letters.indices.reversed()
    where tensor.shape[axis] == 1 && sizes[letters[axis]] != 1 {
      result.letters.remove(at: axis)
      result.tensor = result.tensor.squeezingShape(at: axis)
    }
    return result
  }

  /// The diagonal along each repeated letter, which becomes one axis: a view.
  func diagonal() -> Labelled {
    var kept: [Character] = []
    var sizes: [Int] = []
    var strides: [Int] = []
    for (axis, letter) in letters.enumerated() {
      if let place = kept.firstIndex(of: letter) {
        strides[place] += tensor.strides[axis]
      } else {
        kept.append(letter)
        sizes.append(tensor.shape[axis])
        strides.append(tensor.strides[axis])
      }
    }
    if kept.count == letters.count { return self }
    return Labelled(
      letters: kept,
      tensor: Tensor(
        storage: tensor.storage, shape: Shape(sizes), strides: strides, offset: tensor.offset))
  }

  /// The sum over the axes that are not `needed`.
  func summed(keeping needed: Set<Character>) -> Labelled {
    let gone = letters.indices.filter { !needed.contains(letters[$0]) }
    if gone.isEmpty { return self }
    return Labelled(
      letters: letters.filter { needed.contains($0) }, tensor: tensor.sum(squeezingAxes: gone))
  }

  func ordered(_ order: [Character]) -> Labelled {
    if order == letters { return self }
    let axes = order.map { letter in letters.firstIndex(of: letter)! }
    return Labelled(letters: order, tensor: tensor.transposed(axes))
  }

  /// The axes in the order of `groups`, with each group merged into one axis.
  func grouped(_ groups: [[Character]]) -> Tensor<Scalar> {
    let sizes = groups.map { group in
      group.reduce(1) { $0 * tensor.shape[letters.firstIndex(of: $1)!] }
    }
    return ordered(groups.flatMap { $0 }).tensor.reshaped(to: Shape(sizes))
  }

  func multiplied(by other: Labelled, keeping needed: Set<Character>) -> Labelled {
    let a = summed(keeping: needed.union(other.letters))
    let b = other.summed(keeping: needed.union(letters))
    let shared = a.letters.filter { b.letters.contains($0) }
    let batch = shared.filter { needed.contains($0) }
    let contracted = shared.filter { !needed.contains($0) }
    let left = a.letters.filter { !shared.contains($0) }
    let right = b.letters.filter { !shared.contains($0) }
    // The right operand is passed as its transpose, which costs matmul nothing.
    let product = matmul(
      a.grouped([batch, left, contracted]), b.grouped([batch, right, contracted]).transposed())
    func size(_ letter: Character) -> Int {
      a.letters.firstIndex(of: letter).map { a.tensor.shape[$0] }
        ?? b.tensor.shape[b.letters.firstIndex(of: letter)!]
    }
    let result = batch + left + right
    return Labelled(letters: result, tensor: product.reshaped(to: Shape(result.map(size))))
  }
}
