// Products of a few rows with a matrix of codes. Each code is read once, and no decoded element is
// written to memory. Values are those of dequantising, bit for bit, and every sum is the same on
// every instruction set.
//
// A row is read in chunks of 32 codes that share a scale.

/// The bytes before the codes of a chunk.
INLINE intptr_t AT_LEVEL(chunk_header)(const int kind) {
  return kind == LOQT_Q8_0 || kind == LOQT_Q4_0 ? 2 : kind == LOQT_Q4_1 ? 4 : 0;
}

/// The bytes of a chunk.
INLINE intptr_t AT_LEVEL(chunk_bytes)(const int kind) {
  bool packed = kind == LOQT_INT4 || kind == LOQT_Q4_0 || kind == LOQT_Q4_1;
  return AT_LEVEL(chunk_header)(kind) + (packed ? 16 : 32);
}

/// The most columns of a row that are multiplied at a time.
enum { TILE_WIDTH = 8192 };

/// The scales of a part of a row, and the zeros added to its codes: element i of the part belongs
/// to group (start + i) >> shift. GGUF blocks hold their own scales.
typedef struct {
  const float *scales, *zeros;
  intptr_t start;
  int shift;
  float values[TILE_WIDTH / 32 + 1];
} AT_LEVEL(tile_scales);

INLINE void AT_LEVEL(find_scales)(const loqt_code_matrix *w, intptr_t element, intptr_t count,
                                  AT_LEVEL(tile_scales) *tile) {
  intptr_t group = element >> w->shift;
  tile->start = element - (group << w->shift);
  tile->shift = w->shift;
  tile->zeros = w->zeros ? w->zeros + group : NULL;
  tile->scales = w->scales.values ? w->scales.values + group : tile->values;
  if (w->scales.values || !w->scales.codes) return;
  intptr_t groups = ((tile->start + count - 1) >> w->shift) + 1;
  AT_LEVEL(map8_dequantize)(w->scales.codes, w->scales.absmax, group, groups, LOQT_SCALE_GROUP,
                            w->scales.map, tile->values);
  for (intptr_t g = 0; g < groups; g++) tile->values[g] += w->scales.offset;
}

/// A number of half precision from a table: converting one below 2^-14 takes hundreds of cycles.
INLINE float AT_LEVEL(half_at)(const uint8_t *p, const float *halves) {
  uint16_t half;
  memcpy(&half, p, 2);
  return halves[half];
}

/// The values of all codes below 16 in the chunk at `p`, which belongs to `group`.
INLINE v16f AT_LEVEL(value_table)(const int kind, const loqt_code_matrix *w,
                                  const AT_LEVEL(tile_scales) *tile, intptr_t group,
                                  const uint8_t *p, v16f levels) {
  if (kind == LOQT_Q4_0) return levels * AT_LEVEL(half_at)(p, w->halves);
  // The product is exact, so fusing it with the sum does not change the rounding.
  if (kind == LOQT_Q4_1)
    return fused(levels, splat(AT_LEVEL(half_at)(p, w->halves)),
                 splat(AT_LEVEL(half_at)(p + 2, w->halves)));
  return (tile->zeros ? levels + tile->zeros[group] : levels) * tile->scales[group];
}

