// Kernels over whole buffers. Every function is dispatched at run time to the best instruction set
// that this processor has; `loqt_force_instruction_set` picks another for tests, and so does the
// environment variable LOQT_INSTRUCTION_SET (plain, avx2, avx512). Unless stated otherwise,
// pointers may be unaligned, buffers must not overlap except for exact in-place use (out == input),
// n may be 0, and nothing allocates. `_f32` and `_f64` name the scalar. Products of 8-bit integers are
// in loqt_int8.h.
#pragma once

#include <stdint.h>
#include <stddef.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

// ---- Instruction sets -------------------------------------------------------------------------

enum { LOQT_PLAIN = 0, LOQT_AVX2 = 2, LOQT_AVX512 = 3 };
/// The best level this processor has.
int loqt_best_instruction_set(void);
/// The level in use.
int loqt_instruction_set(void);
/// Uses `level`, or the best one below it that this processor has. For tests.
void loqt_force_instruction_set(int level);

// ---- Threads ----------------------------------------------------------------------------------

/// The threads that take part in `loqt_parallel_for`, the caller included. At first, the number of
/// processors that the process may run on.
int loqt_thread_count(void);
void loqt_set_thread_count(int count);
/// Splits [0, count) into at most `loqt_thread_count()` contiguous ranges, each at least `grain`
/// long except the last, and runs `body` on each; returns when all are done. The split depends only
/// on `count`, `grain` and the thread count. Called from inside a body, or while another thread is
/// using the pool, it runs the same ranges on the calling thread, so it never deadlocks and never
/// oversubscribes.
void loqt_parallel_for(intptr_t count, intptr_t grain,
                       void (*body)(void *_Nullable context, intptr_t begin, intptr_t end),
                       void *_Nullable context);
/// Whether the calling thread is inside a body of `loqt_parallel_for`.
bool loqt_in_parallel_region(void);

// ---- Elementwise ------------------------------------------------------------------------------

enum {
  LOQT_ADD, LOQT_SUBTRACT, LOQT_MULTIPLY, LOQT_DIVIDE, LOQT_MINIMUM, LOQT_MAXIMUM, LOQT_POWER,
  // Comparisons give 1 or 0.
  LOQT_EQUAL, LOQT_NOT_EQUAL, LOQT_LESS, LOQT_LESS_EQUAL, LOQT_GREATER, LOQT_GREATER_EQUAL,
  LOQT_ATAN2, LOQT_HYPOT, LOQT_MODULO /* of a floored division */, LOQT_FLOORED_QUOTIENT,
  LOQT_LOG_OF_SUM /* of two exponentials */, LOQT_COPY_SIGN,
};
enum {
  LOQT_NEGATE, LOQT_ABSOLUTE, LOQT_SQUARE, LOQT_SQUARE_ROOT, LOQT_RECIPROCAL_SQUARE_ROOT,
  LOQT_RECIPROCAL, LOQT_EXP, LOQT_LOG, LOQT_TANH, LOQT_ERF, LOQT_SIGMOID, LOQT_SILU, LOQT_RELU,
  LOQT_GELU /* erf form */, LOQT_GELU_TANH, LOQT_SIN, LOQT_COS, LOQT_FLOOR, LOQT_CEIL,
  LOQT_ROUND /* to nearest, ties to even */, LOQT_SIGN,
  LOQT_EXP2, LOQT_EXPM1, LOQT_LOG2, LOQT_LOG10, LOQT_LOG1P, LOQT_TAN, LOQT_ASIN, LOQT_ACOS,
  LOQT_ATAN, LOQT_SINH, LOQT_COSH, LOQT_ASINH, LOQT_ACOSH, LOQT_ATANH, LOQT_CBRT, LOQT_TRUNC,
};

