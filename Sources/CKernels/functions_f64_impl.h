// Less common functions of doubles, in straight lines of code that vectorise: within 3 units in the last
// place. Numbers near the ends of a function's range, and what is not finite, are left to the C library.

/// e^x - 1 = (e^r - 1) 2^n + (2^n - 1), for |x| < 709: the first factor, and the power.
INLINE double AT_LEVEL(expm1_parts)(double x, double *power) {
  // Adding this leaves the nearest integer in the lowest bits.
  double shifted = x * 1.4426950408889634 + 0x1.8p52, n = shifted - 0x1.8p52;
  double high = x - n * 0x1.62e42feep-1, low = n * 0x1.a39ef35793c76p-33, r = high - low;
  double rest = (high - r) - low, q;
  q = r * (1.0 / 6227020800) + 1.0 / 479001600;
  q = q * r + 1.0 / 39916800;
  q = q * r + 1.0 / 3628800;
  q = q * r + 1.0 / 362880;
  q = q * r + 1.0 / 40320;
  q = q * r + 1.0 / 5040;
  q = q * r + 1.0 / 720;
  q = q * r + 1.0 / 120;
  q = q * r + 1.0 / 24;
  q = q * r + 1.0 / 6;
  q = q * r + 0.5;
  *power = OF_BITS((TO_BITS(shifted) + 1023) << 52);
  return r + (q * r * r + rest * (1 + r));
}

INLINE double AT_LEVEL(exact_expm1)(double x) {
  double power, p = AT_LEVEL(expm1_parts)(x, &power);
  return power * p + (power - 1);
}

INLINE double AT_LEVEL(exact_exp)(double x) {
  double power, p = AT_LEVEL(expm1_parts)(x, &power);
  return power * (1 + p);
}

/// log(1 + x) for -1 < x < 1e300.
INLINE double AT_LEVEL(exact_log1p)(double x) {
  double u = 1 + x;
  // What the sum lost.
  double lost = (x > 1 ? 1 - (u - x) : x - (u - 1)) / u;
  uint64_t bits = TO_BITS(u), half = 0x3fe6a09e667f3bcd, one = 0x3ff0000000000000;
  uint64_t exponent = (bits + (one - half)) >> 52;
  double m = OF_BITS(bits - ((exponent - 1023) << 52));
  double e = OF_BITS(exponent + 0x4330000000000000) - (0x1p52 + 1023);
  double f = m - 1, s = f / (2 + f), z = s * s, square = 0.5 * f * f, q;
  q = z * 1.479819860511658591e-01 + 1.531383769920937332e-01;
  q = q * z + 1.818357216161805012e-01;
  q = q * z + 2.222219843214978396e-01;
  q = q * z + 2.857142874366239149e-01;
  q = q * z + 3.999999999940941908e-01;
  q = q * z + 6.666666666666735130e-01;
  double small = s * (square + q * z) + (e * 0x1.a39ef35793c76p-33 + lost);
  return e * 0x1.62e42feep-1 - ((square - small) - f);
}

/// The arctangent of a number from 0 on.
INLINE double AT_LEVEL(exact_atan)(double t) {
  t = t < 1e300 ? t : 1e300;
  // The angle whose tangent is 0, 1/2, 1, 3/2 or infinite, and the tangent of what is left.
  bool a = t >= 0.4375, b = t >= 0.6875, c = t >= 1.1875, d = t >= 2.4375;
  double p = d ? 0 : c ? 1 : b ? 1 : a ? 2 : 1, q = d ? 1 : c ? 1.5 : b ? 1 : a ? 1 : 0;
  double r = d ? 0 : c ? 1 : b ? 1 : a ? 2 : 1;
  double high = d ? 0x1.921fb54442d18p+0
                : c ? 0x1.f730bd281f69bp-1 : b ? 0x1.921fb54442d18p-1 : a ? 0x1.dac670561bb4fp-2 : 0;
  double low = d ? 6.12323399573676603587e-17
               : c ? 1.39033110312309984516e-17
               : b ? 3.06161699786838301793e-17 : a ? 2.26987774529616870924e-17 : 0;
  double x = (p * t - q) / (r + q * t), z = x * x, s;
  s = z * 1.62858201153657823623e-02 - 3.65315727442169155270e-02;
  s = s * z + 4.97687799461593236017e-02;
  s = s * z - 5.83357013379057348645e-02;
  s = s * z + 6.66107313738753120669e-02;
  s = s * z - 7.69187620504482999495e-02;
  s = s * z + 9.09088713343650656196e-02;
  s = s * z - 1.11111104054623557880e-01;
  s = s * z + 1.42857142725034663711e-01;
  s = s * z - 1.99999999998764832476e-01;
  s = s * z + 3.33333333333329318027e-01;
  return high - ((x * z * s - low) - x);
}

