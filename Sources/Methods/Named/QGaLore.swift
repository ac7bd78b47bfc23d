internal import Optimizers
internal import Quantization

extension TrainingMethod {
  /// GaLore with stochastically rounded 8-bit matrices, 4-bit projections, and refresh intervals that
  /// double while the subspace is stable (Zhang et al., arXiv 2407.08296).
  public static let qGaLore = TrainingMethod(
    "q-galore", "Q-GaLore", "GaLore with 8-bit matrices, 4-bit projections and lazy refreshes",
    defaults: Defaults(scale: 0.25, optimizer: .adamW8bit, mergeSchedule: .static),
    options: subspaceOptions.union([.weightFormat, .projectionFormat])
  ) { settings throws(InputError) in
    MethodPlan(
      layers: .subspace(
        SubspaceConfiguration(
          rank: settings.rank, side: settings.side, scale: settings.scale,
          rule: .within(settings.projector),
          refresh: .lazy(every: settings.gap), stateRule: settings.options.stateRule ?? .keep,
          projectionFormat: settings.options.projectionFormat
            ?? .affine(
              AffineScheme(bits: .four, symmetry: .asymmetric, grouping: .group(256)))),
        packed: settings.packing
          ?? .affine(AffineScheme(bits: .eight, symmetry: .asymmetric, grouping: .group(256)))),
      optimizer: settings.optimizer)
  }
}
