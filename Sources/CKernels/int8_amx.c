// Products of 8-bit tiles in the tile registers of AMX.
#if defined(__x86_64__)

#include <immintrin.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "include/loqt_processor.h"
#include "int8_unit.h"

bool loqt_may_use_amx(void) {
#if defined(__linux__)
  enum { ask_permission = 0x1023, tile_data = 18 };
  return (loqt_this_processor().features & LOQT_HAS_AMX_INT8) != 0 &&
         syscall(SYS_arch_prctl, ask_permission, tile_data) == 0;
#else
  return false;
#endif
}

#pragma clang attribute push(                                                                      \
    __attribute__((target("amx-tile,amx-int8,avx512f,avx512bw,avx512vl,avx512dq,fma"))),           \
    apply_to = function)

/// The shapes of all eight registers: sixteen rows of 64 bytes.
typedef struct {
  uint8_t palette, start, reserved[14];
  uint16_t bytes[16];
  uint8_t rows[16];
} tile_shapes;

typedef int32_t tile[LOQT_INT8_SIDE][LOQT_INT8_SIDE];

/// Adds sums, less what the 128 in the columns' codes contributed, to a tile of y.
INLINE void add_sums(const tile sums, const loqt_int8_rows *x, const loqt_int8_columns *w,
                     float (*y)[2 * LOQT_INT8_SIDE]) {
  v16f scales = *(const v16f *)w->scales;
  UNROLLED for (int r = 0; r < LOQT_INT8_SIDE; r++) {
    v16i sum = *(const v16i *)sums[r] - x->offsets[r];
    *(v16f *)y[r] = __builtin_elementwise_fma(__builtin_convertvector(sum, v16f),
                                              scales * x->scales[r], *(const v16f *)y[r]);
  }
}

void loqt_int8_add_amx(const loqt_int8_rows *x, intptr_t x_stride, int tall,
                       const loqt_int8_columns *w, intptr_t w_stride, int wide, intptr_t blocks,
                       loqt_int8_piece y) {
  tile_shapes shapes = {.palette = 1};
  for (int i = 0; i < 8; i++) shapes.bytes[i] = 64, shapes.rows[i] = 16;
  _tile_loadconfig(&shapes);
  // The sums of a block are read while those of the next are formed; not 4 KiB apart, as the
  // processor would take such addresses for the same at first.
  tile sums[2][6] __attribute__((aligned(64)));
  const intptr_t low = tall == 2 ? x_stride : 0, right = wide == 2 ? w_stride : 0;
  float(*to_right)[2 * LOQT_INT8_SIDE] = (float(*)[2 * LOQT_INT8_SIDE])(y[0] + LOQT_INT8_SIDE);
  for (intptr_t b = 0; b <= blocks; b++) {
    if (b < blocks) {
      tile *here = sums[b % 2];
      _tile_zero(0);
      _tile_zero(1);
      _tile_zero(2);
      _tile_zero(3);
      _tile_loadd(4, x[b].codes, 64);
      _tile_loadd(6, w[b].codes, 64);
      _tile_loadd(5, x[b + low].codes, 64);
      _tile_loadd(7, w[b + right].codes, 64);
      _tile_dpbsud(0, 4, 6);
      _tile_dpbsud(1, 4, 7);
      _tile_dpbsud(2, 5, 6);
      _tile_dpbsud(3, 5, 7);
      _tile_stored(0, here[0], 64);
      _tile_stored(1, here[1], 64);
      _tile_stored(2, here[2], 64);
      _tile_stored(3, here[3], 64);
    }
    if (b == 0) continue;
    const tile *last = (const tile *)sums[(b - 1) % 2];
    const loqt_int8_rows *rows = x + b - 1;
    const loqt_int8_columns *columns = w + b - 1;
    add_sums(last[0], rows, columns, y);
    if (right) add_sums(last[1], rows, columns + right, to_right);
    if (!low) continue;
    add_sums(last[2], rows + low, columns, y + LOQT_INT8_SIDE);
    if (right) add_sums(last[3], rows + low, columns + right, to_right + LOQT_INT8_SIDE);
  }
  // Registers in use would be saved at every switch of threads.
  _tile_release();
}

#pragma clang attribute pop

#endif
