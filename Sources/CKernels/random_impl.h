// Philox4x32-10 (Salmon et al., Parallel random numbers: as easy as 1, 2, 3, 2011), sixteen blocks
// at a time, and the numbers made from it.

typedef struct {
  v16u word[4];
} AT_LEVEL(blocks);

/// The blocks of counter, counter + 1, ..., counter + 15.
INLINE AT_LEVEL(blocks) AT_LEVEL(philox_sixteen)(uint64_t key, uint64_t stream, uint64_t counter) {
  v16ul lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  v16ul counters = lane + counter;
  v16u a = __builtin_convertvector(counters, v16u);
  v16u b = __builtin_convertvector(counters >> 32, v16u);
  v16u c = (v16u)(uint32_t)stream, d = (v16u)(uint32_t)(stream >> 32);
  uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
  for (int round = 0; round < 10; round++) {
    v16ul p = __builtin_convertvector(a, v16ul) * 0xD2511F53u;
    v16ul q = __builtin_convertvector(c, v16ul) * 0xCD9E8D57u;
    a = __builtin_convertvector(q >> 32, v16u) ^ b ^ k0;
    b = __builtin_convertvector(q, v16u);
    c = __builtin_convertvector(p >> 32, v16u) ^ d ^ k1;
    d = __builtin_convertvector(p, v16u);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return (AT_LEVEL(blocks)){{a, b, c, d}};
}

/// Writes the four words of every block in turn.
INLINE void AT_LEVEL(interleave)(const v16u *word, uint32_t *y) {
  uint32_t w[4][16];
  for (int k = 0; k < 4; k++) store(w[k], word[k]);
  for (int b = 0; b < 16; b++)
    for (int k = 0; k < 4; k++) y[4 * b + k] = w[k][b];
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

// Sixteen blocks at a time: `STEP` fills the local array `values` from `made`.
#define FROM_BLOCKS(T, per_block, STEP)                                                            \
  for (intptr_t i = 0; i < n; i += 16 * per_block) {                                               \
    AT_LEVEL(blocks) made =                                                                        \
        AT_LEVEL(philox_sixteen)(key, stream, counter + (uint64_t)(i / per_block));                \
    T values[16 * per_block];                                                                      \
    STEP;                                                                                          \
    intptr_t width = n - i < 16 * per_block ? n - i : 16 * per_block;                              \
    memcpy(y + i, values, (size_t)width * sizeof(T));                                              \
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
