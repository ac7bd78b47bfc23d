// Tensors with NumPy's names, computed by OpenBLAS and LAPACK.
import Tensors

var source = RandomSource(seed: 7)
let x = Tensor<Float>.normal([1_000, 3], using: &source)
let spread: Tensor<Float> = [[3, 0, 0], [1, 1, 0], [0, 0.5, 0.2]]
let points = matmul(x, spread)

print("shape", points.shape, "mean", points.mean(alongAxes: [0]))
print("first row", points[0, .all])
print("rows 2 to 4, last column", points[2..<5, 2])

let centred = points - points.mean(alongAxes: [0])
let covariance = matmul(centred.transposed(), centred) / 999
let components = try symmetricEigen(covariance)  // ascending, as LAPACK's
print("variances along the axes", components.values)

let inside = (abs(centred) .< 1).converted(to: Float.self).mean(alongAxes: [0])
print("share within 1 of the mean", inside)
