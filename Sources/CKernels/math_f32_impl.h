// Functions of sixteen floats in float arithmetic without fused operations. The polynomials are our
// own minimax fits. Largest errors over all floats, in units in the last place, as tested: exp 1.0,
// log 1.5, tanh 1.3, erf 2, sigmoid 2.5, silu 4, gelu 6, its tanh form 5. Infinities, NaN and
// subnormal arguments and results behave as in the C library.

/// `p * x + c` with two roundings.
#define HORNER(p, x, c) ((p) * (x) + (c))

/// x to the nearest integer, for |x| < 2^22.
INLINE v16f nearest(v16f x) {
  const v16f shift = 0x1.8p23f;
  return (x + shift) - shift;
}

/// x * 2^n with one rounding, for integers n in [-152, 130] and x near 1; NaN if either is NaN.
INLINE v16f scale_by_power(v16f x, v16f n) {
#if LEVEL == 3
  return (v16f)_mm512_scalef_ps((__m512)x, (__m512)n);
#else
  // Two factors, because 2^n itself may over- or underflow; only the second product can round.
  v16i whole = __builtin_convertvector(pick(n == n, n, splat(0.0f)), v16i), half = whole >> 1;
  v16f first = (v16f)((half + 127) << 23), second = (v16f)((whole - half + 127) << 23);
  return x * first * second;
#endif
}

// Beyond these limits the exponential is infinity or 0; the order of operands keeps NaN.
INLINE v16f at_most_89(v16f x) { return pick(x > 89.0f, splat(89.0f), x); }
INLINE v16f at_least_minus_104(v16f x) { return pick(x < -104.0f, splat(-104.0f), x); }

/// e to the power x as 2^n times 1 + `excess`; `shifted` holds n in its last bits.
typedef struct {
  v16f excess, n, shifted;
} exponential;

INLINE exponential exponential_of(v16f x) {
  const v16f shift = 0x1.8p23f;
  v16f shifted = x * 0x1.715476p+0f + shift, n = shifted - shift;
  // ln 2 in two parts; n times the first is exact.
  v16f r = (x - n * 0x1.63p-1f) - n * -0x1.bd0106p-13f;
  // In pairs, as the speed is limited by chains of dependent operations.
  v16f z = r * r;
  v16f low = HORNER(splat(1.66665211e-1f), r, 0.49999994f);
  v16f high = HORNER(splat(8.36871564e-3f), r, 4.1668389e-2f);
  v16f p = HORNER(HORNER(splat(1.38146023e-3f), z, high), z, low);
  return (exponential){HORNER(p, z, r), n, shifted};
}

/// e to the power x for |x| <= 87, or NaN.
INLINE v16f exp_moderate(v16f x) {
  exponential e = exponential_of(x);
  v16f power = (v16f)(((v16i)e.shifted << 23) + 0x3f800000);
  return (e.excess + 1.0f) * power;
}

/// e to the power x for any x.
static __attribute__((noinline)) v16f exp_extreme(v16f x) {
  x = at_least_minus_104(at_most_89(x));
  exponential e = exponential_of(x);
  return scale_by_power(e.excess + 1.0f, e.n);
}

/// e to the power x. Results that are normal numbers need neither clamping nor two factors; in the
/// rare vector with any other result, all lanes take the longer path, which gives the same bits.
INLINE v16f exp_of(v16f x) {
  if (__builtin_expect(any_lane(magnitude(x) > 87.0f), 0)) return exp_extreme(x);
  return exp_moderate(x);
}

/// e to the power of each of four vectors.
INLINE void exp_of_four(v16f x[4]) {
  // Magnitudes are also ordered as integers, where NaN is above all.
  v16i a = larger(bits(magnitude(x[0])), bits(magnitude(x[1])));
  v16i b = larger(bits(magnitude(x[2])), bits(magnitude(x[3])));
  const v16i limit = bits(splat(87.0f));
  if (__builtin_expect(any_lane(larger(a, b) > limit), 0)) {
    for (int j = 0; j < 4; j++) x[j] = exp_extreme(x[j]);
  } else {
    for (int j = 0; j < 4; j++) x[j] = exp_moderate(x[j]);
  }
}

