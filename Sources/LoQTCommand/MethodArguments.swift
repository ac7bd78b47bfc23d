public import ArgumentParser
import LanguageModels
import LoQT
public import Optimizers
public import Quantization
public import Stepping
public import Training

/// The options of a method.
struct MethodArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Rank r of the updates: a number, a share of each layer's smaller side such as 0.25, or \
      energy:LOST:MIN:MAX for as few directions as leave a share of the gradient's energy outside, \
      such as energy:0.04:8:128. (default: a quarter of the hidden size; 16 for the adapters of finetune)
      """, valueName: "rank"))
  var rank: RankRule?

  @Option(
    help: ArgumentHelp(
      """
      The side of each matrix that projections apply to: smaller, larger, left (of the input), right \
      (of the output). (default: smaller)
      """, valueName: "name"))
  var side: SideRule?

  @Option(
    help: ArgumentHelp(
      """
      Factor s of the updates, alpha over rank for adapters. (default: \(Self.defaultScales); finetune: \
      2 for lora, qlora, loftq)
      """, valueName: "number"))
  var scale: Double?

  @Option(
    help: ArgumentHelp(
      """
      The optimizer of the trained parameters of the linear layers: \
      \(OptimizerKind.allCases.map(\.rawValue).joined(separator: ", ")). (default: adamw)
      """, valueName: "name"))
  var optimizer: OptimizerKind?

  @Option(
    help: ArgumentHelp(
      """
      How matrices are stored: nf4, fp4, int8, int4, float32, or a full name such as nf4-64-double or \
      int8-asymmetric-group32. (default: nf4 where the method quantises)
      """, valueName: "format"))
  var weightFormat: FormatArgument?

  @Option(
    help: ArgumentHelp(
      "Steps before the second merge or projection. (default: a tenth of the run, at most 100)",
      valueName: "steps"))
  var mergeGap: Int?

  @Option(
    help: ArgumentHelp(
      "How the gaps between merges grow: exponential, linear, static, geometric.", valueName: "name"
    ))
  var mergeSchedule: MethodOptions.MergeGrowth?

  @Option(
    help: ArgumentHelp(
      "Growth g of the gaps: gap k is longer by g^k, or by g k if linear. (default: 1.2)",
      valueName: "number"))
  var mergeGrowth: Double?

  @Option(
    help: ArgumentHelp(
      "loqt: alternations C that compensate the quantisation error at a merge. (default: 5)",
      valueName: "count"))
  var compensation: Int?

  @Option(
    help: ArgumentHelp(
      "loftq: alternations of quantising and decomposing at the start. (default: 5)",
      valueName: "count"))
  var alternations: Int?

  @Option(
    help: ArgumentHelp(
      "relora: share of the optimizer's state set to zero at a merge. (default: 0.9)",
      valueName: "share"))
  var pruning: Double?

  @Option(
    help: ArgumentHelp(
      """
      Merges of a geometric schedule, after the one at step 0: their gaps grow by --merge-growth \
      (default: 1.6) and fill the run. (default: 6)
      """, valueName: "count"))
  var merges: Int?

  @Option(help: ArgumentHelp("The longest gap between merges.", valueName: "steps"))
  var longestGap: Int?

  @Option(
    help: ArgumentHelp(
      "How projections are stored, as --weight-format. (default: nf4 for loqt)",
      valueName: "format"))
  var projectionFormat: FormatArgument?

  @Option(
    help: ArgumentHelp(
      "How projections are found: automatic, exact (SVD), gram, randomized.", valueName: "name"))
  var projector: MethodOptions.Projector?

  @Option(
    help: ArgumentHelp(
      """
      Which gradient projections are taken from with --micro-batches: exact (the sum), sketch (of \
      the sum), last. (default: sketch)
      """, valueName: "name"))
  var window: ProjectionWindow?

  @Option(
    help: ArgumentHelp(
      """
      What happens to the optimizer's state at a new projection: keep, reset, project. (default: \
      keep; loqt and adarankgrad: project)
      """, valueName: "name"))
  var stateRule: StateRule?

  @Option(
    help: ArgumentHelp(
      """
      loqt: postpone the merge of a layer while its update is below this share of its weights. \
      (default: 0)
      """, valueName: "share"))
  var postponing: Double?

  @Flag(help: "loqt: round the matrices at random at a merge.")
  var stochasticRounding = false

  @Option(
    help: ArgumentHelp(
      "The optimizer of embedding, head and norms. (default: adamw; full: --optimizer)",
      valueName: "name"))
  var restOptimizer: OptimizerKind?

  @Option(
    help: ArgumentHelp(
      "The highest learning rate of embedding, head and norms. (default: --learning-rate)",
      valueName: "number"))
  var restLearningRate: Double?

  @Option(
    help: ArgumentHelp(
      """
      Whether the embedding is trained: trained, frozen. (default: trained; frozen for the adapters of \
      finetune)
      """, valueName: "name"))
  var embedding: Part?

  @Option(
    help: ArgumentHelp(
      "Whether the head is trained, as --embedding.", valueName: "name"))
  var head: Part?

  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      """
      loqt: report what share of the update survived each merge, for which layers hold a copy of B \
      unless --compensation is 0. (default: --survival)
      """))
  var survival: Bool?

  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      """
      loqt: hold each layer's initial matrix in full precision until its first merge, for \
      --compensation to work on. (default: --keep-original)
      """))
  var keepOriginal: Bool?

  @Option(
    help: ArgumentHelp(
      """
      The layers that use the method, separated by commas: \
      \(LlamaConfiguration.linearNames.joined(separator: ",")). The others are dense. (default: all)
      """, valueName: "names"))
  var layers: String?

  @Option(
    help: ArgumentHelp(
      """
      What products with packed matrices are computed in: float, int8 (8-bit integers, faster and \
      rounded further). (default: float)
      """, valueName: "name"))
  var arithmetic: Arithmetic?

  var options: MethodOptions {
    var options = MethodOptions()
    options.rank = rank
    options.side = side
    options.scale = scale
    options.optimizer = optimizer
    options.weightFormat = weightFormat?.format
    options.mergeGap = mergeGap
    options.mergeSchedule = mergeSchedule
    options.mergeGrowth = mergeGrowth
    options.compensation = compensation
    options.alternations = alternations
    options.pruning = pruning
    options.layers = layers?.split(separator: ",").map(String.init)
    options.merges = merges
    options.longestGap = longestGap
    options.projectionFormat = projectionFormat?.format
    options.projector = projector
    options.window = window
    options.stateRule = stateRule
    options.postponing = postponing
    options.stochasticRounding = stochasticRounding ? true : nil
    options.restOptimizer = restOptimizer
    options.restLearningRate = restLearningRate
    options.freezeEmbedding = embedding.map { $0 == .frozen }
    options.freezeHead = head.map { $0 == .frozen }
    options.survival = survival
    options.keepOriginal = keepOriginal
    options.arithmetic = arithmetic
    return options
  }

  /// Whether a part of the model is trained.
  enum Part: String, ExpressibleByArgument { case trained, frozen }

  /// Every method that has a scale, with its default.
  private static var defaultScales: String {
    TrainingMethod.allCases.filter { $0.hasScale }.map { "\($0.name) \($0.defaults.scale)" }
      .joined(separator: ", ")
  }
}

/// A weight format by its full name or a short one.
struct FormatArgument: ExpressibleByArgument {
  let format: WeightFormat

  init?(argument: String) {
    switch argument {
    case "nf4": format = .nf4()
    case "fp4": format = .fp4()
    case "int8": format = .affine(AffineScheme(bits: .eight))
    case "int4": format = .affine(AffineScheme(bits: .four, grouping: .group(64)))
    default:
      guard let format = WeightFormat(name: argument) else { return nil }
      self.format = format
    }
  }
}

extension TrainingMethod: ExpressibleByArgument {}
extension MethodOptions.MergeGrowth: ExpressibleByArgument {}
extension OptimizerKind: ExpressibleByArgument {}
extension MethodArguments.Part: CaseIterable {}
extension MethodOptions.Projector: ExpressibleByArgument {}
extension ProjectionWindow: ExpressibleByArgument {}
extension StateRule: ExpressibleByArgument {}
extension Arithmetic: ExpressibleByArgument {}
extension SideRule: ExpressibleByArgument {}
extension RankRule: ExpressibleByArgument {}
