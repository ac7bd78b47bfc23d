// Trains a language model in 4 bits, saves it, reads it back and continues a line.
import Foundation
import LanguageModels
import Tensors
import Tokenization
import Training

let lines = (0..<3_000).map { number in
  "\(["one", "two", "three"][number % 3]) \(["small", "large"][number % 2]) "
    + "\(["fish", "bird", "tree", "house"][number % 4])s.\n"
}
let corpus = try Corpus(SourceText(Array(lines.joined().utf8), name: "counting"), vocabulary: 300)
let configuration = try TrainingConfiguration(
  model: LlamaConfiguration(hiddenSize: 64, intermediateSize: 176, layers: 2, heads: 4),
  method: .loqt, steps: 120, batchSize: 8, sequence: 32)
let trainer = try Trainer(configuration, corpus: corpus)
for try await event in trainer {
  switch event {
  case .step(let progress) where progress.step % 40 == 0:
    print("step \(progress.step) of \(progress.steps), loss \(progress.loss)")
  case .merge(let merge): print("merged \(merge.layers.count) layers at step \(merge.step)")
  default: break
  }
}
print("perplexity", trainer.finish().validationPerplexity)

let folder = NSTemporaryDirectory() + "example-model"
try Checkpoint(trainer).write(to: folder)
let saved = try Checkpoint(path: folder)
var source = RandomSource(seed: 1)
let prompt = saved.tokenizer.encode("one small ")
let written = saved.model.generate(prompt: prompt, count: 12, temperature: 0, random: &source)
print("one small " + saved.tokenizer.decode(written))
