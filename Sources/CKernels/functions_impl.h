// Less common functions. Those of floats are computed in double precision by straight lines of code
// that vectorise, and rounded once: within .51 units in the last place.

INLINE double AT_LEVEL(of_bits)(uint64_t bits) {
  double x;
  memcpy(&x, &bits, 8);
  return x;
}
INLINE uint64_t AT_LEVEL(to_bits)(double x) {
  uint64_t bits;
  memcpy(&bits, &x, 8);
  return bits;
}
#define OF_BITS AT_LEVEL(of_bits)
#define TO_BITS AT_LEVEL(to_bits)

// ---- In double precision, to 1e-11 ---------------------------------------------------------------

/// e^x; anything beyond e^±200, which no float can hold, is e^±200.
INLINE double AT_LEVEL(wide_exp)(double x) {
  double inside = x < 200 ? x : 200;
  inside = inside > -200 ? inside : -200;
  // Adding this leaves the nearest integer in the lowest bits.
  double shifted = inside * 1.4426950408889634 + 0x1.8p52, n = shifted - 0x1.8p52;
  double r = inside - n * 0x1.62e42fefa39efp-1, q;
  q = r * (1.0 / 3628800) + 1.0 / 362880;
  q = q * r + 1.0 / 40320;
  q = q * r + 1.0 / 5040;
  q = q * r + 1.0 / 720;
  q = q * r + 1.0 / 120;
  q = q * r + 1.0 / 24;
  q = q * r + 1.0 / 6;
  q = q * r + 0.5;
  q = (q * r + 1) * r + 1;
  double scaled = q * OF_BITS((TO_BITS(shifted) + 1023) << 52);
  return x == x ? scaled : x;
}

/// The natural logarithm of a positive normal number; of others as the C library has it.
INLINE double AT_LEVEL(wide_log)(double x) {
  uint64_t bits = TO_BITS(x), half = 0x3fe6a09e667f3bcd, one = 0x3ff0000000000000;
  uint64_t exponent = (bits + (one - half)) >> 52;
  double m = OF_BITS(bits - ((exponent - 1023) << 52));
  double e = OF_BITS(exponent + 0x4330000000000000) - (0x1p52 + 1023);
  double f = (m - 1) / (m + 1), s = f * f, q;
  q = s * (1.0 / 15) + 1.0 / 13;
  q = q * s + 1.0 / 11;
  q = q * s + 1.0 / 9;
  q = q * s + 1.0 / 7;
  q = q * s + 1.0 / 5;
  q = q * s + 1.0 / 3;
  double y = e * 0x1.62e42fefa39efp-1 + 2 * f * (q * s + 1);
  y = x == INFINITY ? x : y;
  y = x == 0 ? -INFINITY : y;
  return x >= 0 ? y : NAN;
}

/// log(1 + x), from its series where the sum loses digits.
INLINE double AT_LEVEL(wide_log1p)(double x) {
  double series = x * (1 - x * (0.5 - x * (1.0 / 3 - x * 0.25)));
  double y = AT_LEVEL(wide_log)(1 + x);
  return x < 1e-4 && x > -1e-4 ? series : y;
}

/// The arctangent of a number from 0 to infinity.
INLINE double AT_LEVEL(wide_atan)(double t) {
  bool steep = t > 1;
  double u = steep ? 1 / t : t;
  bool far = u > 0.41421356237309503;
  double v = far ? (u - 1) / (u + 1) : u, s = v * v, q = 1.0 / 27;
  q = q * -s + 1.0 / 25;
  q = q * -s + 1.0 / 23;
  q = q * -s + 1.0 / 21;
  q = q * -s + 1.0 / 19;
  q = q * -s + 1.0 / 17;
  q = q * -s + 1.0 / 15;
  q = q * -s + 1.0 / 13;
  q = q * -s + 1.0 / 11;
  q = q * -s + 1.0 / 9;
  q = q * -s + 1.0 / 7;
  q = q * -s + 1.0 / 5;
  q = q * -s + 1.0 / 3;
  double y = v - v * s * q;
  y = far ? y + 0.78539816339744831 : y;
  return steep ? 1.5707963267948966 - y : y;
}

