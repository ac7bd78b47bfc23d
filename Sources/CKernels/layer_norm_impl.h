// Layer normalisation of the rows of a contiguous [rows, cols] array of REAL.

/// The sum of the squares of x - centre.
INLINE double NAME(centred_squares)(const REAL *x, REAL centre, intptr_t n) {
  __auto_type first = widen(splat((REAL)0));
  __auto_type second = first;
  intptr_t i = 0;
  for (; i + 2 * LANES <= n; i += 2 * LANES) {
    V a = load(x + i) - centre, b = load(x + i + LANES) - centre;
    first += widen(a) * widen(a);
    second += widen(b) * widen(b);
  }
  for (; i < n; i += LANES) {
    intptr_t count = n - i < LANES ? n - i : LANES;
    REAL lanes[LANES];
    store(lanes, load_part(x + i, count) - centre);
    V a = load_part(lanes, count);
    first += widen(a) * widen(a);
  }
  return sum_lanes(first + second);
}

static void NAME(layer_norm)(const REAL *x, const REAL *w, const REAL *b, REAL epsilon, REAL *y,
                             REAL *mean, REAL *inverse, intptr_t rows, intptr_t n) {
  for (intptr_t r = 0; r < rows; r++, x += n, y += n) {
    REAL centre = (REAL)(NAME(sum)(x, n) / (double)n);
    double squares = NAME(centred_squares)(x, centre, n);
    REAL scale = (REAL)(1 / sqrt(squares / (double)n + (double)epsilon));
    mean[r] = centre;
    inverse[r] = scale;
#define WITHOUT(READ, WRITE) WRITE(y, READ(w) * ((READ(x) - centre) * scale))
#define WITH(READ, WRITE) WRITE(y, READ(w) * ((READ(x) - centre) * scale) + READ(b))
    if (b) {
      FOR_EACH_VECTOR(WITH);
    } else {
      FOR_EACH_VECTOR(WITHOUT);
    }
#undef WITHOUT
#undef WITH
  }
}

/// Adds to dw and db what a few rows contribute; few enough for them to stay in the cache.
INLINE void NAME(add_norm_weights)(const REAL *x, const REAL *mean, const REAL *inverse,
                                   const REAL *g, REAL *dw, REAL *db, intptr_t rows, intptr_t n) {
  enum { chunk = 512 };
  for (intptr_t c = 0; c < n; c += chunk) {
    intptr_t width = n - c < chunk ? n - c : chunk;
    double for_weight[chunk] = {0}, for_bias[chunk] = {0};
    for (intptr_t r = 0; r < rows; r++) {
      const REAL *p = x + r * n + c, *q = g + r * n + c;
      REAL centre = mean[r];
      double scale = inverse[r];
      for (intptr_t j = 0; j < width; j++) {
        double slope = q[j];
        for_bias[j] += slope;
        for_weight[j] += slope * (double)(p[j] - centre) * scale;
      }
    }
    for (intptr_t j = 0; j < width; j++) {
      dw[c + j] = (REAL)(dw[c + j] + for_weight[j]);
      db[c + j] = (REAL)(db[c + j] + for_bias[j]);
    }
  }
}

static void NAME(layer_norm_gradient)(const REAL *x, const REAL *w, const REAL *mean,
                                      const REAL *inverse, const REAL *g, REAL *dx, REAL *dw,
                                      REAL *db, intptr_t rows, intptr_t n) {
  enum { tile = 16 };
  for (intptr_t r = 0; r < rows; r += tile) {
    intptr_t height = rows - r < tile ? rows - r : tile;
    // The weights first: dx may overwrite x or g.
    NAME(add_norm_weights)(x + r * n, mean + r, inverse + r, g + r * n, dw, db, height, n);
    for (intptr_t t = r; t < r + height; t++) {
      const REAL *row_x = x + t * n, *row_g = g + t * n;
      REAL *row_dx = dx + t * n, scale = inverse[t], centre = mean[t];
      __auto_type slopes = widen(splat((REAL)0));
      __auto_type products = slopes;
      __auto_type deviations = slopes;
#define STEP(READ, WRITE)                                                                          \
  do {                                                                                             \
    V slope = READ(row_g) * READ(w), deviation = READ(row_x) - centre;                             \
    slopes += widen(slope);                                                                        \
    products += widen(slope) * widen(deviation);                                                   \
    deviations += widen(deviation);                                                                \
  } while (0)
      FOR_EACH_VECTOR(STEP);
#undef STEP
      // Lanes past the end hold 0 - centre.
      double past = (double)centre * (double)((LANES - n % LANES) % LANES);
      double rest = sum_lanes(deviations) + past;
      REAL pull = (REAL)(sum_lanes(products) / (double)n * scale * scale * scale);
      // Makes the mean of dx 0. The deviations have a mean of their own if that of x was rounded.
      REAL shift = (REAL)((scale * sum_lanes(slopes) - pull * rest) / (double)n);
#define STEP(READ, WRITE)                                                                          \
  WRITE(row_dx, (READ(row_g) * READ(w) * scale - (READ(row_x) - centre) * pull) - shift)
      FOR_EACH_VECTOR(STEP);
#undef STEP
    }
  }
}
