// Rounding to 8 bits for products of integers. A block of 64 terms has one scale, its largest
// magnitude over the largest code.

/// A float of this size is an integer, and its last byte is that of the integer.
#define INTEGER_SHIFT 0x1.8p23f

typedef struct {
  float scale, inverse;
} AT_LEVEL(int8_scale);

/// The scale for a largest magnitude, given by its bits. No number has the scale 0, and a block
/// that is not finite NaN; both get codes of 0.
INLINE AT_LEVEL(int8_scale) AT_LEVEL(int8_scale_of)(int32_t largest, float top) {
  AT_LEVEL(int8_scale) s = {0, 0};
  float size;
  memcpy(&size, &largest, 4);
  if (largest >= 0x7f800000) s.scale = NAN;
  else if (size >= 0x1p-100f) {
    s.scale = size / top;
    s.inverse = top / size;
  }
  return s;
}

/// The largest magnitude of 64 elements, as the integer of its bits: NaN is above infinity there.
INLINE int32_t AT_LEVEL(int8_largest)(const float *x) {
  v16i largest = 0;
  for (int i = 0; i < LOQT_INT8_TERMS; i += 16)
    largest = larger(bits(magnitude(load(x + i))), largest);
  return largest_lane(largest);
}

/// Sixteen numbers of [-1/2, 1/2) with 16 bits each; their mean is 0.
INLINE v16f AT_LEVEL(int8_dither)(const uint16_t *draws) {
  v16f numbers = __builtin_convertvector(load(draws), v16f);
  return fused(numbers, splat(0x1p-16f), splat(0x1p-17f - 0.5f));
}

/// A number that depends on every bit of a row.
INLINE uint64_t AT_LEVEL(int8_row_hash)(const float *x, intptr_t n) {
  v16u sums[2] = {(v16u)0x811c9dc5u, (v16u)0x9e3779b9u};
  for (intptr_t i = 0; i < n; i += 16) {
    v16f part = n - i < 16 ? load_part(x + i, n - i) : load(x + i);
    v16u *sum = &sums[i / 16 % 2];
    *sum = (*sum ^ (v16u)bits(part)) * 0x01000193u;
    *sum ^= *sum >> 15;
  }
  uint64_t hash = (uint64_t)n;
  for (int k = 0; k < 32; k++) hash = (hash ^ sums[k / 16][k % 16]) * 0x100000001b3u;
  return hash;
}

/// The draws for the elements of a row from `first` on, 128 of them.
INLINE void AT_LEVEL(int8_draw)(const loqt_draws *draws, uint64_t hash, intptr_t row,
                                intptr_t first, uint16_t drawn[128]) {
  uint32_t words[64];
  uint64_t counter = (draws->counter + (uint64_t)row) << 32 | (uint64_t)first / 8;
  AT_LEVEL(blocks) made =
      AT_LEVEL(philox_sixteen)(draws->key, draws->stream + hash, counter);
  AT_LEVEL(interleave)(made.word, words);
  memcpy(drawn, words, sizeof words);
}

/// Rounds 64 elements of one row; without draws to nearest.
INLINE void AT_LEVEL(int8_round_block)(const float *x, const uint16_t *drawn, float factor,
                                       int8_t *codes, float *scale, int32_t *offset) {
  const float top = LOQT_INT8_TOP;
  AT_LEVEL(int8_scale) s = AT_LEVEL(int8_scale_of)(AT_LEVEL(int8_largest)(x), top);
  *scale = s.scale * factor;
  *offset = 0;
  if (s.inverse == 0) {
    memset(codes, 0, LOQT_INT8_TERMS);
    return;
  }
  v16i sum = 0;
  for (int i = 0; i < LOQT_INT8_TERMS; i += 16) {
    v16f shifted;
    if (drawn) {
      v16f v = fused(load(x + i), splat(s.inverse), AT_LEVEL(int8_dither)(drawn + i));
      // Only the rounding of the scale can lead beyond the largest code.
      shifted = smaller(larger(v, splat(-top)), splat(top)) + INTEGER_SHIFT;
    } else {
      shifted = fused(load(x + i), splat(s.inverse), splat(INTEGER_SHIFT));
    }
    v16i code = bits(shifted) - bits(splat(INTEGER_SHIFT));
    sum += code;
    store((uint8_t *)codes + i, __builtin_convertvector(code, v16b));
  }
  *offset = 128 * __builtin_reduce_add(sum);
}

static void AT_LEVEL(int8_round)(const float *x, intptr_t stride, intptr_t rows, intptr_t terms,
                                 float factor, const loqt_draws *draws, loqt_int8_rows *out) {
  enum { TERMS = LOQT_INT8_TERMS };
  for (intptr_t r = 0; r < LOQT_INT8_SIDE; r++, x += stride) {
    uint64_t hash = draws && r < rows ? AT_LEVEL(int8_row_hash)(x, terms) : 0;
    uint16_t drawn[2 * TERMS];
    for (intptr_t first = 0; first < terms; first += TERMS) {
      intptr_t count = r >= rows ? 0 : terms - first < TERMS ? terms - first : TERMS;
      float padded[TERMS] = {0};
      if (0 < count && count < TERMS) memcpy(padded, x + first, (size_t)count * 4);
      const float *p = count < TERMS ? padded : x + first;
      loqt_int8_rows *tile = out + first / TERMS;
      if (draws) {
        if (count > 0 && first % (2 * TERMS) == 0)
          AT_LEVEL(int8_draw)(draws, hash, r, first, drawn);
        AT_LEVEL(int8_round_block)(p, drawn + first % (2 * TERMS), factor, tile->codes[r],
                                   &tile->scales[r], &tile->offsets[r]);
      } else {
        AT_LEVEL(int8_round_block)(p, NULL, factor, tile->codes[r], &tile->scales[r],
                                   &tile->offsets[r]);
      }
    }
  }
}

