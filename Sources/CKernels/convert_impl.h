// Conversions between floating-point formats, rounding to nearest, ties to even.

static void AT_LEVEL(f32_to_f64)(const float *x, double *y, intptr_t n) {
  for (intptr_t i = 0; i < n; i++) y[i] = x[i];
}

static void AT_LEVEL(f64_to_f32)(const double *x, float *y, intptr_t n) {
  for (intptr_t i = 0; i < n; i++) y[i] = (float)x[i];
}

INLINE float AT_LEVEL(from_bf16)(uint16_t x) {
  uint32_t bits = (uint32_t)x << 16;
  float y;
  memcpy(&y, &bits, 4);
  return y;
}

static void AT_LEVEL(bf16_to_f32)(const uint16_t *x, float *y, intptr_t n) {
  for (intptr_t i = 0; i < n; i++) y[i] = AT_LEVEL(from_bf16)(x[i]);
}

static void AT_LEVEL(f32_to_bf16)(const float *x, uint16_t *y, intptr_t n) {
  for (intptr_t i = 0; i < n; i++) {
    uint32_t bits;
    memcpy(&bits, x + i, 4);
    uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    // Rounding could carry a NaN into infinity: keep its upper bits and set the quiet one.
    uint32_t quiet = bits >> 16 | 0x40;
    y[i] = (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? quiet : rounded);
  }
}

INLINE float AT_LEVEL(from_half)(uint16_t x) {
#if LEVEL >= 2
  return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(x)));
#else
  uint32_t magnitude = x & 0x7fff, sign = (uint32_t)(x & 0x8000) << 16;
  // Read as a float, the exponent is short by 112; the product is exact, subnormals included.
  uint32_t bits = magnitude << 13;
  float scaled;
  memcpy(&scaled, &bits, 4);
  scaled *= 0x1p112f;
  memcpy(&bits, &scaled, 4);
  uint32_t special = magnitude << 13 | 0x7f800000 | (magnitude > 0x7c00 ? 0x400000 : 0);
  bits = (magnitude >= 0x7c00 ? special : bits) | sign;
  float y;
  memcpy(&y, &bits, 4);
  return y;
#endif
}

INLINE uint16_t AT_LEVEL(to_half)(float x) {
#if LEVEL >= 2
  __m128i half = _mm_cvtps_ph(_mm_set_ss(x), _MM_FROUND_TO_NEAREST_INT);
  return (uint16_t)_mm_cvtsi128_si32(half);
#else
  uint32_t bits;
  memcpy(&bits, &x, 4);
  uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
  // Normal results: move the exponent and round the mantissa, carrying into the exponent.
  uint32_t normal = (magnitude - 0x38000000 + 0xfff + (magnitude >> 13 & 1)) >> 13;
  // Subnormal results: adding 1/2 lines the mantissa up with the last place of a half.
  float small;
  memcpy(&small, &magnitude, 4);
  small += 0.5f;
  uint32_t subnormal;
  memcpy(&subnormal, &small, 4);
  subnormal -= 0x3f000000;
  uint32_t nan = 0x7e00 | (magnitude >> 13 & 0x3ff);
  uint32_t result = magnitude < 0x38800000 ? subnormal : normal;
  // 65520 and above round to infinity.
  result = magnitude >= 0x477ff000 ? 0x7c00 : result;
  result = magnitude > 0x7f800000 ? nan : result;
  return (uint16_t)(result | sign);
#endif
}

static void AT_LEVEL(f16_to_f32)(const uint16_t *x, float *y, intptr_t n) {
  intptr_t i = 0;
#if LEVEL >= 2
  for (; i + 8 <= n; i += 8)
    _mm256_storeu_ps(y + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(x + i))));
#endif
  for (; i < n; i++) y[i] = AT_LEVEL(from_half)(x[i]);
}

static void AT_LEVEL(f32_to_f16)(const float *x, uint16_t *y, intptr_t n) {
  intptr_t i = 0;
#if LEVEL >= 2
  for (; i + 8 <= n; i += 8)
    _mm_storeu_si128((__m128i *)(y + i),
                     _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT));
#endif
  for (; i < n; i++) y[i] = AT_LEVEL(to_half)(x[i]);
}
