// Estimates the memory of runs by kind, for several methods and sizes.
import LanguageModels
import LoQTKit
import Training

for preset in ["130m", "1b", "7b"] {
  for method in [TrainingMethod.full, .galore, .qlora, .loqt] {
    var options = MethodOptions()
    options.optimizer = .adamW8bit
    options.restOptimizer = .adamW8bit
    var memory = MemoryOptions()
    memory.checkpointsActivations = true
    memory.updates = .perLayer
    memory.storage = .bfloat16
    let configuration = try TrainingConfiguration(
      model: TrainingConfiguration.model(preset: preset), named: preset, method: method,
      options: options, batchSize: 1, sequence: 256, memory: memory)
    let bytes = RunEstimate(configuration).bytes
    let gibibytes = Double(bytes.total) / 1_073_741_824
    print(
      "\(preset) \(method): \((gibibytes * 100).rounded() / 100) GiB, of which weights "
        + "\((Double(bytes.weights) / 1_073_741_824 * 100).rounded() / 100)")
  }
}
