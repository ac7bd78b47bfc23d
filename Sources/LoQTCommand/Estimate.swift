import ArgumentParser
import Formatting
import Foundation
import JSON
import LanguageModels
import Reports
import TensorFiles
import Tensors
import Terminal
import Training

/// `loqt estimate`: what a run will take.
struct Estimate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Estimate the memory and the time of a training step.",
    discussion: """
      The options are those of `loqt pretrain`, and of `loqt finetune` where --weights is given. Memory is that at the peak of a step, by \
      kind; the time comes from a short trial of one block on this machine.

      Example: loqt estimate --preset 7b --rank 1024 --optimizer adamw8bit --rest-optimizer adamw8bit \
      --storage bf16 --activation-checkpointing --compensation 0 --batch 1 --sequence 256
      """)

  @OptionGroup
  var runArguments: RunArguments

  @Option(
    help: ArgumentHelp(
      "Tokens of the vocabulary. (default: 32000, or that of --config)", valueName: "count"))
  var vocabulary: Int?

  @Flag(help: "Print an object in JSON.")
  var json = false

  @Flag(inversion: .prefixedNo, help: "Measure the time of a step.")
  var time = true

  @Option(help: ArgumentHelp("Where to draw the bytes by kind, as SVG.", valueName: "file"))
  var svg: String?

  @Flag(help: "Measure the bare matrix products of a step too.")
  var products = false

  @Flag(help: "Print the paper's table beside its formula instead.")
  var paper = false

  func run() throws {
    if paper { return print(PaperMemory.table) }
    var configuration = try runArguments.configuration(
      vocabulary: vocabulary, isFineTuning: runArguments.weights != nil)
    if let vocabulary { configuration.model.vocabularySize = vocabulary }
    var estimate = RunEstimate(configuration)
    if time { estimate.measureTime(of: configuration) }
    if products { estimate.measureProducts(of: configuration) }
    if let svg {
      let title = "\(configuration.modelName), \(configuration.method.name)"
      try AtomicFile.write(MemoryPlot(title, estimate.bytes).svg, to: svg)
    }
    if json { return print(estimate.json.text(.indented)) }
    print("\(configuration.modelName), \(configuration.method.name)\(configuration.planText)")
    print(estimate.table, terminator: "")
    if let seconds = estimate.secondsPerStep {
      print(
        "seconds per step of \(configuration.tokensPerStep) tokens: \(PlainText.decimals(seconds, 3))"
      )
    }
    if let seconds = estimate.productSecondsPerStep {
      print("seconds of its bare matrix products: \(PlainText.decimals(seconds, 3))")
    }
    if let limit = ProcessMemory.limit {
      let isEnough = estimate.bytes.total <= limit.bytes
      print(
        "\(isEnough ? "fits into" : "exceeds") the \(limit.source), "
          + PlainText.gibibytes(limit.bytes))
    }
  }
}
