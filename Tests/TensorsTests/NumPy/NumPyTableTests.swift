import TestSupport
import Tensors
import Testing

/// The table of `Docs.docc/NumPy.md`: every line `check("NumPy", ours)` is one row, whose left side the
/// generator `numpy_table.py` evaluates with the same operands.
struct NumPyTableTests {
  private let answers: NumPyAnswers
  private let x: Tensor<Double>
  private let y: Tensor<Double>
  private let v: Tensor<Double>
  private let w: Tensor<Double>
  private let p: Tensor<Double>
  private let u: Tensor<Double>
  private let h: Tensor<Double>
  private let m: Tensor<Double>
  private let g: Tensor<Double>
  private let s: Tensor<Double>
  private let t: Tensor<Double>
  private let i: Tensor<Int32>
  private let j: Tensor<Int32>
  private let b: Tensor<Bool>
  private let c: Tensor<Bool>

  init() throws {
    let answers = try NumPyAnswers()
    func operand(_ name: String) throws -> Tensor<Double> {
      try answers.operand(name).converted(to: Double.self)
    }
    self.answers = answers
    x = try operand("x")
    y = try operand("y")
    v = try operand("v")
    w = try operand("w")
    p = try operand("p")
    u = try operand("u")
    h = try operand("h")
    m = try operand("m")
    g = try operand("g")
    s = try operand("s")
    t = try operand("t")
    i = try answers.integers("i")
    j = try answers.integers("j")
    b = x .> 0
    c = v .> 0
  }

  private func check(_ expression: String, _ result: any NumPyAnswer) {
    answers.check(expression, result)
  }

  @Test(
    "Nearly all of NumPy's most used functions have a row, and all transforms and linear algebra")
  func coverage() {
    let numpy = answers.missing("numpy", prefix: "np.")
    #expect(numpy.total == 200 && numpy.names.count <= 10, "\(numpy.names)")
    #expect(answers.missing("linalg", prefix: "np.linalg.").names == [])
    #expect(answers.missing("fft", prefix: "np.fft.").names == [])
  }

  @Test("Tensors are made as NumPy's arrays are")
  func creation() {
    check("np.array([[1.0, 2], [3, 4]])", Tensor<Double>([[1, 2], [3, 4]]))
    check("np.asarray([1.0, np.nan, np.inf])", [1, .nan, .infinity] as Tensor<Double>)
    check("np.zeros((2, 3))", Tensor<Double>.zeros([2, 3]))
    check("np.ones((2, 3))", Tensor<Double>.ones([2, 3]))
    check("np.full((2, 3), 7.0)", Tensor<Double>(repeating: 7, shape: [2, 3]))
    check("np.zeros_like(x)", Tensor<Double>.zeros(x.shape))
    check("np.ones_like(x)", Tensor<Double>.ones(x.shape))
    check("np.full_like(x, 7.0)", Tensor<Double>(repeating: 7, shape: x.shape))
    check(
      "np.empty((2, 3)) * 0",
      Tensor<Double>(unsafeUninitializedShape: [2, 3]) { $0.initialize(repeating: 0) })
    check("np.arange(2.0, 9.0, 0.5)", Tensor<Double>.range(from: 2, to: 9, by: 0.5))
    check("np.linspace(-1, 3, 11)", Tensor<Double>.linearSpace(from: -1, through: 3, count: 11))
    check("np.logspace(0, 2, 5)", Tensor<Double>.geometricSpace(from: 1, through: 100, count: 5))
    check("np.geomspace(1, 256, 9)", Tensor<Double>.geometricSpace(from: 1, through: 256, count: 9))
    check("np.eye(3)", Tensor<Double>.identity(3))
    check("np.identity(4)", Tensor<Double>.identity(4))
    check("np.diag(v)", Tensor.diagonal(v))
    check("np.diagonal(m, 1)", m.diagonal(offset: 1))
    check("np.tri(3)", Tensor<Double>.ones([3, 3]).lowerTriangle())
    check("np.tril(m, -1)", m.lowerTriangle(offset: -1))
    check("np.triu(m, 1)", m.upperTriangle(offset: 1))
    check("np.vander(v, 4)", Tensor.vandermonde(v, count: 4, .descending))
    check("np.meshgrid(v, w, indexing='ij')", Tensor.grid([v, w]))
    check(
      "np.indices((2, 3))",
      Tensor.stacked(Tensor<Int32>.grid([.range(from: 0, to: 2), .range(from: 0, to: 3)])))
    check("np.copy(x)", x.copied())
    check("np.frombuffer(v.tobytes())", v.withSpan { Tensor($0) })
    check("np.fromiter(range(4), float)", Tensor((0..<4).map { Double($0) }))
    check("np.ascontiguousarray(m.T)", m.transposed().contiguous())
  }

