// Integer codes: affine groups and the blocks of GGUF files. Divisions, sums and conversions are
// those of the formats' definitions, so every instruction set gives the same bytes.

static void AT_LEVEL(affine_extents)(const float *x, intptr_t n, intptr_t group, float *least,
                                     float *largest, float *check) {
  enum { LANES = 16 };
  while (n > 0) {
    intptr_t size = n < group ? n : group;
    v16f low = splat(x[0]), high = splat(x[0]), sum = splat(0.0f);
    intptr_t i = 0;
    for (; i + LANES <= size; i += LANES) {
      v16f v = load(x + i);
      low = smaller(v, low);
      high = larger(v, high);
      sum += v - v;
    }
    float bottom = smallest_lane(low), top = largest_lane(high);
    float broken = any_lane(sum != 0) ? NAN : 0;
    for (; i < size; i++) {
      bottom = x[i] < bottom ? x[i] : bottom;
      top = x[i] > top ? x[i] : top;
      broken += x[i] - x[i];
    }
    *least++ = bottom;
    *largest++ = top;
    *check++ = broken;
    n -= size;
    x += size;
  }
}

static void AT_LEVEL(affine_column_extents)(const float *x, intptr_t rows, intptr_t columns,
                                            float *least, float *largest, float *check) {
  for (intptr_t c = 0; c < columns; c++) {
    least[c] = INFINITY;
    largest[c] = -INFINITY;
    check[c] = 0;
  }
  for (intptr_t r = 0; r < rows; r++, x += columns) {
    for (intptr_t c = 0; c < columns; c++) {
      float v = x[c];
      least[c] = v < least[c] ? v : least[c];
      largest[c] = v > largest[c] ? v : largest[c];
      check[c] += v - v;
    }
  }
}

static void AT_LEVEL(affine_levels)(const float *bottom, const float *top, const float *check,
                                    intptr_t n, float least, float largest, float *scales,
                                    float *zeros) {
  // Large enough for a level to be a normal number.
  const float tiny = 0x1p-118f;
  for (intptr_t i = 0; i < n; i++) {
    float magnitude = top[i] > -bottom[i] ? top[i] : -bottom[i];
    // A range far below the numbers in it would need a zero that a float cannot hold. Halves, as
    // the range of finite numbers may be infinite.
    float far = magnitude * 0x1p-17f, half = top[i] / 2 - bottom[i] / 2;
    float range = !zeros ? magnitude : half > far ? half : far;
    range = range > tiny ? range : tiny;
    float scale = range / (zeros ? (largest - least) / 2 : largest);
    bool broken = check[i] != 0;
    scales[i] = broken ? NAN : scale;
    if (zeros) zeros[i] = broken ? 0 : rintf(bottom[i] / scale) - least;
  }
}

/// Loads `count` elements, at most sixteen.
INLINE v16f AT_LEVEL(load_some)(const float *p, intptr_t count) {
  return count == 16 ? load(p) : load_part(p, count);
}

/// For `count` elements from `first` on, the values of their groups; `first` belongs to group g,
/// which ends at `end`.
INLINE v16f AT_LEVEL(group_lanes)(const float *values, intptr_t first, intptr_t count,
                                  intptr_t group, intptr_t g, intptr_t end) {
  if (group == 1) return AT_LEVEL(load_some)(values + first, count);
  v16f lanes = splat(values[g]);
  for (intptr_t i = end - first; i < count; i++) lanes[i] = values[(first + i) / group];
  return lanes;
}