INLINE v16f log_of(v16f x) {
  v16i subnormal = x < 0x1p-126f;
  v16i b = (v16i)pick(subnormal, x * 0x1p23f, x);
  // x = m 2^e with m in [sqrt(1/2), sqrt(2)).
  v16i e = (b - 0x3f3504f3) >> 23;
  v16f m = (v16f)(b - (e << 23));
  v16f n = __builtin_convertvector(e, v16f) - pick(subnormal, splat(23.0f), splat(0.0f));
  v16f f = m - 1.0f, z = f * f;
  v16f p = splat(6.75675783e-2f);
  p = HORNER(p, f, -1.16943344e-1f);
  p = HORNER(p, f, 1.18935131e-1f);
  p = HORNER(p, f, -1.24030843e-1f);
  p = HORNER(p, f, 1.42185539e-1f);
  p = HORNER(p, f, -1.66680902e-1f);
  p = HORNER(p, f, 2.00021669e-1f);
  p = HORNER(p, f, -2.50000089e-1f);
  p = HORNER(p, f, 3.33333105e-1f);
  v16f y = p * f * z + n * -0x1.bd0106p-13f;
  y = y - 0.5f * z;
  y = (f + y) + n * 0x1.63p-1f;
  y = pick(x < INFINITY, y, x);
  y = pick(x > 0.0f, y, pick(x == 0.0f, splat(-INFINITY), splat(NAN)));
  return pick(x == x, y, x);
}

/// An argument of tanh and its interval, one of sixteen: below 2^-4, halves of binades, and from 8
/// on.
typedef struct {
  v16f x, magnitude;
  v16i interval;
} tanh_argument;

INLINE tanh_argument tanh_argument_of(v16f x) {
  // From 10 on the result rounds to 1.
  v16f a = smaller(splat(10.0f), magnitude(x));
  // The exponent and the first bit of the significand.
  return (tanh_argument){x, a, larger(bits(a), bits(splat(0x1.8p-5f))) >> 22};
}

/// A polynomial around the centre of the interval.
INLINE v16f tanh_at(tanh_argument a) {
  v16f c[8];
  for (int k = 0; k < 8; k++) c[k] = lookup16(tanh_table[k], a.interval);
  v16f r = a.magnitude - c[0], z = r * r;
  v16f low = HORNER(c[3], r, c[2]), middle = HORNER(c[5], r, c[4]), high = HORNER(c[7], r, c[6]);
  v16f p = HORNER(HORNER(high, z, middle), z, low);
  return with_sign(HORNER(p, r, c[1]), a.x);
}

INLINE v16f tanh_of(v16f x) { return tanh_at(tanh_argument_of(x)); }

/// Finds the next interval beside each polynomial: one after the other they form a chain too long
/// for a processor's lookahead to keep it busy.
INLINE void tanh_of_all(const float *x, float *y, intptr_t n) {
  intptr_t i = 0;
  if (n >= 16) {
    tanh_argument a = tanh_argument_of(load(x));
    for (; i + 32 <= n; i += 16) {
      tanh_argument next = tanh_argument_of(load(x + i + 16));
      store(y + i, tanh_at(a));
      a = next;
    }
    store(y + i, tanh_at(a));
    i += 16;
  }
  if (i < n) store_part(y + i, tanh_of(load_part(x + i, n - i)), n - i);
}

/// erf(x) / x - 1 as a polynomial in z = x^2 below 1.
INLINE v16f erf_excess_of(v16f z) {
  v16f p = splat(7.85386073e-5f);
  p = HORNER(p, z, -8.01019371e-4f);
  p = HORNER(p, z, 5.18832775e-3f);
  p = HORNER(p, z, -2.68538129e-2f);
  p = HORNER(p, z, 1.12835854e-1f);
  p = HORNER(p, z, -3.76126260e-1f);
  return HORNER(p, z, 1.28379167e-1f);
}

