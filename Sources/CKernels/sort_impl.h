// Sorts signed integers of the type INTEGER: with AVX-512 by quicksort, in vectors V of LANES,
// otherwise by radix sort. Both give the same, as equal integers cannot be told apart.

/// How a key becomes its number: it is complemented if `turn` is -1; then, if negative, the bits of
/// `mirror` are inverted. Both are 0 where keys are numbers.
typedef struct {
  INTEGER turn, mirror;
} NAME(key_form);

INLINE INTEGER NAME(number_of)(INTEGER key, NAME(key_form) form) {
  key ^= form.turn;
  return key ^ ((key >> (8 * sizeof key - 1)) & form.mirror);
}
static void NAME(give_numbers)(INTEGER *keys, intptr_t n, NAME(key_form) form) {
  for (intptr_t i = 0; i < n; i++) keys[i] = NAME(number_of)(keys[i], form);
}

enum { NAME(key_bits) = 8 * sizeof(INTEGER) };
static const INTEGER NAME(last_key) =
    (INTEGER)(((uint64_t)1 << (NAME(key_bits) - 1)) - 1);

/// Shell sort, for so few numbers that counting digits would take longer.
static void NAME(sort_by_gaps)(INTEGER *x, intptr_t n) {
  static const int gaps[] = {301, 132, 57, 23, 10, 4, 1};
  for (int g = 0; g < 7; g++) {
    int gap = gaps[g];
    for (intptr_t i = gap; i < n; i++) {
      INTEGER key = x[i];
      intptr_t j = i;
      for (; j >= gap && x[j - gap] > key; j -= gap) x[j] = x[j - gap];
      x[j] = key;
    }
  }
}

/// Radix sort of x by its bits from `first_bit` on, the last digit first; elements equal there must
/// be in order already. y has room for n.
static void NAME(sort_by_digits)(INTEGER *x, INTEGER *y, intptr_t n, int first_bit) {
  enum { width = 11, values = 1 << width, most = (NAME(key_bits) + width - 1) / width };
  if (n < 512) {
    NAME(sort_by_gaps)(x, n);
    return;
  }
  const int digits = (NAME(key_bits) - first_bit + width - 1) / width;
  const uint64_t sign = (uint64_t)1 << (NAME(key_bits) - 1 - first_bit), all = 2 * sign - 1;
#define DIGIT(key, d)                                                                              \
  (((((uint64_t)(key) >> first_bit) & all) ^ sign) >> (d) * width & (values - 1))
  intptr_t counts[most][values];
  memset(counts, 0, sizeof counts);
  for (intptr_t i = 0; i < n; i++)
    for (int d = 0; d < digits; d++) counts[d][DIGIT(x[i], d)]++;
  INTEGER *from = x, *to = y;
  for (int d = 0; d < digits; d++) {
    // A digit that all keys share orders nothing: skip it.
    if (counts[d][DIGIT(from[0], d)] == n) continue;
    intptr_t start = 0;
    for (int k = 0; k < values; k++) {
      intptr_t count = counts[d][k];
      counts[d][k] = start;
      start += count;
    }
    for (intptr_t i = 0; i < n; i++) to[counts[d][DIGIT(from[i], d)]++] = from[i];
    INTEGER *other = from;
    from = to;
    to = other;
  }
#undef DIGIT
  if (from != x) memcpy(x, from, (size_t)n * sizeof(INTEGER));
}

#if LEVEL == 3
#include "sort_network_impl.h"