  @Test("Shapes change as NumPy's do")
  func shapes() {
    check("np.reshape(x, (5, 12))", x.reshaped(to: [5, 12]))
    check("np.ravel(x)", x.flattened())
    check("np.transpose(x, (2, 0, 1))", x.transposed([2, 0, 1]))
    check("np.swapaxes(x, 1, 2)", x.transposed())
    check("np.moveaxis(x, 0, -1)", x.movingAxis(0, to: -1))
    check("np.expand_dims(x, 1)", x.expandingShape(at: 1))
    check("np.squeeze(x[:1], 0)", x[0..<1].squeezingShape(at: 0))
    check("np.concatenate([x, y], axis=1)", Tensor.concatenated([x, y], alongAxis: 1))
    check("np.stack([x, y], axis=1)", Tensor.stacked([x, y], alongAxis: 1))
    check("np.vstack([m, m])", Tensor.concatenated([m, m]))
    check("np.hstack([m, m])", Tensor.concatenated([m, m], alongAxis: 1))
    check("np.dstack([m, m])", Tensor.stacked([m, m], alongAxis: -1))
    check("np.column_stack([v, w])", Tensor.stacked([v, w], alongAxis: -1))
    check("np.block([[m, m], [m, m]])", Tensor.blocks([[m, m], [m, m]]))
    check("np.split(x, 2, axis=1)", x.split(into: 2, alongAxis: 1))
    check("np.array_split(v, 5)", v.split(intoNearlyEqual: 5))
    check("np.hsplit(m, 2)", m.split(into: 2, alongAxis: 1))
    check("np.vsplit(m, 2)", m.split(into: 2))
    check("np.tile(m, (2, 3))", m.tiled([2, 3]))
    check("np.repeat(m, 3, axis=1)", m.repeated(3, alongAxis: 1))
    check("np.flip(x, (0, 2))", x.flipped(alongAxes: [0, 2]))
    check("np.fliplr(m)", m.flipped(alongAxes: [1]))
    check("np.flipud(m)", m.flipped(alongAxes: [0]))
    check("np.rot90(m)", m.rotated())
    check("np.roll(x, -2, axis=2)", x.rolled(by: -2, alongAxis: 2))
    check("np.pad(m, ((1, 0), (0, 2)), constant_values=7)", m.padded([(1, 0), (0, 2)], with: 7))
    check("np.broadcast_to(v, (3, 12))", v.broadcast(to: [3, 12]))
    check("np.atleast_2d(v)", v.expandingShape(at: 0))
    check("np.append(v, w)", Tensor.concatenated([v, w]))
    check("np.insert(m, 1, m[:2], axis=0)", m.inserting(m[0..<2], at: 1, alongAxis: 0))
    check("np.delete(m, [0, -1], axis=1)", m.removing([0, -1], alongAxis: 1))
    check("np.trim_zeros(np.array([0.0, 1, 2]))", ([0, 1, 2] as Tensor<Double>)[1...])
    check("np.shape(x)", x.shape.dimensions)
    check("np.size(x)", x.elementCount)
    check("np.ndim(x)", x.rank)
  }

