import Autodiff
import Foundation
import LanguageModels
import Layers
import Optimizers
import TensorFiles
import TestSupport
import Tensors
import Testing

/// The example of Docs.docc/Layers.md, word for word.
struct Digits: Module {
  let features: Sequential
  let norm: LayerNorm
  let dropout = Dropout(0.1)
  let classifier: any LinearLayer

  init(using linear: LayerBuilder) {
    features = Sequential(
      Convolution2D(1, 8, window: 3, padding: 1, initializer: .heNormal, using: linear),
      Activation.relu,
      Pooling2D(.max, window: 2),
      Flatten())
    norm = LayerNorm(8 * 4 * 4)
    classifier = linear(8 * 4 * 4, 10, bias: true)
  }

  func callAsFunction(_ images: Variable) -> Variable {
    classifier(dropout(norm(features(images))))
  }
}

@Suite struct LayersArticleTests {
  private let fixture: Fixture

  init() throws { fixture = try Fixture("digits") }

  @Test("The article's example learns its images")
  func example() throws {
    let pixels = try fixture.tensor("pixels", of: "digits", as: UInt8.self).scalars.prefix(6400)
    let images = Variable(Tensor(pixels.map { Float($0) / 16 }, shape: [100, 1, 8, 8]))
    let classes = try fixture.tensor("labels", of: "digits", as: UInt8.self).scalars.prefix(100)
    let labels = Tensor(classes.map(Int32.init))

    let model = Digits(using: .dense(seed: 1))
    let optimizer = AdamW(learningRate: .constant(0.003))
    let random = RandomSource(seed: 2)
    for step in 0..<30 {
      let loss = withTrainingMode(random: random.split(UInt64(step))) {
        crossEntropy(model(images), labels: labels, smoothing: 0.05)
      }
      try backward(from: loss) { event in
        guard case .dense(let parameter, let gradient) = event else { return }
        optimizer.update(parameter, gradient.float, step: step)
      }
    }
    let predicted = withoutGradient { model(images) }.tensor.argmax(squeezingAxis: 1)
    let right = zip(predicted.scalars, labels.scalars).count { $0 == $1 }
    // Each image is seen thirty times.
    #expect(right >= 95)
  }

  @Test("The article contains this example line by line, and its summary")
  func article() throws {
    let folder = Fixture.folder.replacing("Tests/Fixtures", with: "Docs.docc")
    let article = try String(contentsOfFile: folder + "/Layers.md", encoding: .utf8)
    #expect(article.contains(Digits(using: .dense(seed: 1)).summary(name: "digits")))
    func lines(_ text: Substring) -> [Substring] {
      text.split(separator: "\n").map { $0.drop { $0 == " " } }
    }
    let tested = Set(lines(try String(contentsOfFile: #filePath, encoding: .utf8)[...]))
    let blocks = article.split(separator: "```swift\n").dropFirst()
    try #require(blocks.count == 2)
    for block in blocks {
      let code = block.prefix(upTo: block.firstRange(of: "```")?.lowerBound ?? block.endIndex)
      for line in lines(code) where !line.hasPrefix("print(") {
        let isTested = tested.contains(line)
        #expect(isTested, "\(line)")
      }
    }
  }

  @Test("The article's lines on freezing and storing work")
  func storing() throws {
    let model = Digits(using: .dense(seed: 1))
    try withTemporaryFolder { folder in
      let path = folder + "/digits.safetensors"
      model.setTrainable(false)
      model.setTrainable(true, matching: "classifier.*")
      #expect(model.parameterCounts.trainable == 1290)
      try SafetensorsFile.write(model.parameterTensors, to: path)
      let file = try SafetensorsFile(path: path)
      let report = try model.loadParameters(named: file.names) { try file.tensor(named: $0) }
      try report.requireComplete()
    }
  }
}
