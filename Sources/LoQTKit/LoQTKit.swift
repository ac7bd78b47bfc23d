// A single import to build and train custom models.
@_exported public import Adapters
@_exported public import Autodiff
@_exported public import Layers
@_exported public import LoQT
@_exported public import ModelFiles
@_exported public import Optimizers
@_exported public import Quantization
@_exported public import QuantizedLayers
@_exported public import Stepping
@_exported public import Tensors
