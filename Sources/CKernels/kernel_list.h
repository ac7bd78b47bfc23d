// Every kernel that is compiled once per instruction set:
// KERNEL(result, name, parameters, arguments).
// The function table, its initialisers and the public entry points are generated from this list.

#define REAL_KERNELS(T, S)                                                                         \
  KERNEL(void, binary_##S, (int o, const T *a, intptr_t as, const T *b, intptr_t bs, T *y,         \
         intptr_t n), (o, a, as, b, bs, y, n))                                                     \
  KERNEL(void, unary_##S, (int o, const T *x, T *y, intptr_t n), (o, x, y, n))                     \
  KERNEL(void, unary_gradient_##S, (int o, const T *x, const T *g, T *dx, intptr_t n),             \
         (o, x, g, dx, n))                                                                         \
  KERNEL(void, scale_add_##S, (T alpha, const T *x, T beta, T *y, intptr_t n),                     \
         (alpha, x, beta, y, n))                                                                   \
  KERNEL(void, multiply_add_##S, (const T *a, const T *b, T *y, intptr_t n), (a, b, y, n))         \
  KERNEL(void, binary_rows_##S, (int o, const T *a, const T *b, T *y, intptr_t rows,               \
         intptr_t cols), (o, a, b, y, rows, cols))                                                 \
  KERNEL(void, fill_##S, (T value, T *y, intptr_t n), (value, y, n))                               \
  KERNEL(void, select_##S, (const uint8_t *c, const T *a, const T *b, T *y, intptr_t n),           \
         (c, a, b, y, n))                                                                          \
  KERNEL(double, sum_##S, (const T *x, intptr_t n), (x, n))                                        \
  KERNEL(double, dot_##S, (const T *x, const T *y, intptr_t n), (x, y, n))                         \
  KERNEL(double, sum_of_squares_##S, (const T *x, intptr_t n), (x, n))                             \
  KERNEL(T, maximum_##S, (const T *x, intptr_t n), (x, n))                                         \
  KERNEL(T, minimum_##S, (const T *x, intptr_t n), (x, n))                                         \
  KERNEL(T, maximum_magnitude_##S, (const T *x, intptr_t n), (x, n))                               \
  KERNEL(bool, all_finite_##S, (const T *x, intptr_t n), (x, n))                                   \
  KERNEL(void, add_column_sums_##S, (const T *x, intptr_t rows, intptr_t cols, intptr_t stride,    \
         T *y), (x, rows, cols, stride, y))                                                        \
  KERNEL(void, softmax_rows_##S, (const T *x, T *y, intptr_t rows, intptr_t cols),                 \
         (x, y, rows, cols))                                                                       \
  KERNEL(void, softmax_rows_gradient_##S, (const T *y, const T *g, T *dx, intptr_t rows,           \
         intptr_t cols), (y, g, dx, rows, cols))                                                   \
  KERNEL(void, logsumexp_rows_##S, (const T *x, T *y, intptr_t rows, intptr_t cols),               \
         (x, y, rows, cols))                                                                       \
  KERNEL(void, rms_norm_##S, (const T *x, const T *w, T epsilon, T *y, T *inverse, intptr_t rows,  \
         intptr_t cols), (x, w, epsilon, y, inverse, rows, cols))                                  \
  KERNEL(void, rms_norm_gradient_##S, (const T *x, const T *w, const T *inverse, const T *g,       \
         T *dx, T *dw, intptr_t rows, intptr_t cols), (x, w, inverse, g, dx, dw, rows, cols))      \
  KERNEL(void, layer_norm_##S, (const T *x, const T *w, const T *b, T epsilon, T *y, T *mean,      \
         T *inverse, intptr_t rows, intptr_t cols),                                                \
         (x, w, b, epsilon, y, mean, inverse, rows, cols))                                         \
  KERNEL(void, layer_norm_gradient_##S, (const T *x, const T *w, const T *mean, const T *inverse,  \
         const T *g, T *dx, T *dw, T *db, intptr_t rows, intptr_t cols),                           \
         (x, w, mean, inverse, g, dx, dw, db, rows, cols))                                         \
  KERNEL(void, swiglu_##S, (const T *gate, const T *up, T *y, intptr_t n), (gate, up, y, n))       \
  KERNEL(void, swiglu_gradient_##S, (const T *gate, const T *up, const T *g, T *dgate, T *dup,     \
         intptr_t n), (gate, up, g, dgate, dup, n))                                                \
  KERNEL(void, rotary_##S, (T *x, const int32_t *positions, const T *cosine, const T *sine,        \
         T direction, intptr_t tokens, intptr_t heads, intptr_t head_size, intptr_t stride),       \
         (x, positions, cosine, sine, direction, tokens, heads, head_size, stride))                \
  KERNEL(void, cross_entropy_rows_##S, (T *x, const int32_t *labels, int32_t ignored, T scale,     \
         bool write_gradient, T *loss, intptr_t rows, intptr_t cols),                              \
         (x, labels, ignored, scale, write_gradient, loss, rows, cols))                            \
  KERNEL(void, attention_softmax_##S, (T *p, T *logsum, intptr_t rows, intptr_t cols,              \
         intptr_t stride, intptr_t visible, intptr_t step),                                        \
         (p, logsum, rows, cols, stride, visible, step))                                           \
  KERNEL(void, attention_probabilities_##S, (T *p, const T *logsum, intptr_t rows, intptr_t cols,  \
         intptr_t stride, intptr_t visible, intptr_t step),                                        \
         (p, logsum, rows, cols, stride, visible, step))                                           \
  KERNEL(void, attention_gradient_##S, (const T *p, T *g, intptr_t rows, intptr_t cols,            \
         intptr_t stride, intptr_t visible, intptr_t step),                                        \
         (p, g, rows, cols, stride, visible, step))                                                \
  KERNEL(void, gather_rows_##S, (const T *table, const int32_t *index, T *y, intptr_t n,           \
         intptr_t cols), (table, index, y, n, cols))                                               \
  KERNEL(void, scatter_add_rows_##S, (const T *x, const int32_t *index, T *table, intptr_t n,      \
         intptr_t cols), (x, index, table, n, cols))                                               \
  KERNEL(void, fft_pass_##S, (int radix, intptr_t n, intptr_t s, intptr_t length, intptr_t first,  \
         intptr_t last, const T *roots, const T *xr, const T *xi, T *yr, T *yi),                   \
         (radix, n, s, length, first, last, roots, xr, xi, yr, yi))                                \
  KERNEL(void, multiply_complex_##S, (const T *cr, const T *ci, T *xr, T *xi, intptr_t n),         \
         (cr, ci, xr, xi, n))                                                                      \
  KERNEL(void, transpose_##S, (const T *x, intptr_t x_stride, T *y, intptr_t y_stride,             \
         intptr_t rows, intptr_t cols), (x, x_stride, y, y_stride, rows, cols))

