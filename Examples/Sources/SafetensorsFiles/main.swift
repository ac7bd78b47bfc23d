// Reads, inspects and changes a safetensors file.
import Foundation
import TensorFiles
import Tensors

let path = NSTemporaryDirectory() + "example.safetensors"
var source = RandomSource(seed: 8)
try SafetensorsFile.write(
  [
    .init("embedding", Tensor<Float>.normal([100, 16], using: &source)),
    .init("norm", Tensor<Float>.ones([16])),
  ], metadata: ["format": "pt"], to: path)

let file = try SafetensorsFile(path: path)
for entry in file.entries {
  let tensor: Tensor<Float> = try file.tensor(named: entry.name)
  print(entry.name, entry.shape, entry.elementType, "norm", tensor.norm())
}
// Every tensor in 16 bits.
let half = NSTemporaryDirectory() + "example-half.safetensors"
try SafetensorsFile.write(
  file.entries.map { entry in
    .init(entry.name, try file.tensor(named: entry.name), as: .bf16)
  }, to: half)
let size = { try FileManager.default.attributesOfItem(atPath: $0)[.size] as! Int }
print("bytes", try size(path), "in 16 bits", try size(half))
