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

// As for floats, with the rounding error of an exponent kept as a second number: at -700, half a
// unit in the last place of the exponent is hundreds of them in the power.

INLINE double silu_of(double x) {
  double root = exp(0.5 * x);
  if (x < -708.0) return x * root * root;
  double e = exp(x < 0.0 ? x : -x);
  return x * ((x < 0.0 ? e : 1.0) / (1.0 + e));
}

INLINE double gelu_of(double x) {
  const double root_half = 0x1.6a09e667f3bcdp-1, root_half_rest = -4.833646656726457e-17;
  if (!(x < -0.5)) return 0.5 * x * (1.0 + erf(x * root_half));
  if (x < -39.0) return x * 0.0;
  if (x < -37.0) {
    // erfc is subnormal here; this is its asymptotic series.
    double square = x * x, rest = fma(x, x, -square), root = exp(-0.25 * square);
    double r = 1.0 / square;
    double sum = 105.0 - r * (945.0 - r * 10395.0);
    sum = 1.0 - r * (1.0 - r * (3.0 - r * (15.0 - r * sum)));
    return -(0.39894228040143267794 * root * sum * (1.0 - 0.5 * rest)) * root;
  }
  double z = -x * root_half, rest = fma(-x, root_half, -z) - x * root_half_rest;
  return 0.5 * x * (erfc(z) - 1.12837916709551257390 * exp(-z * z) * rest);
}

INLINE double gelu_tanh_of(double x) {
  const double c_rest = 2.1960211427085595e-18, k_rest = -9.96930880911092e-17;
  double a = fabs(x);
  if (a > 23.0) a = 23.0;
  double square = a * a, square_rest = fma(a, a, -square);
  double p = gelu_c * square;
  double p_rest = fma(gelu_c, square, -p) + gelu_c * square_rest + c_rest * square;
  double s = 1.0 + p, s_rest = (p > 1.0 ? p - s + 1.0 : 1.0 - s + p) + p_rest;
  double t = a * s, t_rest = fma(a, s, -t) + a * s_rest;
  double k = 2 * gelu_k, q = k * t, q_rest = fma(k, t, -q) + k * t_rest + k_rest * t;
  double root = exp(-0.5 * q), part = (1.0 - q_rest) * root, whole = 1.0 + part * root;
  if (x >= 0.0) return x / whole;
  return x == -INFINITY ? NAN : -(a * part / whole) * root;
}

INLINE double gelu_slope_of(double x) {
  double density = 0.39894228040143267794 * exp(-0.5 * x * x);
  return 0.5 * erfc(-x * 0.70710678118654752440) + (density > 0.0 ? x * density : density);
}

INLINE double gelu_tanh_slope_of(double x) {
  double a = fabs(x);
  if (a > 23.0) a = 23.0;
  double e = exp(-2 * gelu_k * a * (1.0 + gelu_c * a * a)), near = 1.0 / (1.0 + e), far = e * near;
  double turn = 2.0 * copysign(a, x) * gelu_k * (1.0 + 3.0 * gelu_c * a * a);
  return x < 0.0 ? far * (1.0 + turn * near) : near * (1.0 + turn * far);
}

#define LANE_BY_LANE(name)                                                                         \
  INLINE v8d name(v8d x) {                                                                         \
    for (int i = 0; i < 8; i++) x[i] = name((double)x[i]);                                         \
    return x;                                                                                      \
  }
LANE_BY_LANE(silu_of)
LANE_BY_LANE(gelu_of)
LANE_BY_LANE(gelu_slope_of)
LANE_BY_LANE(gelu_tanh_of)
LANE_BY_LANE(gelu_tanh_slope_of)
#undef LANE_BY_LANE

INLINE v8d power_of(v8d x, v8d y) {
  for (int i = 0; i < 8; i++) x[i] = pow(x[i], y[i]);
  return x;
}
