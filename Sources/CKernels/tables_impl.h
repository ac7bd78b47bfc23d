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

static void NAME(transpose)(const REAL *x, intptr_t x_stride, REAL *y, intptr_t y_stride,
                            intptr_t rows, intptr_t cols) {
  enum { tile = 16 };
  for (intptr_t r = 0; r < rows; r += tile) {
    intptr_t height = rows - r < tile ? rows - r : tile;
    for (intptr_t c = 0; c < cols; c += tile) {
      intptr_t width = cols - c < tile ? cols - c : tile;
      for (intptr_t j = c; j < c + width; j++)
        for (intptr_t i = r; i < r + height; i++) y[j * y_stride + i] = x[i * x_stride + j];
    }
  }
}