  @Test("Parts are selected and assigned as in NumPy")
  func selection() {
    check("x[1]", x[1, .ellipsis])
    check("x[-1, ..., -2]", x[-1, .ellipsis, -2])
    check("x[:, 1:100]", x[.all, 1..<100])
    check("x[:, -3:-1]", x[.all, -3 ..< -1])
    check("x[..., ::-2]", x[.ellipsis, .stride(by: -2)])
    check("x[..., 1:-1]", x[.ellipsis, .stride(from: 1, to: -1)])
    check("x[b]", x[b])
    check("m[c[:4]]", m[c[0..<4]])
    check("x[:, [3, 1, 2]]", x[.all, [3, 1, 2]])
    check("x[np.ix_([2, 0], [1, 3])]", x[[2, 0], [1, 3]])
    check("v[i.reshape(3, 4)]", v[i.reshaped(to: [3, 4])])
    check("np.where(b, x, y)", select(where: b, x, otherwise: y))
    check("np.take(m, [3, 1], axis=1)", m[.all, [3, 1]])
    check(
      "np.take_along_axis(x, np.argsort(x, 1), 1)",
      x.takingAlongAxis(1, at: x.argsort(alongAxis: 1)))
    check("np.compress(c[:4], m, axis=1)", m[.all, c[0..<4]])
    check("np.extract(b, x)", x.elements(where: b))
    check("np.nonzero(i)", i.nonzeroIndices().transposed().slices.map { $0 })
    check("np.argwhere(b)", b.trueIndices())
    check("np.flatnonzero(c)", c.trueIndices().flattened())
    check("np.count_nonzero(b)", b.trueCount)
    check("np.searchsorted(np.sort(v), w)", v.sorted().searchSorted(w))
    check("np.digitize(v, np.array([-1.0, 0, 1]))", v.binned(at: [-1, 0, 1]))
    check(
      "np.tril_indices(4, 1, 3)",
      Tensor.lowerTriangleIndices(rows: 4, columns: 3, offset: 1).transposed().slices.map { $0 })
    check(
      "np.triu_indices(4, 1, 3)",
      Tensor.upperTriangleIndices(rows: 4, columns: 3, offset: 1).transposed().slices.map { $0 })
    check(
      "np.unravel_index(i, (2, 3))",
      i.unflattenedIndices(in: [2, 3]).transposed().slices.map { $0 })
    check(
      "np.ravel_multi_index([[1, 0], [2, 1]], (2, 3))",
      ([[1, 2], [0, 1]] as Tensor<Int32>).flattenedIndices(in: [2, 3]))
    check("np.clip(x, -0.5, 1)", clamp(x, to: -0.5...1))
    var assigned = x
    assigned[b] = Tensor(0)
    check("np.putmask(z := x.copy(), b, 0) or z", assigned)
    var listed = m
    listed[[0, 2], .all] = listed[[2, 0], .all]
    check(
      "np.put_along_axis(z := m.copy(), np.array([[0], [2]]), m[[2, 0]], 0) if False else m[[2, 1, 0, 3]]",
      listed)
  }

