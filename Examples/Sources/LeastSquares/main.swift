// Fits a polynomial to noisy points by least squares, and shows its condition.
import Tensors

var source = RandomSource(seed: 1)
let count = 200
let t = Tensor<Double>((0..<count).map { Double($0) / Double(count - 1) * 2 - 1 })
let truth = [0.5, -2.0, 0.0, 3.0]
let powers = (0..<4).map { power in t.scalars.map { x in (0..<power).reduce(1.0) { y, _ in y * x } }
}
let design = Tensor(powers.flatMap { $0 }, shape: [4, count]).transposed()
let noise = Tensor<Double>.normal([count], standardDeviation: 0.1, using: &source)
let y = matmul(design, Tensor(truth).reshaped(to: [4, 1])).reshaped(to: [count]) + noise

let fitted = try leastSquares(design, y.reshaped(to: [count, 1]))
print("coefficients", fitted.reshaped(to: [4]))
let residual = y - matmul(design, fitted).reshaped(to: [count])
print("noise found", (residual.sumOfSquares() / Double(count - 4)).squareRoot(), "of 0.1")
let values = try singularValues(design).scalars
print("condition", values[0] / values[3])