/// The codes of sixteen numbers in the last bytes, 128 added.
INLINE v16i AT_LEVEL(int8_codes)(v16f x, v16f inverse) {
  return bits(fused(x, inverse, splat(INTEGER_SHIFT + 128)));
}

/// One tile from 16 columns of 64 elements, a column's elements side by side.
INLINE void AT_LEVEL(int8_tile)(const float *w, intptr_t stride, float top,
                                loqt_int8_columns *out) {
  uint8_t rows[LOQT_INT8_SIDE][LOQT_INT8_TERMS] __attribute__((aligned(64)));
  for (int c = 0; c < LOQT_INT8_SIDE; c++, w += stride) {
    AT_LEVEL(int8_scale) s = AT_LEVEL(int8_scale_of)(AT_LEVEL(int8_largest)(w), top);
    out->scales[c] = s.scale;
    if (s.inverse == 0) {
      memset(rows[c], 128, sizeof rows[c]);
      continue;
    }
    for (int i = 0; i < LOQT_INT8_TERMS; i += 16)
      store(rows[c] + i, __builtin_convertvector(
                             AT_LEVEL(int8_codes)(load(w + i), splat(s.inverse)), v16b));
  }
  // Four codes are moved together, as if they were floats.
  v16f fours[16];
  load_columns((const float *)rows, LOQT_INT8_TERMS / 4, fours);
  for (int k = 0; k < 16; k++) store((float *)out->codes[k], fours[k]);
}

static void AT_LEVEL(int8_panel)(const float *w, intptr_t stride, intptr_t columns, intptr_t terms,
                                 float top, loqt_int8_columns *out) {
  enum { SIDE = LOQT_INT8_SIDE, TERMS = LOQT_INT8_TERMS };
  for (intptr_t first = 0; first < terms; first += TERMS, out++) {
    intptr_t count = terms - first < TERMS ? terms - first : TERMS;
    if (columns == SIDE && count == TERMS) {
      AT_LEVEL(int8_tile)(w + first, stride, top, out);
      continue;
    }
    float padded[SIDE * TERMS] = {0};
    for (intptr_t c = 0; c < columns; c++)
      memcpy(padded + c * TERMS, w + c * stride + first, (size_t)count * 4);
    AT_LEVEL(int8_tile)(padded, TERMS, top, out);
  }
}

/// One tile from 64 rows of 16 elements.
INLINE void AT_LEVEL(int8_tile_transposed)(const float *w, intptr_t stride, float top,
                                           loqt_int8_columns *out) {
  v16i largest = 0;
  for (int k = 0; k < LOQT_INT8_TERMS; k++)
    largest = larger(bits(magnitude(load(w + k * stride))), largest);
  float inverses[16];
  for (int c = 0; c < 16; c++) {
    AT_LEVEL(int8_scale) s = AT_LEVEL(int8_scale_of)(largest[c], top);
    out->scales[c] = s.scale;
    inverses[c] = s.inverse;
  }
  v16f inverse = load(inverses);
  v16i kept = inverse != 0;
  bool all = !any_lane(~kept);
  for (int k = 0; k < LOQT_INT8_TERMS / 4; k++) {
    v16i codes[4];
    for (int i = 0; i < 4; i++) {
      codes[i] = AT_LEVEL(int8_codes)(load(w + (4 * k + i) * stride), inverse);
      if (!all) codes[i] = pick(kept, codes[i], (v16i)128);
    }
    v16i fours = (codes[0] & 255) | (codes[1] & 255) << 8 | (codes[2] & 255) << 16 | codes[3] << 24;
    store((float *)out->codes[k], (v16f)fours);
  }
}

static void AT_LEVEL(int8_panel_transposed)(const float *w, intptr_t stride, intptr_t columns,
                                            intptr_t terms, float top, loqt_int8_columns *out) {
  enum { SIDE = LOQT_INT8_SIDE, TERMS = LOQT_INT8_TERMS };
  for (intptr_t first = 0; first < terms; first += TERMS, out++) {
    intptr_t count = terms - first < TERMS ? terms - first : TERMS;
    if (columns == SIDE && count == TERMS) {
      AT_LEVEL(int8_tile_transposed)(w + first * stride, stride, top, out);
      continue;
    }
    float padded[SIDE * TERMS] = {0};
    for (intptr_t k = 0; k < count; k++)
      memcpy(padded + k * SIDE, w + (first + k) * stride, (size_t)columns * 4);
    AT_LEVEL(int8_tile_transposed)(padded, SIDE, top, out);
  }
}

#undef INTEGER_SHIFT
