// Reductions over REAL. Every sum runs in double, in a fixed number of lanes folded in a fixed
// order.

INLINE double NAME(fold)(const REAL *x, const REAL *y, intptr_t n, bool products) {
  __auto_type first = widen(splat((REAL)0));
  __auto_type second = first;
#define TERM(x) products ? widen(READ_WHOLE(x)) * widen(READ_WHOLE(y)) : widen(READ_WHOLE(x))
  intptr_t i = 0;
  for (; i + 2 * LANES <= n; i += LANES) {
    first += TERM(x);
    i += LANES;
    second += TERM(x);
  }
  for (; i + LANES <= n; i += LANES) first += TERM(x);
#undef TERM
  if (i < n) {
    __auto_type rest = widen(READ_PART(x));
    second += products ? rest * widen(READ_PART(y)) : rest;
  }
  return sum_lanes(first + second);
}

static double NAME(sum)(const REAL *x, intptr_t n) { return NAME(fold)(x, x, n, false); }
static double NAME(dot)(const REAL *x, const REAL *y, intptr_t n) {
  return NAME(fold)(x, y, n, true);
}
static double NAME(sum_of_squares)(const REAL *x, intptr_t n) {
  return NAME(fold)(x, x, n, true);
}

/// The largest element that is not NaN, or `lowest`.
INLINE REAL NAME(largest)(const REAL *x, intptr_t n, REAL lowest) {
  V first = splat(lowest), second = first;
  intptr_t i = 0;
  for (; i + 2 * LANES <= n; i += 2 * LANES) {
    first = larger(load(x + i), first);
    second = larger(load(x + i + LANES), second);
  }
  for (; i + LANES <= n; i += LANES) first = larger(load(x + i), first);
  REAL best = largest_lane(larger(first, second));
  for (; i < n; i++)
    if (x[i] > best) best = x[i];
  return best;
}

INLINE bool NAME(has_nan)(const REAL *x, intptr_t n) {
  VI unordered = bits(splat((REAL)0));
#define STEP(READ, WRITE)                                                                          \
  do {                                                                                             \
    V v = READ(x);                                                                                 \
    unordered |= v != v;                                                                           \
  } while (0)
  FOR_EACH_VECTOR(STEP);
#undef STEP
  return any_lane(unordered);
}

static REAL NAME(maximum)(const REAL *x, intptr_t n) {
  return NAME(has_nan)(x, n) ? (REAL)NAN : NAME(largest)(x, n, -(REAL)INFINITY);
}

static REAL NAME(minimum)(const REAL *x, intptr_t n) {
  if (NAME(has_nan)(x, n)) return (REAL)NAN;
  V lanes = splat((REAL)INFINITY);
  intptr_t i = 0;
  for (; i + LANES <= n; i += LANES) lanes = smaller(load(x + i), lanes);
  REAL best = smallest_lane(lanes);
  for (; i < n; i++)
    if (x[i] < best) best = x[i];
  return best;
}

// Magnitudes as integers: they are ordered like the numbers, infinity above all of them and NaN
// above infinity, so NaN propagates by itself.
static REAL NAME(maximum_magnitude)(const REAL *x, intptr_t n) {
  VI first = bits(splat((REAL)0)), second = first;
  intptr_t i = 0;
  for (; i + 2 * LANES <= n; i += 2 * LANES) {
    first = larger(bits(load(x + i)) & MAGNITUDE_BITS, first);
    second = larger(bits(load(x + i + LANES)) & MAGNITUDE_BITS, second);
  }
  for (; i + LANES <= n; i += LANES) first = larger(bits(load(x + i)) & MAGNITUDE_BITS, first);
  if (i < n) second = larger(bits(load_part(x + i, n - i)) & MAGNITUDE_BITS, second);
  BITS largest = largest_lane(larger(first, second));
  REAL result;
  memcpy(&result, &largest, sizeof result);
  return result;
}

static bool NAME(all_finite)(const REAL *x, intptr_t n) {
  VI infinite = bits(splat((REAL)0));
#define STEP(READ, WRITE) infinite |= (bits(READ(x)) & EXPONENT_BITS) == EXPONENT_BITS
  FOR_EACH_VECTOR(STEP);
#undef STEP
  return !any_lane(infinite);
}

static void NAME(add_column_sums)(const REAL *x, intptr_t rows, intptr_t cols, intptr_t stride,
                                  REAL *y) {
  enum { chunk = 512 };
  double sums[chunk];
  for (intptr_t c = 0; c < cols; c += chunk) {
    intptr_t width = cols - c < chunk ? cols - c : chunk;
    for (intptr_t j = 0; j < width; j++) sums[j] = 0;
    for (intptr_t r = 0; r < rows; r++) {
      const REAL *row = x + r * stride + c;
      for (intptr_t j = 0; j < width; j++) sums[j] += row[j];
    }
    for (intptr_t j = 0; j < width; j++) y[c + j] = (REAL)(y[c + j] + sums[j]);
  }
}
