// Chooses what forms products of 8-bit integers, and cuts them into pieces of 2 x 2 tiles.

#include <stdatomic.h>

#include "include/loqt_processor.h"
#include "int8_unit.h"

enum { UNIT_COUNT = LOQT_INT8_AMX + 1, UNKNOWN = -1 };
static _Atomic int forced = UNKNOWN, best_of_processor = UNKNOWN;

bool loqt_has_int8_unit(int unit) {
#if defined(__x86_64__)
  int level = loqt_best_instruction_set();
  int32_t features = loqt_this_processor().features;
  switch (unit) {
    case LOQT_INT8_PLAIN: return true;
    case LOQT_INT8_AVX2: return level >= LOQT_AVX2;
    case LOQT_INT8_AVX_VNNI: return level >= LOQT_AVX2 && (features & LOQT_HAS_AVX_VNNI) != 0;
    case LOQT_INT8_AVX512_VNNI:
      return level >= LOQT_AVX512 && (features & LOQT_HAS_AVX512_VNNI) != 0;
    case LOQT_INT8_AMX: return level >= LOQT_AVX512 && loqt_may_use_amx();
    default: return false;
  }
#else
  return unit == LOQT_INT8_PLAIN;
#endif
}

int loqt_int8_unit(void) {
  int unit = atomic_load(&forced);
  if (unit != UNKNOWN) return unit;
  int best = atomic_load(&best_of_processor);
  if (best == UNKNOWN) {
    for (best = UNIT_COUNT - 1; !loqt_has_int8_unit(best);) best--;
    atomic_store(&best_of_processor, best);
  }
  int level = loqt_instruction_set();
  if (level >= LOQT_AVX512 || best == LOQT_INT8_PLAIN) return best;
  if (level < LOQT_AVX2) return LOQT_INT8_PLAIN;
  return loqt_has_int8_unit(LOQT_INT8_AVX_VNNI) ? LOQT_INT8_AVX_VNNI : LOQT_INT8_AVX2;
}

void loqt_force_int8_unit(int unit) {
  atomic_store(&forced, loqt_has_int8_unit(unit) ? unit : UNKNOWN);
}

static loqt_int8_add *unit_in_use(void) {
#if defined(__x86_64__)
  static loqt_int8_add *const units[UNIT_COUNT] = {
      loqt_int8_add_plain, loqt_int8_add_avx2, loqt_int8_add_avx_vnni, loqt_int8_add_avx512_vnni,
      loqt_int8_add_amx};
  return units[loqt_int8_unit()];
#else
  return loqt_int8_add_plain;
#endif
}

enum { PAIR = 2 * LOQT_INT8_SIDE };

/// piece = keeping * y in `height` x `width` elements, 0 in the others.
static void load_piece(const float *y, intptr_t y_stride, intptr_t height, intptr_t width,
                       float keeping, loqt_int8_piece piece) {
  if (keeping == 0 || height < PAIR || width < PAIR) memset(piece, 0, sizeof(loqt_int8_piece));
  if (keeping == 0) {
    // Has the lines ready when they are written.
    for (intptr_t i = 0; i < height; i++, y += y_stride)
      for (intptr_t j = 0; j < width; j += 16) __builtin_prefetch(y + j, 1);
    return;
  }
  for (intptr_t i = 0; i < height; i++, y += y_stride) {
    if (width == PAIR) for (int j = 0; j < PAIR; j++) piece[i][j] = keeping * y[j];
    else for (intptr_t j = 0; j < width; j++) piece[i][j] = keeping * y[j];
  }
}

static void store_piece(loqt_int8_piece piece, intptr_t height, intptr_t width, float *y,
                        intptr_t y_stride) {
  for (intptr_t i = 0; i < height; i++, y += y_stride) {
    // A size that is known is copied without a call.
    if (width == PAIR) memcpy(y, piece[i], sizeof piece[i]);
    else memcpy(y, piece[i], (size_t)width * 4);
  }
}

void loqt_int8_multiply(const loqt_int8_rows *x, intptr_t x_stride, intptr_t rows,
                        const loqt_int8_columns *w, intptr_t w_stride, intptr_t columns,
                        intptr_t blocks, float keeping, float *y, intptr_t y_stride) {
  loqt_int8_add *add = unit_in_use();
  loqt_int8_piece piece __attribute__((aligned(64)));
  for (intptr_t c = 0; c < columns; c += PAIR, w += 2 * w_stride) {
    const loqt_int8_rows *tiles = x;
    for (intptr_t r = 0; r < rows; r += PAIR, tiles += 2 * x_stride) {
      intptr_t width = columns - c < PAIR ? columns - c : PAIR;
      intptr_t height = rows - r < PAIR ? rows - r : PAIR;
      float *target = y + r * y_stride + c;
      load_piece(target, y_stride, height, width, keeping, piece);
      add(tiles, x_stride, height > LOQT_INT8_SIDE ? 2 : 1, w, w_stride,
          width > LOQT_INT8_SIDE ? 2 : 1, blocks, piece);
      store_piece(piece, height, width, target, y_stride);
    }
  }
}
