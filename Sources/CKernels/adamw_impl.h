// The AdamW step. Powers of the betas and all factors are formed in double and rounded once.

typedef struct {
  float keep, scale, b1, c1, b2, c2, rate, root, epsilon;
} AT_LEVEL(adamw_factors);

static AT_LEVEL(adamw_factors) AT_LEVEL(adamw_prepare)(const loqt_adamw_numbers *x) {
  double correction1 = 1 - pow(x->beta1, (double)x->step);
  double correction2 = 1 - pow(x->beta2, (double)x->step);
  return (AT_LEVEL(adamw_factors)){
      .keep = (float)(1 - x->learning_rate * x->decay), .scale = (float)x->gradient_scale,
      .b1 = (float)x->beta1, .c1 = (float)(1 - x->beta1),
      .b2 = (float)x->beta2, .c2 = (float)(1 - x->beta2),
      .rate = (float)(x->learning_rate / correction1), .root = (float)sqrt(correction2),
      .epsilon = (float)x->epsilon};
}

/// One step on n elements. Also finds the largest magnitude of each moment: NaN where an element
/// is.
INLINE void AT_LEVEL(adamw_step)(AT_LEVEL(adamw_factors) f, float *p, const float *grad, float *m,
                                 float *v, intptr_t n, float *m_largest, float *v_largest) {
  enum { LANES = 16 };
  // Compared as integers, where NaN is the largest.
  v16i largest1 = 0, largest2 = 0;
#define STEP(READ, WRITE)                                                                          \
  do {                                                                                             \
    v16f g = f.scale * READ(grad);                                                                 \
    v16f first = f.b1 * READ(m) + f.c1 * g, second = f.b2 * READ(v) + f.c2 * (g * g);              \
    v16f scaled = __builtin_elementwise_sqrt(second) / f.root + f.epsilon;                         \
    largest1 = larger(bits(magnitude(first)), largest1);                                           \
    largest2 = larger(bits(magnitude(second)), largest2);                                          \
    WRITE(m, first);                                                                               \
    WRITE(v, second);                                                                              \
    WRITE(p, f.keep * READ(p) - f.rate * first / scaled);                                          \
  } while (0)
  FOR_EACH_VECTOR(STEP);
#undef STEP
  int32_t m_bits = largest_lane(largest1), v_bits = largest_lane(largest2);
  memcpy(m_largest, &m_bits, 4);
  memcpy(v_largest, &v_bits, 4);
}

/// The same for `n` elements from `begin` on of a parameter and a gradient that may be bfloat16:
/// these are converted to float in buffers that stay in L1.
INLINE void AT_LEVEL(adamw_part)(AT_LEVEL(adamw_factors) f, void *p, const void *grad,
                                 bool bf16_gradient, intptr_t begin, float *m, float *v,
                                 intptr_t n, const loqt_draws *rounding, float *m_largest,
                                 float *v_largest) {
  float values[LOQT_ADAMW8_BLOCK], gradients[LOQT_ADAMW8_BLOCK];
  const float *g = (const float *)grad + begin;
  if (bf16_gradient) {
    AT_LEVEL(bf16_to_f32)((const uint16_t *)grad + begin, gradients, n);
    g = gradients;
  }
  if (!rounding) {
    AT_LEVEL(adamw_step)(f, (float *)p + begin, g, m, v, n, m_largest, v_largest);
    return;
  }
  uint16_t *parameters = (uint16_t *)p + begin;
  AT_LEVEL(bf16_to_f32)(parameters, values, n);
  AT_LEVEL(adamw_step)(f, values, g, m, v, n, m_largest, v_largest);
  loqt_draws draws = *rounding;
  draws.counter += (uint64_t)begin / 8;
  AT_LEVEL(f32_to_bf16_random)(values, parameters, n, &draws);
}

static void AT_LEVEL(adamw)(void *p, const void *grad, bool bf16_gradient, float *m, float *v,
                            intptr_t n, const loqt_adamw_numbers *numbers,
                            const loqt_draws *rounding) {
  AT_LEVEL(adamw_factors) factors = AT_LEVEL(adamw_prepare)(numbers);
  float m_largest, v_largest;
  for (intptr_t i = 0; i < n; i += LOQT_ADAMW8_BLOCK)
    AT_LEVEL(adamw_part)(factors, p, grad, bf16_gradient, i, m + i, v + i,
                         n - i < LOQT_ADAMW8_BLOCK ? n - i : LOQT_ADAMW8_BLOCK, rounding,
                         &m_largest, &v_largest);
}
