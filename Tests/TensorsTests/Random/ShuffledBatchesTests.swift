import Tensors
import Testing

@Suite struct ShuffledBatchesTests {
  @Test(arguments: [(10, 3, false), (10, 3, true), (8, 4, false), (3, 5, false), (3, 5, true)])
  func everyRowComesOnceInAnEpoch(_ rows: Int, _ size: Int, _ dropsRest: Bool) {
    let batches = ShuffledBatches(of: size, from: rows, epochs: 3, seed: 1, dropsRest: dropsRest)
    let all = batches.map(\.scalars)
    #expect(all.count == batches.count)
    #expect(all == (0..<batches.count).map { batches.rows(ofBatch: $0).scalars })
    let perEpoch = batches.batchesPerEpoch
    #expect(perEpoch == (dropsRest ? rows / size : (rows + size - 1) / size))
    for epoch in 0..<3 where perEpoch > 0 {
      let seen = all[epoch * perEpoch..<(epoch + 1) * perEpoch]
      #expect(seen.dropLast().allSatisfy { $0.count == size })
      let flat = seen.flatMap { $0 }
      #expect(Set(flat).count == flat.count && flat.allSatisfy { (0..<Int32(rows)).contains($0) })
      #expect(flat.count == (dropsRest ? rows / size * size : rows))
    }
  }

  @Test func ordersDifferByEpochAndSeed() {
    let batches = ShuffledBatches(of: 100, from: 100, epochs: 2, seed: 1).map(\.scalars)
    let others = ShuffledBatches(of: 100, from: 100, epochs: 2, seed: 2).map(\.scalars)
    #expect(Set(batches + others + [Array(0..<100)]).count == 5)
  }

  @Test func rowsOfIntegersAreGathered() {
    let labels = Tensor<Int32>([7, 8, 9])
    #expect(labels.gatheringRows(at: Tensor([2, 0, 2])) == Tensor([9, 7, 9]))
    let bytes = Tensor<UInt8>([1, 2, 3, 4, 5, 6], shape: [3, 2])
    #expect(
      bytes.gatheringRows(at: Tensor(rows: [[1], [0]])) == Tensor([3, 4, 1, 2], shape: [2, 1, 2]))
  }
}