/// The 32 values of the chunk at `p`: in order, or, if they come from `table`, the low halves of
/// sixteen bytes before the high ones.
INLINE void AT_LEVEL(chunk_values)(const int kind, const loqt_code_matrix *w,
                                   const AT_LEVEL(tile_scales) *tile, intptr_t group, v16f table,
                                   const uint8_t *p, v16f values[2]) {
  const uint8_t *codes = p + AT_LEVEL(chunk_header)(kind);
  if (kind == LOQT_MAP8 || kind == LOQT_UNSIGNED_MAP8) {
    AT_LEVEL(map8_lookup32)(codes, w->map, kind == LOQT_MAP8, &values[0], &values[1]);
    values[0] *= tile->scales[group];
    values[1] *= tile->scales[group];
  } else if (kind == LOQT_Q8_0) {
    float scale = AT_LEVEL(half_at)(p, w->halves);
    for (int h = 0; h < 2; h++)
      values[h] = __builtin_convertvector((v16s)load(codes + 16 * h), v16f) * scale;
  } else if (kind == LOQT_INT8) {
    float zero = tile->zeros ? tile->zeros[group] - 128 : -128, scale = tile->scales[group];
    for (int h = 0; h < 2; h++)
      values[h] = (__builtin_convertvector(load(codes + 16 * h), v16f) + zero) * scale;
  } else {
    v16i bytes = __builtin_convertvector(load(codes), v16i);
    values[0] = lookup16(table, bytes);
    values[1] = lookup16(table, bytes >> 4);
  }
}

// Inlined for each format and number of tokens; compiled once at the plain level, where speed
// matters less and each multiply-add may be a library call.
#if LEVEL
#define DOT_TILE INLINE
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define DOT_TILE static __attribute__((noinline))
#define UNROLLED
#endif

/// The products of `count` elements of a row, whose codes begin at `p`, with `tokens` tokens. From
/// the first chunk on, every `sharing` of them share a scale.
DOT_TILE void AT_LEVEL(dot_tile)(const int kind, const int tokens, const int sharing,
                               const loqt_code_matrix *w, const AT_LEVEL(tile_scales) *tile,
                               v16f levels, const uint8_t *p, intptr_t count, intptr_t ahead,
                               const float *x, float alpha, float beta, float *y,
                               intptr_t y_stride) {
  const intptr_t bytes = AT_LEVEL(chunk_bytes)(kind);
  // A single sum would have to wait for each multiply-add in turn.
  const int chains = tokens == 1 ? 4 : 2;
  v16f sums[LOQT_DOT_TOKENS][4], table = levels;
  for (int t = 0; t < tokens; t++)
    for (int k = 0; k < chains; k++) sums[t][k] = splat(0.0f);
  // Multiplies the chunk `k` after the current one, whose bytes begin at `codes`.
#define CHUNK(codes, k)                                                                            \
  do {                                                                                             \
    v16f values[2];                                                                                \
    intptr_t group = (tile->start + i + 32 * (k)) >> tile->shift;                                  \
    if ((k) % sharing == 0 && bytes < 32)                                                          \
      table = AT_LEVEL(value_table)(kind, w, tile, group, codes, levels);                          \
    AT_LEVEL(chunk_values)(kind, w, tile, group, table, codes, values);                            \
    UNROLLED for (int t = 0; t < tokens; t++)                                                      \
      UNROLLED for (int h = 0; h < 2; h++) {                                                       \
        v16f *sum = &sums[t][(2 * (k) + h) % chains];                                              \
        *sum = fused(values[h], load(x + 32 * tokens * (k) + 32 * t + 16 * h), *sum);              \
      }                                                                                            \
  } while (0)
  intptr_t i = 0;
  for (; i + 128 <= count; i += 128, p += 4 * bytes, x += 128 * tokens) {
    __builtin_prefetch(p + ahead);
    if (bytes >= 32) __builtin_prefetch(p + ahead + 64);
    CHUNK(p, 0);
    CHUNK(p + bytes, 1);
    CHUNK(p + 2 * bytes, 2);
    CHUNK(p + 3 * bytes, 3);
  }
  for (; i < count; i += 32, p += bytes, x += 32 * tokens) {
    // The last chunk of a row is padded with a code of its own: reading on could pass the matrix's
    // end.
    uint8_t part[34];
    const uint8_t *codes = p;
    if (count - i < 32) {
      memset(part, *p, sizeof part);
      memcpy(part, p, (size_t)(kind == LOQT_INT8 ? count - i : (count - i + 1) / 2));
      codes = part;
    }
    CHUNK(codes, 0);
  }
#undef CHUNK
  for (int t = 0; t < tokens; t++, y += y_stride) {
    v16f sum = sums[t][0];
    if (chains == 2) sum += sums[t][1];
    if (chains == 4) sum = (sum + sums[t][1]) + (sums[t][2] + sums[t][3]);
    float added = alpha * (float)sum_lanes(widen(sum));
    *y = beta == 0 ? added : beta * *y + added;
  }
}

