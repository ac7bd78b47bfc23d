// Vectors of one fixed width, whatever the registers: sixteen floats or eight doubles. Every
// reduction keeps the same lanes on every instruction set, so its result does not depend on one.

#define INLINE static inline __attribute__((always_inline, overloadable, unused))

typedef float v16f __attribute__((ext_vector_type(16)));
typedef int32_t v16i __attribute__((ext_vector_type(16)));
typedef uint32_t v16u __attribute__((ext_vector_type(16)));
typedef uint16_t v16h __attribute__((ext_vector_type(16)));
typedef uint8_t v16b __attribute__((ext_vector_type(16)));
typedef int8_t v16s __attribute__((ext_vector_type(16)));
typedef double v16d __attribute__((ext_vector_type(16)));
typedef double v8d __attribute__((ext_vector_type(8)));
typedef double v4d __attribute__((ext_vector_type(4)));
typedef double v2d __attribute__((ext_vector_type(2)));
// What comparing doubles gives: lanes of long, which int64_t is not on every platform.
typedef __typeof__((v8d)(0.0) < (v8d)(0.0)) v8l;
typedef uint64_t v16ul __attribute__((ext_vector_type(16)));
typedef float v8f __attribute__((ext_vector_type(8)));
typedef float v4f __attribute__((ext_vector_type(4)));
typedef float v2f __attribute__((ext_vector_type(2)));

// ---- Loads and stores ---------------------------------------------------------------------------

#define LOADS(T, VECTOR)                                                                           \
  typedef VECTOR VECTOR##_unaligned __attribute__((aligned(__alignof__(T))));                      \
  INLINE VECTOR load(const T *p) { return *(const VECTOR##_unaligned *)p; }                        \
  INLINE void store(T *p, VECTOR v) { *(VECTOR##_unaligned *)p = v; }
LOADS(float, v16f)
LOADS(double, v8d)
LOADS(uint16_t, v16h)
LOADS(uint8_t, v16b)
LOADS(uint32_t, v16u)
#undef LOADS

// For an aligned line of 64 bytes. Call `fence` before another thread reads it.
INLINE void store_past_caches(float *p, v16f v) { __builtin_nontemporal_store(v, (v16f *)p); }
INLINE void store_past_caches(double *p, v8d v) { __builtin_nontemporal_store(v, (v8d *)p); }
INLINE void fence(void) {
#if defined(__x86_64__)
  _mm_sfence();
#endif
}

// The first `count` lanes; the others are 0.
#if LEVEL == 3
INLINE v16f load_part(const float *p, intptr_t count) {
  return (v16f)_mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), p);
}
INLINE v8d load_part(const double *p, intptr_t count) {
  return (v8d)_mm512_maskz_loadu_pd((__mmask8)((1u << count) - 1), p);
}
INLINE void store_part(float *p, v16f v, intptr_t count) {
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << count) - 1), (__m512)v);
}
INLINE void store_part(double *p, v8d v, intptr_t count) {
  _mm512_mask_storeu_pd(p, (__mmask8)((1u << count) - 1), (__m512d)v);
}
#else
INLINE v16f load_part(const float *p, intptr_t count) {
  float lanes[16] = {0};
  for (intptr_t i = 0; i < count; i++) lanes[i] = p[i];
  return load(lanes);
}
INLINE v8d load_part(const double *p, intptr_t count) {
  double lanes[8] = {0};
  for (intptr_t i = 0; i < count; i++) lanes[i] = p[i];
  return load(lanes);
}
INLINE void store_part(float *p, v16f v, intptr_t count) {
  float lanes[16];
  store(lanes, v);
  for (intptr_t i = 0; i < count; i++) p[i] = lanes[i];
}
INLINE void store_part(double *p, v8d v, intptr_t count) {
  double lanes[8];
  store(lanes, v);
  for (intptr_t i = 0; i < count; i++) p[i] = lanes[i];
}
#endif