/// The tangent of an angle below 2^17 in magnitude.
INLINE double AT_LEVEL(wide_tan)(double x) {
  double shifted = x * 0.63661977236758134 + 0x1.8p52, n = shifted - 0x1.8p52;
  double r = ((x - n * 0x1.921fb544p0) - n * 0x1.0b4611a6p-34) - n * 0x1.3198a2e037073p-69;
  double s = r * r, sine, cosine;
  sine = s * (-1.0 / 39916800) + 1.0 / 362880;
  sine = sine * s - 1.0 / 5040;
  sine = sine * s + 1.0 / 120;
  sine = sine * s - 1.0 / 6;
  sine = r * (1 + s * sine);
  cosine = s * (1.0 / 479001600) - 1.0 / 3628800;
  cosine = cosine * s + 1.0 / 40320;
  cosine = cosine * s - 1.0 / 720;
  cosine = cosine * s + 1.0 / 24;
  cosine = cosine * s - 0.5;
  cosine = cosine * s + 1;
  bool odd = TO_BITS(shifted) & 1;
  return (odd ? -cosine : sine) / (odd ? sine : cosine);
}

#define WITH_SIGN(magnitude, x)                                                                    \
  OF_BITS(TO_BITS(magnitude) | (TO_BITS(x) & 0x8000000000000000))
#define SIZE(x) OF_BITS(TO_BITS(x) & 0x7fffffffffffffff)

/// The cube root of a normal number above 0: a third of the exponent, and two steps of Halley's.
INLINE double AT_LEVEL(near_cbrt)(double a) {
  uint64_t third = ((TO_BITS(a) >> 32) * 0x55555556 >> 32) + 715094163;
  double t = OF_BITS(third << 32);
  for (int k = 0; k < 2; k++) {
    double cube = t * t * t;
    t = t * (cube + 2 * a) / (2 * cube + a);
  }
  return t;
}

INLINE double AT_LEVEL(wide_function)(int operation, double x) {
  double a = SIZE(x), e;
  switch (operation) {
    case LOQT_EXP2: return AT_LEVEL(wide_exp)(x * 0.69314718055994531);
    case LOQT_EXPM1:
      e = AT_LEVEL(wide_exp)(x) - 1;
      return a < 1e-3 ? x * (1 + x * (0.5 + x * (1.0 / 6 + x * (1.0 / 24)))) : e;
    case LOQT_LOG2: return AT_LEVEL(wide_log)(x) * 1.4426950408889634;
    case LOQT_LOG10: return AT_LEVEL(wide_log)(x) * 0.43429448190325182;
    case LOQT_LOG1P: return AT_LEVEL(wide_log1p)(x);
    case LOQT_TAN: return AT_LEVEL(wide_tan)(x);
    case LOQT_ASIN:
      return WITH_SIGN(AT_LEVEL(wide_atan)(a / __builtin_elementwise_sqrt((1 - a) * (1 + a))), x);
    case LOQT_ACOS:
      return 2 * AT_LEVEL(wide_atan)(__builtin_elementwise_sqrt((1 - x) / (1 + x)));
    case LOQT_ATAN: return WITH_SIGN(AT_LEVEL(wide_atan)(a), x);
    case LOQT_SINH: {
      e = AT_LEVEL(wide_exp)(a);
      double s = x * x, near = a * (1 + s * (1.0 / 6 + s * (1.0 / 120 + s * (1.0 / 5040))));
      return WITH_SIGN(a < 0.05 ? near : 0.5 * (e - 1 / e), x);
    }
    case LOQT_COSH:
      e = AT_LEVEL(wide_exp)(a);
      return 0.5 * (e + 1 / e);
    case LOQT_ASINH:
      e = AT_LEVEL(wide_log1p)(a + a * a / (1 + __builtin_elementwise_sqrt(1 + a * a)));
      return WITH_SIGN(a < INFINITY ? e : a, x);
    case LOQT_ACOSH: {
      double t = x - 1;
      e = AT_LEVEL(wide_log1p)(t + __builtin_elementwise_sqrt(t * (t + 2)));
      return x < 1 ? NAN : e;
    }
    case LOQT_ATANH: return WITH_SIGN(0.5 * AT_LEVEL(wide_log1p)(2 * a / (1 - a)), x);
    case LOQT_CBRT:
      e = AT_LEVEL(near_cbrt)(a);
      return WITH_SIGN(a > 0 && a < INFINITY ? e : a, x);
    default: return __builtin_elementwise_trunc(x);
  }
}