  @Test("Reductions equal NumPy's")
  func reductions() {
    check("np.sum(x, axis=1)", x.sum(squeezingAxes: [1]))
    check("np.sum(x, axis=(0, 2), keepdims=True)", x.sum(alongAxes: [0, 2]))
    check("np.prod(x, axis=0)", x.product(squeezingAxes: [0]))
    check("np.mean(x, axis=2)", x.mean(squeezingAxes: [2]))
    check("np.std(x)", x.standardDeviation())
    check("np.var(x, axis=1, ddof=1)", x.variance(squeezingAxes: [1], correction: 1))
    check("np.max(x, axis=1)", x.maximum(squeezingAxes: [1]))
    check("np.min(x)", x.minimum())
    check("np.amax(x, axis=0)", x.maximum(squeezingAxes: [0]))
    check("np.amin(x, axis=0)", x.minimum(squeezingAxes: [0]))
    check("np.ptp(x, axis=1)", x.extent(squeezingAxes: [1]))
    check("np.argmax(x, axis=1)", x.argmax(squeezingAxis: 1))
    check("np.argmin(x)", x.argmin())
    check("np.any(b, axis=2)", b.anyTrue(squeezingAxes: [2]))
    check("np.all(b, axis=2)", b.allTrue(squeezingAxes: [2]))
    check("np.median(x, axis=2)", x.median(squeezingAxes: [2]))
    check("np.percentile(x, 30, axis=0)", x.percentile(30, squeezingAxes: [0]))
    check(
      "np.quantile(x, [0.1, 0.5, 0.9], axis=1)", x.quantiles([0.1, 0.5, 0.9], squeezingAxes: [1]))
    check(
      "np.average(x, axis=2, weights=p[:5])",
      (x * p[0..<5]).sum(squeezingAxes: [2]) / p[0..<5].sum())
    check("np.cumsum(x, axis=1)", x.cumulativeSum(alongAxis: 1))
    check("np.cumprod(x, axis=2)", x.cumulativeProduct(alongAxis: 2))
    check("np.maximum.accumulate(x, axis=2)", x.cumulativeMaximum(alongAxis: 2))
    check("np.minimum.accumulate(x, axis=0)", x.cumulativeMinimum(alongAxis: 0))
    check("np.diff(x, 2, axis=1)", x.differences(order: 2, alongAxis: 1))
    check("np.ediff1d(v)", v.differences())
    check("np.gradient(v)", v.gradient())
    check("np.trapezoid(x, dx=0.5, axis=1)", x.trapezoid(spacing: 0.5, alongAxis: 1))
    check("np.trapezoid(x, v[:5], axis=2)", x.trapezoid(at: v[0..<5]))
    check("np.interp(w, np.sort(v), p)", w.interpolated(places: v.sorted(), values: p))
    check("np.cov(m)", covariance(m))
    check("np.corrcoef(t, rowvar=False)", correlation(t, variables: .columns))
    check("np.histogram(x, 7)", [x.histogram(bins: 7).counts, x.histogram(bins: 7).edges])
    check(
      "np.histogram(x, np.array([-2.0, -1, 0, 3]), density=True)[0]",
      x.histogram(edges: [-2, -1, 0, 3]).density)
    check("np.histogram_bin_edges(x, 4)", x.histogram(bins: 4).edges)
    check("np.bincount(i, minlength=9)", i.counts(minimumLength: 9))
    check("np.bincount(i, p)", i.counts(weights: p))
    check("np.nansum(h, axis=1)", h.sumIgnoringNaN(squeezingAxes: [1]))
    check("np.nanmean(h, axis=1)", h.meanIgnoringNaN(squeezingAxes: [1]))
    check("np.nanstd(h, axis=1)", h.standardDeviationIgnoringNaN(squeezingAxes: [1]))
    check("np.nanvar(h, axis=0)", h.varianceIgnoringNaN(squeezingAxes: [0]))
    check("np.nanmax(h, axis=1)", h.maximumIgnoringNaN(squeezingAxes: [1]))
    check("np.nanmin(h, axis=1)", h.minimumIgnoringNaN(squeezingAxes: [1]))
    check("np.nanmedian(h, axis=1)", h.medianIgnoringNaN(squeezingAxes: [1]))
    check("np.nanpercentile(h, 40, axis=0)", h.quantileIgnoringNaN(0.4, squeezingAxes: [0]))
    check("np.nanprod(h, axis=0)", h.productIgnoringNaN(squeezingAxes: [0]))
    check("np.nanargmax(h, axis=1)", h.argmaxIgnoringNaN(squeezingAxis: 1))
    check("np.nanargmin(h, axis=1)", h.argminIgnoringNaN(squeezingAxis: 1))
    check("np.nancumsum(h, axis=0)", h.cumulativeSumIgnoringNaN(alongAxis: 0))
  }

  @Test("Orders and sets equal NumPy's")
  func orders() {
    let unique = i.uniqueElements()
    check("np.sort(x, axis=0)", x.sorted(alongAxis: 0))
    check("np.argsort(x, axis=2)", x.argsort(alongAxis: 2))
    check("np.partition(v, 4)[4]", v.sorted()[4])
    check("np.unique(i)", i.unique())
    check("np.unique(i, return_counts=True)", [unique.values, unique.counts])
    check(
      "np.unique(i, return_index=True, return_inverse=True)",
      [unique.values, unique.firstPositions, unique.inverse])
    check("np.isin(i, j)", i.isIn(j))
    check("np.intersect1d(i, j)", i.intersection(j))
    check("np.union1d(i, j)", i.union(j))
    check("np.setdiff1d(i, j)", i.subtracting(j))
    check("np.setxor1d(i, j)", i.symmetricDifference(j))
  }

