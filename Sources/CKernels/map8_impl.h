// Blockwise 8-bit codes against a sorted map.

/// thresholds[k]: the largest float not above the exact midpoint of values k and k + 1. A float
/// lies above the midpoint exactly where it lies above this.
static void AT_LEVEL(map8_thresholds)(const float *map, float *thresholds) {
  for (int k = 0; k < 255; k++) {
    double middle = ((double)map[k] + map[k + 1]) / 2;
    float t = (float)middle;
    thresholds[k] = t > middle ? nextafterf(t, -INFINITY) : t;
  }
}

/// How many thresholds lie strictly below each x; none for NaN.
INLINE v16i AT_LEVEL(map8_codes)(v16f x, const float *thresholds) {
  v16i code = 0;
  for (int32_t step = 128; step > 0; step /= 2) {
#if LEVEL == 3
    v16f t = (v16f)_mm512_i32gather_ps((__m512i)code, thresholds + step - 1, 4);
#elif LEVEL == 2
    v16f t;
    t.lo = (v8f)_mm256_i32gather_ps(thresholds + step - 1, (__m256i)code.lo, 4);
    t.hi = (v8f)_mm256_i32gather_ps(thresholds + step - 1, (__m256i)code.hi, 4);
#else
    v16f t;
    for (int i = 0; i < 16; i++) t[i] = thresholds[code[i] + step - 1];
#endif
    code += (x > t) & step;
  }
  return code;
}

static void AT_LEVEL(map8_quantize)(const float *x, intptr_t count, intptr_t block,
                                    const float *map, uint8_t *codes, float *absmax) {
  float thresholds[255];
  AT_LEVEL(map8_thresholds)(map, thresholds);
  for (intptr_t begin = 0; begin < count; begin += block, x += block, codes += block) {
    intptr_t n = count - begin < block ? count - begin : block;
    float largest = AT_LEVEL(maximum_magnitude_f32)(x, n);
    *absmax++ = largest;
    v16f divisor = splat(largest == 0 ? 1 : largest);
    intptr_t i = 0;
    for (; i < n; i += 16) {
      intptr_t width = n - i < 16 ? n - i : 16;
      v16f v = width == 16 ? load(x + i) : load_part(x + i, width);
      v16i code = AT_LEVEL(map8_codes)(v / divisor, thresholds);
      v16b bytes = __builtin_convertvector(code, v16b);
      memcpy(codes + i, &bytes, (size_t)width);
    }
  }
}

static void AT_LEVEL(map8_dequantize)(const uint8_t *codes, const float *absmax, intptr_t first,
                                      intptr_t n, intptr_t block, const float *map, float *y) {
  if (n <= 0) return;
  intptr_t end = first + n, b = first / block;
  y -= first;
  for (intptr_t i = first; i < end; b++) {
    intptr_t stop = (b + 1) * block < end ? (b + 1) * block : end;
    float scale = absmax[b];
    for (; i < stop; i++) y[i] = map[codes[i]] * scale;
  }
}
