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

INLINE void AT_LEVEL(adamw_step)(AT_LEVEL(adamw_factors) f, float *p, const float *grad, float *m,
                                 float *v, intptr_t n) {
  enum { LANES = 16 };
#define STEP(READ, WRITE)                                                                          \
  do {                                                                                             \
    v16f g = f.scale * READ(grad);                                                                 \
    v16f first = f.b1 * READ(m) + f.c1 * g, second = f.b2 * READ(v) + f.c2 * (g * g);              \
    v16f scaled = __builtin_elementwise_sqrt(second) / f.root + f.epsilon;                         \
    WRITE(m, first);                                                                               \
    WRITE(v, second);                                                                              \
    WRITE(p, f.keep * READ(p) - f.rate * first / scaled);                                          \
  } while (0)
  FOR_EACH_VECTOR(STEP);
#undef STEP
}

static void AT_LEVEL(adamw_f32)(float *p, const float *grad, float *m, float *v, intptr_t n,
                                double lr, double beta1, double beta2, double epsilon,
                                double decay, int64_t step, double gradient_scale) {
  AT_LEVEL(adamw_step)
  (AT_LEVEL(adamw_prepare)(lr, beta1, beta2, epsilon, decay, step, gradient_scale), p, grad, m, v,
   n);
}