static void AT_LEVEL(affine_codes)(const float *x, const float *draws, intptr_t n, intptr_t group,
                                   const float *scales, const float *zeros, float least,
                                   float largest, bool packed, uint8_t *codes) {
  const v16i lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  // Floats of this size are integers, so adding it rounds to one.
  const float whole = 0x1.8p23f;
  for (intptr_t i = 0, g = 0, end = group; i < n; i += 16) {
    intptr_t count = n - i < 16 ? n - i : 16;
    for (; end <= i; end += group) g++;
    v16f scale = AT_LEVEL(group_lanes)(scales, i, count, group, g, end);
    v16f zero = zeros ? AT_LEVEL(group_lanes)(zeros, i, count, group, g, end) : splat(0.0f);
    // A group that is not finite has no codes: NaN becomes the least level, and an infinite scale
    // NaN.
    v16f v = AT_LEVEL(load_some)(x + i, count) / (scale + (scale - scale)) - zero;
    v = smaller(larger(v, splat(least)), splat(largest));
    v16i code;
    if (draws) {
      // Counted from 0, so that truncation rounds down.
      code = __builtin_convertvector(v - least, v16i);
      v16f fraction = v - (__builtin_convertvector(code, v16f) + least);
      code -= AT_LEVEL(load_some)(draws + i, count) < fraction;
    } else {
      code = __builtin_convertvector(((v + whole) - whole) - least, v16i);
    }
    if (count == 16) {
      if (packed) AT_LEVEL(code4_store)(codes + i / 2, code);
      else store(codes + i, __builtin_convertvector(code, v16b));
      continue;
    }
    uint8_t bytes[16];
    // An odd row ends with a code of 0.
    if (packed) AT_LEVEL(code4_store)(bytes, pick(lane < (int32_t)count, code, (v16i)0));
    else store(bytes, __builtin_convertvector(code, v16b));
    memcpy(packed ? codes + i / 2 : codes + i, bytes, (size_t)(packed ? (count + 1) / 2 : count));
  }
}

