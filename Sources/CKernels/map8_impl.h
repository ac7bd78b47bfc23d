// Blockwise 8-bit codes of a dynamic map. Codes are exact decisions and values single products, so
// every instruction set gives the same bits.

/// map[code] for 32 codes.
INLINE void AT_LEVEL(map8_lookup32)(const uint8_t *codes, const loqt_map8 *map,
                                    const bool is_signed, v16f *first, v16f *second) {
  (void)is_signed;
#if LEVEL == 3
  // Looks up the halves of the values' bits in tables that fit in registers. The codes are permuted
  // by fours, so that joining the halves below leaves them in order.
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_loadu_si256((const __m256i *)codes), order);
  __m512i index = _mm512_cvtepu8_epi16(bytes), halves[2];
#define LOOKUP(table, k)                                                                           \
  _mm512_permutex2var_epi16(_mm512_loadu_si512((table) + 64 * (k)), index,                         \
                            _mm512_loadu_si512((table) + 64 * (k) + 32))
  if (is_signed) {
    // The values below 0 mirror those above, except the last: 1, which is looked up as 0.
    __mmask32 last = _mm512_cmpeq_epi16_mask(index, _mm512_set1_epi16(255));
    __m512i rank = _mm512_sub_epi16(index, _mm512_set1_epi16(127));
    index = _mm512_abs_epi16(rank);
    __mmask32 bit6 = _mm512_test_epi16_mask(index, _mm512_set1_epi16(64));
    for (int h = 0; h < 2; h++) {
      const uint16_t *table = map->magnitudes[h];
      halves[h] = _mm512_mask_mov_epi16(LOOKUP(table, 0), bit6, LOOKUP(table, 1));
    }
    halves[1] = _mm512_mask_mov_epi16(halves[1], last, _mm512_set1_epi16(0x3f80));
    halves[1] = _mm512_or_si512(halves[1], _mm512_and_si512(rank, _mm512_set1_epi16(INT16_MIN)));
  } else {
    __mmask32 bit6 = _mm512_test_epi16_mask(index, _mm512_set1_epi16(64));
    __mmask32 bit7 = _mm512_test_epi16_mask(index, _mm512_set1_epi16(128));
    for (int h = 0; h < 2; h++) {
      const uint16_t *table = h ? map->high : map->low;
      __m512i lower = _mm512_mask_mov_epi16(LOOKUP(table, 0), bit6, LOOKUP(table, 1));
      __m512i upper = _mm512_mask_mov_epi16(LOOKUP(table, 2), bit6, LOOKUP(table, 3));
      halves[h] = _mm512_mask_mov_epi16(lower, bit7, upper);
    }
  }
#undef LOOKUP
  *first = (v16f)_mm512_unpacklo_epi16(halves[0], halves[1]);
  *second = (v16f)_mm512_unpackhi_epi16(halves[0], halves[1]);
#elif LEVEL == 2
  for (int k = 0; k < 4; k++) {
    __m256i index = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(codes + 8 * k)));
    v8f values = (v8f)_mm256_i32gather_ps(map->values, index, 4);
    v16f *half = k < 2 ? first : second;
    if (k % 2) half->hi = values;
    else half->lo = values;
  }
#else
  for (int k = 0; k < 16; k++) {
    (*first)[k] = map->values[codes[k]];
    (*second)[k] = map->values[codes[k + 16]];
  }
#endif
}

#if LEVEL == 3
// The map is linear within each of its decades, so a code is a linear function of the magnitude,
// rounded down. Near integers, where rounding errors could decide, the search decides instead: the
// function, its factors and the values' own roundings are off by at most 2^-13.4 (each of the
// terms, none of which exceeds 256, by a few units of 2^-24).
INLINE v16i AT_LEVEL(map8_search)(v16f x, const float *tree);

/// What `_mm512_range_ps` selects by magnitude and returns without its sign.
enum { SMALLER_MAGNITUDE = 0xA, LARGER_MAGNITUDE = 0xB };

