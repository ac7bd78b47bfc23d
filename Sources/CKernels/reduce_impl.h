// Reductions over REAL. Every sum runs in double, in a fixed number of lanes folded in a fixed
// order.

INLINE double NAME(fold)(const REAL *x, const REAL *y, intptr_t n, bool products) {
  __auto_type first = widen(splat((REAL)0));
  __auto_type second = first;
  // Memory is read faster when prefetched far ahead; a vector is a cache line.
  enum { ahead = 8192 / sizeof(REAL) };
#define TERM(x)                                                                                    \
  (__builtin_prefetch(x + i + ahead), y != x ? __builtin_prefetch(y + i + ahead) : (void)0,        \
   products ? widen(READ_WHOLE(x)) * widen(READ_WHOLE(y)) : widen(READ_WHOLE(x)))
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

/// The largest element that is not NaN, or minus infinity.
INLINE REAL NAME(largest)(const REAL *x, intptr_t n) {
  V first = splat(-(REAL)INFINITY), second = first;
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

// The largest or smallest of each lane, noting NaN on the way.
#define EXTREME(start, choose, choose_lane, COMPARE)                                               \
  V lanes = splat(start);                                                                          \
  VI unordered = bits(splat((REAL)0));                                                             \
  intptr_t i = 0;                                                                                  \
  for (; i + LANES <= n; i += LANES) {                                                             \
    V v = load(x + i);                                                                             \
    unordered |= v != v;                                                                           \
    lanes = choose(v, lanes);                                                                      \
  }                                                                                                \
  REAL best = choose_lane(lanes);                                                                  \
  bool nan = any_lane(unordered);                                                                  \
  for (; i < n; i++) {                                                                             \
    nan |= x[i] != x[i];                                                                           \
    if (x[i] COMPARE best) best = x[i];                                                            \
  }                                                                                                \
  return nan ? (REAL)NAN : best

static REAL NAME(maximum)(const REAL *x, intptr_t n) {
  EXTREME(-(REAL)INFINITY, larger, largest_lane, >);
}
static REAL NAME(minimum)(const REAL *x, intptr_t n) {
  EXTREME((REAL)INFINITY, smaller, smallest_lane, <);
}
#undef EXTREME

// Magnitudes as integers are ordered like the numbers, with infinity above all of them and NaN
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
  // Wide runs of columns, for the sake of the prefetcher; their sums fit in L1.
  enum { chunk = 2048 };
  double sums[chunk];
  for (intptr_t c = 0; c < cols; c += chunk) {
    intptr_t width = cols - c < chunk ? cols - c : chunk;
    for (intptr_t j = 0; j < width; j++) sums[j] = 0;
    intptr_t r = 0;
    for (; r + 4 <= rows; r += 4) {
      const REAL *p = x + r * stride + c, *q = p + 2 * stride;
      for (intptr_t j = 0; j < width; j++)
        sums[j] += ((double)p[j] + p[j + stride]) + ((double)q[j] + q[j + stride]);
    }
    for (; r < rows; r++)
      for (intptr_t j = 0; j < width; j++) sums[j] += x[r * stride + c + j];
    for (intptr_t j = 0; j < width; j++) y[c + j] = (REAL)(y[c + j] + sums[j]);
  }
}
