import Foundation
import LanguageModels
import Optimizers
import Tensors
import TestSupport
import Tokenization
import Training

/// A corpus of bytes.
func byteCorpus(_ bytes: Int = 20_000) throws -> Corpus {
  try Corpus(SourceText(patternedText(bytes)), vocabulary: 256)
}

/// Two blocks, grouped queries, sides that are not multiples of NF4's block size.
let tinyModel = LlamaConfiguration(
  vocabularySize: 256, hiddenSize: 24, intermediateSize: 40, layers: 2, heads: 4, keyHeads: 2,
  headSize: 6, maxPositions: 32)

/// A run of the tiny model.
func tinyConfiguration(
  _ method: TrainingMethod, steps: Int = 24, mergeGap: Int? = nil, seed: UInt64 = 1
) throws -> TrainingConfiguration {
  try TrainingConfiguration(
    model: tinyModel, method: method,
    options: .with {
      $0.rank = 8
      $0.mergeGap = mergeGap ?? 4
    }, steps: steps, batchSize: 4, sequence: 16, learningRate: 0.02, seed: seed,
    evaluationInterval: 8)
}

/// Takes all steps.
func finished(_ trainer: LanguageModelTrainer) async throws -> RunRecord {
  for try await _ in trainer {}
  return trainer.finish()
}

extension MethodOptions {
  /// The options changed by `set`.
  static func with(_ set: (inout MethodOptions) -> Void) -> MethodOptions {
    var options = MethodOptions()
    set(&options)
    return options
  }
}
