// Philox4x32-10 (Salmon et al., Parallel random numbers: as easy as 1, 2, 3, 2011), sixteen blocks
// at a time, and the numbers made from it.

typedef struct {
  v16u word[4];
} AT_LEVEL(blocks);

/// The high and low halves of the 64-bit products, with even and odd lanes computed apart.
INLINE void AT_LEVEL(multiply)(v16u x, uint32_t factor, v16u *high, v16u *low) {
  typedef uint64_t v8ul __attribute__((ext_vector_type(8)));
  const v8ul lower = (v8ul)(uint64_t)0xffffffff;
  v8ul even = ((v8ul)x & lower) * factor, odd = ((v8ul)x >> 32) * factor;
  *high = (v16u)(even >> 32 | (odd & ~lower));
  *low = (v16u)((even & lower) | odd << 32);
}

/// The blocks of counter, counter + 1, ..., counter + 15.
INLINE AT_LEVEL(blocks) AT_LEVEL(philox_sixteen)(uint64_t key, uint64_t stream, uint64_t counter) {
  v16ul lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  v16ul counters = lane + counter;
  v16u a = __builtin_convertvector(counters, v16u);
  v16u b = __builtin_convertvector(counters >> 32, v16u);
  v16u c = (v16u)(uint32_t)stream, d = (v16u)(uint32_t)(stream >> 32);
  uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
  for (int round = 0; round < 10; round++) {
    v16u high_a, low_a, high_c, low_c;
    AT_LEVEL(multiply)(a, 0xD2511F53u, &high_a, &low_a);
    AT_LEVEL(multiply)(c, 0xCD9E8D57u, &high_c, &low_c);
    a = high_c ^ b ^ k0;
    b = low_c;
    c = high_a ^ d ^ k1;
    d = low_a;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return (AT_LEVEL(blocks)){{a, b, c, d}};
}

/// Writes the four words of every block in turn.
INLINE void AT_LEVEL(interleave)(const v16u *word, uint32_t *y) {
#define INTERLEAVED0 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define INTERLEAVED1 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#define PAIRS0 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23
#define PAIRS1 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31
  v16u ab0 = __builtin_shufflevector(word[0], word[1], INTERLEAVED0);
  v16u ab1 = __builtin_shufflevector(word[0], word[1], INTERLEAVED1);
  v16u cd0 = __builtin_shufflevector(word[2], word[3], INTERLEAVED0);
  v16u cd1 = __builtin_shufflevector(word[2], word[3], INTERLEAVED1);
  store(y, __builtin_shufflevector(ab0, cd0, PAIRS0));
  store(y + 16, __builtin_shufflevector(ab0, cd0, PAIRS1));
  store(y + 32, __builtin_shufflevector(ab1, cd1, PAIRS0));
  store(y + 48, __builtin_shufflevector(ab1, cd1, PAIRS1));
#undef INTERLEAVED0
#undef INTERLEAVED1
#undef PAIRS0
#undef PAIRS1
}

static void AT_LEVEL(philox)(uint64_t key, uint64_t stream, uint64_t counter, uint32_t *y,
                             intptr_t blocks) {
  for (intptr_t b = 0; b < blocks; b += 16) {
    AT_LEVEL(blocks) made = AT_LEVEL(philox_sixteen)(key, stream, counter + (uint64_t)b);
    uint32_t words[64];
    AT_LEVEL(interleave)(made.word, words);
    intptr_t width = blocks - b < 16 ? blocks - b : 16;
    memcpy(y + 4 * b, words, (size_t)width * 16);
  }
}

// Sixteen blocks at a time: `STEP` fills `values` from `made`.
#define FROM_BLOCKS(T, per_block, STEP)                                                            \
  for (intptr_t i = 0; i < n; i += 16 * per_block) {                                               \
    AT_LEVEL(blocks) made =                                                                        \
        AT_LEVEL(philox_sixteen)(key, stream, counter + (uint64_t)(i / per_block));                \
    T last[16 * per_block], *values = n - i < 16 * per_block ? last : y + i;                       \
    STEP;                                                                                          \
    if (values == last) memcpy(y + i, last, (size_t)(n - i) * sizeof(T));                          \
  }

/// The upper 24 bits as a number in [0, 1).
INLINE v16f AT_LEVEL(unit)(v16u word) {
  return __builtin_convertvector((v16i)(word >> 8), v16f) * 0x1p-24f;
}

static void AT_LEVEL(random_uniform_f32)(uint64_t key, uint64_t stream, uint64_t counter, float *y,
                                         intptr_t n) {
#define STEP                                                                                       \
  for (int k = 0; k < 4; k++) made.word[k] = (v16u)AT_LEVEL(unit)(made.word[k]);                   \
  AT_LEVEL(interleave)(made.word, (uint32_t *)values)
  FROM_BLOCKS(float, 4, STEP)
#undef STEP
}

static void AT_LEVEL(random_normal_f32)(uint64_t key, uint64_t stream, uint64_t counter, float *y,
                                        intptr_t n) {
#define STEP                                                                                       \
  for (int k = 0; k < 4; k += 2) {                                                                 \
    /* All 32 bits, never 0, so that the tails reach 6.6. */                                       \
    v16f u = __builtin_convertvector(made.word[k] | 1u, v16f) * 0x1p-32f;                          \
    v16f radius = __builtin_elementwise_sqrt(-2.0f * log_of(u)), sine, cosine;                     \
    sin_cos_of_turns(AT_LEVEL(unit)(made.word[k + 1]), &sine, &cosine);                            \
    made.word[k] = (v16u)(radius * cosine);                                                        \
    made.word[k + 1] = (v16u)(radius * sine);                                                      \
  }                                                                                                \
  AT_LEVEL(interleave)(made.word, (uint32_t *)values)
  FROM_BLOCKS(float, 4, STEP)
#undef STEP
}

/// The upper 53 bits of two words as a number in [0, 1).
INLINE double AT_LEVEL(unit_f64)(uint32_t low, uint32_t high) {
  return (double)(((uint64_t)high << 32 | low) >> 11) * 0x1p-53;
}

static void AT_LEVEL(random_uniform_f64)(uint64_t key, uint64_t stream, uint64_t counter,
                                         double *y, intptr_t n) {
#define STEP                                                                                       \
  uint32_t words[64];                                                                              \
  AT_LEVEL(interleave)(made.word, words);                                                          \
  for (int j = 0; j < 32; j++) values[j] = AT_LEVEL(unit_f64)(words[2 * j], words[2 * j + 1])
  FROM_BLOCKS(double, 2, STEP)
#undef STEP
}

static void AT_LEVEL(random_normal_f64)(uint64_t key, uint64_t stream, uint64_t counter, double *y,
                                        intptr_t n) {
#define STEP                                                                                       \
  uint32_t words[64];                                                                              \
  AT_LEVEL(interleave)(made.word, words);                                                          \
  for (int b = 0; b < 16; b++) {                                                                   \
    uint32_t *w = words + 4 * b;                                                                   \
    double radius = sqrt(-2 * log(1 - AT_LEVEL(unit_f64)(w[0], w[1])));                            \
    double angle = 6.28318530717958647693 * AT_LEVEL(unit_f64)(w[2], w[3]);                        \
    values[2 * b] = radius * cos(angle);                                                           \
    values[2 * b + 1] = radius * sin(angle);                                                       \
  }
  FROM_BLOCKS(double, 2, STEP)
#undef STEP
}
#undef FROM_BLOCKS

static void AT_LEVEL(f32_to_bf16_random)(const float *x, uint16_t *y, intptr_t n,
                                         const loqt_draws *draws) {
  for (intptr_t begin = 0; begin < n; begin += 128) {
    uint32_t words[64];
    AT_LEVEL(blocks) made = AT_LEVEL(philox_sixteen)(
        draws->key, draws->stream, draws->counter + (uint64_t)begin / 8);
    AT_LEVEL(interleave)(made.word, words);
    intptr_t count = n - begin < 128 ? n - begin : 128;
    for (intptr_t i = 0; i < count; i++) {
      uint32_t bits, draw = words[i / 2] >> 16 * (i % 2) & 0xffff;
      memcpy(&bits, x + begin + i, 4);
      // Rounding could carry a NaN into infinity: keep its upper bits and set the quiet one.
      uint32_t rounded = (bits & 0x7fffffff) > 0x7f800000 ? bits | 0x400000 : bits + draw;
      y[begin + i] = (uint16_t)(rounded >> 16);
    }
  }
}