#undef DOT_TILE
#undef UNROLLED

INLINE void AT_LEVEL(dot_rows)(const int kind, const loqt_code_matrix *w, v16f levels,
                               intptr_t first_row, intptr_t rows, intptr_t columns, const float *x,
                               intptr_t tokens, float alpha, float beta, float *y,
                               intptr_t y_stride) {
  intptr_t padded = (columns + 31) / 32 * 32;
  for (intptr_t t = 0; t < tokens; t += LOQT_DOT_TOKENS) {
    int together = (int)(tokens - t < LOQT_DOT_TOKENS ? tokens - t : LOQT_DOT_TOKENS);
    // Few enough columns at a time for their part of x to stay in L1.
    intptr_t width = TILE_WIDTH / (together == 3 ? 4 : together);
    for (intptr_t first = 0; first < columns; first += width) {
      intptr_t count = columns - first < width ? columns - first : width;
      intptr_t ahead = count == columns ? 8192 : w->row_bytes;
      for (intptr_t r = 0; r < rows; r++) {
        intptr_t row = first_row + r;
        const uint8_t *p = w->codes + row * w->row_bytes + first / 32 * AT_LEVEL(chunk_bytes)(kind);
        AT_LEVEL(tile_scales) tile;
        AT_LEVEL(find_scales)(w, row * w->row_span + first, count, &tile);
        // Chunks that share a scale also share the table of their values.
        int sharing = kind != LOQT_INT4 ? 1
                      : tile.shift >= 7 && tile.start % 128 == 0 ? 4
                      : tile.shift == 6 && tile.start % 64 == 0 ? 2
                                                                : 1;
#define TILE(TOKENS, SHARING)                                                                      \
  case 8 * TOKENS + SHARING:                                                                       \
    AT_LEVEL(dot_tile)(kind, TOKENS, SHARING, w, &tile, levels, p, count, ahead,                   \
                       x + t * padded + first * TOKENS, alpha, first == 0 ? beta : 1,              \
                       y + t * y_stride + r, y_stride);                                            \
    break
#define TILES(SHARING) TILE(1, SHARING); TILE(2, SHARING); TILE(3, SHARING); TILE(4, SHARING)
        if (kind != LOQT_INT4) switch (8 * together + 1) { TILES(1); }
        else switch (8 * together + sharing) { TILES(1); TILES(2); TILES(4); }
#undef TILES
#undef TILE
      }
    }
  }
}

static void AT_LEVEL(code_dot)(const loqt_code_matrix *w, intptr_t first, intptr_t rows,
                               intptr_t columns, const float *x, intptr_t tokens, float alpha,
                               float beta, float *y, intptr_t y_stride) {
  v16f codes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
#define RUN(kind, levels)                                                                          \
  AT_LEVEL(dot_rows)(kind, w, levels, first, rows, columns, x, tokens, alpha, beta, y, y_stride)
  switch (w->kind) {
    case LOQT_INT8: RUN(LOQT_INT8, codes); break;
    case LOQT_MAP8: RUN(LOQT_MAP8, codes); break;
    case LOQT_UNSIGNED_MAP8: RUN(LOQT_UNSIGNED_MAP8, codes); break;
    case LOQT_Q8_0: RUN(LOQT_Q8_0, codes); break;
    case LOQT_Q4_0: RUN(LOQT_Q4_0, codes - 8); break;
    case LOQT_Q4_1: RUN(LOQT_Q4_1, codes); break;
    default:
      // Codebooks differ only in their levels.
      RUN(LOQT_INT4, w->kind == LOQT_INT4 ? codes - 8 : load(loqt_codebooks4[w->kind].levels));
  }
#undef RUN
}