// Fewer elements than vectors are padded, so that every element goes through the same arithmetic.
INLINE void AT_LEVEL(wide_loop)(int operation, const float *x, float *y, intptr_t n) {
  enum { STEP = 64 };
  for (intptr_t i = 0; i < n; i += STEP) {
    float in[STEP] = {0}, out[STEP];
    size_t bytes = (size_t)(n - i < STEP ? n - i : STEP) * sizeof(float);
    memcpy(in, x + i, bytes);
#pragma clang loop vectorize(enable)
    for (int j = 0; j < STEP; j++) out[j] = (float)AT_LEVEL(wide_function)(operation, in[j]);
    if (operation == LOQT_TAN) {
      for (int j = 0; j < STEP; j++)
        if (!(in[j] > -0x1p17f && in[j] < 0x1p17f)) out[j] = (float)tan(in[j]);
    }
    memcpy(y + i, out, bytes);
  }
}

#include "functions_f64_impl.h"

#define EACH_FUNCTION(CASE)                                                                        \
  CASE(LOQT_EXP2, exp2) CASE(LOQT_EXPM1, expm1) CASE(LOQT_LOG2, log2) CASE(LOQT_LOG10, log10)      \
  CASE(LOQT_LOG1P, log1p) CASE(LOQT_TAN, tan) CASE(LOQT_ASIN, asin) CASE(LOQT_ACOS, acos)          \
  CASE(LOQT_ATAN, atan) CASE(LOQT_SINH, sinh) CASE(LOQT_COSH, cosh) CASE(LOQT_ASINH, asinh)        \
  CASE(LOQT_ACOSH, acosh) CASE(LOQT_ATANH, atanh) CASE(LOQT_CBRT, cbrt) CASE(LOQT_TRUNC, trunc)

static void AT_LEVEL(function_f32)(int operation, const float *x, float *y, intptr_t n) {
  switch (operation) {
#define CASE(OPERATION, function)                                                                  \
  case OPERATION: AT_LEVEL(wide_loop)(OPERATION, x, y, n); return;
    EACH_FUNCTION(CASE)
#undef CASE
    default: __builtin_trap();
  }
}

static void AT_LEVEL(function_f64)(int operation, const double *x, double *y, intptr_t n) {
  switch (operation) {
#define CASE(OPERATION, function)                                                                  \
  case OPERATION:                                                                                  \
    if (OPERATION == LOQT_EXP2 || OPERATION == LOQT_LOG2 || OPERATION == LOQT_LOG10 ||             \
        OPERATION == LOQT_TRUNC) {                                                                 \
      for (intptr_t i = 0; i < n; i++) y[i] = function(x[i]);                                      \
    } else {                                                                                       \
      AT_LEVEL(exact_loop)(OPERATION, function, x, y, n);                                          \
    }                                                                                              \
    return;
    EACH_FUNCTION(CASE)
#undef CASE
    default: __builtin_trap();
  }
}
#undef EACH_FUNCTION

// ---- Two operands -------------------------------------------------------------------------------

/// The remainder of a floored division, with the sign of the divisor.
INLINE double AT_LEVEL(modulo)(double a, double b) {
  double rest = fmod(a, b);
  if (rest == 0) return copysign(0, b);
  return (rest < 0) != (b < 0) ? rest + b : rest;
}