/// The codes of x / largest, where `inverse` is 1 / largest, and the signed distance of the
/// function from an integer. Integers are compared by subtraction, as masks are slow to make.
INLINE __m128i AT_LEVEL(map8_linear)(v16f x, float inverse, const loqt_map8 *map,
                                     const bool is_signed, v16f *distance) {
  // Magnitudes below 2^-31 get the code of 0, and so do negative numbers in an unsigned map.
  __m512 least = _mm512_set1_ps(0x1p-31f), scaled = (__m512)(x * inverse);
  v16f size = (v16f)(is_signed ? _mm512_range_ps(scaled, least, LARGER_MAGNITUDE)
                               : _mm512_max_ps(least, scaled));
  __m512i binade = _mm512_srli_epi32((__m512i)size, 23);
#define TABLE32(name)                                                                              \
  _mm512_permutex2var_epi32(_mm512_loadu_si512(map->name), binade, _mm512_loadu_si512(map->name + 16))
  v16i bound = (v16i)TABLE32(bound), piece = (v16i)TABLE32(piece);
#undef TABLE32
  piece -= (bound - bits(size)) >> 31;
#define TABLE16(name) (v16f)_mm512_permutexvar_epi32((__m512i)piece, _mm512_loadu_si512(map->name))
  v16f level = fused(TABLE16(slope), size, TABLE16(offset));
  *distance = (v16f)_mm512_reduce_ps((__m512)level, 0);
  __m512 capped = _mm512_min_ps((__m512)level, (__m512)TABLE16(last));
#undef TABLE16
  if (!is_signed) return _mm512_cvtepi32_epi8(_mm512_cvttps_epi32(capped));
  // With the sign of x, from -128 to 128. The map has no -1: both -128 and -127 become the least
  // byte.
  v16i rank = (v16i)_mm512_cvttps_epi32((__m512)(bits((v16f)capped) | (bits(x) & INT32_MIN)));
  __m128i bytes = _mm512_cvtsepi32_epi8((__m512i)(rank - 1));
  return _mm_xor_si128(bytes, _mm_set1_epi8(INT8_MIN));
}

/// Encodes as many whole groups of sixteen elements as there are; returns the number of elements.
INLINE intptr_t AT_LEVEL(map8_encode_linear)(const float *x, intptr_t n, float largest,
                                             const loqt_map8 *map, const bool is_signed,
                                             uint8_t *codes) {
  float inverse = 1 / largest;
  intptr_t i = 0;
  while (i + 16 <= n) {
    // Checks once for up to 256 elements whether any needs the search; hardly ever one does.
    intptr_t first = i, end = n - i < 256 ? n - 15 : i + 256;
    v16f distance;
    __m512 nearest = _mm512_set1_ps(1);
    for (; i < end; i += 16) {
      __m128i code = AT_LEVEL(map8_linear)(load(x + i), inverse, map, is_signed, &distance);
      _mm_storeu_si128((__m128i *)(codes + i), code);
      nearest = _mm512_range_ps(nearest, (__m512)distance, SMALLER_MAGNITUDE);
    }
    if (__builtin_expect(!any_lane((v16f)nearest < 0x1p-13f), 1)) continue;
    for (intptr_t k = first; k < i; k += 16) {
      AT_LEVEL(map8_linear)(load(x + k), inverse, map, is_signed, &distance);
      if (!any_lane(magnitude(distance) < 0x1p-13f)) continue;
      v16i code = AT_LEVEL(map8_search)(load(x + k) / largest, map->tree);
      store(codes + k, __builtin_convertvector(code, v16b));
    }
  }
  return i;
}

/// Looks up node mod 32 among the 32 nodes from `base` on.
INLINE v16f AT_LEVEL(map8_pair)(const float *tree, int base, v16i node) {
  return (v16f)_mm512_permutex2var_ps((__m512)load(tree + base), (__m512i)node,
                                      (__m512)load(tree + base + 16));
}
#endif

/// The threshold at each node of depth `depth`, looked up in registers where the instruction set
/// allows.
INLINE v16f AT_LEVEL(map8_node)(const float *tree, int depth, v16i node) {
#if LEVEL == 3
  if (depth < 4) return (v16f)_mm512_permutexvar_ps((__m512i)node, (__m512)load(tree));
  if (depth == 4) return (v16f)_mm512_permutexvar_ps((__m512i)node, (__m512)load(tree + 16));
  // Each further depth doubles the table; a bit of the node chooses the half.
  v16f found = AT_LEVEL(map8_pair)(tree, 1 << depth, node);
  for (int base = 32; base < 1 << depth; base += 32) {
    v16i here = (node & ((1 << depth) - 32)) == base;
    found = pick(here, AT_LEVEL(map8_pair)(tree, (1 << depth) + base, node), found);
  }
  return found;
#elif LEVEL == 2
  v16f found;
  if (depth < 4) {
    __m256 table = _mm256_loadu_ps(tree + (depth == 3 ? 8 : 0));
    found.lo = (v8f)_mm256_permutevar8x32_ps(table, (__m256i)node.lo);
    found.hi = (v8f)_mm256_permutevar8x32_ps(table, (__m256i)node.hi);
  } else {
    found.lo = (v8f)_mm256_i32gather_ps(tree, (__m256i)node.lo, 4);
    found.hi = (v8f)_mm256_i32gather_ps(tree, (__m256i)node.hi, 4);
  }
  return found;
#else
  (void)depth;
  v16f found;
  for (int i = 0; i < 16; i++) found[i] = tree[node[i]];
  return found;
#endif
}

