// 4-bit codes of a codebook. Codes are exact decisions and values single products, so every
// instruction set gives the same bits.

/// The threshold above the level of rank k: a midpoint in float.
INLINE float AT_LEVEL(code4_threshold)(const loqt_codebook4 *book, int k) {
  return (book->levels[book->order[k]] + book->levels[book->order[k + 1]]) * 0.5f;
}

// The number of thresholds strictly below each x; 0 for NaN.
#if LEVEL == 3
/// [-1, 1] cut into 32 cells, each with at most one threshold besides 0: that threshold, and how
/// many lie below the cell. No threshold is close enough to the end of a cell for rounding to move
/// a number across both. The threshold at 0, which is the end of a cell, is counted separately.
typedef struct {
  v16f thresholds[2];
  v16i below[2];
} AT_LEVEL(code4_search);

INLINE AT_LEVEL(code4_search) AT_LEVEL(code4_prepare)(const loqt_codebook4 *book) {
  AT_LEVEL(code4_search) search;
  float thresholds[16];
  int count = 0, below = 0;
  for (int k = 0; k < 15; k++) {
    thresholds[count] = AT_LEVEL(code4_threshold)(book, k);
    count += thresholds[count] != 0;
  }
  for (int cell = 0; cell < 32; cell++) {
    bool inside = below < count && thresholds[below] < (float)(cell - 15) / 16;
    search.thresholds[cell / 16][cell % 16] = inside ? thresholds[below] : INFINITY;
    search.below[cell / 16][cell % 16] = below;
    below += inside;
  }
  return search;
}
INLINE v16i AT_LEVEL(code4_ranks)(v16f x, AT_LEVEL(code4_search) search, const bool sorted) {
  // 1 falls into the last cell, NaN into the first.
  __m512i cell = _mm512_cvttps_epi32((__m512)fused(x, splat(15.999f), splat(16.0f)));
  __m512i rank =
      _mm512_permutex2var_epi32((__m512i)search.below[0], cell, (__m512i)search.below[1]);
  __m512 threshold =
      _mm512_permutex2var_ps((__m512)search.thresholds[0], cell, (__m512)search.thresholds[1]);
  __mmask16 above = _mm512_cmp_ps_mask((__m512)x, threshold, _CMP_GT_OQ);
  rank = _mm512_mask_add_epi32(rank, above, rank, _mm512_set1_epi32(1));
  if (sorted) return (v16i)rank;
  // The codebook with two zeros has a threshold at 0.
  __mmask16 positive = _mm512_cmp_ps_mask((__m512)x, _mm512_setzero_ps(), _CMP_GT_OQ);
  return (v16i)_mm512_mask_add_epi32(rank, positive, rank, _mm512_set1_epi32(1));
}
#elif LEVEL == 2
/// The thresholds as a search tree: the children of node k are 2 k and 2 k + 1. Node 0 is unused.
typedef v16f AT_LEVEL(code4_search);