/// The quotient rounded down, exactly where it can be held.
INLINE double AT_LEVEL(floored_quotient)(double a, double b) {
  if (b == 0) return a / b;
  double rest = fmod(a, b), quotient = (a - rest) / b;
  if (rest != 0 && (rest < 0) != (b < 0)) quotient -= 1;
  if (quotient == 0) return copysign(0, a / b);
  double down = floor(quotient);
  return quotient - down > 0.5 ? down + 1 : down;
}

INLINE double AT_LEVEL(log_of_sum)(double a, double b) {
  if (a == b) return a + 0.69314718055994531;
  double top = a > b ? a : b, gap = a > b ? b - a : a - b;
  return gap == gap ? top + log1p(exp(gap)) : gap;
}

INLINE double AT_LEVEL(wide_atan2)(double y, double x) {
  double a = SIZE(y), b = SIZE(x), low = a < b ? a : b, high = a < b ? b : a;
  double ratio = high == 0 ? 0 : low == high ? 1 : low / high;
  double angle = AT_LEVEL(wide_atan)(ratio);
  angle = a > b ? 1.5707963267948966 - angle : angle;
  angle = TO_BITS(x) >> 63 ? 3.1415926535897931 - angle : angle;
  return a == a && b == b ? WITH_SIGN(angle, y) : a + b;
}

INLINE double AT_LEVEL(wide_hypot)(double a, double b) {
  double length = __builtin_elementwise_sqrt(a * a + b * b);
  return SIZE(a) == INFINITY || SIZE(b) == INFINITY ? INFINITY : length;
}

#define PAIRS(OPERATION, T, function)                                                              \
  case OPERATION:                                                                                  \
    for (intptr_t i = 0; i < n; i++) y[i] = (T)function(a[i * as], b[i * bs]);                     \
    return;

// atan2 and hypot of floats, with steps that are known, so that they vectorise.
#define WIDE_PAIRS(OPERATION, function)                                                            \
  case OPERATION:                                                                                  \
    if (as && bs) for (intptr_t i = 0; i < n; i++) y[i] = (float)function(a[i], b[i]);             \
    else if (as) for (intptr_t i = 0; i < n; i++) y[i] = (float)function(a[i], b[0]);              \
    else for (intptr_t i = 0; i < n; i++) y[i] = (float)function(a[0], b[i * bs]);                 \
    return;

static void AT_LEVEL(pairs_f32)(int operation, const float *a, intptr_t as, const float *b,
                                intptr_t bs, float *y, intptr_t n) {
  switch (operation) {
    WIDE_PAIRS(LOQT_ATAN2, AT_LEVEL(wide_atan2))
    WIDE_PAIRS(LOQT_HYPOT, AT_LEVEL(wide_hypot))
    PAIRS(LOQT_MODULO, float, AT_LEVEL(modulo))
    PAIRS(LOQT_FLOORED_QUOTIENT, float, AT_LEVEL(floored_quotient))
    PAIRS(LOQT_LOG_OF_SUM, float, AT_LEVEL(log_of_sum))
    PAIRS(LOQT_COPY_SIGN, float, copysignf)
    default: __builtin_trap();
  }
}

static void AT_LEVEL(pairs_f64)(int operation, const double *a, intptr_t as, const double *b,
                                intptr_t bs, double *y, intptr_t n) {
  switch (operation) {
    case LOQT_ATAN2: AT_LEVEL(atan2_f64)(a, as, b, bs, y, n); return;
    PAIRS(LOQT_HYPOT, double, hypot)
    PAIRS(LOQT_MODULO, double, AT_LEVEL(modulo))
    PAIRS(LOQT_FLOORED_QUOTIENT, double, AT_LEVEL(floored_quotient))
    PAIRS(LOQT_LOG_OF_SUM, double, AT_LEVEL(log_of_sum))
    PAIRS(LOQT_COPY_SIGN, double, copysign)
    default: __builtin_trap();
  }
}
#undef PAIRS
#undef WIDE_PAIRS
#undef WITH_SIGN
#undef SIZE
#undef OF_BITS
#undef TO_BITS
