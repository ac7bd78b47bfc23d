// Kernels of REAL that move rows: rotary embedding, gather, scatter, transposition.

static void NAME(rotary)(REAL *x, const int32_t *positions, const REAL *cosine, const REAL *sine,
                         REAL direction, intptr_t tokens, intptr_t heads, intptr_t head_size,
                         intptr_t stride) {
  intptr_t n = head_size / 2;
  for (intptr_t t = 0; t < tokens; t++) {
    const REAL *c = cosine + positions[t] * n, *s = sine + positions[t] * n;
    for (intptr_t h = 0; h < heads; h++) {
      REAL *low = x + t * stride + h * head_size, *high = low + n;
#define STEP(READ, WRITE)                                                                          \
  do {                                                                                             \
    V a = READ(low), b = READ(high), cos = READ(c), sin = direction * READ(s);                     \
    WRITE(low, a * cos - b * sin);                                                                 \
    WRITE(high, b * cos + a * sin);                                                                \
  } while (0)
      FOR_EACH_VECTOR(STEP);
#undef STEP
    }
  }
}

static void NAME(gather_rows)(const REAL *table, const int32_t *index, REAL *y, intptr_t n,
                              intptr_t cols) {
  for (intptr_t i = 0; i < n; i++)
    memcpy(y + i * cols, table + index[i] * cols, (size_t)cols * sizeof(REAL));
}

static void NAME(scatter_add_rows)(const REAL *x, const int32_t *index, REAL *table, intptr_t n,
                                   intptr_t cols) {
  for (intptr_t i = 0; i < n; i++)
    NAME(scale_add)(1, x + i * cols, 1, table + index[i] * cols, cols);
}

/// Transposes in squares of at most 64, of tiles that fit the registers.
static void NAME(transpose)(const REAL *x, intptr_t x_stride, REAL *y, intptr_t y_stride,
                            intptr_t rows, intptr_t cols) {
  enum { square = 64, tile = 32 / sizeof(REAL) };
  for (intptr_t r0 = 0; r0 < rows; r0 += square) {
    intptr_t r1 = rows - r0 < square ? rows : r0 + square;
    for (intptr_t c0 = 0; c0 < cols; c0 += square) {
      intptr_t c1 = cols - c0 < square ? cols : c0 + square;
      intptr_t whole_r = r1 - (r1 - r0) % tile, whole_c = c1 - (c1 - c0) % tile;
      for (intptr_t c = c0; c < whole_c; c += tile) {
        for (intptr_t r = r0; r < whole_r; r += tile)
          transpose_tile(x + r * x_stride + c, x_stride, y + c * y_stride + r, y_stride);
      }
      for (intptr_t c = c0; c < c1; c++) {
        for (intptr_t r = c < whole_c ? whole_r : r0; r < r1; r++)
          y[c * y_stride + r] = x[r * x_stride + c];
      }
    }
  }
}
