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

/// Transposes in squares with the side of a cache line, so that lines are read and written whole. A
/// result too large for the caches is written past them, so that its lines are not read first.
static void NAME(transpose)(const REAL *x, intptr_t x_stride, REAL *y, intptr_t y_stride,
                            intptr_t rows, intptr_t cols) {
  enum { side = 64 / sizeof(REAL), panel = 4 * side, cache = 8 << 20 };
  intptr_t whole_r = rows - rows % side, whole_c = cols - cols % side;
  bool past = rows * cols * (intptr_t)sizeof(REAL) > cache && (uintptr_t)y % 64 == 0 &&
              y_stride % side == 0;
  // Panels of columns, because every row of y may lie on a page of its own.
  for (intptr_t c0 = 0; c0 < whole_c; c0 += panel) {
    intptr_t c1 = whole_c - c0 < panel ? whole_c : c0 + panel;
    for (intptr_t r = 0; r < whole_r; r += side) {
      for (intptr_t c = c0; c < c1; c += side) {
        V columns[side];
        load_columns(x + r * x_stride + c, x_stride, columns);
        for (int i = 0; i < side; i++) {
          REAL *line = y + (c + i) * y_stride + r;
          if (past) {
            store_past_caches(line, columns[i]);
          } else {
            store(line, columns[i]);
          }
        }
      }
    }
  }
  for (intptr_t c = 0; c < cols; c++) {
    for (intptr_t r = c < whole_c ? whole_r : 0; r < rows; r++)
      y[c * y_stride + r] = x[r * x_stride + c];
  }
  if (past) fence();
}
