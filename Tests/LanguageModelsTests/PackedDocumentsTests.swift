import Autodiff
import LanguageModels
import Layers
import Tensors
import TestSupport
import Testing

/// Documents behind one another in a row are computed as each alone.
@Suite struct PackedDocumentsTests {
  /// The same numbers in products of other sizes, through two or three blocks.
  static let tolerance = 1e-5

  /// Rows of documents and their lengths, those of one token among them.
  private func rows(of fixture: FamilyFixture) throws -> (ids: Tensor<Int32>, lengths: [[Int]]) {
    let ids = try fixture.tokens("ids")
    let count = ids.shape[1]
    return (ids, [[count / 3, 1, count - count / 3 - 1], [2, count - 2]])
  }

  @Test func aModelThatDoesNotKnowDocumentsComputesOneAfterTheOther() {
    let outside = GenerationSessionTests.Counting()
    let ids = Tensor((0..<18).map { Int32($0 * 7 % 20) }, shape: [2, 9])
    let documents = PackedDocuments(lengths: [[4, 1, 3], [9]], tokens: 9)
    let own = outside.model.hiddenStates(ids, documents: documents).tensor
    let found = outside.hiddenStates(ids, documents: documents).tensor
    #expect(relativeError(found, own) <= Self.tolerance)
    #expect(relativeError(outside.hiddenStates(ids).tensor, own) > 0.01)
  }

  @Test(arguments: FamilyFixture.all)
  func theLogitsOfADocumentAreThoseOfItAlone(_ name: String) throws {
    let fixture = try FamilyFixture(name)
    let (ids, lengths) = try rows(of: fixture)
    let documents = PackedDocuments(lengths: lengths, tokens: ids.shape[1])
    for recomputes in [false, true] {
      var model = fixture.model
      model.recomputesBlocks = recomputes
      let packed = model.logits(ids, documents: documents).tensor
      for (row, lengths) in lengths.enumerated() {
        var start = 0
        for length in lengths {
          let place = start..<start + length
          let alone = model.logits(
            ids.sliced(row..<row + 1).sliced(place, alongAxis: 1).contiguous())
          let part = packed.sliced(row..<row + 1).sliced(place, alongAxis: 1)
          #expect(
            relativeError(part.contiguous(), alone.tensor) <= Self.tolerance, "\(row), \(place)")
          start += length
        }
      }
    }
  }

  @Test(arguments: FamilyFixture.all)
  func theGradientsAreTheSumOfThoseOfEach(_ name: String) throws {
    let fixture = try FamilyFixture(name)
    let (ids, lengths) = try rows(of: fixture)
    let model = fixture.model
    let labels = Tensor(ids.scalars.map { ($0 + 3) % 11 }, shape: ids.shape)
    let whole = valueAndGradients(
      of: model.loss(
        tokens: ids, labels: labels,
        documents: PackedDocuments(lengths: lengths, tokens: ids.shape[1])))
    var loss = 0.0
    var sums: [String: Tensor<Float>] = [:]
    for (row, lengths) in lengths.enumerated() {
      var start = 0
      for length in lengths {
        func part(_ all: Tensor<Int32>) -> Tensor<Int32> {
          all.sliced(row..<row + 1).sliced(start..<start + length, alongAxis: 1).contiguous()
        }
        let share = Float(length) / Float(ids.elementCount)
        let (value, gradients) = valueAndGradients(
          of: model.loss(tokens: part(ids), labels: part(labels)))
        loss += Double(share) * value
        for (name, parameter) in model.namedParameters() {
          let gradient = try #require(gradients[parameter]) * share
          sums[name] = sums[name].map { $0 + gradient } ?? gradient
        }
        start += length
      }
    }
    #expect(abs(whole.value - loss) <= 1e-6 * loss)
    // A bias of the keys without rotation has none but rounding.
    let largest = sums.values.map { $0.norm() }.max()!
    for (name, parameter) in model.namedParameters() {
      let gradient = try #require(whole.gradients[parameter])
      let sum = try #require(sums[name])
      #expect(
        (gradient - sum).norm() <= 1e-5 * max(sum.norm(), 1e-2 * largest), "\(name)")
    }
  }

  @Test func documentsAreToldByTheirLengthsOrTheirStarts() {
    let told = PackedDocuments(lengths: [[2, 1], []], tokens: 4)
    #expect(told.starts.scalars == [0, 0, 2, 3, 0, 0, 0, 0])
    #expect(told.positions.scalars == [0, 1, 0, 0, 0, 1, 2, 3])
    #expect(PackedDocuments(starts: told.starts).positions.scalars == told.positions.scalars)
  }
}
