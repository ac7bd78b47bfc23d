// Functions of eight doubles, lane by lane from the C library.

#define LANE_BY_LANE(name, call)                                                                   \
  INLINE v8d name(v8d x) {                                                                         \
    for (int i = 0; i < 8; i++) x[i] = call(x[i]);                                                 \
    return x;                                                                                      \
  }
LANE_BY_LANE(exp_of, exp)
LANE_BY_LANE(log_of, log)
LANE_BY_LANE(tanh_of, tanh)
LANE_BY_LANE(erf_of, erf)
LANE_BY_LANE(sin_of, sin)
LANE_BY_LANE(cos_of, cos)
#undef LANE_BY_LANE

INLINE void tanh_of_all(const double *x, double *y, intptr_t n) {
  for (intptr_t i = 0; i < n; i++) y[i] = tanh(x[i]);
}

INLINE void exp_of_four(v8d x[4]) {
  for (int j = 0; j < 4; j++) x[j] = exp_of(x[j]);
}

INLINE v8d sigmoid_of(v8d x) {
  v8d e = exp_of(-magnitude(x));
  return pick(x < 0.0, e, splat(1.0)) / (1.0 + e);
}

INLINE v8d power_of(v8d x, v8d y) {
  for (int i = 0; i < 8; i++) x[i] = pow(x[i], y[i]);
  return x;
}
