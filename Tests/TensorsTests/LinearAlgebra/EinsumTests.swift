import Tensors
import Testing

struct EinsumTests {
  /// The sum by its definition: over every value of every letter.
  private func naive(_ inputs: [String], _ output: String, _ operands: [Reference]) -> Reference {
    var sizes: [Character: Int] = [:]
    for (letters, operand) in zip(inputs, operands) {
      for (letter, size) in zip(letters, operand.shape) { sizes[letter] = size }
    }
    let letters = sizes.keys.sorted()
    var totals: [[Int]: Float] = [:]
    for index in Reference.indices(letters.map { sizes[$0]! }) {
      let at = Dictionary(uniqueKeysWithValues: zip(letters, index))
      totals[output.map { at[$0]! }, default: 0] += zip(inputs, operands).reduce(1) {
        $0 * $1.1[$1.0.map { at[$0]! }]
      }
    }
    return Reference(output.map { sizes[$0]! }) { totals[$0] ?? 0 }
  }

  @Test(
    "Every pattern is the sum that it denotes",
    arguments: [
      "ij,jk->ik", "ij,kj->ik", "ji,jk->ki", "bij,bjk->bik", "bij,jk->bik", "bhid,bhjd->bhij",
      "i,j->ij", "i,i->", "i,i->i", "ij->ji", "ij->", "ij->j", "ii->", "ii->i", "iij->ji",
      "ij,ij->", "ij,ij->ij", "ij,k->ikj", "ijk,k->ij", "ij,jk,kl->il", "ij,j,j->i", ",ij->ij",
      "ij,kl->", "ab,ca,b->cb",
    ])
  func everyPattern(_ pattern: String) {
    let halves = pattern.split(separator: ">", omittingEmptySubsequences: false)
    let inputs = halves[0].dropLast().split(separator: ",", omittingEmptySubsequences: false)
      .map(String.init)
    let output = String(halves[1])
    let letters = Set(inputs.joined()).sorted()
    for shift in 0..<4 {
      // Small integers, so that every order of additions is exact.
      let sizes = Dictionary(
        uniqueKeysWithValues: letters.enumerated().map { ($1, ($0 + shift) % 4) })
      let operands = inputs.enumerated().map { k, letters in
        Reference(letters.map { sizes[$0]! }, first: Float(k - 2), step: 1)
      }
      let expected = naive(inputs, output, operands)
      for layout in Layout.allCases {
        let tensors = operands.map { layout.tensor($0) }
        let result =
          switch tensors.count {
          case 1: einsum(pattern, tensors[0])
          case 2: einsum(pattern, tensors[0], tensors[1])
          default: einsum(pattern, tensors[0], tensors[1], tensors[2])
          }
        #expect(expected.matches(result), "\(pattern) \(sizes) \(layout)")
      }
    }
  }

  @Test("Without an arrow, letters that occur once remain in order")
  func implicitResult() {
    let a: Tensor<Float> = [[1, 2, 3], [4, 5, 6]]
    #expect(einsum("ba", a) == a.transposed())
    #expect(einsum("ij, jk", a, a.transposed()) == matmul(a, a.transposed()))
    #expect(einsum("ij,ij", a, a).scalar == 91)
  }

  @Test("Patterns that do not fit trap")
  func misfits() async {
    func message(_ result: ExitTest.Result?) -> String {
      String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    }
    let sizes = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = einsum("ij,jk->ik", Tensor<Float>.zeros([2, 3]), .zeros([2, 3]))
    }
    #expect(
      message(sizes).contains("einsum: axes j of ij,jk->ik differ in shapes [[2, 3], [2, 3]]"))
    let rank = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = einsum("ijk->k", Tensor<Float>.zeros([2, 3]))
    }
    #expect(message(rank).contains("einsum: ijk->k does not fit shapes [[2, 3]]"))
    await #expect(processExitsWith: .failure) {
      _ = einsum("ij->ik", Tensor<Float>.zeros([2, 3]))
    }
    await #expect(processExitsWith: .failure) {
      _ = einsum("i...->i", Tensor<Float>.zeros([2, 3]))
    }
  }
}
