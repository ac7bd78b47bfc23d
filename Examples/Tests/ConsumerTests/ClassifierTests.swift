import Autodiff
import Layers
import LoQT
import Optimizers
import Stepping
import Testing

@Suite(.serialized) struct ClassifierTests {
  @Test func `4-bit matrices of rank 16 learn to read digits through merges`() throws {
    let digits = try Digits()
    let model = Classifier(using: .loqt(rank: 16, scale: 0.5))
    let optimizer = Stepper(
      AdamW(learningRate: .cosine(peak: 0.01, steps: 600)), training: model,
      merges: .exponential(every: 50, growth: 1.2), steps: 600)
    var merges = 0
    for batch in digits.batches(600, of: 64, seed: 1) {
      let report = try optimizer.step { crossEntropy(model(Variable(batch.x)), labels: batch.y) }
      if report.merge != nil { merges += 1 }
    }
    let accuracy = digits.accuracy(of: withoutGradient { model(Variable(digits.test.x)) }.tensor)
    #expect(accuracy >= 0.95)
    #expect(merges >= 5)
    #expect(optimizer.layers.count == 2)
    for (_, layer) in optimizer.layers {
      // 4.127 bits per element instead of 32.
      #expect(layer.weight.byteCount * 7 < layer.inputSize * layer.outputSize * 4)
      #expect(layer.projection != nil)
    }
  }
}