#define LOQT_DECLARE_REAL(T, S)                                                                    \
  /** out[i] = a[i * a_step] op b[i * b_step]; steps are 0 (one scalar for all) or 1. */           \
  void loqt_binary_##S(int operation, const T *a, intptr_t a_step, const T *b, intptr_t b_step,    \
                       T *out, intptr_t n);                                                        \
  /** out[i] = op(x[i]). */                                                                        \
  void loqt_unary_##S(int operation, const T *x, T *out, intptr_t n);                              \
  /** dx[i] = g[i] * op'(x[i]), for EXP LOG TANH ERF SIGMOID SILU RELU GELU GELU_TANH SQUARE       \
      SQUARE_ROOT RECIPROCAL_SQUARE_ROOT RECIPROCAL ABSOLUTE SIN COS. RELU'(0) = 0. */             \
  void loqt_unary_gradient_##S(int operation, const T *x, const T *g, T *dx, intptr_t n);          \
  /** y[i] = alpha x[i] + beta y[i]; beta == 0 never reads y. */                                   \
  void loqt_scale_add_##S(T alpha, const T *x, T beta, T *y, intptr_t n);                          \
  /** y[i] += a[i] b[i]. */                                                                        \
  void loqt_multiply_add_##S(const T *a, const T *b, T *y, intptr_t n);                            \
  /** Row vector broadcast: out[r, c] = a[r, c] op b[c]. */                                        \
  void loqt_binary_rows_##S(int operation, const T *a, const T *b, T *out, intptr_t rows,          \
                            intptr_t cols);                                                        \
  void loqt_fill_##S(T value, T *out, intptr_t n);                                                 \
  /** out[i] = condition[i] != 0 ? a[i] : b[i]. */                                                 \
  void loqt_select_##S(const uint8_t *condition, const T *a, const T *b, T *out, intptr_t n);      \
                                                                                                   \
  /* Reductions. Sums of float run in double or pairwise; NaN propagates through all of them. */   \
  double loqt_sum_##S(const T *x, intptr_t n);                                                     \
  double loqt_dot_##S(const T *x, const T *y, intptr_t n);                                         \
  double loqt_sum_of_squares_##S(const T *x, intptr_t n);                                          \
  T loqt_maximum_##S(const T *x, intptr_t n); /* n > 0 */                                          \
  T loqt_minimum_##S(const T *x, intptr_t n); /* n > 0 */                                          \
  T loqt_maximum_magnitude_##S(const T *x, intptr_t n); /* 0 for n == 0 */                         \
  bool loqt_all_finite_##S(const T *x, intptr_t n);                                                \
  /** out[c] += sum over r of x[r * stride + c]. */                                                \
  void loqt_add_column_sums_##S(const T *x, intptr_t rows, intptr_t cols, intptr_t stride, T *out); \
                                                                                                   \
  /* Rows: [rows, cols], contiguous. */                                                            \
  void loqt_softmax_rows_##S(const T *x, T *y, intptr_t rows, intptr_t cols);                      \
  /** dx = y * (g - sum(g * y)) row by row. */                                                     \
  void loqt_softmax_rows_gradient_##S(const T *y, const T *g, T *dx, intptr_t rows,                \
                                      intptr_t cols);                                              \
  void loqt_logsumexp_rows_##S(const T *x, T *out, intptr_t rows, intptr_t cols);                  \
  /** y = w * x / sqrt(mean(x^2) + epsilon); keeps 1 / sqrt(...) of each row in inverse. */        \
  void loqt_rms_norm_##S(const T *x, const T *w, T epsilon, T *y, T *inverse, intptr_t rows,       \
                         intptr_t cols);                                                           \
  /** dx of the above, and dw[c] += its contribution (dw of length cols). */                       \
  void loqt_rms_norm_gradient_##S(const T *x, const T *w, const T *inverse, const T *g, T *dx,     \
                                  T *dw, intptr_t rows, intptr_t cols);                            \
  /** y = w * (x - mean(x)) / sqrt(variance(x) + epsilon) + b, without b where that is null; keeps \
      the mean and 1 / sqrt(...) of each row. */                                                   \
  void loqt_layer_norm_##S(const T *x, const T *w, const T *_Nullable b, T epsilon, T *y,          \
                           T *mean, T *inverse, intptr_t rows, intptr_t cols);                     \
  /** dx of the above; dw[c] and db[c] += their contributions (of length cols). */                 \
  void loqt_layer_norm_gradient_##S(const T *x, const T *w, const T *mean, const T *inverse,       \
                                    const T *g, T *dx, T *dw, T *db, intptr_t rows,                \
                                    intptr_t cols);                                                \
  /** out = silu(gate) * up. */                                                                    \
  void loqt_swiglu_##S(const T *gate, const T *up, T *out, intptr_t n);                            \
  void loqt_swiglu_gradient_##S(const T *gate, const T *up, const T *g, T *dgate, T *dup,          \
                                intptr_t n);                                                       \
  /** Rotary embedding, half-split form, in place, on [tokens, heads, head_size] with `stride`     \
      scalars from token to token: with h = head_size / 2 and i < h,                               \
      (x[i], x[i+h]) <- (x[i] c - x[i+h] s, x[i+h] c + x[i] s), where c = cosine[position, i],     \
      s = direction * sine[position, i], position = positions[token]. Tables are                   \
      [maximum position, h]; direction is 1, or -1 for the inverse (the gradient). */              \
  void loqt_rotary_##S(T *x, const int32_t *positions, const T *cosine, const T *sine,             \
                       T direction, intptr_t tokens, intptr_t heads, intptr_t head_size,           \
                       intptr_t stride);                                                           \
  /** Cross entropy of rows of logits [rows, cols]: loss[r] = logsumexp(row) - row[label[r]], 0 for \
      label == ignored. Then the row is overwritten with its gradient scale * (softmax - onehot)   \
      (0 for ignored rows) when `write_gradient`. Labels must lie in [0, cols). */                 \
  void loqt_cross_entropy_rows_##S(T *logits, const int32_t *labels, int32_t ignored, T scale,     \
                                   bool write_gradient, T *loss, intptr_t rows, intptr_t cols);    \
                                                                                                   \
  /** Turns a block [rows, cols] of attention scores, rows `stride` apart, into probabilities in   \
      place: in row r the first `visible` + r * `step` columns are visible, the others become 0.   \
      logsum[r] becomes the logarithm of the sum of the exponentials, infinity where nothing is    \
      visible. */                                                                                  \
  void loqt_attention_softmax_##S(T *p, T *logsum, intptr_t rows, intptr_t cols, intptr_t stride,  \
                                  intptr_t visible, intptr_t step);                                \
  /** The same probabilities, computed again from scores and `logsum`. */                          \
  void loqt_attention_probabilities_##S(T *p, const T *logsum, intptr_t rows, intptr_t cols,       \
                                        intptr_t stride, intptr_t visible, intptr_t step);         \
  /** Turns the gradient g of the probabilities p into that of the scores, in place. */            \
  void loqt_attention_gradient_##S(const T *p, T *g, intptr_t rows, intptr_t cols,                 \
                                   intptr_t stride, intptr_t visible, intptr_t step);              \
  /** out[i, :] = table[index[i], :]. */                                                           \
  void loqt_gather_rows_##S(const T *table, const int32_t *index, T *out, intptr_t n,              \
                            intptr_t cols);                                                        \
  /** table[index[i], :] += x[i, :], in the order of i. */                                         \
  void loqt_scatter_add_rows_##S(const T *x, const int32_t *index, T *table, intptr_t n,           \
                                 intptr_t cols);                                                   \
  /** out[c * out_stride + r] = x[r * x_stride + c], blocked for the cache. */                     \
  void loqt_transpose_##S(const T *x, intptr_t x_stride, T *out, intptr_t out_stride,              \
                          intptr_t rows, intptr_t cols);                                           \
                                                                                                   \
  /* Fourier transforms, with real and imaginary parts apart. */                                   \
  /** The cosines of 2 pi k / n in out[k] and the sines in out[n + k]. */                          \
  void loqt_roots_of_unity_##S(intptr_t n, T *out);                                                \
  /** One pass of Stockham's transform of lengths n into another buffer, for first <= p < last:    \
      fft_impl.h has the formula. `length` is that of the table of roots, a multiple of n. */      \
  void loqt_fft_pass_##S(int radix, intptr_t n, intptr_t s, intptr_t length, intptr_t first,       \
                         intptr_t last, const T *roots, const T *xr, const T *xi, T *yr, T *yi);   \
  /** x *= c, of complex numbers. */                                                               \
  void loqt_multiply_complex_##S(const T *cr, const T *ci, T *xr, T *xi, intptr_t n);              \
  /** even[k] = x[2 k], odd[k] = x[2 k + 1]; and back. */                                          \
  void loqt_split_pairs_##S(const T *x, T *even, T *odd, intptr_t n);                              \
  void loqt_join_pairs_##S(const T *even, const T *odd, T *out, intptr_t n);                       \
  /** The first h + 1 numbers of the transform y of 2 h real ones, from the transform z of their   \
      pairs as h complex ones; and z from y. `roots` are those of length 2 h. */                   \
  void loqt_real_from_half_##S(intptr_t h, const T *roots, const T *zr, const T *zi, T *yr,        \
                               T *yi);                                                             \
  void loqt_half_from_real_##S(intptr_t h, const T *roots, const T *yr, const T *yi, T *zr,        \
                               T *zi);