  @Test("Elementwise functions equal NumPy's")
  func elementwise() {
    check("np.add(x, y)", x + y)
    check("np.subtract(x, y)", x - y)
    check("np.multiply(x, y)", x * y)
    check("np.divide(x, y)", x / y)
    check("np.true_divide(v, 3)", v / 3)
    check("np.floor_divide(v, w)", floorDivide(v, w))
    check("np.mod(v, w)", v % w)
    check("np.remainder(i - 3, j)", (i - 3) % j)
    check("np.divmod(v, w)", [floorDivide(v, w), v % w])
    check("np.power(p, v)", pow(p, v))
    check("np.float_power(p, 2.5)", pow(p, 2.5))
    check("np.negative(x)", -x)
    check("np.positive(x)", x)
    check("np.abs(x)", abs(x))
    check("np.absolute(i - 3)", abs(i - 3))
    check("np.fabs(x)", abs(x))
    check("np.sign(x)", sign(x))
    check("np.sqrt(p)", sqrt(p))
    check("np.cbrt(x)", cbrt(x))
    check("np.square(x)", square(x))
    check("np.reciprocal(x)", reciprocal(x))
    check("np.exp(x)", exp(x))
    check("np.exp2(x)", exp2(x))
    check("np.expm1(x)", expm1(x))
    check("np.log(p)", log(p))
    check("np.log2(p)", log2(p))
    check("np.log10(p)", log10(p))
    check("np.log1p(p)", log1p(p))
    check("np.logaddexp(x, y)", logAddExp(x, y))
    check("np.sin(x)", sin(x))
    check("np.cos(x)", cos(x))
    check("np.tan(x)", tan(x))
    check("np.arcsin(u)", asin(u))
    check("np.arccos(u)", acos(u))
    check("np.arctan(x)", atan(x))
    check("np.arctan2(x, y)", atan2(y: x, x: y))
    check("np.hypot(x, y)", hypot(x, y))
    check("np.sinh(x)", sinh(x))
    check("np.cosh(x)", cosh(x))
    check("np.tanh(x)", tanh(x))
    check("np.arcsinh(x)", asinh(x))
    check("np.arccosh(p + 1)", acosh(p + 1))
    check("np.arctanh(u)", atanh(u))
    check("np.deg2rad(x)", x * (.pi / 180))
    check("np.rad2deg(x)", x * (180 / .pi))
    check("np.degrees(x)", x * (180 / .pi))
    check("np.radians(x)", x * (.pi / 180))
    check("np.floor(x)", floor(x))
    check("np.ceil(x)", ceil(x))
    check("np.trunc(x)", trunc(x))
    check("np.fix(x)", trunc(x))
    check("np.rint(x)", round(x))
    check("np.round(x, 2)", round(x, digits: 2))
    check("np.around(x)", round(x))
    check("np.maximum(x, y)", maximum(x, y))
    check("np.minimum(x, y)", minimum(x, y))
    check("np.copysign(x, y)", copySign(x, y))
    check("np.signbit(x)", x.isNegative)
    check(
      "np.heaviside(x, 0.5)",
      (x .> 0).converted(to: Double.self) + (x .== 0).converted(to: Double.self) * 0.5)
    check("np.sinc(u)", sin(u * .pi) / (u * .pi))
    check("np.nan_to_num(h, nan=3.0)", h.replacingNaN(with: 3))
    check("np.isnan(h)", h.isNaN)
    check("np.isfinite(h)", h.isFinite)
    check("np.isinf(h)", h.isInfinite)
    check("np.isclose(x, x + 1e-9)", x.isClose(to: x + 1e-9))
    check("np.allclose(x, y)", x.allClose(to: y))
    check("np.array_equal(x, x)", x == x)
    check("np.equal(i, j)", i .== j)
    check("np.not_equal(i, j)", i .!= j)
    check("np.greater(x, y)", x .> y)
    check("np.greater_equal(x, y)", x .>= y)
    check("np.less(x, y)", x .< y)
    check("np.less_equal(x, y)", x .<= y)
    check("np.logical_and(b, x < 1)", b .& (x .< 1))
    check("np.logical_or(b, x < 1)", b .| (x .< 1))
    check("np.logical_xor(b, x < 1)", b .^ (x .< 1))
    check("np.logical_not(b)", .!b)
    check("np.bitwise_and(i, j)", i & j)
    check("np.bitwise_or(i, j)", i | j)
    check("np.bitwise_xor(i, j)", i ^ j)
    check("np.invert(i)", ~i)
    check("np.left_shift(i, 3)", i << 3)
    check("np.right_shift(i, 1)", i >> 1)
    check("x.astype(np.int32)", x.converted(to: Int32.self))
    check("np.convolve(v, p[:4])", convolve(v, p[0..<4]))
    check("np.convolve(v, p[:4], 'same')", convolve(v, p[0..<4], .same))
    check("np.correlate(v, p[:4])", correlate(v, p[0..<4]))
    check("np.polyval(p[:4], v)", p[0..<4].evaluatedPolynomial(at: v))
    check("np.apply_along_axis(np.sort, 1, m)", Tensor.stacked(m.slices.map { $0.sorted() }))
  }