/// The tangent of an angle below 2^15 in magnitude.
INLINE double AT_LEVEL(exact_tan)(double x) {
  double shifted = x * 0.63661977236758134 + 0x1.8p52, n = shifted - 0x1.8p52;
  double a = (x - n * 0x1.921fb544p0) - n * 0x1.0b4611a6p-34, b = n * 0x1.3198a2e037073p-69;
  double r = a - b, rest = (a - r) - b, z = r * r, s, c;
  s = z * 1.58969099521155010221e-10 - 2.50507602534068634195e-08;
  s = s * z + 2.75573137070700676789e-06;
  s = s * z - 1.98412698298579493134e-04;
  s = s * z + 8.33333333332248946124e-03;
  s = s * z - 1.66666666666666324348e-01;
  double sine = r + (r * z * s + rest * (1 - 0.5 * z));
  c = z * -1.13596475577881948265e-11 + 2.08757232129817482790e-09;
  c = c * z - 2.75573143513906633035e-07;
  c = c * z + 2.48015872894767294178e-05;
  c = c * z - 1.38888888888741095749e-03;
  c = c * z + 4.16666666666666019037e-02;
  double half = 0.5 * z, w = 1 - half;
  double cosine = w + (((1 - w) - half) + (z * z * c - r * rest));
  bool odd = TO_BITS(shifted) & 1;
  return (odd ? -cosine : sine) / (odd ? sine : cosine);
}

/// The cube root of a normal number above 0, with one more step.
INLINE double AT_LEVEL(exact_cbrt)(double a) {
  double t = AT_LEVEL(near_cbrt)(a);
  // With few enough digits for an exact square.
  t = OF_BITS((TO_BITS(t) + 0x80000000) & 0xffffffffc0000000);
  double ratio = a / (t * t);
  return t + t * (ratio - t) / (t + t + ratio);
}

INLINE double AT_LEVEL(exact_function)(int operation, double x) {
  double a = SIZE(x), e;
  switch (operation) {
    case LOQT_EXPM1: return AT_LEVEL(exact_expm1)(x);
    case LOQT_LOG1P: return AT_LEVEL(exact_log1p)(x);
    case LOQT_TAN: return AT_LEVEL(exact_tan)(x);
    case LOQT_ASIN: {
      double square = a < 0.5 ? 1 - a * a : (1 - a) * (1 + a);
      return WITH_SIGN(AT_LEVEL(exact_atan)(a / __builtin_elementwise_sqrt(square)), x);
    }
    case LOQT_ACOS:
      return 2 * AT_LEVEL(exact_atan)(__builtin_elementwise_sqrt((1 - x) / (1 + x)));
    case LOQT_ATAN: return WITH_SIGN(AT_LEVEL(exact_atan)(a), x);
    case LOQT_SINH:
      e = AT_LEVEL(exact_expm1)(a);
      return WITH_SIGN(0.5 * (e + e / (e + 1)), x);
    case LOQT_COSH:
      e = AT_LEVEL(exact_exp)(a);
      return 0.5 * e + 0.5 / e;
    case LOQT_ASINH: {
      double root = __builtin_elementwise_sqrt(1 + a * a);
      return WITH_SIGN(AT_LEVEL(exact_log1p)(a + a * (a / (1 + root))), x);
    }
    case LOQT_ACOSH: {
      double t = x - 1;
      return AT_LEVEL(exact_log1p)(t + __builtin_elementwise_sqrt(t * (t + 2)));
    }
    case LOQT_ATANH: return WITH_SIGN(0.5 * AT_LEVEL(exact_log1p)(2 * a / (1 - a)), x);
    default: return WITH_SIGN(AT_LEVEL(exact_cbrt)(a), x);
  }
}