/// Sixteen codes below 16 from eight bytes.
INLINE v16f AT_LEVEL(unpack_nibbles)(const uint8_t *p) {
  typedef uint8_t v8b __attribute__((ext_vector_type(8)));
  v8b bytes;
  memcpy(&bytes, p, 8);
  v16b twice = __builtin_shufflevector(bytes, bytes, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
  v16i shifts = {4, 0, 4, 0, 4, 0, 4, 0, 4, 0, 4, 0, 4, 0, 4, 0};
  return __builtin_convertvector(__builtin_convertvector(twice, v16i) >> shifts & 15, v16f);
}

INLINE void AT_LEVEL(affine_values)(const uint8_t *codes, const bool packed, intptr_t first,
                                    intptr_t n, intptr_t group, const float *scales,
                                    const float *zeros, float least, float *y) {
  for (intptr_t i = 0; i < n;) {
    intptr_t column = first + i, g = column / group, left = group - column % group;
    // One scale for a run of elements, or one for each element.
    const bool each = group == 1;
    intptr_t stop = each || n - i < left ? n : i + left;
    v16f scale = splat(scales[g]), zero = splat(least + (zeros ? zeros[g] : 0));
    while (i < stop) {
      column = first + i;
      if (stop - i < 16 || (packed && column % 2)) {
        int code = !packed ? codes[column] : column % 2 ? codes[column / 2] & 15 : codes[column / 2] >> 4;
        float s = each ? scales[column] : scale[0];
        float z = each ? least + (zeros ? zeros[column] : 0) : zero[0];
        y[i++] = s * ((float)code + z);
        continue;
      }
      if (each) {
        scale = load(scales + column);
        zero = zeros ? least + load(zeros + column) : splat(least);
      }
      v16f code = packed ? AT_LEVEL(unpack_nibbles)(codes + column / 2)
                         : __builtin_convertvector(load(codes + column), v16f);
      store(y + i, scale * (code + zero));
      i += 16;
    }
  }
}

static void AT_LEVEL(affine_dequantize)(const uint8_t *codes, bool packed, intptr_t first,
                                        intptr_t n, intptr_t group, const float *scales,
                                        const float *zeros, float least, float *y) {
  if (packed)
    AT_LEVEL(affine_values)(codes, true, first, n, group, scales, zeros, least, y);
  else AT_LEVEL(affine_values)(codes, false, first, n, group, scales, zeros, least, y);
}

/// The first of 32 lanes that is set, or 32.
INLINE int AT_LEVEL(first_lane)(v16i set_a, v16i set_b) {
  v16i lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  v16i none = 32;
  int a = __builtin_reduce_min(pick(set_a, lane, none));
  int b = __builtin_reduce_min(pick(set_b, lane + 16, none));
  return a < b ? a : b;
}

/// The codes of elements in units of the step, rounded stochastically by draws of [0, 1).
INLINE v16i AT_LEVEL(gguf_draw)(int kind, v16f steps, v16f draws) {
  float least = kind == LOQT_Q8_0 ? -127 : kind == LOQT_Q4_0 ? -8 : 0;
  float largest = kind == LOQT_Q8_0 ? 127 : kind == LOQT_Q4_0 ? 7 : 15;
  steps = larger(splat(least), smaller(splat(largest), steps)) - least;
  v16i below = __builtin_convertvector(steps, v16i);
  below -= draws < steps - __builtin_convertvector(below, v16f);
  return kind == LOQT_Q8_0 ? below - 127 : below;
}

/// Writes a block of `n` elements; returns where the next one begins.
INLINE uint8_t *AT_LEVEL(gguf_block)(const int kind, const float *x, const float *draws,
                                     intptr_t n, uint8_t *out) {
  float v[32];
  if (n < 32) {
    memcpy(v, x, (size_t)n * 4);
    for (intptr_t i = n; i < 32; i++) v[i] = kind == LOQT_Q4_1 ? v[0] : 0;
    x = v;
  }
  v16f a = load(x), b = load(x + 16);
  bool broken = any_lane((a - a) + (b - b) != 0);
  float bottom = smallest_lane(smaller(a, b)), top = largest_lane(larger(a, b));
  float d, m = 0, extreme = top > -bottom ? top : bottom;
  // Of equal magnitudes or values the first counts, even between zeros of both signs.
  if (kind == LOQT_Q4_1) {
    m = bottom == 0 ? x[AT_LEVEL(first_lane)(a == 0, b == 0)] : bottom;
    d = fabsf(top - m) / 15;
  } else if (kind == LOQT_Q4_0) {
    if (top == -bottom) extreme = x[AT_LEVEL(first_lane)(magnitude(a) == top, magnitude(b) == top)];
    d = extreme / -8;
  } else {
    d = fabsf(extreme) / 127;
  }
  uint16_t half_d = broken ? 0x7e00 : AT_LEVEL(to_half)(d), half_m = AT_LEVEL(to_half)(m);
  // A step or an offset beyond half precision breaks the block.
  broken |= (half_d & 0x7c00) == 0x7c00 || (half_m & 0x7c00) == 0x7c00;
  if (broken) {
    half_d = half_m = 0x7e00;
    a = b = splat(0.0f);
    m = 0;
  } else if (n < 32) {
    for (intptr_t i = n; i < 32; i++) v[i] = m;
    a = load(v);
    b = load(v + 16);
  }
  // Where the step is too small for a reciprocal, all elements are 0.
  float inverse = 1 / d, factor = broken || inverse - inverse != 0 ? 0 : inverse;
  memcpy(out, &half_d, 2);
  out += 2;
  if (kind == LOQT_Q4_1) {
    memcpy(out, &half_m, 2);
    out += 2;
  }
  v16f parts[2] = {a, b};
  v16b codes[2];
  for (int h = 0; h < 2; h++) {
    v16i code;
    if (kind == LOQT_Q8_0) {
      v16f size = magnitude(parts[h] * factor);
      code = __builtin_convertvector(size, v16i);
      code -= size - __builtin_convertvector(code, v16f) >= 0.5f;
      code = pick(parts[h] < 0, -code, code);
    } else {
      v16f level = kind == LOQT_Q4_0 ? parts[h] * factor + 8.5f : (parts[h] - m) * factor + 0.5f;
      code = __builtin_elementwise_min(__builtin_convertvector(level, v16i), (v16i)15);
    }
    // Stochastic rounding is unbiased for the step as it is stored.
    float stored_d = broken ? 0 : AT_LEVEL(from_half)(half_d);
    if (draws && stored_d != 0) {
      intptr_t here = n - 16 * h < 0 ? 0 : n - 16 * h < 16 ? n - 16 * h : 16;
      v16i drawn = AT_LEVEL(gguf_draw)(
          kind, (parts[h] - AT_LEVEL(from_half)(half_m)) / stored_d,
          load_part(draws + 16 * h, here));
      // The padding of a short block keeps its codes.
      v16i lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
      code = pick(lane < (int32_t)here, drawn, code);
    }
    codes[h] = __builtin_convertvector(code, v16b);
  }
  if (kind == LOQT_Q8_0) {
    store(out, codes[0]);
    store(out + 16, codes[1]);
    return out + 32;
  }
  store(out, codes[0] | codes[1] << 4);
  return out + 16;
}

static void AT_LEVEL(gguf_quantize)(int kind, const float *x, const float *draws, intptr_t count,
                                    uint8_t *out) {
#define BLOCKS(kind)                                                                               \
  case kind:                                                                                       \
    for (; count > 0; x += 32, count -= 32) {                                                      \
      out = AT_LEVEL(gguf_block)(kind, x, draws, count < 32 ? count : 32, out);                    \
      if (draws) draws += 32;                                                                      \
    }                                                                                              \
    break
  switch (kind) {
    BLOCKS(LOQT_Q8_0);
    BLOCKS(LOQT_Q4_0);
    BLOCKS(LOQT_Q4_1);
  }
#undef BLOCKS
}

INLINE void AT_LEVEL(gguf_values)(int kind, const uint8_t *block, float *y) {
  float d = AT_LEVEL(from_half)((uint16_t)(block[0] | block[1] << 8)), m = 0;
  const uint8_t *codes = block + 2;
  if (kind == LOQT_Q4_1) {
    m = AT_LEVEL(from_half)((uint16_t)(block[2] | block[3] << 8));
    codes += 2;
  }
  for (int h = 0; h < 2; h++) {
    v16b bytes = load(codes + (kind == LOQT_Q8_0 ? 16 * h : 0));
    // Signed numbers, or the low halves of the bytes before the high ones.
    v16i code = kind == LOQT_Q8_0 ? (__builtin_convertvector(bytes, v16i) ^ 128) - 128
                                  : __builtin_convertvector(h ? bytes >> 4 : bytes & 15, v16i);
    v16f value = __builtin_convertvector(kind == LOQT_Q4_0 ? code - 8 : code, v16f) * d;
    store(y + 16 * h, kind == LOQT_Q4_1 ? value + m : value);
  }
}

static void AT_LEVEL(gguf_dequantize)(int kind, const uint8_t *blocks, intptr_t first, intptr_t n,
                                      float *y) {
  intptr_t bytes = kind == LOQT_Q8_0 ? 34 : kind == LOQT_Q4_0 ? 18 : 20;
  for (intptr_t i = 0; i < n;) {
    intptr_t element = first + i, offset = element % 32;
    const uint8_t *block = blocks + element / 32 * bytes;
    if (offset == 0 && n - i >= 32) {
#define BLOCK(kind)                                                                                \
  case kind: AT_LEVEL(gguf_values)(kind, block, y + i); break
      switch (kind) {
        BLOCK(LOQT_Q8_0);
        BLOCK(LOQT_Q4_0);
        BLOCK(LOQT_Q4_1);
      }
#undef BLOCK
      i += 32;
      continue;
    }
    float values[32];
    intptr_t count = 32 - offset < n - i ? 32 - offset : n - i;
    AT_LEVEL(gguf_values)(kind, block, values);
    memcpy(y + i, values + offset, (size_t)count * 4);
    i += count;
  }
}