// Runs `STEP(load, store)` for every whole vector at i and once for the rest, so that the last
// elements go through the same arithmetic.
#define READ_WHOLE(p) load((p) + i)
#define WRITE_WHOLE(p, v) store((p) + i, v)
#define READ_PART(p) load_part((p) + i, n - i)
#define WRITE_PART(p, v) store_part((p) + i, v, n - i)
#define FOR_EACH_VECTOR(STEP)                                                                      \
  do {                                                                                             \
    intptr_t i = 0;                                                                                \
    for (; i + LANES <= n; i += LANES) STEP(READ_WHOLE, WRITE_WHOLE);                              \
    if (i < n) STEP(READ_PART, WRITE_PART);                                                        \
  } while (0)

// ---- Lanes --------------------------------------------------------------------------------------

INLINE v16f splat(float x) { return (v16f)x; }
INLINE v8d splat(double x) { return (v8d)x; }

INLINE v16i pick(v16i mask, v16i a, v16i b) { return (mask & a) | (~mask & b); }
INLINE v8l pick(v8l mask, v8l a, v8l b) { return (mask & a) | (~mask & b); }
INLINE v16f pick(v16i mask, v16f a, v16f b) { return (v16f)pick(mask, (v16i)a, (v16i)b); }
INLINE v8d pick(v8l mask, v8d a, v8d b) { return (v8d)pick(mask, (v8l)a, (v8l)b); }

INLINE v16i bits(v16f x) { return (v16i)x; }
INLINE v8l bits(v8d x) { return (v8l)x; }
INLINE v16f magnitude(v16f x) { return (v16f)((v16i)x & 0x7fffffff); }
INLINE v8d magnitude(v8d x) { return (v8d)((v8l)x & 0x7fffffffffffffff); }
INLINE v16f with_sign(v16f x, v16f sign) {
  return (v16f)((v16i)x | ((v16i)sign & (int32_t)0x80000000));
}

/// a b + c, rounded once on every instruction set.
INLINE v16f fused(v16f a, v16f b, v16f c) { return __builtin_elementwise_fma(a, b, c); }

INLINE v16d widen(v16f x) { return __builtin_convertvector(x, v16d); }
INLINE v8d widen(v8d x) { return x; }

INLINE double sum_lanes(v8d x) {
  v4d a = x.lo + x.hi;
  v2d b = a.lo + a.hi;
  return b.x + b.y;
}
INLINE double sum_lanes(v16d x) { return sum_lanes(x.lo + x.hi); }

// The order of the operands decides what a NaN does: in `larger`, a NaN in `a` is dropped. The
// instruction does the same, which compilers do not always see.
#if LEVEL == 3
INLINE v16f larger(v16f a, v16f b) { return (v16f)_mm512_max_ps((__m512)a, (__m512)b); }
INLINE v8d larger(v8d a, v8d b) { return (v8d)_mm512_max_pd((__m512d)a, (__m512d)b); }
INLINE v16f smaller(v16f a, v16f b) { return (v16f)_mm512_min_ps((__m512)a, (__m512)b); }
INLINE v8d smaller(v8d a, v8d b) { return (v8d)_mm512_min_pd((__m512d)a, (__m512d)b); }
#else
INLINE v16f larger(v16f a, v16f b) { return pick(a > b, a, b); }
INLINE v8d larger(v8d a, v8d b) { return pick(a > b, a, b); }
INLINE v16f smaller(v16f a, v16f b) { return pick(a < b, a, b); }
INLINE v8d smaller(v8d a, v8d b) { return pick(a < b, a, b); }
#endif
INLINE v16i larger(v16i a, v16i b) { return __builtin_elementwise_max(a, b); }
INLINE v8l larger(v8l a, v8l b) { return __builtin_elementwise_max(a, b); }