INLINE v16f erf_of(v16f x) {
  v16f a = magnitude(x), p = erf_excess_of(x * x);
  // log(1 - erf(x)) from 1 on; from 4 on the result rounds to 1.
  v16f t = pick(a > 4.0f, splat(4.0f), a);
  v16f q = splat(-2.14455249e-5f);
  q = HORNER(q, t, 4.38529474e-4f);
  q = HORNER(q, t, -4.19085333e-3f);
  q = HORNER(q, t, 2.51718033e-2f);
  q = HORNER(q, t, -1.08361542e-1f);
  q = HORNER(q, t, -6.33272409e-1f);
  q = HORNER(q, t, -1.12955201f);
  q = HORNER(q, t, 1.82459422e-4f);
  return pick(a < 1.0f, x + p * x, with_sign(1.0f - exp_moderate(q), x));
}

INLINE v16f sigmoid_of(v16f x) {
  v16f e = exp_of(-magnitude(x));
  return pick(x < 0.0f, e, splat(1.0f)) / (1.0f + e);
}

/// x times its sigmoid. Below -87 the sigmoid is not a normal number: there x e^x, by the square
/// root of e^x.
INLINE v16f silu_of(v16f x) {
  v16f y = x * sigmoid_of(x);
  v16i far = x < -87.0f;
  if (__builtin_expect(any_lane(far), 0)) {
    v16f root = exp_of(x * 0.5f);
    y = pick(far, x * root * root, y);
  }
  return y;
}

/// e to the power -q as root * root * rest, to be applied a factor at a time, so that only the last
/// product rounds to a subnormal number.
typedef struct {
  v16f root, rest;
} falling_power;

/// For q up to 174, in double so that its size costs the result no digit of a float.
INLINE falling_power falling_power_of(v16d q) {
  v16f high = __builtin_convertvector(q, v16f);
  v16f low = __builtin_convertvector(q - __builtin_convertvector(high, v16d), v16f);
  return (falling_power){exp_moderate(high * -0.5f), 1.0f - low};
}

// GELU and its slope fall to 0 below without subtracting nearly 1 from 1. GELU of -infinity is NaN.

/// The share of a normal distribution below -|x|: e^(-x^2 / 2) times `ratio`.
typedef struct {
  v16f size, ratio;
  falling_power power;
} normal_tail;

INLINE normal_tail normal_tail_of(v16f x) {
  v16f a = magnitude(x);
  a = pick(a > 15.0f, splat(15.0f), a);
  v16d wide = __builtin_convertvector(a, v16d);
  v16f t = (a - 4.0f) / (a + 4.0f);
  v16f p = splat(-1.47993036e-4f);
  p = HORNER(p, t, -6.07619004e-5f);
  p = HORNER(p, t, 1.55883795e-3f);
  p = HORNER(p, t, -1.26065942e-3f);
  p = HORNER(p, t, -1.05142789e-2f);
  p = HORNER(p, t, 4.43767346e-2f);
  p = HORNER(p, t, -9.52592343e-2f);
  p = HORNER(p, t, 1.28906906e-1f);
  p = HORNER(p, t, -9.63800848e-2f);
  p = HORNER(p, t, -2.30091978e-2f);
  p = HORNER(p, t, 8.49695802e-1f);
  return (normal_tail){a, p / (a + a + 1.0f), falling_power_of(wide * wide * 0.5)};
}

INLINE v16f gelu_of(v16f x) {
  normal_tail a = normal_tail_of(x);
  v16f part = a.ratio * a.power.rest * a.power.root;
  v16f y = pick(x < 0.0f, -(a.size * part) * a.power.root, x * (1.0f - part * a.power.root));
  // Near 0, where the ratio has more rounding, this form cancels nothing.
  v16f half = x * 0.707106781f * 0.5f;
  v16f near = x * (HORNER(erf_excess_of(0.5f * x * x), half, half) + 0.5f);
  y = pick(a.size < 0.7f, near, y);
  return pick(x == -INFINITY, splat(NAN), y);
}

