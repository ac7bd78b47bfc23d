// Sorts up to sixteen vectors V of LANES integers in registers. Until the end, row r of lane l
// holds the element with index rows * l + r, so that most comparisons are between registers.

#define UNROLLED _Pragma("clang loop unroll(full)") for
#if LANES == 16
#define LANE_MASK __mmask16
#define FROM_LANE_XOR(k)                                                                           \
  0 ^ (k), 1 ^ (k), 2 ^ (k), 3 ^ (k), 4 ^ (k), 5 ^ (k), 6 ^ (k), 7 ^ (k), 8 ^ (k), 9 ^ (k),       \
      10 ^ (k), 11 ^ (k), 12 ^ (k), 13 ^ (k), 14 ^ (k), 15 ^ (k)
#define FRONT_LANES 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define BACK_LANES 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#define OPERATION(name, ...) _mm512_##name##_epi32(__VA_ARGS__)
#define LESS(a, b) _mm512_cmplt_epi32_mask((__m512i)(a), (__m512i)(b))
#else
#define LANE_MASK __mmask8
#define FROM_LANE_XOR(k)                                                                           \
  0 ^ (k), 1 ^ (k), 2 ^ (k), 3 ^ (k), 4 ^ (k), 5 ^ (k), 6 ^ (k), 7 ^ (k)
#define FRONT_LANES 0, 8, 1, 9, 2, 10, 3, 11
#define BACK_LANES 4, 12, 5, 13, 6, 14, 7, 15
#define OPERATION(name, ...) _mm512_##name##_epi64(__VA_ARGS__)
#define LESS(a, b) _mm512_cmplt_epi64_mask((__m512i)(a), (__m512i)(b))
#endif

INLINE V NAME(load_whole)(const INTEGER *p) {
  V v;
  memcpy(&v, p, sizeof v);
  return v;
}
INLINE void NAME(store_whole)(INTEGER *p, V v) { memcpy(p, &v, sizeof v); }

/// A mask of the first `count` lanes, for any count.
INLINE LANE_MASK NAME(first_lanes)(intptr_t count) {
  return count >= LANES ? (LANE_MASK)-1 : count <= 0 ? 0 : (LANE_MASK)((1u << count) - 1);
}

INLINE void NAME(put_in_order)(V *a, V *b) {
  V low = __builtin_elementwise_min(*a, *b);
  *b = __builtin_elementwise_max(*a, *b);
  *a = low;
}

/// Sorts every lane by Batcher's odd-even merge sort.
INLINE void NAME(sort_lanes)(V *a, const int rows) {
  UNROLLED(int run = 1; run < rows; run *= 2) {
    UNROLLED(int distance = run; distance > 0; distance /= 2) {
      UNROLLED(int i = distance % run; i + distance < rows; i++) {
        bool first = (i - distance % run) / distance % 2 == 0;
        if (first && i / (2 * run) == (i + distance) / (2 * run))
          NAME(put_in_order)(&a[i], &a[i + distance]);
      }
    }
  }
}

/// The last steps of a bitonic merge, which stay within a lane.
INLINE void NAME(merge_lanes)(V *a, const int rows) {
  UNROLLED(int distance = rows / 2; distance > 0; distance /= 2) {
    UNROLLED(int i = 0; i < rows; i++) {
      if ((i & distance) == 0) NAME(put_in_order)(&a[i], &a[i + distance]);
    }
  }
}

// Exchanges between lanes l and l ^ k; `upper` are those with the highest bit of k.
#define OTHER_LANES(v, k) __builtin_shufflevector(v, v, FROM_LANE_XOR(k))
#define CHOOSE(upper, in_lower, in_upper)                                                          \
  (V)OPERATION(mask_blend, (LANE_MASK)(upper), (__m512i)(in_lower), (__m512i)(in_upper))