LOQT_DECLARE_REAL(float, f32)
LOQT_DECLARE_REAL(double, f64)
#undef LOQT_DECLARE_REAL

/// Copies a strided array of `rank` axes (outermost first; strides in elements, 0 and negative
/// allowed) of elements of `size` bytes (1, 2, 4, 8) into the contiguous `out`, fastest where the
/// last axis or the last two are regular.
void loqt_copy_strided(const void *source, const intptr_t *shape, const intptr_t *strides,
                       intptr_t rank, void *out, intptr_t size);

// ---- Conversions ------------------------------------------------------------------------------

void loqt_f32_to_f64(const float *x, double *out, intptr_t n);
void loqt_f64_to_f32(const double *x, float *out, intptr_t n);
/// bfloat16 and IEEE half, as bits; rounding to nearest, ties to even, NaN stays NaN.
void loqt_bf16_to_f32(const uint16_t *x, float *out, intptr_t n);
void loqt_f32_to_bf16(const float *x, uint16_t *out, intptr_t n);
void loqt_f16_to_f32(const uint16_t *x, float *out, intptr_t n);
void loqt_f32_to_f16(const float *x, uint16_t *out, intptr_t n);

// ---- Random numbers: Philox4x32-10 ------------------------------------------------------------

/// out[4 b .. 4 b + 3] = the block of counter (counter + b, stream): counter words are
/// {lo, hi of counter + b, lo, hi of stream}, key words {lo, hi of key}.
void loqt_philox(uint64_t key, uint64_t stream, uint64_t counter, uint32_t *out, intptr_t blocks);
/// One block of the raw bijection, for the published test vectors.
void loqt_philox_block(const uint32_t counter[_Nonnull 4], const uint32_t key[_Nonnull 2],
                       uint32_t out[_Nonnull 4]);