/// Moves the keys below the pivot (or not above it, if `equals`) to `lows` in their order, the
/// others to `highs`; one of the two is `from`. Returns how many are low.
INLINE intptr_t NAME(split)(const INTEGER *from, INTEGER *lows, INTEGER *highs, intptr_t n,
                            INTEGER pivot, const bool equals) {
  const V p = (V)pivot;
  INTEGER *low = lows, *high = highs;
#define COMPRESSED(mask, v) (V)OPERATION(maskz_compress, mask, (__m512i)(v))
#define IS_LOW(v) (LANE_MASK)(equals ? ~LESS(p, v) : LESS(v, p))
  // Whole vectors are written: what lies beyond the keys has been read already or is never used.
  enum { ahead = 4 };
  intptr_t i = 0;
  for (; i + ahead * LANES <= n; i += ahead * LANES) {
    V a[ahead];
    for (int k = 0; k < ahead; k++) a[k] = NAME(load_whole)(from + i + k * LANES);
    for (int k = 0; k < ahead; k++) {
      LANE_MASK is_low = IS_LOW(a[k]);
      NAME(store_whole)(low, COMPRESSED(is_low, a[k]));
      NAME(store_whole)(high, COMPRESSED((LANE_MASK)~is_low, a[k]));
      intptr_t count = __builtin_popcount(is_low);
      low += count;
      high += LANES - count;
    }
  }
  for (; i < n; i += LANES) {
    LANE_MASK here = NAME(first_lanes)(n - i);
    V a = (V)OPERATION(maskz_loadu, here, from + i);
    LANE_MASK is_low = IS_LOW(a) & here, is_high = (LANE_MASK)(here & ~is_low);
    intptr_t low_count = __builtin_popcount(is_low), high_count = __builtin_popcount(is_high);
    OPERATION(mask_storeu, low, NAME(first_lanes)(low_count), (__m512i)COMPRESSED(is_low, a));
    OPERATION(mask_storeu, high, NAME(first_lanes)(high_count), (__m512i)COMPRESSED(is_high, a));
    low += low_count;
    high += high_count;
  }
#undef COMPRESSED
#undef IS_LOW
  return low - lows;
}

/// A key near the median of a sample, and whether the whole sample equals it.
typedef struct {
  INTEGER key;
  bool alone;
} NAME(pivot);

static NAME(pivot) NAME(find_pivot)(const INTEGER *x, intptr_t n) {
  INTEGER sample[4 * LANES];
  const int count = n < 64 * LANES ? LANES : 4 * LANES;
  intptr_t step = n / count;
  for (int i = 0; i < count; i++) sample[i] = x[step / 2 + i * step];
  NAME(sort_few)(sample, sample, count);
  return (NAME(pivot)){sample[count / 2], sample[0] == sample[count - 1]};
}

static bool NAME(are_all)(const INTEGER *x, intptr_t n, INTEGER key) {
  intptr_t i = 0;
  while (i + LANES <= n && !LESS(NAME(load_whole)(x + i), (V)key) &&
         !LESS((V)key, NAME(load_whole)(x + i)))
    i += LANES;
  while (i < n && x[i] == key) i++;
  return i == n;
}

/// Puts the numbers of n keys into x in order. The keys are in x, or in y if `away`; both have room
/// for n.
static void NAME(sort_by_halves)(INTEGER *x, INTEGER *y, intptr_t n, bool away, int depth,
                                 NAME(key_form) form) {
  while (n > 16 * LANES) {
    const INTEGER *from = away ? y : x;
    // Pivots are bad again and again only for numbers that were chosen to make them so.
    if (depth-- == 0) {
      if (away) memcpy(x, y, (size_t)n * sizeof(INTEGER));
      NAME(sort_by_digits)(x, y, n, 0);
      NAME(give_numbers)(x, n, form);
      return;
    }
    NAME(pivot) pivot = NAME(find_pivot)(from, n);
    if (pivot.alone && NAME(are_all)(from, n, pivot.key)) {
      for (intptr_t i = 0; i < n; i++) x[i] = NAME(number_of)(pivot.key, form);
      return;
    }
    intptr_t low = NAME(split)(from, x, y, n, pivot.key, false);
    if (low > 0) {
      NAME(sort_by_halves)(x, y + (n - low), low, false, depth, form);
    } else {
      // The pivot is the least key: the keys equal to it are in place.
      low = NAME(split)(y, x, y, n, pivot.key, true);
      NAME(give_numbers)(x, low, form);
    }
    x += low;
    n -= low;
    away = true;
  }
  NAME(sort_few)(away ? y : x, x, n);
  NAME(give_numbers)(x, n, form);
}
#undef UNROLLED
#undef LANE_MASK
#undef OPERATION
#undef LESS
#endif

/// Puts the numbers of x in the order of its keys; keys equal from `first_bit` on must be in order
/// already. y has room for n.
static void NAME(sort_keys)(INTEGER *x, INTEGER *y, intptr_t n, int first_bit,
                            NAME(key_form) form) {
#if LEVEL == 3
  (void)first_bit;
  int depth = 2 * (64 - __builtin_clzll((uint64_t)n | 1));
  NAME(sort_by_halves)(x, y, n, false, depth, form);
#else
  NAME(sort_by_digits)(x, y, n, first_bit);
  NAME(give_numbers)(x, n, form);
#endif
}

#undef INTEGER
#undef V
#undef LANES
#undef NAME