/// The first step of a merge: every element against its mirror image.
#define MIRROR(k, upper)                                                                           \
  UNROLLED(int i = 0; i < (rows + 1) / 2; i++) {                                                   \
    V x = a[i], y = OTHER_LANES(a[rows - 1 - i], k);                                               \
    V low = __builtin_elementwise_min(x, y), high = __builtin_elementwise_max(x, y);               \
    a[i] = CHOOSE(upper, low, high);                                                               \
    if (rows > 1) a[rows - 1 - i] = OTHER_LANES(CHOOSE(upper, high, low), k);                      \
  }
#define EXCHANGE(k, upper)                                                                         \
  UNROLLED(int i = 0; i < rows; i++) {                                                             \
    V x = a[i], y = OTHER_LANES(x, k);                                                             \
    a[i] = CHOOSE(upper, __builtin_elementwise_min(x, y), __builtin_elementwise_max(x, y));        \
  }

INLINE void NAME(sort_rows)(V *a, const int rows) {
  NAME(sort_lanes)(a, rows);
  MIRROR(1, 0xaaaa)
  NAME(merge_lanes)(a, rows);
  MIRROR(3, 0xcccc)
  EXCHANGE(1, 0xaaaa)
  NAME(merge_lanes)(a, rows);
  MIRROR(7, 0xf0f0)
  EXCHANGE(2, 0xcccc)
  EXCHANGE(1, 0xaaaa)
  NAME(merge_lanes)(a, rows);
#if LANES == 16
  MIRROR(15, 0xff00)
  EXCHANGE(4, 0xf0f0)
  EXCHANGE(2, 0xcccc)
  EXCHANGE(1, 0xaaaa)
  NAME(merge_lanes)(a, rows);
#endif
  // From lanes to rows: the two halves of the rows are interleaved until neighbours are adjacent.
  UNROLLED(int times = rows; times > 1; times /= 2) {
    V b[16];
    UNROLLED(int i = 0; i < rows; i++) b[i] = a[i];
    UNROLLED(int i = 0; i < rows / 2; i++) {
      a[2 * i] = __builtin_shufflevector(b[i], b[i + rows / 2], FRONT_LANES);
      a[2 * i + 1] = __builtin_shufflevector(b[i], b[i + rows / 2], BACK_LANES);
    }
  }
}
#undef OTHER_LANES
#undef CHOOSE
#undef MIRROR
#undef EXCHANGE

// A function for each number of rows, because all of their loops are unrolled.
#define SORT_ROWS(rows)                                                                            \
  static __attribute__((noinline)) void NAME(sort_##rows##_rows)(const INTEGER *from, INTEGER *to, \
                                                                 intptr_t n) {                     \
    const V last = (V)NAME(last_key);                                                              \
    V a[16];                                                                                       \
    UNROLLED(int i = 0; i < rows; i++) {                                                           \
      a[i] = (V)OPERATION(mask_loadu, (__m512i)last, NAME(first_lanes)(n - i * LANES),             \
                          from + i * LANES);                                                       \
    }                                                                                              \
    NAME(sort_rows)(a, rows);                                                                      \
    UNROLLED(int i = 0; i < rows; i++) {                                                           \
      OPERATION(mask_storeu, to + i * LANES, NAME(first_lanes)(n - i * LANES), (__m512i)a[i]);     \
    }                                                                                              \
  }
SORT_ROWS(1)
SORT_ROWS(2)
SORT_ROWS(4)
SORT_ROWS(8)
SORT_ROWS(16)
#undef SORT_ROWS

/// Sorts up to sixteen rows of numbers.
static void NAME(sort_few)(const INTEGER *from, INTEGER *to, intptr_t n) {
  if (n <= LANES) NAME(sort_1_rows)(from, to, n);
  else if (n <= 2 * LANES) NAME(sort_2_rows)(from, to, n);
  else if (n <= 4 * LANES) NAME(sort_4_rows)(from, to, n);
  else if (n <= 8 * LANES) NAME(sort_8_rows)(from, to, n);
  else NAME(sort_16_rows)(from, to, n);
}
#undef FROM_LANE_XOR
#undef FRONT_LANES
#undef BACK_LANES