// Compares half with half, in the same order on every instruction set.
#define BETTER(x, COMPARE) (x.lo COMPARE x.hi ? x.lo : x.hi)
#define EXTREME_LANE(name, COMPARE)                                                                \
  INLINE float name(v16f x) {                                                                      \
    v8f a = BETTER(x, COMPARE);                                                                    \
    v4f b = BETTER(a, COMPARE);                                                                    \
    v2f c = BETTER(b, COMPARE);                                                                    \
    return BETTER(c, COMPARE);                                                                     \
  }                                                                                                \
  INLINE double name(v8d x) {                                                                      \
    v4d a = BETTER(x, COMPARE);                                                                    \
    v2d b = BETTER(a, COMPARE);                                                                    \
    return BETTER(b, COMPARE);                                                                     \
  }
EXTREME_LANE(largest_lane, >)
EXTREME_LANE(smallest_lane, <)
#undef EXTREME_LANE
#undef BETTER
INLINE int32_t largest_lane(v16i x) { return __builtin_reduce_max(x); }
INLINE int64_t largest_lane(v8l x) { return __builtin_reduce_max(x); }

INLINE bool any_lane(v16i mask) { return __builtin_reduce_or(mask) != 0; }
INLINE bool any_lane(v8l mask) { return __builtin_reduce_or(mask) != 0; }

// ---- Lookups ------------------------------------------------------------------------------------

/// table[index mod 16] in every lane, of a table in memory or in registers.
#if LEVEL == 3
INLINE v16f lookup16(v16f table, v16i index) {
  return (v16f)_mm512_permutexvar_ps((__m512i)index, (__m512)table);
}
INLINE v16f lookup16(const float *table, v16i index) { return lookup16(load(table), index); }
#elif LEVEL == 2
INLINE v16f lookup16(v16f table, v16i index) {
  v16f found;
  for (int half = 0; half < 2; half++) {
    __m256i part = half ? (__m256i)index.hi : (__m256i)index.lo;
    __m256 low = _mm256_permutevar8x32_ps((__m256)table.lo, part);
    __m256 high = _mm256_permutevar8x32_ps((__m256)table.hi, part);
    // The fourth bit, moved to the sign, chooses the half of the table.
    __m256 upper = _mm256_castsi256_ps(_mm256_slli_epi32(part, 28));
    v8f chosen = (v8f)_mm256_blendv_ps(low, high, upper);
    if (half) found.hi = chosen;
    else found.lo = chosen;
  }
  return found;
}
INLINE v16f lookup16(const float *table, v16i index) { return lookup16(load(table), index); }
#else
INLINE v16f lookup16(const float *table, v16i index) {
  int32_t places[16];
  v16i inside = index & 15;
  memcpy(places, &inside, sizeof places);
  v16f found;
  for (int i = 0; i < 16; i++) found[i] = table[places[i]];
  return found;
}
INLINE v16f lookup16(v16f table, v16i index) {
  float values[16];
  store(values, table);
  return lookup16(values, index);
}
#endif

// ---- Square tiles -------------------------------------------------------------------------------

#if LEVEL == 3
typedef v8d eight;
#else
typedef v8f eight;
#endif