INLINE v16f gelu_slope_of(v16f x) {
  normal_tail a = normal_tail_of(x);
  v16f power = a.power.rest * a.power.root * a.power.root, below = a.ratio * power;
  return pick(x < 0.0f, below, 1.0f - below) + with_sign(a.size, x) * (3.98942280e-1f * power);
}

// The tanh form of GELU is x / 2 (1 + tanh(k (x + c x^3))).
static const double gelu_k = 0.79788456080286535588, gelu_c = 0.044715;

/// |x|, and e to the power -2 k (|x| + c |x|^3).
typedef struct {
  v16f size;
  falling_power power;
} tanh_form;

INLINE tanh_form tanh_form_of(v16f x) {
  v16f a = magnitude(x);
  a = pick(a > 11.0f, splat(11.0f), a);
  v16d wide = __builtin_convertvector(a, v16d);
  return (tanh_form){a, falling_power_of(2 * gelu_k * wide * (1.0 + gelu_c * wide * wide))};
}

/// (1 + tanh u) / 2 is the sigmoid of 2 u.
INLINE v16f gelu_tanh_of(v16f x) {
  tanh_form a = tanh_form_of(x);
  v16f part = a.power.rest * a.power.root, whole = 1.0f + part * a.power.root;
  v16f y = pick(x < 0.0f, -(a.size * part / whole) * a.power.root, x / whole);
  return pick(x == -INFINITY, splat(NAN), y);
}

INLINE v16f gelu_tanh_slope_of(v16f x) {
  tanh_form a = tanh_form_of(x);
  v16f power = a.power.rest * a.power.root * a.power.root, near = 1.0f / (1.0f + power);
  v16f inner = (float)gelu_k * (1.0f + (float)(3 * gelu_c) * a.size * a.size);
  v16f far = power * near;
  v16f turn = 2.0f * with_sign(a.size, x) * inner;
  return pick(x < 0.0f, far * (1.0f + turn * near), near * (1.0f + turn * far));
}

#define LANE_BY_LANE(name, call)                                                                   \
  INLINE v16f name(v16f x) {                                                                       \
    for (int i = 0; i < 16; i++) x[i] = call(x[i]);                                                \
    return x;                                                                                      \
  }
LANE_BY_LANE(sin_of, sinf)
LANE_BY_LANE(cos_of, cosf)
#undef LANE_BY_LANE

INLINE v16f power_of(v16f x, v16f y) {
  for (int i = 0; i < 16; i++) x[i] = powf(x[i], y[i]);
  return x;
}

/// sin and cos of 2 pi x for x in [0, 1], errors below 2e-7.
INLINE void sin_cos_of_turns(v16f x, v16f *sine, v16f *cosine) {
  // r is exact: quarter turns from the nearest axis, in [-1/2, 1/2].
  v16f quarters = nearest(x * 4.0f), r = x * 4.0f - quarters, z = r * r;
  v16i q = __builtin_convertvector(quarters, v16i);
  v16f s = splat(1.58206739e-4f);
  s = HORNER(s, z, -4.68126647e-3f);
  s = HORNER(s, z, 7.96925828e-2f);
  s = HORNER(s, z, -6.45964096e-1f);
  s = HORNER(s, z, 1.57079633f) * r;
  v16f c = splat(9.03631703e-4f);
  c = HORNER(c, z, -2.08600713e-2f);
  c = HORNER(c, z, 2.53669204e-1f);
  c = HORNER(c, z, -1.23370054f);
  c = HORNER(c, z, 1.0f);
  v16i odd = (q & 1) != 0;
  v16i sine_sign = (q & 2) << 30, cosine_sign = ((q + 1) & 2) << 30;
  *sine = (v16f)((v16i)pick(odd, c, s) ^ sine_sign);
  *cosine = (v16f)((v16i)pick(odd, s, c) ^ cosine_sign);
}