/// Uniform on [0, 1) with 24 bits (f32) or 53 bits (f64); element i of the stream does not depend
/// on n. Starts at block `counter`; a block gives 4 floats or 2 doubles.
void loqt_random_uniform_f32(uint64_t key, uint64_t stream, uint64_t counter, float *out, intptr_t n);
void loqt_random_uniform_f64(uint64_t key, uint64_t stream, uint64_t counter, double *out,
                             intptr_t n);
/// Standard normal by Box-Muller, same blocks.
void loqt_random_normal_f32(uint64_t key, uint64_t stream, uint64_t counter, float *out, intptr_t n);
void loqt_random_normal_f64(uint64_t key, uint64_t stream, uint64_t counter, double *out, intptr_t n);

/// Where a stream of random words begins, as for `loqt_philox`.
typedef struct {
  uint64_t key, stream, counter;
} loqt_draws;
/// Stochastic rounding to bfloat16: x becomes one of its two neighbours, with x as the expected
/// value. Element i takes the i-th 16 bits of the words (lower halves first, eight elements a
/// block) and is rounded away from 0 where adding them to its last 16 bits carries. NaN stays NaN.
void loqt_f32_to_bf16_random(const float *x, uint16_t *out, intptr_t n, const loqt_draws *draws);

// ---- The 8-bit dynamic maps -------------------------------------------------------------------

/// A dynamic map and the tables that the kernels derive from it; best placed at the start of a
/// cache line, so that no load straddles two.
typedef struct {
  float values[256];
  /// The thresholds between neighbours as a search tree; and the same of where the values begin: a
  /// float is above a node there exactly if it is not below the value.
  float tree[256], starts[256];
  /// The low and high halves of the values' bits; and those of the values from 0 on, without the
  /// last.
  uint16_t low[256], high[256], magnitudes[2][128];
  /// For the magnitudes of each binade up to 2: the piece that they begin in, and the bound above
  /// which they are in the next.
  float bound[32];
  int32_t piece[32];
  /// In each piece the rank of a magnitude is slope * magnitude + offset rounded down, at most
  /// `last`.
  float slope[16], offset[16], last[16];
  /// The code of 0, which is 0 where no value is negative.
  uint8_t zero;
} loqt_map8;
/// `values` are the sorted values of a dynamic map: 0 and 1, and for each decade from 10^-6 to 1 the
/// midpoints of 2^i (with negatives) or 2^(i + 1) equal intervals of its last nine tenths.
void loqt_map8_prepare(const float values[_Nonnull 256], loqt_map8 *map);