INLINE void transpose_eight(eight a[8]) {
  eight b[8];
  for (int i = 0; i < 8; i += 2) {
    b[i] = __builtin_shufflevector(a[i], a[i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
    b[i + 1] = __builtin_shufflevector(a[i], a[i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
  }
  for (int i = 0; i < 8; i += 4) {
    for (int j = i; j < i + 2; j++) {
      a[j] = __builtin_shufflevector(b[j], b[j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
      a[j + 2] = __builtin_shufflevector(b[j], b[j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
  }
  for (int j = 0; j < 4; j++) {
    b[j] = __builtin_shufflevector(a[j], a[j + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    b[j + 4] = __builtin_shufflevector(a[j], a[j + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
  for (int i = 0; i < 8; i++) a[i] = b[i];
}

#if LEVEL == 3
/// The columns of a square with the side of a cache line, without going through memory.
INLINE void load_columns(const float *x, intptr_t stride, v16f a[16]) {
  v16f b[16];
  for (int i = 0; i < 16; i++) a[i] = load(x + i * stride);
  for (int i = 0; i < 16; i += 2) {
    b[i] = __builtin_shufflevector(a[i], a[i + 1], 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12,
                                   28, 14, 30);
    b[i + 1] = __builtin_shufflevector(a[i], a[i + 1], 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27,
                                       13, 29, 15, 31);
  }
  for (int i = 0; i < 16; i += 4) {
    for (int j = i; j < i + 2; j++) {
      a[j] = __builtin_shufflevector(b[j], b[j + 2], 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12,
                                     13, 28, 29);
      a[j + 2] = __builtin_shufflevector(b[j], b[j + 2], 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26,
                                         27, 14, 15, 30, 31);
    }
  }
  for (int i = 0; i < 16; i += 8) {
    for (int j = i; j < i + 4; j++) {
      b[j] = __builtin_shufflevector(a[j], a[j + 4], 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24,
                                     25, 26, 27);
      b[j + 4] = __builtin_shufflevector(a[j], a[j + 4], 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14,
                                         15, 28, 29, 30, 31);
    }
  }
  for (int j = 0; j < 8; j++) {
    a[j] = __builtin_shufflevector(b[j], b[j + 8], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21,
                                   22, 23);
    a[j + 8] = __builtin_shufflevector(b[j], b[j + 8], 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26,
                                       27, 28, 29, 30, 31);
  }
}
INLINE void load_columns(const double *x, intptr_t stride, v8d a[8]) {
  for (int i = 0; i < 8; i++) a[i] = load(x + i * stride);
  transpose_eight(a);
}
#else
// Goes through L1, because registers are too few or too short.

INLINE void transpose_tile(const float *x, intptr_t x_stride, float *y, intptr_t y_stride) {
  v8f a[8];
  for (int i = 0; i < 8; i++) memcpy(&a[i], x + i * x_stride, 32);
  transpose_eight(a);
  for (int i = 0; i < 8; i++) memcpy(y + i * y_stride, &a[i], 32);
}

INLINE void transpose_tile(const double *x, intptr_t x_stride, double *y, intptr_t y_stride) {
  v4d a[4], b[4];
  for (int i = 0; i < 4; i++) memcpy(&a[i], x + i * x_stride, 32);
  for (int i = 0; i < 4; i += 2) {
    b[i] = __builtin_shufflevector(a[i], a[i + 1], 0, 4, 2, 6);
    b[i + 1] = __builtin_shufflevector(a[i], a[i + 1], 1, 5, 3, 7);
  }
  for (int i = 0; i < 2; i++) {
    a[i] = __builtin_shufflevector(b[i], b[i + 2], 0, 1, 4, 5);
    a[i + 2] = __builtin_shufflevector(b[i], b[i + 2], 2, 3, 6, 7);
  }
  for (int i = 0; i < 4; i++) memcpy(y + i * y_stride, &a[i], 32);
}

#define COLUMNS(T, VECTOR, SIDE)                                                                   \
  INLINE void load_columns(const T *x, intptr_t stride, VECTOR a[SIDE]) {                          \
    enum { tile = SIDE / 2 };                                                                      \
    T square[SIDE * SIDE];                                                                         \
    for (int i = 0; i < 2; i++) {                                                                  \
      for (int j = 0; j < 2; j++)                                                                  \
        transpose_tile(x + i * tile * stride + j * tile, stride,                                   \
                       square + j * tile * SIDE + i * tile, SIDE);                                 \
    }                                                                                              \
    for (int i = 0; i < SIDE; i++) a[i] = load(square + i * SIDE);                                 \
  }
COLUMNS(float, v16f, 16)
COLUMNS(double, v8d, 8)
#undef COLUMNS
#endif
