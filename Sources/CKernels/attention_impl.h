// The rows of a block of attention scores. In row r the first `visible + r * step` columns are
// visible, at least none and at most all; the others become 0. Sums run in lanes of REAL: there are
// no more terms than keys, and the matrix products around them sum the same way.

INLINE intptr_t NAME(counting)(intptr_t visible, intptr_t cols) {
  return visible < 0 ? 0 : visible > cols ? cols : visible;
}

INLINE REAL NAME(sum_of_lanes)(V x) {
  REAL lanes[LANES], sum = 0;
  store(lanes, x);
  for (int i = 0; i < LANES; i++) sum += lanes[i];
  return sum;
}

/// exp(x - shift) in place of x; returns their sum.
INLINE REAL NAME(exponentials)(REAL *x, REAL shift, intptr_t n) {
  V first = splat((REAL)0), second = first;
  intptr_t i = 0;
  for (; i + 2 * LANES <= n; i += 2 * LANES) {
    V a = exp_of(load(x + i) - shift), b = exp_of(load(x + i + LANES) - shift);
    store(x + i, a);
    store(x + i + LANES, b);
    first += a;
    second += b;
  }
  REAL rest = 0;
  for (; i < n; i += LANES) {
    intptr_t count = n - i < LANES ? n - i : LANES;
    REAL lanes[LANES];
    store(lanes, exp_of(load_part(x + i, count) - shift));
    for (intptr_t j = 0; j < count; j++) {
      x[i + j] = lanes[j];
      rest += lanes[j];
    }
  }
  return NAME(sum_of_lanes)(first + second) + rest;
}

static void NAME(attention_softmax)(REAL *p, REAL *logsum, intptr_t rows, intptr_t cols,
                                    intptr_t stride, intptr_t visible, intptr_t step) {
  for (intptr_t r = 0; r < rows; r++, p += stride, visible += step) {
    intptr_t n = NAME(counting)(visible, cols);
    REAL shift = NAME(largest)(p, n);
    if (shift == -(REAL)INFINITY) {  // nothing is seen
      logsum[r] = (REAL)INFINITY;
      NAME(fill)(0, p, cols);
      continue;
    }
    REAL sum = NAME(exponentials)(p, shift, n);
    NAME(scale_row)(1 / sum, p, n);
    NAME(fill)(0, p + n, cols - n);
    logsum[r] = (REAL)(log((double)sum) + (double)shift);
  }
}

static void NAME(attention_probabilities)(REAL *p, const REAL *logsum, intptr_t rows,
                                          intptr_t cols, intptr_t stride, intptr_t visible,
                                          intptr_t step) {
  for (intptr_t r = 0; r < rows; r++, p += stride, visible += step) {
    intptr_t n = NAME(counting)(visible, cols);
    REAL shift = logsum[r];
#define STEP(READ, WRITE) WRITE(p, exp_of(READ(p) - shift))
    FOR_EACH_VECTOR(STEP);
#undef STEP
    NAME(fill)(0, p + n, cols - n);
  }
}

static void NAME(attention_gradient)(const REAL *p, REAL *g, intptr_t rows, intptr_t cols,
                                     intptr_t stride, intptr_t visible, intptr_t step) {
  for (intptr_t r = 0; r < rows; r++, p += stride, g += stride, visible += step) {
    intptr_t n = NAME(counting)(visible, cols);
    V sums = splat((REAL)0);
#define STEP(READ, WRITE) sums += READ(p) * READ(g)
    FOR_EACH_VECTOR(STEP);
#undef STEP
    REAL mean = NAME(sum_of_lanes)(sums);
#define STEP(READ, WRITE) WRITE(g, READ(p) * (READ(g) - mean))
    FOR_EACH_VECTOR(STEP);
#undef STEP
    NAME(fill)(0, g + n, cols - n);
  }
}
