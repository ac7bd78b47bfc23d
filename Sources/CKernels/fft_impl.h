// Passes of the Fourier transform after Stockham: each reads one buffer and writes another, and
// leaves the results in order without a permutation of its own. Real and imaginary parts are apart.
//
// A pass of radix r on lengths n: x[q + s (p + k n/r)] for k < r becomes y[q + s (r p + j)] for j < r,
// for p < n/r and q < s. It takes the transform of the r numbers, and turns number j by the angle
// -2 pi j p / n, the root j p `step` of the table (cosines, then sines).

typedef struct {
  REAL r, i;
} NAME(complex);

INLINE NAME(complex) NAME(times)(NAME(complex) a, REAL c, REAL s) {
  return (NAME(complex)){a.r * c - a.i * s, a.r * s + a.i * c};
}
INLINE NAME(complex) NAME(plus)(NAME(complex) a, NAME(complex) b) {
  return (NAME(complex)){a.r + b.r, a.i + b.i};
}
INLINE NAME(complex) NAME(minus)(NAME(complex) a, NAME(complex) b) {
  return (NAME(complex)){a.r - b.r, a.i - b.i};
}
/// a - i b
INLINE NAME(complex) NAME(minus_i)(NAME(complex) a, NAME(complex) b) {
  return (NAME(complex)){a.r + b.i, a.i - b.r};
}
INLINE NAME(complex) NAME(plus_i)(NAME(complex) a, NAME(complex) b) {
  return (NAME(complex)){a.r - b.i, a.i + b.r};
}

/// The transform of a few numbers, in place.
INLINE void NAME(butterfly)(const int radix, NAME(complex) *v) {
  if (radix == 2) {
    NAME(complex) a = v[0];
    v[0] = NAME(plus)(a, v[1]);
    v[1] = NAME(minus)(a, v[1]);
  } else if (radix == 3) {
    const REAL h = (REAL)0.86602540378443864676;
    NAME(complex) t = NAME(plus)(v[1], v[2]), d = NAME(minus)(v[1], v[2]);
    NAME(complex) m = {v[0].r - (REAL)0.5 * t.r, v[0].i - (REAL)0.5 * t.i};
    d = (NAME(complex)){h * d.r, h * d.i};
    v[0] = NAME(plus)(v[0], t);
    v[1] = NAME(minus_i)(m, d);
    v[2] = NAME(plus_i)(m, d);
  } else if (radix == 4) {
    NAME(complex) a = NAME(plus)(v[0], v[2]), b = NAME(minus)(v[0], v[2]);
    NAME(complex) c = NAME(plus)(v[1], v[3]), d = NAME(minus)(v[1], v[3]);
    v[0] = NAME(plus)(a, c);
    v[1] = NAME(minus_i)(b, d);
    v[2] = NAME(minus)(a, c);
    v[3] = NAME(plus_i)(b, d);
  } else {
    const REAL c1 = (REAL)0.30901699437494742410, c2 = (REAL)-0.80901699437494742410;
    const REAL s1 = (REAL)0.95105651629515357212, s2 = (REAL)0.58778525229247312917;
    NAME(complex) a = NAME(plus)(v[1], v[4]), b = NAME(minus)(v[1], v[4]);
    NAME(complex) c = NAME(plus)(v[2], v[3]), d = NAME(minus)(v[2], v[3]);
    NAME(complex) m1 = {v[0].r + c1 * a.r + c2 * c.r, v[0].i + c1 * a.i + c2 * c.i};
    NAME(complex) m2 = {v[0].r + c2 * a.r + c1 * c.r, v[0].i + c2 * a.i + c1 * c.i};
    NAME(complex) n1 = {s1 * b.r + s2 * d.r, s1 * b.i + s2 * d.i};
    NAME(complex) n2 = {s2 * b.r - s1 * d.r, s2 * b.i - s1 * d.i};
    v[0] = (NAME(complex)){v[0].r + a.r + c.r, v[0].i + a.i + c.i};
    v[1] = NAME(minus_i)(m1, n1);
    v[2] = NAME(minus_i)(m2, n2);
    v[3] = NAME(plus_i)(m2, n2);
    v[4] = NAME(plus_i)(m1, n1);
  }
}

