// Products of floats in 8-bit integers. Both sides are rounded to 8 bits with a scale for every 64
// terms of the sum; the sum of 64 terms is an exact 32-bit integer, and these are added as floats
// in order, so every instruction set gives the same bits.
#pragma once

#include "loqt_kernels.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

enum {
  /// The terms of a sum that share a scale.
  LOQT_INT8_TERMS = 64,
  /// The rows, or columns, of a tile.
  LOQT_INT8_SIDE = 16,
  /// The largest code.
  LOQT_INT8_TOP = 127,
};

/// Sixteen rows of the left side over 64 terms: an element is scale * code. A row that contains NaN
/// or infinity has the scale NaN.
typedef struct {
  int8_t codes[LOQT_INT8_SIDE][LOQT_INT8_TERMS];
  float scales[LOQT_INT8_SIDE];
  /// 128 times the sum of each row's codes: what the 128 in the other side's codes adds.
  int32_t offsets[LOQT_INT8_SIDE];
} loqt_int8_rows;

/// Sixteen columns of the right side over 64 terms, four terms of a column side by side: an
/// element is scale * (code - 128). A column that contains NaN or infinity has the scale NaN.
typedef struct {
  uint8_t codes[LOQT_INT8_TERMS / 4][LOQT_INT8_SIDE][4];
  float scales[LOQT_INT8_SIDE];
} loqt_int8_columns;

/// Rounds `rows` rows, at most sixteen, of `terms` elements, `stride` apart, into one tile for
/// every 64 terms; the scales are multiplied by `factor`. Rows and terms beyond the given ones are
/// 0, and magnitudes below 2^-100 count as 0.
///
/// Without draws to nearest. With draws each element becomes one of its two neighbours, with the
/// element as the expected value: element k of row r takes the k-th 16 bits of the words from block
/// (`counter` + r) 2^32 on, in the stream `stream` plus a hash of the row. So other rows draw other
/// numbers, and so do equal rows of a matrix if `counter` is the number of its first row here.
void loqt_int8_round(const float *x, intptr_t stride, intptr_t rows, intptr_t terms, float factor,
                     const loqt_draws *_Nullable draws, loqt_int8_rows *out);

/// Rounds `columns` columns, at most sixteen, of `terms` elements to nearest, into one tile for
/// every 64 terms. Element k of column c is w[c * stride + k]; the largest magnitude of 64 terms
/// becomes `top`, at most LOQT_INT8_TOP.
void loqt_int8_panel(const float *w, intptr_t stride, intptr_t columns, intptr_t terms, float top,
                     loqt_int8_columns *out);

/// The same for element k of column c at w[k * stride + c].
void loqt_int8_panel_transposed(const float *w, intptr_t stride, intptr_t columns, intptr_t terms,
                                float top, loqt_int8_columns *out);

/// y = keeping * y + x w for `rows` x `columns` elements of y, rows `y_stride` apart, over `blocks`
/// tiles of 64 terms; keeping == 0 never reads y. x_stride and w_stride are the numbers of tiles
/// from one sixteen rows, or columns, to the next.
void loqt_int8_multiply(const loqt_int8_rows *x, intptr_t x_stride, intptr_t rows,
                        const loqt_int8_columns *w, intptr_t w_stride, intptr_t columns,
                        intptr_t blocks, float keeping, float *y, intptr_t y_stride);

/// What forms the products of 8-bit integers.
enum {
  LOQT_INT8_PLAIN, LOQT_INT8_AVX2, LOQT_INT8_AVX_VNNI, LOQT_INT8_AVX512_VNNI, LOQT_INT8_AMX,
};
/// The one in use: the best that the processor, and the instruction set in use, have.
int loqt_int8_unit(void);
/// Whether this processor has it, and the operating system allows it.
bool loqt_has_int8_unit(int unit);
/// Uses `unit`, if this processor has it; -1 chooses again. For tests.
void loqt_force_int8_unit(int unit);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#ifdef __cplusplus
}
#endif
