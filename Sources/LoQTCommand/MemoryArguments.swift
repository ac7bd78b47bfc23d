public import ArgumentParser
public import Autodiff
import Training

/// The options that trade memory for time and precision.
struct MemoryArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      How B, embedding, head, dense matrices and collected gradients are held: float32, or bf16, \
      which halves them; arithmetic is in float32 and updates are rounded at random. (default: \
      float32)
      """, valueName: "format"))
  var storage = ParameterStorage.float32

  @Flag(
    help: "Keep only the input of each block, and compute the block again in the backward pass.")
  var activationCheckpointing = false

  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      """
      Update each parameter the moment its gradient is complete, at every step; or hold all gradients \
      of every step until the backward pass is over. (default: at once, except in steps that clip, \
      accumulate, or measure the loss after a merge)
      """))
  var perLayerUpdates: Bool?

  @Option(
    help: ArgumentHelp(
      "Scale the gradients of a step down to this global norm.", valueName: "number"))
  var clippingNorm: Double?

  var options: MemoryOptions {
    var options = MemoryOptions()
    options.storage = storage
    options.checkpointsActivations = activationCheckpointing
    options.updates = perLayerUpdates.map { $0 ? .perLayer : .collected } ?? .automatic
    options.clippingNorm = clippingNorm
    return options
  }
}

extension ParameterStorage: ExpressibleByArgument {}
