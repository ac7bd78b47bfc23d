// 4-bit NormalFloat. The codes are exact decisions and the values single products, so every
// instruction set gives the same bits.

/// The thresholds as a search tree: the children of node k are 2 k and 2 k + 1. Node 0 is unused.
#define NF4_THRESHOLD(k) ((NF4_LEVEL(k) + NF4_LEVEL((k) + 1)) * 0.5f)
#define NF4_LEVEL(k) loqt_nf4_levels[k]

/// How many thresholds lie strictly below each x; none for NaN.
#if LEVEL >= 2
INLINE v16f AT_LEVEL(nf4_tree)(void) {
  static const uint8_t order[16] = {0, 7, 3, 11, 1, 5, 9, 13, 0, 2, 4, 6, 8, 10, 12, 14};
  v16f tree;
  for (int node = 0; node < 16; node++) tree[node] = NF4_THRESHOLD(order[node]);
  return tree;
}
INLINE v16i AT_LEVEL(nf4_codes)(v16f x, v16f tree) {
  v16i node = 2 - (x > tree[1]);
#if LEVEL == 3
#define DESCEND(table) (v16f) _mm512_permutexvar_ps((__m512i)node, (__m512)tree)
#else
#define DESCEND(table)                                                                             \
  __builtin_shufflevector((v8f)_mm256_permutevar8x32_ps((__m256)tree.table, (__m256i)node.lo),     \
                          (v8f)_mm256_permutevar8x32_ps((__m256)tree.table, (__m256i)node.hi), 0,  \
                          1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
#endif
  // AVX2 looks up eight entries by the low three bits of the node: the upper half of the tree
  // serves the last step.
  node = node + node - (x > DESCEND(lo));
  node = node + node - (x > DESCEND(lo));
  node = node + node - (x > DESCEND(hi));
#undef DESCEND
  return node - 16;
}
#else
INLINE v16f AT_LEVEL(nf4_tree)(void) {
  v16f thresholds = splat(0.0f);
  for (int k = 0; k < 15; k++) thresholds[k] = NF4_THRESHOLD(k);
  return thresholds;
}
INLINE v16i AT_LEVEL(nf4_codes)(v16f x, v16f thresholds) {
  v16i count = 0;
  for (int k = 0; k < 15; k++) count -= x > thresholds[k];
  return count;
}
#endif

/// Sixteen codes as eight bytes, the earlier of two codes in the high half.
INLINE void AT_LEVEL(nf4_store)(uint8_t *p, v16i codes) {
  typedef uint64_t v8ul __attribute__((ext_vector_type(8)));
  typedef uint8_t v8b __attribute__((ext_vector_type(8)));
  v8ul pairs = (v8ul)codes;
  v8b bytes = __builtin_convertvector((pairs << 4 | pairs >> 32) & 0xff, v8b);
  memcpy(p, &bytes, 8);
}

static void AT_LEVEL(nf4_quantize)(const float *x, intptr_t count, intptr_t block, uint8_t *codes,
                                   float *absmax) {
  v16f tree = AT_LEVEL(nf4_tree)();
  for (intptr_t begin = 0; begin < count; begin += block, x += block, codes += block / 2) {
    intptr_t n = count - begin < block ? count - begin : block;
    float largest = AT_LEVEL(maximum_magnitude_f32)(x, n);
    // The reference coder multiplies whole blocks and divides a short one, never by less than 1e-38,
    // which is also the least scale it gives a short block.
    bool whole = n == block;
    float divisor = largest < 1e-38f ? 1e-38f : largest;  // NaN stays
    *absmax++ = whole ? largest : divisor;
    v16f factor = splat(whole ? 1 / divisor : divisor);
    intptr_t i = 0;
    for (; i + 16 <= n; i += 16) {
      v16f v = load(x + i);
      v = whole ? v * factor : v / factor;
      AT_LEVEL(nf4_store)(codes + i / 2, AT_LEVEL(nf4_codes)(v, tree));
    }
    if (i < n) {
      uint8_t bytes[8];
      v16f v = load_part(x + i, n - i);
      v = whole ? v * factor : v / factor;
      // Past an odd end comes the code of 0, even where 0 / absmax is NaN.
      v16i lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
      v = pick(lane < (int32_t)(n - i), v, splat(0.0f));
      AT_LEVEL(nf4_store)(bytes, AT_LEVEL(nf4_codes)(v, tree));
      memcpy(codes + i / 2, bytes, (size_t)(n - i + 1) / 2);
    }
  }
}

/// Sixteen values from eight bytes.
INLINE void AT_LEVEL(nf4_decode)(const uint8_t *codes, v16f scaled_levels, float scale, float *y) {
#if LEVEL == 3
  // Every byte in two neighbouring lanes, shifted so that the lookup sees its own four low bits.
  const __m512i shifts = _mm512_set1_epi64(4);
  __m512i bytes = _mm512_cvtepu8_epi64(_mm_loadl_epi64((const __m128i *)codes));
  __m512i index = _mm512_srlv_epi32(_mm512_shuffle_epi32(bytes, _MM_PERM_CCAA), shifts);
  _mm512_storeu_ps(y, _mm512_permutexvar_ps(index, (__m512)scaled_levels));
#elif LEVEL == 2
  const __m256i shifts = _mm256_set1_epi64x(4);
  for (int half = 0; half < 2; half++) {
    int32_t four;
    memcpy(&four, codes + 4 * half, 4);
    __m256i bytes = _mm256_cvtepu8_epi64(_mm_cvtsi32_si128(four));
    __m256i index = _mm256_srlv_epi32(_mm256_shuffle_epi32(bytes, _MM_SHUFFLE(2, 2, 0, 0)), shifts);
    __m256 low = _mm256_permutevar8x32_ps((__m256)scaled_levels.lo, index);
    __m256 high = _mm256_permutevar8x32_ps((__m256)scaled_levels.hi, index);
    // The fourth bit, moved to the sign, chooses the half of the table.
    __m256 upper = _mm256_castsi256_ps(_mm256_slli_epi32(index, 28));
    _mm256_storeu_ps(y + 8 * half, _mm256_blendv_ps(low, high, upper));
  }
#else
  for (int i = 0; i < 8; i += 2) {
    v4f four;
    memcpy(&four, loqt_nf4_pairs[codes[i]], 8);
    memcpy((char *)&four + 8, loqt_nf4_pairs[codes[i + 1]], 8);
    four *= scale;
    memcpy(y + 2 * i, &four, 16);
  }
#endif
}

static void AT_LEVEL(nf4_dequantize)(const uint8_t *codes, const float *absmax, intptr_t first,
                                     intptr_t n, intptr_t block, float *y) {
  if (n <= 0) return;
  v16f levels = load(loqt_nf4_levels);
  intptr_t end = first + n, b = first / block;
  for (intptr_t i = first; i < end; b++) {
    intptr_t stop = (b + 1) * block < end ? (b + 1) * block : end;
    float scale = absmax[b];
    v16f scaled = levels * scale;
    if (i & 1) {
      y[i - first] = loqt_nf4_levels[codes[i / 2] & 15] * scale;
      i++;
    }
    for (; i + 16 <= stop; i += 16)
      AT_LEVEL(nf4_decode)(codes + i / 2, scaled, scale, y + (i - first));
    for (; i < stop; i++)
      y[i - first] = loqt_nf4_levels[i & 1 ? codes[i / 2] & 15 : codes[i / 2] >> 4] * scale;
  }
}
#undef NF4_THRESHOLD
#undef NF4_LEVEL
