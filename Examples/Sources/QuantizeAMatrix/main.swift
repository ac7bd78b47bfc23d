// Shows the error of a matrix in 4 and 8 bits, and of a product computed from its codes.
import Quantization
import Tensors

var source = RandomSource(seed: 4)
let w = Tensor<Float>.normal([512, 1_024], using: &source)
let x = Tensor<Float>.normal([16, 1_024], using: &source)
let exact = matmul(x, w.transposed())
for name in ["nf4-64-double", "int4-symmetric-group32", "int8-symmetric-row"] {
  guard let format = WeightFormat(name: name) else { fatalError("no format \(name)") }
  let stored = StoredMatrix(storing: w, as: format)
  let error = (stored.dequantized() - w).norm() / w.norm()
  let product = matmulTransposed(x, stored)
  let bits = 8 * Double(stored.byteCount) / Double(w.elementCount)
  print(
    "\(name): \(bits) bits per element, error of W \(error), of x Wᵀ "
      + "\((product - exact).norm() / exact.norm())")
}
