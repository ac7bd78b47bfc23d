internal import Stepping

/// Which labelled texts a run learns, in a form that is saved with it.
package struct ClassificationSettings: Codable, Sendable, Hashable {
  /// Tells the texts from others.
  package var fingerprint: String
}

extension RunSettings {
  init(_ trainer: ClassifierTrainer) {
    let data = trainer.task.data
    self.init(
      trainer, text: data.name, tokenCount: data.training.count,
      vocabulary: data.tokenizer.vocabularySize)
    classification = ClassificationSettings(fingerprint: data.fingerprint)
  }
}
