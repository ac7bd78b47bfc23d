// The AdamW step. Powers of the betas and all factors are formed in double and rounded once.

typedef struct {
  float keep, scale, b1, c1, b2, c2, rate, root, epsilon;
} AT_LEVEL(adamw_factors);

static AT_LEVEL(adamw_factors) AT_LEVEL(adamw_prepare)(double lr, double beta1, double beta2,
                                                       double epsilon, double decay, int64_t step,
                                                       double gradient_scale) {
  double correction1 = 1 - pow(beta1, (double)step), correction2 = 1 - pow(beta2, (double)step);
  return (AT_LEVEL(adamw_factors)){
      .keep = (float)(1 - lr * decay), .scale = (float)gradient_scale,
      .b1 = (float)beta1, .c1 = (float)(1 - beta1),
      .b2 = (float)beta2, .c2 = (float)(1 - beta2),
      .rate = (float)(lr / correction1), .root = (float)sqrt(correction2),
      .epsilon = (float)epsilon};
}

/// Also the largest magnitudes of the moments: NaN where one is.
INLINE void AT_LEVEL(adamw_step)(AT_LEVEL(adamw_factors) f, float *p, const float *grad, float *m,
                                 float *v, intptr_t n, float *m_largest, float *v_largest) {
  enum { LANES = 16 };
  // As whole numbers, where NaN is the largest.
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

static void AT_LEVEL(adamw_f32)(float *p, const float *grad, float *m, float *v, intptr_t n,
                                double lr, double beta1, double beta2, double epsilon,
                                double decay, int64_t step, double gradient_scale) {
  float m_largest, v_largest;
  AT_LEVEL(adamw_step)
  (AT_LEVEL(adamw_prepare)(lr, beta1, beta2, epsilon, decay, step, gradient_scale), p, grad, m, v,
   n, &m_largest, &v_largest);
}
