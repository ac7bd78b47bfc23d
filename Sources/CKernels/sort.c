// Sorting by the digits of keys, the last digit first.

#include <string.h>

#include "include/loqt_kernels.h"

enum { digit_bits = 11, digit_values = 1 << digit_bits };

// Keys order like the numbers do: both zeros alike and every NaN above all else.

static uint32_t key_of_f32(uint32_t bits) {
  if ((bits & 0x7fffffff) > 0x7f800000) return UINT32_MAX;
  if (bits == 0x80000000) bits = 0;
  return bits ^ (bits >> 31 ? UINT32_MAX : 0x80000000);
}
static uint64_t key_of_f64(uint64_t bits) {
  if ((bits & 0x7fffffffffffffff) > 0x7ff0000000000000) return UINT64_MAX;
  if (bits == 0x8000000000000000) bits = 0;
  return bits ^ (bits >> 63 ? UINT64_MAX : 0x8000000000000000);
}
static uint32_t key_of_i32(uint32_t bits) { return bits ^ 0x80000000; }
static uint64_t key_of_i64(uint64_t bits) { return bits ^ 0x8000000000000000; }

#define SORT(S, KEY, KEY_OF, LAST, DIGITS)                                                         \
  typedef struct {                                                                                 \
    KEY key;                                                                                       \
    int32_t position;                                                                              \
  } entry_##S;                                                                                     \
                                                                                                   \
  intptr_t loqt_sort_scratch_##S(intptr_t n) { return 2 * n * (intptr_t)sizeof(entry_##S); }       \
                                                                                                   \
  void loqt_sort_positions_##S(const void *numbers, intptr_t n, bool descending, void *scratch,    \
                               int32_t *positions) {                                               \
    entry_##S *from = scratch, *to = from + n;                                                     \
    intptr_t counts[DIGITS][digit_values];                                                         \
    memset(counts, 0, sizeof counts);                                                              \
    for (intptr_t i = 0; i < n; i++) {                                                             \
      KEY bits;                                                                                    \
      memcpy(&bits, (const char *)numbers + i * (intptr_t)sizeof bits, sizeof bits);               \
      KEY key = KEY_OF(bits);                                                                      \
      if (descending && key <= LAST) key = LAST - key;                                             \
      from[i] = (entry_##S){key, (int32_t)i};                                                      \
      for (int d = 0; d < DIGITS; d++) counts[d][key >> d * digit_bits & (digit_values - 1)]++;    \
    }                                                                                              \
    for (int d = 0; d < DIGITS; d++) {                                                             \
      int shift = d * digit_bits;                                                                  \
      /* A digit that all keys share orders nothing. */                                            \
      if (n > 0 && counts[d][from[0].key >> shift & (digit_values - 1)] == n) continue;            \
      intptr_t start = 0;                                                                          \
      for (int k = 0; k < digit_values; k++) {                                                     \
        intptr_t count = counts[d][k];                                                             \
        counts[d][k] = start;                                                                      \
        start += count;                                                                            \
      }                                                                                            \
      for (intptr_t i = 0; i < n; i++)                                                             \
        to[counts[d][from[i].key >> shift & (digit_values - 1)]++] = from[i];                      \
      entry_##S *other = from;                                                                     \
      from = to;                                                                                   \
      to = other;                                                                                  \
    }                                                                                              \
    for (intptr_t i = 0; i < n; i++) positions[i] = from[i].position;                              \
  }

// The last key that a direction turns around: NaN stays at the end.
SORT(f32, uint32_t, key_of_f32, (UINT32_MAX - 1), 3)
SORT(f64, uint64_t, key_of_f64, (UINT64_MAX - 1), 6)
SORT(i32, uint32_t, key_of_i32, UINT32_MAX, 3)
SORT(i64, uint64_t, key_of_i64, UINT64_MAX, 6)
#undef SORT
