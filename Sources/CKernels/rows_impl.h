// Kernels over the rows of a contiguous [rows, cols] array of REAL.

/// What is subtracted from a row before its exponentials are taken: its maximum, or 0 if that is
/// infinite, so that rows with infinities give infinity, 0 or NaN as the definitions do.
INLINE REAL NAME(finite_shift)(REAL largest) {
  return largest - largest == 0 ? largest : (REAL)0;
}
INLINE REAL NAME(shift_of)(const REAL *x, intptr_t n) {
  return NAME(finite_shift)(NAME(largest)(x, n));
}

/// The factor that makes exponentials add up to 1; NaN for a row with infinity, where they cannot.
INLINE REAL NAME(inverse_of)(double sum) { return sum < INFINITY ? (REAL)(1 / sum) : (REAL)NAN; }

/// The sum of exp(x - shift); the terms go to y unless y is null.
INLINE double NAME(sum_of_exponentials)(const REAL *x, REAL shift, REAL *y, intptr_t n) {
  __auto_type sums = widen(splat((REAL)0));
  intptr_t i = 0;
  // Four vectors are added pairwise first, because widening each would take as long as its
  // exponential.
  for (; i + 4 * LANES <= n; i += 4 * LANES) {
    V e[4];
    for (int j = 0; j < 4; j++) e[j] = load(x + i + j * LANES) - shift;
    exp_of_four(e);
    for (int j = 0; j < 4 && y; j++) store(y + i + j * LANES, e[j]);
    sums += widen((e[0] + e[1]) + (e[2] + e[3]));
  }
  for (; i + LANES <= n; i += LANES) {
    V e = exp_of(load(x + i) - shift);
    if (y) store(y + i, e);
    sums += widen(e);
  }
  double rest = 0;
  if (i < n) {
    REAL lanes[LANES];
    V e = exp_of(load_part(x + i, n - i) - shift);
    if (y) store_part(y + i, e, n - i);
    store(lanes, e);
    for (intptr_t j = 0; j < n - i; j++) rest += lanes[j];
  }
  return sum_lanes(sums) + rest;
}

INLINE void NAME(scale_row)(REAL factor, REAL *y, intptr_t n) {
#define STEP(READ, WRITE) WRITE(y, READ(y) * factor)
  FOR_EACH_VECTOR(STEP);
#undef STEP
}

/// Softmax of many rows, written past the caches; the row length is a multiple of four vectors.
/// While the exponentials of a row are computed, which is nearly all of the arithmetic, the next
/// row is read for its maximum and the previous one is written.
static void NAME(softmax_streamed)(const REAL *x, REAL *y, intptr_t rows, intptr_t n) {
  enum { kept = 2048 };
  REAL memory[2][kept];
  REAL *current = memory[0], *before = memory[1], factor = 0;
  REAL shift = NAME(shift_of)(x, n);
  for (intptr_t r = 0; r < rows; r++, x += n, y += n) {
    const REAL *next = r + 1 < rows ? x + n : x;
    REAL *out = r > 0 ? y - n : NULL;
    __auto_type sums = widen(splat((REAL)0));
    V first = splat(-(REAL)INFINITY), second = first;
    for (intptr_t i = 0; i < n; i += 4 * LANES) {
      V e[4];
      for (int j = 0; j < 4; j++) e[j] = load(x + i + j * LANES) - shift;
      exp_of_four(e);
      for (int j = 0; j < 4; j++) store(current + i + j * LANES, e[j]);
      sums += widen((e[0] + e[1]) + (e[2] + e[3]));
      for (int j = 0; j < 4; j += 2) {
        first = larger(load(next + i + j * LANES), first);
        second = larger(load(next + i + (j + 1) * LANES), second);
      }
      for (int j = 0; j < 4 && out; j++)
        store_past_caches(out + i + j * LANES, load(before + i + j * LANES) * factor);
    }
    factor = NAME(inverse_of)(sum_lanes(sums));
    shift = NAME(finite_shift)(largest_lane(larger(first, second)));
    REAL *other = before;
    before = current;
    current = other;
  }
  for (intptr_t i = 0; i < n; i += LANES) store_past_caches(y - n + i, load(before + i) * factor);
  fence();
}

static void NAME(softmax_rows)(const REAL *x, REAL *y, intptr_t rows, intptr_t cols) {
  // What fits in the caches is better left there.
  enum { cache = 8 << 20 };
  if (x != y && rows * cols * (intptr_t)sizeof(REAL) > cache && cols <= 2048 &&
      cols % (4 * LANES) == 0 && (uintptr_t)y % 64 == 0) {
    NAME(softmax_streamed)(x, y, rows, cols);
    return;
  }
  for (intptr_t r = 0; r < rows; r++, x += cols, y += cols) {
    REAL shift = NAME(shift_of)(x, cols);
    double sum = NAME(sum_of_exponentials)(x, shift, y, cols);
    NAME(scale_row)(NAME(inverse_of)(sum), y, cols);
  }
}