REAL_KERNELS(float, f32)
REAL_KERNELS(double, f64)

KERNEL(void, f32_to_f64, (const float *x, double *y, intptr_t n), (x, y, n))
KERNEL(void, f64_to_f32, (const double *x, float *y, intptr_t n), (x, y, n))
KERNEL(void, bf16_to_f32, (const uint16_t *x, float *y, intptr_t n), (x, y, n))
KERNEL(void, f32_to_bf16, (const float *x, uint16_t *y, intptr_t n), (x, y, n))
KERNEL(void, f16_to_f32, (const uint16_t *x, float *y, intptr_t n), (x, y, n))
KERNEL(void, f32_to_f16, (const float *x, uint16_t *y, intptr_t n), (x, y, n))

KERNEL(void, philox, (uint64_t key, uint64_t stream, uint64_t counter, uint32_t *y,
       intptr_t blocks), (key, stream, counter, y, blocks))
KERNEL(void, random_uniform_f32, (uint64_t key, uint64_t stream, uint64_t counter, float *y,
       intptr_t n), (key, stream, counter, y, n))
KERNEL(void, random_uniform_f64, (uint64_t key, uint64_t stream, uint64_t counter, double *y,
       intptr_t n), (key, stream, counter, y, n))
KERNEL(void, random_normal_f32, (uint64_t key, uint64_t stream, uint64_t counter, float *y,
       intptr_t n), (key, stream, counter, y, n))
KERNEL(void, random_normal_f64, (uint64_t key, uint64_t stream, uint64_t counter, double *y,
       intptr_t n), (key, stream, counter, y, n))

KERNEL(void, f32_to_bf16_random, (const float *x, uint16_t *y, intptr_t n,
       const loqt_draws *draws), (x, y, n, draws))

KERNEL(void, adamw, (void *p, const void *grad, bool bf16_gradient, float *m, float *v, intptr_t n,
       const loqt_adamw_numbers *numbers, const loqt_draws *rounding),
       (p, grad, bf16_gradient, m, v, n, numbers, rounding))

KERNEL(void, adamw8, (void *p, const void *grad, bool bf16_gradient, uint8_t *m_codes,
       float *m_absmax, const loqt_map8 *m_map, uint8_t *v_codes, float *v_absmax,
       const loqt_map8 *v_map, intptr_t n, intptr_t block, const loqt_adamw_numbers *numbers,
       const loqt_draws *rounding),
       (p, grad, bf16_gradient, m_codes, m_absmax, m_map, v_codes, v_absmax, v_map, n, block,
        numbers, rounding))