// ---- Optimizers -------------------------------------------------------------------------------

/// The numbers of an AdamW step. Steps are counted from 1.
typedef struct {
  double learning_rate, beta1, beta2, epsilon, decay;
  int64_t step;
  double gradient_scale;
} loqt_adamw_numbers;
/// AdamW (Loshchilov and Hutter, decoupled decay), in PyTorch's order of operations:
/// p *= 1 - lr * decay; m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2;
/// p -= (lr / (1 - b1^t)) * m / (sqrt(v) / sqrt(1 - b2^t) + epsilon), with g = gradient_scale * grad.
/// The gradient is float, or bfloat16 if `bf16_gradient`. p is float; if `rounding` is given, p is
/// bfloat16: it is converted to float, takes the step and is rounded by `loqt_f32_to_bf16_random`.
void loqt_adamw(void *p, const void *grad, bool bf16_gradient, float *m, float *v, intptr_t n,
                const loqt_adamw_numbers *numbers, const loqt_draws *_Nullable rounding);

/// The largest block of 8-bit moments.
enum { LOQT_ADAMW8_BLOCK = 4096 };
/// The same step on moments in 8-bit blocks of `block` elements: a multiple of 8, at most
/// LOQT_ADAMW8_BLOCK. p moves by the moments before they are quantised again.
void loqt_adamw8(void *p, const void *grad, bool bf16_gradient, uint8_t *m_codes, float *m_absmax,
                 const loqt_map8 *m_map, uint8_t *v_codes, float *v_absmax, const loqt_map8 *v_map,
                 intptr_t n, intptr_t block, const loqt_adamw_numbers *numbers,
                 const loqt_draws *_Nullable rounding);

// ---- 4-bit codebooks and the 8-bit dynamic maps -----------------------------------------------

/// The kinds of codes.
enum {
  LOQT_NF4,
  LOQT_FP4,
  LOQT_MAP8,
  LOQT_UNSIGNED_MAP8,
  LOQT_INT8,
  LOQT_INT4,
  LOQT_Q8_0,
  LOQT_Q4_0,
  LOQT_Q4_1,
};
/// The 16 levels of a codebook, by code. The 15 decision thresholds are the midpoints of
/// neighbouring levels, in float.
void loqt_code4_levels(int codebook, float levels[_Nonnull 16]);
/// Codes of x in blocks of `block` (a multiple of 2): absmax[b] = max |x| of block b; a full block
/// is multiplied by 1 / max(absmax, 1e-38); a short last one has an absmax of at least 1e-38 and is
/// divided by it. The rank of a code's level is the number of thresholds strictly below. First
/// element in the high nibble; an odd tail is padded with the code of 0. codes has (n + 1) / 2
/// bytes. A NaN makes the absmax of its block NaN.
void loqt_code4_quantize(int codebook, const float *x, intptr_t n, intptr_t block, uint8_t *codes,
                         float *absmax);
/// The code of the level next below or next above each x / absmax, given the absmax of its block:
/// the upper one where draw * gap is less than the distance from the lower one, with a draw of [0,
/// 1) for each element. A block whose absmax is 0 gets the codes of 0, and so does an odd tail.
void loqt_code4_quantize_random(int codebook, const float *x, const float *draws, intptr_t n,
                                intptr_t block, const float *absmax, uint8_t *codes);
/// The scales of blocks: floats; or, if `values` is null, map[code] * absmax + offset with one
/// absmax for LOQT_SCALE_GROUP blocks.
enum { LOQT_SCALE_GROUP = 256 };
typedef struct {
  const float *_Nullable values;
  const uint8_t *_Nullable codes;
  const float *_Nullable absmax;
  const loqt_map8 *_Nullable map;
  float offset;
} loqt_scales4;
/// Dequantises a part of `rows` x `columns` elements, beginning at element `first`, of a matrix
/// whose rows have `length` elements: out[r, c] = level[code[i]] * scale[i / block] for i = first +
/// r * length + c.
void loqt_code4_dequantize(int codebook, const uint8_t *codes, const loqt_scales4 *scales,
                           intptr_t first, intptr_t rows, intptr_t columns, intptr_t length,
                           intptr_t block, float *out);
/// Blockwise 8-bit against a dynamic map: code of the nearest value of x / absmax (ties to the
/// lower), absmax per block. A zero block has the code of 0.
void loqt_map8_quantize(const float *x, intptr_t n, intptr_t block, const loqt_map8 *map,
                        uint8_t *codes, float *absmax);