INLINE v16f AT_LEVEL(code4_prepare)(const loqt_codebook4 *book) {
  static const uint8_t rank[16] = {0, 7, 3, 11, 1, 5, 9, 13, 0, 2, 4, 6, 8, 10, 12, 14};
  v16f tree;
  for (int node = 0; node < 16; node++) tree[node] = AT_LEVEL(code4_threshold)(book, rank[node]);
  return tree;
}
INLINE v16i AT_LEVEL(code4_ranks)(v16f x, v16f tree, const bool sorted) {
  (void)sorted;
  v16i node = 2 - (x > tree[1]);
#define DESCEND(table)                                                                             \
  __builtin_shufflevector((v8f)_mm256_permutevar8x32_ps((__m256)tree.table, (__m256i)node.lo),     \
                          (v8f)_mm256_permutevar8x32_ps((__m256)tree.table, (__m256i)node.hi), 0,  \
                          1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
  // A lookup uses the low three bits of the node; the last step reads the upper half of the tree.
  node = node + node - (x > DESCEND(lo));
  node = node + node - (x > DESCEND(lo));
  node = node + node - (x > DESCEND(hi));
#undef DESCEND
  return node - 16;
}
#else
typedef v16f AT_LEVEL(code4_search);

INLINE v16f AT_LEVEL(code4_prepare)(const loqt_codebook4 *book) {
  v16f thresholds = splat(0.0f);
  for (int k = 0; k < 15; k++) thresholds[k] = AT_LEVEL(code4_threshold)(book, k);
  return thresholds;
}
INLINE v16i AT_LEVEL(code4_ranks)(v16f x, v16f thresholds, const bool sorted) {
  (void)sorted;
  v16i count = 0;
  for (int k = 0; k < 15; k++) count -= x > thresholds[k];
  return count;
}
#endif

/// Packs sixteen codes into eight bytes, the earlier of two codes in the high half.
INLINE void AT_LEVEL(code4_store)(uint8_t *p, v16i codes) {
  typedef uint64_t v8ul __attribute__((ext_vector_type(8)));
  typedef uint8_t v8b __attribute__((ext_vector_type(8)));
  v8ul pairs = (v8ul)codes;
  v8b bytes = __builtin_convertvector((pairs << 4 | pairs >> 32) & 0xff, v8b);
  memcpy(p, &bytes, 8);
}

/// The codes of the nearest levels.
INLINE v16i AT_LEVEL(code4_codes)(v16f x, AT_LEVEL(code4_search) search,
                                  const loqt_codebook4 *book, const bool sorted) {
  v16i ranks = AT_LEVEL(code4_ranks)(x, search, sorted);
  if (sorted) return ranks;
  v16f order;
  memcpy(&order, book->order, sizeof order);
  return (v16i)lookup16(order, ranks);
}

#if LEVEL == 3
/// The largest magnitude of each of sixteen blocks, one per lane, as the integer of its bits.
INLINE v16i AT_LEVEL(code4_largest)(const float *x, intptr_t block) {
  __m512i rows[16];
  for (int b = 0; b < 16; b++, x += block) {
    v16i first = bits(magnitude(load(x))), second = bits(magnitude(load(x + 16)));
    for (intptr_t i = 32; i < block; i += 32) {
      first = larger(bits(magnitude(load(x + i))), first);
      second = larger(bits(magnitude(load(x + i + 16))), second);
    }
    rows[b] = (__m512i)larger(first, second);
  }
  // Folding neighbours into one another halves the vectors and the lanes that each block takes.
#define FOLD(count, low, high)                                                                     \
  for (int b = 0; b < count; b++) {                                                                \
    __m512i one = rows[2 * b], two = rows[2 * b + 1];                                              \
    rows[b] = _mm512_max_epi32(low, high);                                                         \
  }
  FOLD(8, _mm512_unpacklo_epi32(one, two), _mm512_unpackhi_epi32(one, two))
  FOLD(4, _mm512_unpacklo_epi64(one, two), _mm512_unpackhi_epi64(one, two))
  FOLD(2, _mm512_shuffle_i32x4(one, two, 0x88), _mm512_shuffle_i32x4(one, two, 0xdd))
  FOLD(1, _mm512_shuffle_i32x4(one, two, 0x88), _mm512_shuffle_i32x4(one, two, 0xdd))
#undef FOLD
  return (v16i)rows[0];
}

/// Packs 64 codes into 32 bytes.
INLINE void AT_LEVEL(code4_store64)(uint8_t *p, const v16i *codes) {
  // Packing works within quarters of a register; the last permutation restores the order.
  __m512i words[2];
  for (int h = 0; h < 2; h++)
    words[h] = _mm512_packus_epi32((__m512i)codes[2 * h], (__m512i)codes[2 * h + 1]);
  __m512i bytes = _mm512_packus_epi16(words[0], words[1]);
  __m256i pairs = _mm512_cvtepi16_epi8(_mm512_maddubs_epi16(bytes, _mm512_set1_epi16(0x0110)));
  const __m256i order = _mm256_setr_epi16(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  _mm256_storeu_si256((__m256i *)p, _mm256_permutexvar_epi16(order, pairs));
}

/// Encodes sixteen full blocks whose size is a multiple of 64 elements.
INLINE void AT_LEVEL(code4_sixteen)(const loqt_codebook4 *book, const bool sorted,
                                    AT_LEVEL(code4_search) search, const float *x, intptr_t block,
                                    uint8_t *codes, float *absmax) {
  v16f largest = (v16f)AT_LEVEL(code4_largest)(x, block);
  store(absmax, largest);
  float factors[16];
  // NaN is kept.
  store(factors, 1 / pick(largest < 1e-38f, splat(1e-38f), largest));
  for (int b = 0; b < 16; b++) {
    v16f factor = splat(factors[b]);
    for (intptr_t i = 0; i < block; i += 64, x += 64, codes += 32) {
      v16i four[4];
      for (int k = 0; k < 4; k++)
        four[k] = AT_LEVEL(code4_codes)(load(x + 16 * k) * factor, search, book, sorted);
      AT_LEVEL(code4_store64)(codes, four);
    }
  }
}
#endif

INLINE void AT_LEVEL(code4_blocks)(const loqt_codebook4 *book, const bool sorted, const float *x,
                                   intptr_t count, intptr_t block, uint8_t *codes,
                                   float *absmax) {
  AT_LEVEL(code4_search) search = AT_LEVEL(code4_prepare)(book);
  intptr_t begin = 0;
#if LEVEL == 3
  // Only while sixteen blocks stay in L1 from their scales to their codes.
  if (block >= 64 && block <= 512)
    for (; begin + 16 * block <= count; begin += 16 * block, absmax += 16)
      AT_LEVEL(code4_sixteen)(book, sorted, search, x + begin, block, codes + begin / 2, absmax);
#endif
  x += begin;
  codes += begin / 2;
  for (; begin < count; begin += block, x += block, codes += block / 2) {
    intptr_t n = count - begin < block ? count - begin : block;
    float largest = AT_LEVEL(maximum_magnitude_f32)(x, n);
    // The reference encoder multiplies full blocks and divides a short one. It never divides by
    // less than 1e-38, which is also the smallest scale it gives a short block.
    bool whole = n == block;
    float divisor = largest < 1e-38f ? 1e-38f : largest;  // NaN stays
    *absmax++ = whole ? largest : divisor;
    v16f factor = splat(whole ? 1 / divisor : divisor);
    intptr_t i = 0;
    for (; i + 16 <= n; i += 16) {
      v16f v = load(x + i);
      v = whole ? v * factor : v / factor;
      AT_LEVEL(code4_store)(codes + i / 2, AT_LEVEL(code4_codes)(v, search, book, sorted));
    }
    if (i < n) {
      uint8_t bytes[8];
      v16f v = load_part(x + i, n - i);
      v = whole ? v * factor : v / factor;
      // Pads an odd end with the code of 0, even where 0 / absmax is NaN.
      v16i lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
      v = pick(lane < (int32_t)(n - i), v, splat(0.0f));
      AT_LEVEL(code4_store)(bytes, AT_LEVEL(code4_codes)(v, search, book, sorted));
      memcpy(codes + i / 2, bytes, (size_t)(n - i + 1) / 2);
    }
  }
}

static void AT_LEVEL(code4_quantize)(int kind, const float *x, intptr_t count, intptr_t block,
                                     uint8_t *codes, float *absmax) {
  // Compiled once for each codebook: NF4 has its codes in order, FP4 a threshold at 0.
  if (kind == LOQT_NF4)
    AT_LEVEL(code4_blocks)(&loqt_codebooks4[LOQT_NF4], true, x, count, block, codes, absmax);
  else AT_LEVEL(code4_blocks)(&loqt_codebooks4[LOQT_FP4], false, x, count, block, codes, absmax);
}

/// Stochastic rounding to one of the two neighbouring levels: the upper one where the draw is below
/// the element's share of the gap between them.
static void AT_LEVEL(code4_quantize_random)(int kind, const float *x, const float *draws,
                                            intptr_t count, intptr_t block, const float *absmax,
                                            uint8_t *codes) {
  const loqt_codebook4 *book = &loqt_codebooks4[kind];
  v16f order, levels;
  memcpy(&order, book->order, sizeof order);
  for (int k = 0; k < 16; k++) levels[k] = book->levels[book->order[k]];
  // Never uses a second code of 0.
  for (int k = 1; k < 16; k++)
    if (levels[k] == 0 && levels[k - 1] == 0) order[k] = order[k - 1];
  for (intptr_t begin = 0; begin < count; begin += block, absmax++) {
    intptr_t end = count - begin < block ? count : begin + block;
    for (intptr_t i = begin; i < end; i += 16) {
      intptr_t n = end - i < 16 ? end - i : 16;
      // A block of zeros has no scale to divide by.
      v16f value = *absmax == 0 ? splat(0.0f) : load_part(x + i, n) / *absmax;
      v16i rank = 0;
      for (int k = 1; k < 16; k++) rank -= value >= levels[k];
      v16i above = __builtin_elementwise_min(rank + 1, (v16i)15);
      v16f low = lookup16(levels, rank), high = lookup16(levels, above);
      v16i up = load_part(draws + i, n) * (high - low) < value - low;
      v16i code = (v16i)lookup16(order, pick(up, above, rank));
      uint8_t bytes[8];
      AT_LEVEL(code4_store)(bytes, code);
      memcpy(codes + i / 2, bytes, (size_t)(n + 1) / 2);
    }
  }
}

/// Decodes sixteen values from eight bytes.
INLINE void AT_LEVEL(code4_decode)(const loqt_codebook4 *book, const uint8_t *codes,
                                   v16f scaled_levels, float scale, float *y) {
  (void)book, (void)scaled_levels, (void)scale;
#if LEVEL == 3
  // Each byte goes to two neighbouring lanes, shifted so that the lookup sees the lane's own code
  // in the low four bits.
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
    memcpy(&four, book->pairs[codes[i]], 8);
    memcpy((char *)&four + 8, book->pairs[codes[i + 1]], 8);
    four *= scale;
    memcpy(y + 2 * i, &four, 16);
  }
#endif
}

/// The scale of block b.
INLINE float AT_LEVEL(code4_scale)(const loqt_scales4 *scales, intptr_t b) {
  if (scales->values) return scales->values[b];
  return scales->map->values[scales->codes[b]] * scales->absmax[b / LOQT_SCALE_GROUP] + scales->offset;
}

static void AT_LEVEL(code4_dequantize)(int kind, const uint8_t *codes, const loqt_scales4 *scales,
                                       intptr_t first, intptr_t rows, intptr_t columns,
                                       intptr_t length, intptr_t block, float *y) {
  if (columns <= 0) return;
  const loqt_codebook4 *book = &loqt_codebooks4[kind];
  v16f levels = load(book->levels);
  for (intptr_t r = 0; r < rows; r++, first += length, y += columns) {
    intptr_t end = first + columns, b = first / block;
    for (intptr_t i = first; i < end; b++) {
      intptr_t stop = (b + 1) * block < end ? (b + 1) * block : end;
      float scale = AT_LEVEL(code4_scale)(scales, b);
      v16f scaled = levels * scale;
      if (i & 1) {
        y[i - first] = book->levels[codes[i / 2] & 15] * scale;
        i++;
      }
      for (; i + 16 <= stop; i += 16)
        AT_LEVEL(code4_decode)(book, codes + i / 2, scaled, scale, y + (i - first));
      for (; i < stop; i++)
        y[i - first] = book->levels[i & 1 ? codes[i / 2] & 15 : codes[i / 2] >> 4] * scale;
    }
  }
}