KERNEL(void, code4_quantize, (int codebook, const float *x, intptr_t n, intptr_t block,
       uint8_t *codes, float *absmax), (codebook, x, n, block, codes, absmax))
KERNEL(void, code4_quantize_random, (int codebook, const float *x, const float *draws, intptr_t n,
       intptr_t block, const float *absmax, uint8_t *codes),
       (codebook, x, draws, n, block, absmax, codes))
KERNEL(void, code4_dequantize, (int codebook, const uint8_t *codes, const loqt_scales4 *scales,
       intptr_t first, intptr_t rows, intptr_t columns, intptr_t length, intptr_t block, float *y),
       (codebook, codes, scales, first, rows, columns, length, block, y))
KERNEL(void, map8_quantize, (const float *x, intptr_t n, intptr_t block, const loqt_map8 *map,
       uint8_t *codes, float *absmax), (x, n, block, map, codes, absmax))
KERNEL(void, map8_quantize_random, (const float *x, const float *draws, intptr_t n, intptr_t block,
       const loqt_map8 *map, const float *absmax, uint8_t *codes),
       (x, draws, n, block, map, absmax, codes))
KERNEL(void, map8_dequantize, (const uint8_t *codes, const float *absmax, intptr_t first,
       intptr_t n, intptr_t block, const loqt_map8 *map, float *y),
       (codes, absmax, first, n, block, map, y))

KERNEL(void, affine_extents, (const float *x, intptr_t n, intptr_t group, float *least,
       float *largest, float *check), (x, n, group, least, largest, check))
KERNEL(void, affine_column_extents, (const float *x, intptr_t rows, intptr_t columns, float *least,
       float *largest, float *check), (x, rows, columns, least, largest, check))
KERNEL(void, affine_levels, (const float *bottom, const float *top, const float *check, intptr_t n,
       float least, float largest, float *scales, float *zeros),
       (bottom, top, check, n, least, largest, scales, zeros))
KERNEL(void, affine_codes, (const float *x, const float *draws, intptr_t n, intptr_t group,
       const float *scales, const float *zeros, float least, float largest, bool packed,
       uint8_t *codes), (x, draws, n, group, scales, zeros, least, largest, packed, codes))
KERNEL(void, affine_dequantize, (const uint8_t *codes, bool packed, intptr_t first, intptr_t n,
       intptr_t group, const float *scales, const float *zeros, float least, float *y),
       (codes, packed, first, n, group, scales, zeros, least, y))
KERNEL(void, gguf_quantize, (int kind, const float *x, const float *draws, intptr_t n, uint8_t *out),
       (kind, x, draws, n, out))
KERNEL(void, gguf_dequantize, (int kind, const uint8_t *blocks, intptr_t first, intptr_t n, float *y),
       (kind, blocks, first, n, y))

KERNEL(void, code_dot, (const loqt_code_matrix *w, intptr_t first, intptr_t rows, intptr_t columns,
       const float *x, intptr_t tokens, float alpha, float beta, float *y, intptr_t y_stride),
       (w, first, rows, columns, x, tokens, alpha, beta, y, y_stride))

KERNEL(void, int8_round, (const float *x, intptr_t stride, intptr_t rows, intptr_t terms,
       float factor, const loqt_draws *draws, loqt_int8_rows *out),
       (x, stride, rows, terms, factor, draws, out))
KERNEL(void, int8_panel, (const float *w, intptr_t stride, intptr_t columns, intptr_t terms,
       float top, loqt_int8_columns *out), (w, stride, columns, terms, top, out))
KERNEL(void, int8_panel_transposed, (const float *w, intptr_t stride, intptr_t columns,
       intptr_t terms, float top, loqt_int8_columns *out), (w, stride, columns, terms, top, out))

#define SORT_KERNELS(S)                                                                            \
  KERNEL(void, sort_##S, (const void *numbers, intptr_t n, bool descending, void *scratch,         \
         void *sorted), (numbers, n, descending, scratch, sorted))                                 \
  KERNEL(void, sort_positions_##S, (const void *numbers, intptr_t n, bool descending,              \
         void *scratch, int32_t *positions), (numbers, n, descending, scratch, positions))

SORT_KERNELS(f32)
SORT_KERNELS(f64)
SORT_KERNELS(i32)
SORT_KERNELS(i64)

#undef REAL_KERNELS
#undef SORT_KERNELS