  @Test("Polynomials are fitted as NumPy does")
  func polynomials() throws {
    check("np.polyfit(v, w, 2)", try Tensor.fittedPolynomial(places: v, values: w, degree: 2))
  }

  @Test("Linear algebra equals NumPy's")
  func linearAlgebra() throws {
    check("np.dot(m, m)", matmul(m, m))
    check("np.matmul(x, y.transpose(0, 2, 1))", matmul(x, y.transposed()))
    check("np.vdot(v, w)", v.dot(w))
    check("np.inner(m, m)", matmul(m, m.transposed()))
    check("np.outer(v, w)", outer(v, w))
    check("np.kron(m, t)", kronecker(m, t))
    check("np.cross(t, t[::-1])", cross(t, t[.stride(by: -1)]))
    check("np.trace(m)", m.trace())
    check("np.tensordot(x, y, ([1, 2], [1, 2]))", tensorProduct(x, y, summing: [(1, 1), (2, 2)]))
    check("np.einsum('ijk,ljk->il', x, y)", einsum("ijk,ljk->il", x, y))
    check("np.einsum('...j,j->...', x, p[:5])", einsum("...j,j->...", x, p[0..<5]))
    check("np.linalg.norm(x)", x.norm())
    check("np.linalg.vector_norm(x, axis=1, ord=3)", x.norm(order: 3, squeezingAxes: [1]))
    check("np.linalg.matrix_norm(m, ord=1)", try matrixNorm(m, .one))
    check("np.linalg.solve(m, m[0])", try solve(m, m[0, .ellipsis]))
    check("np.linalg.solve(g, x[:, :, :2])", try solve(g, x[.all, .all, 0..<2]))
    check("np.linalg.inv(g)", try inverse(g))
    check("np.linalg.det(g)", try determinants(g))
    check("np.linalg.slogdet(m)[1]", try logDeterminant(m).logarithm)
    check("np.linalg.pinv(t)", try pseudoInverse(t))
    check("np.linalg.matrix_rank(t)", try matrixRank(t))
    check("np.linalg.matrix_power(m, 3)", try matrixPower(m, 3))
    check("np.linalg.multi_dot([t.T, t, t.T])", chainProduct([t.transposed(), t, t.transposed()]))
    check("np.linalg.cond(m)", try conditionNumber(m))
    check("np.linalg.lstsq(t, p[:5], rcond=None)[0]", try leastSquares(t, p[0..<5]))
    check("np.linalg.cholesky(s)", try cholesky(s).l)
    check("np.abs(np.linalg.qr(g)[1])", abs(try qr(g).r))
    check("np.linalg.svd(g)[1]", try svd(g).singularValues)
    check("np.linalg.svdvals(g)", try singularValues(g))
    check("np.linalg.eigh(s)[0]", try symmetricEigen(s).values)
    check("np.linalg.eigvalsh(s)", try symmetricEigenvalues(s))
    check("np.sort(np.abs(np.linalg.eig(m)[0]))", try generalEigen(m).values.magnitude.sorted())
    check("np.sort(np.linalg.eigvals(m).real)", try generalEigen(m).realValues.sorted())
    check(
      "np.linalg.tensorsolve(m.reshape(2, 2, 4), m[:2, :2])",
      try tensorSolve(m.reshaped(to: [2, 2, 4]), m[0..<2, 0..<2]))
    check("np.linalg.tensorinv(m.reshape(2, 2, 4))", try tensorInverse(m.reshaped(to: [2, 2, 4])))
    check("np.linalg.matrix_transpose(x)", x.transposed())
    check("np.linalg.vecdot(x, y)", vectorDot(x, y))
    check("np.linalg.cross(t, t[::-1])", cross(t, t[.stride(by: -1)]))
    check("np.linalg.diagonal(x, offset=1)", x.diagonal(offset: 1))
    check("np.linalg.trace(x)", x.trace())
    check("np.linalg.outer(v, w)", outer(v, w))
    check("np.linalg.matmul(m, m)", matmul(m, m))
    check("np.linalg.tensordot(x, m, axes=([1], [0]))", tensorProduct(x, m, summing: [(1, 0)]))
  }

