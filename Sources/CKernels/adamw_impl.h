// The AdamW step. Powers of the betas and all factors are formed in double and rounded once.

static void AT_LEVEL(adamw_f32)(float *p, const float *grad, float *m, float *v, intptr_t n,
                                double lr, double beta1, double beta2, double epsilon,
                                double decay, int64_t step, double gradient_scale) {
  enum { LANES = 16 };
  double correction1 = 1 - pow(beta1, (double)step), correction2 = 1 - pow(beta2, (double)step);
  float keep = (float)(1 - lr * decay), scale = (float)gradient_scale;
  float b1 = (float)beta1, c1 = (float)(1 - beta1), b2 = (float)beta2, c2 = (float)(1 - beta2);
  float rate = (float)(lr / correction1), root = (float)sqrt(correction2), eps = (float)epsilon;
#define STEP(READ, WRITE)                                                                          \
  do {                                                                                             \
    v16f g = scale * READ(grad);                                                                   \
    v16f first = b1 * READ(m) + c1 * g, second = b2 * READ(v) + c2 * (g * g);                      \
    v16f scaled = __builtin_elementwise_sqrt(second) / root + eps;                                 \
    WRITE(m, first);                                                                               \
    WRITE(v, second);                                                                              \
    WRITE(p, keep * READ(p) - rate * first / scaled);                                              \
  } while (0)
  FOR_EACH_VECTOR(STEP);
#undef STEP
}
