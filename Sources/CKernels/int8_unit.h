// What forms products of 8-bit tiles: one function for each unit.
#pragma once

#include <string.h>

#include "include/loqt_int8.h"

/// A piece of y: two by two tiles, row by row.
typedef float loqt_int8_piece[2 * LOQT_INT8_SIDE][2 * LOQT_INT8_SIDE];

/// Adds x w to `tall` x `wide` tiles of a piece, each 1 or 2: block after block, for every element
/// y = fma(sum of 64 products as a float, scale of the row times scale of the column, y).
typedef void loqt_int8_add(const loqt_int8_rows *x, intptr_t x_stride, int tall,
                           const loqt_int8_columns *w, intptr_t w_stride, int wide,
                           intptr_t blocks, loqt_int8_piece y);

loqt_int8_add loqt_int8_add_plain;
#if defined(__x86_64__)
loqt_int8_add loqt_int8_add_avx2;
loqt_int8_add loqt_int8_add_avx_vnni;
loqt_int8_add loqt_int8_add_avx512_vnni;
loqt_int8_add loqt_int8_add_amx;
/// Asks the operating system for the tiles' registers; false where it has none.
bool loqt_may_use_amx(void);
#endif

// The same source must round alike for every unit, so the compiler must not contract.
#pragma STDC FP_CONTRACT OFF
// Wide vectors pass between inlined functions only, so their calling convention does not matter.
#pragma clang diagnostic ignored "-Wpsabi"

typedef float v16f __attribute__((ext_vector_type(16), aligned(4)));
typedef int32_t v16i __attribute__((ext_vector_type(16), aligned(4)));

#define INLINE static inline __attribute__((always_inline, unused))
#define UNROLLED _Pragma("clang loop unroll(full)")