INLINE void NAME(fft_radix)(const int radix, intptr_t n, intptr_t s, intptr_t step, intptr_t first,
                            intptr_t last, const REAL *cosine, const REAL *sine,
                            const REAL *restrict xr, const REAL *restrict xi, REAL *restrict yr,
                            REAL *restrict yi) {
  const intptr_t apart = n / radix * s;
  if (s == 1) {
    // The first pass of one transform: neighbours are those of different p.
#pragma clang loop vectorize(enable)
    for (intptr_t p = first; p < last; p++) {
      NAME(complex) v[5];
      for (int k = 0; k < radix; k++)
        v[k] = (NAME(complex)){xr[p + k * apart], xi[p + k * apart]};
      NAME(butterfly)(radix, v);
      for (int j = 0; j < radix; j++) {
        if (j) v[j] = NAME(times)(v[j], cosine[j * p * step], -sine[j * p * step]);
        yr[radix * p + j] = v[j].r;
        yi[radix * p + j] = v[j].i;
      }
    }
    return;
  }
  for (intptr_t p = first; p < last; p++) {
    REAL c[5], d[5];
    for (int j = 1; j < radix; j++) c[j] = cosine[j * p * step], d[j] = -sine[j * p * step];
    const REAL *ar = xr + s * p, *ai = xi + s * p;
    REAL *br = yr + s * radix * p, *bi = yi + s * radix * p;
#pragma clang loop vectorize(enable)
    for (intptr_t q = 0; q < s; q++) {
      NAME(complex) v[5];
      for (int k = 0; k < radix; k++) v[k] = (NAME(complex)){ar[q + k * apart], ai[q + k * apart]};
      NAME(butterfly)(radix, v);
      br[q] = v[0].r;
      bi[q] = v[0].i;
      for (int j = 1; j < radix; j++) {
        NAME(complex) t = NAME(times)(v[j], c[j], d[j]);
        br[q + j * s] = t.r;
        bi[q + j * s] = t.i;
      }
    }
  }
}

/// Any small radix, by the sum itself; `length` is that of the table.
static void NAME(fft_sum)(int radix, intptr_t n, intptr_t s, intptr_t step, intptr_t length,
                          intptr_t first, intptr_t last, const REAL *cosine, const REAL *sine,
                          const REAL *xr, const REAL *xi, REAL *yr, REAL *yi) {
  const intptr_t apart = n / radix * s, root = length / radix;
  for (intptr_t p = first; p < last; p++) {
    for (int j = 0; j < radix; j++) {
      REAL *br = yr + s * (radix * p + j), *bi = yi + s * (radix * p + j);
      for (int k = 0; k < radix; k++) {
        intptr_t place = (root * (j * k % radix) + j * p * step) % length;
        REAL c = cosine[place], d = -sine[place];
        const REAL *ar = xr + s * p + k * apart, *ai = xi + s * p + k * apart;
        if (k == 0) {
          for (intptr_t q = 0; q < s; q++)
            br[q] = ar[q] * c - ai[q] * d, bi[q] = ar[q] * d + ai[q] * c;
        } else {
          for (intptr_t q = 0; q < s; q++)
            br[q] += ar[q] * c - ai[q] * d, bi[q] += ar[q] * d + ai[q] * c;
        }
      }
    }
  }
}

static void NAME(fft_pass)(int radix, intptr_t n, intptr_t s, intptr_t length, intptr_t first,
                           intptr_t last, const REAL *roots, const REAL *xr, const REAL *xi,
                           REAL *yr, REAL *yi) {
  const intptr_t step = length / n;
  const REAL *sine = roots + length;
#define PASS(radix)                                                                                \
  case radix: NAME(fft_radix)(radix, n, s, step, first, last, roots, sine, xr, xi, yr, yi); return
  switch (radix) {
    PASS(2);
    PASS(3);
    PASS(4);
    PASS(5);
    default:
      NAME(fft_sum)(radix, n, s, step, length, first, last, roots, sine, xr, xi, yr, yi);
  }
#undef PASS
}

/// (xr + i xi) times (cr + i ci), element by element and in place.
static void NAME(multiply_complex)(const REAL *cr, const REAL *ci, REAL *xr, REAL *xi, intptr_t n) {
  for (intptr_t k = 0; k < n; k++) {
    REAL r = xr[k], i = xi[k];
    xr[k] = r * cr[k] - i * ci[k];
    xi[k] = r * ci[k] + i * cr[k];
  }
}