static void NAME(softmax_rows_gradient)(const REAL *y, const REAL *g, REAL *dx, intptr_t rows,
                                        intptr_t n) {
  for (intptr_t r = 0; r < rows; r++, y += n, g += n, dx += n) {
    REAL mean = (REAL)NAME(dot)(g, y, n);
#define STEP(READ, WRITE) WRITE(dx, READ(y) * (READ(g) - mean))
    FOR_EACH_VECTOR(STEP);
#undef STEP
  }
}

static void NAME(logsumexp_rows)(const REAL *x, REAL *y, intptr_t rows, intptr_t cols) {
  for (intptr_t r = 0; r < rows; r++, x += cols) {
    REAL shift = NAME(shift_of)(x, cols);
    y[r] = (REAL)(log(NAME(sum_of_exponentials)(x, shift, NULL, cols)) + shift);
  }
}

static void NAME(cross_entropy_rows)(REAL *x, const int32_t *labels, int32_t ignored, REAL scale,
                                     bool write_gradient, REAL *loss, intptr_t rows,
                                     intptr_t cols) {
  for (intptr_t r = 0; r < rows; r++, x += cols) {
    if (labels[r] == ignored) {
      loss[r] = 0;
      if (write_gradient) NAME(fill)(0, x, cols);
      continue;
    }
    REAL target = x[labels[r]], shift = NAME(shift_of)(x, cols);
    double sum = NAME(sum_of_exponentials)(x, shift, write_gradient ? x : NULL, cols);
    loss[r] = (REAL)(log(sum) + ((double)shift - target));
    if (!write_gradient) continue;
    double hit = x[labels[r]] / sum - 1;
    NAME(scale_row)((REAL)(scale / sum), x, cols);
    x[labels[r]] = (REAL)(scale * hit);
  }
}

// ---- RMS normalisation --------------------------------------------------------------------------

static void NAME(rms_norm)(const REAL *x, const REAL *w, REAL epsilon, REAL *y, REAL *inverse,
                           intptr_t rows, intptr_t n) {
  for (intptr_t r = 0; r < rows; r++, x += n, y += n) {
    double mean = NAME(sum_of_squares)(x, n) / (double)n;
    REAL scale = (REAL)(1 / sqrt(mean + (double)epsilon));
    inverse[r] = scale;
#define STEP(READ, WRITE) WRITE(y, READ(w) * (READ(x) * scale))
    FOR_EACH_VECTOR(STEP);
#undef STEP
  }
}

/// The sum of g * w * x.
INLINE double NAME(triple_sum)(const REAL *x, const REAL *w, const REAL *g, intptr_t n) {
  __auto_type sums = widen(splat((REAL)0));
#define STEP(READ, WRITE) sums += widen(READ(g) * READ(w)) * widen(READ(x))
  FOR_EACH_VECTOR(STEP);
#undef STEP
  return sum_lanes(sums);
}

static void NAME(rms_norm_gradient)(const REAL *x, const REAL *w, const REAL *inverse,
                                    const REAL *g, REAL *dx, REAL *dw, intptr_t rows, intptr_t n) {
  // Tiles of rows that are still in the cache when their share of dw is added up.
  enum { tile = 16, chunk = 512 };
  for (intptr_t r = 0; r < rows; r += tile) {
    intptr_t height = rows - r < tile ? rows - r : tile;
    const REAL *tile_x = x + r * n, *tile_g = g + r * n;
    // dw first: dx may overwrite x or g.
    for (intptr_t c = 0; c < n; c += chunk) {
      intptr_t width = n - c < chunk ? n - c : chunk;
      double sums[chunk] = {0};
      for (intptr_t t = 0; t < height; t++) {
        const REAL *p = tile_x + t * n + c, *q = tile_g + t * n + c;
        double scale = inverse[r + t];
        for (intptr_t j = 0; j < width; j++) sums[j] += (double)q[j] * p[j] * scale;
      }
      for (intptr_t j = 0; j < width; j++) dw[c + j] = (REAL)(dw[c + j] + sums[j]);
    }
    for (intptr_t t = r; t < r + height; t++) {
      const REAL *row_x = x + t * n, *row_g = g + t * n;
      REAL *row_dx = dx + t * n, scale = inverse[t];
      double shared = NAME(triple_sum)(row_x, w, row_g, n) / (double)n;
      REAL pull = (REAL)(shared * scale * scale * scale);
#define STEP(READ, WRITE)                                                                          \
  WRITE(row_dx, READ(row_g) * READ(w) * scale - READ(row_x) * pull)
      FOR_EACH_VECTOR(STEP);
#undef STEP
    }
  }
}
