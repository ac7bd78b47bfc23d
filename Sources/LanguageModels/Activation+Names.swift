internal import Layers

extension Activation {
  /// Hugging Face's names of the functions.
  static let configurationNames: [(name: String, activation: Activation)] = [
    ("gelu", .gelu), ("gelu_new", .geluTanh), ("gelu_pytorch_tanh", .geluTanh), ("relu", .relu),
    ("silu", .silu), ("swish", .silu), ("tanh", .tanh), ("sigmoid", .sigmoid),
  ]

  /// The function with a Hugging Face name; nil if the name is unknown.
  init?(configurationName name: String) {
    guard let known = Self.configurationNames.first(where: { $0.name == name }) else { return nil }
    self = known.activation
  }

  /// The first of Hugging Face's names.
  var configurationName: String {
    Self.configurationNames.first { $0.activation == self }!.name
  }
}