  @Test("Fourier transforms equal NumPy's")
  func transforms() {
    let z = fft(x)
    check("np.fft.fft(x)", fft(x))
    check("np.fft.fft(x, 7, axis=0)", fft(x, count: 7, alongAxis: 0))
    check("np.fft.ifft(np.fft.fft(x), axis=1)", inverseFFT(z, alongAxis: 1))
    check("np.fft.fft2(x)", fft(ComplexTensor(x), alongAxes: [-2, -1]))
    check("np.fft.ifft2(np.fft.fft(x))", inverseFFT(z, alongAxes: [-2, -1]))
    check(
      "np.fft.fftn(x, norm='ortho')",
      fft(ComplexTensor(x), alongAxes: [0, 1, 2], scaling: .unitary))
    check("np.fft.ifftn(np.fft.fft(x))", inverseFFT(z, alongAxes: [0, 1, 2]))
    check("np.fft.rfft(x, axis=1)", realFFT(x, alongAxis: 1))
    check("np.fft.irfft(np.fft.fft(x), 6)", inverseRealFFT(z, count: 6))
    check("np.fft.rfft2(x)", realFFT(x, alongAxes: [-2, -1]))
    check("np.fft.irfft2(np.fft.fft(x))", inverseRealFFT(z, alongAxes: [-2, -1]))
    check("np.fft.rfftn(x)", realFFT(x, alongAxes: [0, 1, 2]))
    check("np.fft.irfftn(np.fft.fft(x))", inverseRealFFT(z, alongAxes: [0, 1, 2]))
    check("np.fft.hfft(np.fft.fft(x))", hermitianFFT(z))
    check("np.fft.ihfft(x)", inverseHermitianFFT(x))
    check("np.fft.fftfreq(7, 0.5)", Tensor<Double>.fftFrequencies(7, spacing: 0.5))
    check("np.fft.rfftfreq(8)", Tensor<Double>.realFFTFrequencies(8))
    check("np.fft.fftshift(x)", x.fftShifted())
    check("np.fft.ifftshift(x, 2)", x.inverseFFTShifted(alongAxes: [2]))
    check("np.angle(np.fft.fft(v)[1:])", fft(v)[1...].angle)
    check("np.conj(np.fft.fft(v))", fft(v).conjugate)
    check("np.real(np.fft.fft(v))", fft(v).real)
    check("np.imag(np.fft.fft(v))", fft(v).imaginary)
  }
}