/// The codes of the value next below or next above each x / absmax, as in
/// `loqt_code4_quantize_random`; those of a block whose absmax is not above 0 are left alone.
void loqt_map8_quantize_random(const float *x, const float *draws, intptr_t n, intptr_t block,
                               const loqt_map8 *map, const float *absmax, uint8_t *codes);
void loqt_map8_dequantize(const uint8_t *codes, const float *absmax, intptr_t first, intptr_t n,
                          intptr_t block, const loqt_map8 *map, float *out);

// ---- Integer codes ---------------------------------------------------------------------------

/// The least and the largest element of each group of `group` elements, the last of which may be
/// short. check is 0, or NaN where an element is not finite; the other two then mean nothing.
void loqt_affine_extents(const float *x, intptr_t n, intptr_t group, float *least, float *largest,
                         float *check);
/// The same for each column of x [rows, columns]. Without rows, the least is infinity and the
/// largest minus infinity.
void loqt_affine_column_extents(const float *x, intptr_t rows, intptr_t columns, float *least,
                                float *largest, float *check);
/// The scales of groups from their extents; NaN where these are not finite. With zeros, the extents
/// become the levels `least` and `largest`, and the zeros are integers; without, the largest
/// magnitude becomes the level `largest`.
void loqt_affine_levels(const float *bottom, const float *top, const float *check, intptr_t n,
                        float least, float largest, float *scales, float *_Nullable zeros);
/// x / scale - zero rounded to the nearest integer, ties to even, limited to `least` and `largest`,
/// minus `least`: a byte each; or packed, the first of two in the high half and 0 beside an odd
/// last one. With draws of [0, 1), the integer below, or the one above where the draw is below the
/// fraction. Scale and zero are those of the group of `group` elements; null zeros mean 0; a group
/// whose scale is not finite gets the codes 0.
void loqt_affine_codes(const float *x, const float *_Nullable draws, intptr_t n, intptr_t group,
                       const float *scales, const float *_Nullable zeros, float least,
                       float largest, bool packed, uint8_t *codes);
/// out[i] = scale * (code + (least + zero)) for elements `first` to `first` + n - 1 of a row of
/// codes, a byte each or packed. Scales and zeros are those of the row's groups of `group`
/// elements; null zeros mean 0.
void loqt_affine_dequantize(const uint8_t *codes, bool packed, intptr_t first, intptr_t n,
                            intptr_t group, const float *scales, const float *_Nullable zeros,
                            float least, float *out);
/// GGUF blocks of 32 elements, by the rules of the reference encoder. A short last block is padded
/// with the code of 0, or of the least element (Q4_1). A block with an element that is not finite,
/// or with a step or offset beyond half precision, has NaN for both. With draws of [0, 1), elements
/// are rounded stochastically in units of the stored step: up where the draw is below the fraction.
void loqt_gguf_quantize(int kind, const float *x, const float *_Nullable draws, intptr_t n,
                        uint8_t *out);
/// The elements `first` to `first` + n - 1 of GGUF blocks.
void loqt_gguf_dequantize(int kind, const uint8_t *blocks, intptr_t first, intptr_t n, float *out);

/// The blocks of GGUF files that are only read, by the numbers of the format.
enum {
  LOQT_GGUF_Q5_0 = 6,
  LOQT_GGUF_Q5_1 = 7,
  LOQT_GGUF_Q2_K = 10,
  LOQT_GGUF_Q3_K = 11,
  LOQT_GGUF_Q4_K = 12,
  LOQT_GGUF_Q5_K = 13,
  LOQT_GGUF_Q6_K = 14,
  LOQT_GGUF_IQ4_NL = 20,
  LOQT_GGUF_IQ4_XS = 23,
};
/// The elements of `count` whole blocks of one of these types. Returns the number of the first block whose
/// step or offset is not finite, after which nothing is written, or -1.
intptr_t loqt_gguf_decode(int type, const uint8_t *blocks, intptr_t count, float *out);

// ---- Products of few rows with a matrix of codes ---------------------------------------------