/// Whether a number is where the lines above hold.
INLINE bool AT_LEVEL(is_ordinary)(int operation, double x) {
  double a = SIZE(x);
  switch (operation) {
    case LOQT_EXPM1: case LOQT_SINH: case LOQT_COSH: return a < 708 && (a > 0 || operation == LOQT_COSH);
    case LOQT_LOG1P: return x > -1 && x < 1e300 && a > 0;
    case LOQT_TAN: return a < 0x1p15 && a > 0;
    case LOQT_ASIN: case LOQT_ATANH: return a < 1;
    case LOQT_ACOS: return a <= 1;
    case LOQT_ATAN: return a < INFINITY;
    case LOQT_ASINH: return a < 1e150;
    case LOQT_ACOSH: return x >= 1 && x < 1e150;
    default: return a >= 0x1p-1022 && a < INFINITY;
  }
}

/// The angle of the point (x, y), of ordinary numbers.
INLINE double AT_LEVEL(exact_atan2)(double y, double x) {
  double a = SIZE(y), b = SIZE(x), low = a < b ? a : b, high = a < b ? b : a;
  double angle = AT_LEVEL(exact_atan)(low / high);
  angle = a > b ? 1.5707963267948966 - (angle - 6.123233995736766e-17) : angle;
  angle = x < 0 ? 3.1415926535897931 - (angle - 1.2246467991473532e-16) : angle;
  return WITH_SIGN(angle, y);
}

// In blocks, so that every element goes through the same arithmetic wherever it stands.
enum { AT_LEVEL(block) = 64 };

INLINE void AT_LEVEL(exact_loop)(int operation, double (*libm)(double), const double *x, double *y,
                                 intptr_t n) {
  enum { STEP = AT_LEVEL(block) };
  for (intptr_t i = 0; i < n; i += STEP) {
    double in[STEP] = {0}, out[STEP];
    size_t bytes = (size_t)(n - i < STEP ? n - i : STEP) * sizeof(double);
    memcpy(in, x + i, bytes);
    int others = 0;
#pragma clang loop vectorize(enable)
    for (int j = 0; j < STEP; j++) {
      out[j] = AT_LEVEL(exact_function)(operation, in[j]);
      others |= !AT_LEVEL(is_ordinary)(operation, in[j]);
    }
    if (others) {
      for (int j = 0; j < STEP; j++)
        if (!AT_LEVEL(is_ordinary)(operation, in[j])) out[j] = libm(in[j]);
    }
    memcpy(y + i, out, bytes);
  }
}

static void AT_LEVEL(atan2_f64)(const double *a, intptr_t as, const double *b, intptr_t bs,
                                double *y, intptr_t n) {
  enum { STEP = AT_LEVEL(block) };
  for (intptr_t i = 0; i < n; i += STEP) {
    double up[STEP] = {0}, right[STEP] = {0}, out[STEP];
    int count = n - i < STEP ? (int)(n - i) : STEP;
    for (int j = 0; j < count; j++) up[j] = a[(i + j) * as], right[j] = b[(i + j) * bs];
    int others = 0;
#define IS_ORDINARY(x) (SIZE(x) > 1e-140 && SIZE(x) < 1e140)
#pragma clang loop vectorize(enable)
    for (int j = 0; j < STEP; j++) {
      out[j] = AT_LEVEL(exact_atan2)(up[j], right[j]);
      others |= !(IS_ORDINARY(up[j]) && IS_ORDINARY(right[j]));
    }
    if (others) {
      for (int j = 0; j < STEP; j++)
        if (!(IS_ORDINARY(up[j]) && IS_ORDINARY(right[j]))) out[j] = atan2(up[j], right[j]);
    }
#undef IS_ORDINARY
    memcpy(y + i, out, (size_t)count * sizeof(double));
  }
}
