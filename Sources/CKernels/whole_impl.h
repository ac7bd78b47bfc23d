// Codes that are whole numbers: affine groups and the blocks of GGUF files. Divisions, sums and
// conversions are those of the formats' definitions, so every instruction set gives the same bytes.

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
    float broken = (float)sum_lanes(widen(sum));
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

static void AT_LEVEL(affine_codes)(const float *x, intptr_t n, intptr_t group, const float *scales,
                                   const float *zeros, float least, float largest,
                                   uint8_t *codes) {
  // Where floats are whole numbers a sum rounds to one.
  const float whole = 0x1.8p23f;
#define CODE(i, scale, zero)                                                                       \
  do {                                                                                             \
    float v = x[i] / (scale) - (zero);                                                             \
    v = v > least ? v : least;                                                                     \
    v = v < largest ? v : largest;                                                                 \
    codes[i] = (uint8_t)(int32_t)(((v + whole) - whole) - least);                                  \
  } while (0)
  if (group == 1) {
    for (intptr_t i = 0; i < n; i++)
      if (scales[i] - scales[i] == 0) CODE(i, scales[i], zeros ? zeros[i] : 0);
      else codes[i] = 0;
    return;
  }
  for (intptr_t begin = 0, end; begin < n; begin = end, scales++) {
    end = n - begin < group ? n : begin + group;
    float scale = *scales, zero = zeros ? *zeros++ : 0;
    // A broken group has no codes of its own; its scale says that it is broken.
    if (scale - scale != 0) memset(codes + begin, 0, (size_t)(end - begin));
    else
      for (intptr_t i = begin; i < end; i++) CODE(i, scale, zero);
  }
#undef CODE
}

static void AT_LEVEL(pack_nibbles)(const uint8_t *codes, intptr_t n, uint8_t *out) {
  for (intptr_t i = 0; i < n / 2; i++)
    out[i] = (uint8_t)(codes[2 * i] << 4 | codes[2 * i + 1]);
  if (n % 2) out[n / 2] = (uint8_t)(codes[n - 1] << 4);
}

/// The first of 32 lanes that are set, or 32.
INLINE int AT_LEVEL(first_lane)(v16i set_a, v16i set_b) {
  v16i lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  v16i none = 32;
  int a = __builtin_reduce_min(pick(set_a, lane, none));
  int b = __builtin_reduce_min(pick(set_b, lane + 16, none));
  return a < b ? a : b;
}

static void AT_LEVEL(gguf_quantize)(int kind, const float *x, intptr_t count, uint8_t *out) {
  for (; count > 0; x += 32, count -= 32) {
    intptr_t n = count < 32 ? count : 32;
    float v[32];
    memcpy(v, x, (size_t)n * 4);
    for (intptr_t i = n; i < 32; i++) v[i] = kind == LOQT_Q4_1 ? v[0] : 0;
    v16f a = load(v), b = load(v + 16);
    // Of equal magnitudes or values the first counts, also among zeros of both signs.
    float d, m = 0;
    if (kind == LOQT_Q4_1) {
      float bottom = smallest_lane(smaller(a, b)), top = largest_lane(larger(a, b));
      int low = AT_LEVEL(first_lane)(a == bottom, b == bottom);
      m = low < 32 ? v[low] : v[0];
      d = (top - m) / 15;
    } else {
      int32_t largest = largest_lane(larger(bits(magnitude(a)), bits(magnitude(b))));
      int first =
          AT_LEVEL(first_lane)(bits(magnitude(a)) == largest, bits(magnitude(b)) == largest);
      d = kind == LOQT_Q8_0 ? fabsf(v[first]) / 127 : v[first] / -8;
    }
    v16f check = (a - a) + (b - b);
    bool broken = sum_lanes(widen(check)) != 0;
    uint16_t half_d = broken ? 0x7e00 : AT_LEVEL(to_half)(d), half_m = AT_LEVEL(to_half)(m);
    // A step or an offset beyond half precision breaks the block.
    broken |= (half_d & 0x7c00) == 0x7c00 || (half_m & 0x7c00) == 0x7c00;
    if (broken) {
      half_d = half_m = 0x7e00;
      a = b = splat(0.0f);
      m = 0;
    } else {
      for (intptr_t i = n; i < 32; i++) v[i] = m;
      a = load(v);
      b = load(v + 16);
    }
    // Where the step is too small for a reciprocal, all elements are 0.
    float inverse = 1 / d, factor = broken || inverse - inverse != 0 ? 0 : inverse;
    *out++ = (uint8_t)half_d;
    *out++ = (uint8_t)(half_d >> 8);
    if (kind == LOQT_Q4_1) {
      *out++ = (uint8_t)half_m;
      *out++ = (uint8_t)(half_m >> 8);
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
      codes[h] = __builtin_convertvector(code, v16b);
    }
    if (kind == LOQT_Q8_0) {
      store(out, codes[0]);
      store(out + 16, codes[1]);
      out += 32;
    } else {
      store(out, codes[0] | codes[1] << 4);
      out += 16;
    }
  }
}