/// A matrix of codes as its format stores them; every 32 codes of a row share a scale.
typedef struct {
  /// LOQT_NF4 ... LOQT_Q4_1.
  int kind;
  const uint8_t *codes;
  intptr_t row_bytes;
  /// The scales of groups, and the zeros added to the codes of each, or null. GGUF blocks hold
  /// their own.
  loqt_scales4 scales;
  const float *_Nullable zeros;
  /// The element in column c of row r belongs to group (r * row_span + c) >> shift.
  intptr_t row_span;
  int shift;
  const loqt_map8 *_Nullable map;
  /// The values of half precision by their bits.
  const float *_Nullable halves;
} loqt_code_matrix;
/// y[t * y_stride + r] = alpha * dot(row first + r, x of token t) + beta * y[...] for `rows` rows
/// of `columns` elements, a multiple of 32 unless the kind is LOQT_INT8 or LOQT_INT4, and any
/// number of tokens; beta == 0 never reads y. x comes from `loqt_code_arrange`.
void loqt_code_dot(const loqt_code_matrix *w, intptr_t first, intptr_t rows, intptr_t columns,
                   const float *x, intptr_t tokens, float alpha, float beta, float *y,
                   intptr_t y_stride);
/// The tokens whose sums are formed at once.
enum { LOQT_DOT_TOKENS = 4 };
/// Rearranges x [tokens, columns] into the order in which codes of a kind are read, LOQT_DOT_TOKENS
/// tokens at a time, padded with zeros to a multiple of 32 columns.
void loqt_code_arrange(int kind, const float *x, intptr_t tokens, intptr_t columns, float *out);

// ---- Sorting ----------------------------------------------------------------------------------

#define LOQT_SORT(S)                                                                               \
  /** Sorts n numbers, NaN last in either direction. Both zeros are equal, and so are all NaN;     \
      equal numbers keep their order. `scratch` has room for n numbers. */                         \
  void loqt_sort_##S(const void *numbers, intptr_t n, bool descending, void *scratch,              \
                     void *sorted);                                                                \
  /** The positions of n numbers in sorted order, n < 2^31: equal numbers keep their order, NaN    \
      come last in either direction. `scratch` has room for 2 n numbers of 64 bits. */             \
  void loqt_sort_positions_##S(const void *numbers, intptr_t n, bool descending, void *scratch,    \
                               int32_t *positions);
LOQT_SORT(f32)
LOQT_SORT(f64)
LOQT_SORT(i32)
LOQT_SORT(i64)
#undef LOQT_SORT

// ---- Checksums --------------------------------------------------------------------------------

/// Takes `blocks` blocks of 64 bytes into the eight words of a SHA-256 state (FIPS 180-4).
void loqt_sha256_compress(uint32_t *state, const void *data, intptr_t blocks);

// ---- The process ------------------------------------------------------------------------------

/// What buffers are for: the kinds of `TensorMemory.Kind`, counted in bytes. Each thread has a
/// current kind, which its buffers get.
enum { LOQT_MEMORY_SCRATCH = 6, LOQT_MEMORY_KINDS = 8 };
/// Sets the thread's kind and returns the previous one.
int loqt_set_memory_kind(int kind);
int loqt_memory_kind(void);
/// Counts bytes as allocated, or as freed if negative.
void loqt_count_memory(int kind, intptr_t bytes);
void loqt_move_memory(int from, int to, intptr_t bytes);
/// Restarts the peaks from the bytes that are live now.
void loqt_reset_memory_peaks(void);
/// Live bytes of each kind, the peak of each, and the bytes of each when the total peaked.
void loqt_read_memory(intptr_t *_Nonnull lives, intptr_t *_Nonnull peaks,
                      intptr_t *_Nonnull at_highest);

/// Maps `bytes`, a multiple of 64 KiB, of zeros straight from the system; null on failure. With
/// `huge_bytes` above 0 they begin at a multiple of 2 MiB, and huge pages are requested for the
/// whole ones among the first `huge_bytes`; the rest keeps small pages, so that no more memory is
/// taken than is written to.
void *_Nullable loqt_map_pages(intptr_t bytes, intptr_t huge_bytes);
/// Gives pages back to the system at once.
void loqt_unmap_pages(void *pages, intptr_t bytes);
/// Asks for huge pages on a large, page-aligned buffer; a hint that may be ignored.
void loqt_advise_huge_pages(void *pointer, intptr_t bytes);
/// Lets two names of files or folders swap what they lead to, in one step; -1 with `errno` on failure.
int loqt_exchange_names(const char *one, const char *other);
/// Gives freed heap pages back to the system.
void loqt_trim_heap(void);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#ifdef __cplusplus
}
#endif
