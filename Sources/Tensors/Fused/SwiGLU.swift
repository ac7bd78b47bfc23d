/// silu(gate) * up, element by element (Shazeer, 2020). Traps unless the shapes are equal.
package func swiglu<Scalar: RealScalar>(
  _ gate: Tensor<Scalar>, _ up: consuming Tensor<Scalar>
) -> Tensor<Scalar> {
  precondition(gate.shape == up.shape, "swiglu: shapes \(gate.shape) and \(up.shape) differ")
  let (source, result) = up.overwriting()
  let (up, out) = (source.base, result.base)
  gate.withPointer { gate in
    parallelFor(result.elementCount, grain: elementwiseGrain) { r in
      let i = r.lowerBound
      Scalar._swiglu(gate + i, up + i, out + i, r.count)
    }
  }
  withExtendedLifetime(source) {}
  return result
}

/// The gradients of `swiglu` for `gate` and `up`, from the arguments rather than anything saved.
package func swigluGradient<Scalar: RealScalar>(
  _ gate: Tensor<Scalar>, _ up: consuming Tensor<Scalar>, _ gradient: consuming Tensor<Scalar>
) -> (gate: Tensor<Scalar>, up: Tensor<Scalar>) {
  precondition(
    gate.shape == up.shape && gate.shape == gradient.shape,
    "swigluGradient: gate \(gate.shape), up \(up.shape), gradient \(gradient.shape)")
  let (upSource, upResult) = up.overwriting()
  let (gradientSource, gateResult) = gradient.overwriting()
  let (up, dup) = (upSource.base, upResult.base)
  let (g, dgate) = (gradientSource.base, gateResult.base)
  gate.withPointer { gate in
    parallelFor(gateResult.elementCount, grain: elementwiseGrain) { r in
      let i = r.lowerBound
      Scalar._swigluGradient(gate + i, up + i, g + i, dgate + i, dup + i, r.count)
    }
  }
  withExtendedLifetime((upSource, gradientSource)) {}
  return (gateResult, upResult)
}