/// The number of thresholds strictly below each x; 0 for NaN.
INLINE v16i AT_LEVEL(map8_search)(v16f x, const float *tree) {
  v16i node = 2 - (x > tree[1]);
#pragma clang loop unroll(full)
  for (int depth = 1; depth < 8; depth++)
    node = node + node - (x > AT_LEVEL(map8_node)(tree, depth, node));
  return node - 256;
}

/// Encodes one block whose largest magnitude is `largest`.
INLINE void AT_LEVEL(map8_encode)(const float *x, intptr_t n, float largest, const loqt_map8 *map,
                                  uint8_t *codes) {
  if (largest == 0) {
    memset(codes, map->zero, (size_t)n);
    return;
  }
  intptr_t i = 0;
#if LEVEL == 3
  // Only where the inverse is a normal number.
  if (largest >= 0x1p-120f && largest <= 0x1p120f)
    i = map->zero ? AT_LEVEL(map8_encode_linear)(x, n, largest, map, true, codes)
                  : AT_LEVEL(map8_encode_linear)(x, n, largest, map, false, codes);
#endif
  for (; i + 16 <= n; i += 16) {
    v16i code = AT_LEVEL(map8_search)(load(x + i) / largest, map->tree);
    store(codes + i, __builtin_convertvector(code, v16b));
  }
  if (i < n) {
    v16i code = AT_LEVEL(map8_search)(load_part(x + i, n - i) / largest, map->tree);
    v16b bytes = __builtin_convertvector(code, v16b);
    memcpy(codes + i, &bytes, (size_t)(n - i));
  }
}

static void AT_LEVEL(map8_quantize)(const float *x, intptr_t count, intptr_t block,
                                    const loqt_map8 *map, uint8_t *codes, float *absmax) {
  for (intptr_t begin = 0; begin < count; begin += block) {
    intptr_t n = count - begin < block ? count - begin : block;
    float largest = AT_LEVEL(maximum_magnitude_f32)(x + begin, n);
    *absmax++ = largest;
    AT_LEVEL(map8_encode)(x + begin, n, largest, map, codes + begin);
  }
}

/// Stochastic rounding to one of the two neighbouring values: the upper one where the draw is below
/// the element's share of the gap between them. Blocks of zeros are left alone.
static void AT_LEVEL(map8_quantize_random)(const float *x, const float *draws, intptr_t count,
                                           intptr_t block, const loqt_map8 *map,
                                           const float *absmax, uint8_t *codes) {
  for (intptr_t begin = 0; begin < count; begin += block, absmax++) {
    if (!(*absmax > 0)) continue;
    intptr_t end = count - begin < block ? count : begin + block;
    for (intptr_t i = begin; i < end; i += 16) {
      intptr_t n = end - i < 16 ? end - i : 16;
      v16f value = load_part(x + i, n) / *absmax, low, high;
      v16i rank = AT_LEVEL(map8_search)(value, map->starts);
      v16i above = __builtin_elementwise_min(rank + 1, (v16i)255);
      for (int lane = 0; lane < 16; lane++) {
        low[lane] = map->values[rank[lane]];
        high[lane] = map->values[above[lane]];
      }
      v16i up = load_part(draws + i, n) * (high - low) < value - low;
      v16b bytes = __builtin_convertvector(pick(up, above, rank), v16b);
      memcpy(codes + i, &bytes, (size_t)n);
    }
  }
}

/// map[code] * scale for the codes of one block or a part of it.
INLINE void AT_LEVEL(map8_values)(const uint8_t *codes, intptr_t n, const loqt_map8 *map,
                                  float scale, float *y) {
  intptr_t i = 0;
#define VALUES(is_signed)                                                                          \
  for (; i + 32 <= n; i += 32) {                                                                   \
    v16f first, second;                                                                            \
    AT_LEVEL(map8_lookup32)(codes + i, map, is_signed, &first, &second);                           \
    store(y + i, first * scale);                                                                   \
    store(y + i + 16, second * scale);                                                             \
  }
  if (map->zero) VALUES(true) else VALUES(false)
#undef VALUES
  for (; i < n; i++) y[i] = map->values[codes[i]] * scale;
}

static void AT_LEVEL(map8_dequantize)(const uint8_t *codes, const float *absmax, intptr_t first,
                                      intptr_t n, intptr_t block, const loqt_map8 *map, float *y) {
  if (n <= 0) return;
  intptr_t end = first + n, b = first / block;
  for (intptr_t i = first; i < end; b++) {
    intptr_t stop = (b + 1) * block < end ? (b + 1) * block : end;
    AT_LEVEL(map8_values)(codes + i, stop - i, map, absmax[b], y + (i - first));
    i = stop;
  }
}
