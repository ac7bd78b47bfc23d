// Roots of unity and the steps around a transform of real numbers.

#include <math.h>

#include "include/loqt_kernels.h"

#pragma STDC FP_CONTRACT OFF

typedef struct {
  long double c, s;
} turn;

/// The cosine and sine of 2 pi k / n, from an angle of at most pi / 4.
static turn root(intptr_t k, intptr_t n) {
  // In eighths of a turn, rounded to the nearest quarter.
  intptr_t quarters = (8 * k / n + 1) / 2;
  long double angle = (long double)(4 * k - quarters * n) / (long double)n;
  angle *= 1.570796326794896619231321691639751L;
  long double c = cosl(angle), s = sinl(angle);
  switch (quarters & 3) {
    case 0: return (turn){c, s};
    case 1: return (turn){-s, c};
    case 2: return (turn){-c, -s};
    default: return (turn){s, -c};
  }
}

#define ROOTS(T, S)                                                                                \
  void loqt_roots_of_unity_##S(intptr_t n, T *out) {                                               \
    /* Products of a coarse and a fine root, with more digits than are kept. */                    \
    enum { fine = 1024 };                                                                          \
    turn near[fine];                                                                               \
    for (intptr_t k = 0; k < fine && k < n; k++) near[k] = root(k, n);                             \
    for (intptr_t start = 0; start < n; start += fine) {                                           \
      turn far = root(start, n);                                                                   \
      for (intptr_t k = 0; k < fine && start + k < n; k++) {                                       \
        out[start + k] = (T)(far.c * near[k].c - far.s * near[k].s);                               \
        out[n + start + k] = (T)(far.c * near[k].s + far.s * near[k].c);                           \
      }                                                                                            \
    }                                                                                              \
  }                                                                                                \
  void loqt_split_pairs_##S(const T *x, T *even, T *odd, intptr_t n) {                             \
    for (intptr_t k = 0; k < n; k++) even[k] = x[2 * k], odd[k] = x[2 * k + 1];                    \
  }                                                                                                \
  void loqt_join_pairs_##S(const T *even, const T *odd, T *y, intptr_t n) {                        \
    for (intptr_t k = 0; k < n; k++) y[2 * k] = even[k], y[2 * k + 1] = odd[k];                    \
  }                                                                                                \
  void loqt_real_from_half_##S(intptr_t h, const T *roots, const T *zr, const T *zi, T *yr,        \
                               T *yi) {                                                            \
    for (intptr_t k = 0; k <= h; k++) {                                                            \
      intptr_t a = k == h ? 0 : k, b = k == 0 ? 0 : h - k;                                         \
      T er = (zr[a] + zr[b]) / 2, ei = (zi[a] - zi[b]) / 2;                                        \
      T or = (zi[a] + zi[b]) / 2, oi = (zr[b] - zr[a]) / 2;                                        \
      T c = k == h ? -1 : roots[k], s = k == h ? 0 : -roots[2 * h + k];                            \
      yr[k] = er + or * c - oi * s;                                                                \
      yi[k] = ei + or * s + oi * c;                                                                \
    }                                                                                              \
  }                                                                                                \
  void loqt_half_from_real_##S(intptr_t h, const T *roots, const T *yr, const T *yi, T *zr,        \
                               T *zi) {                                                            \
    for (intptr_t k = 0; k < h; k++) {                                                             \
      /* The imaginary parts of the ends are not used. */                                          \
      T br = yr[h - k], ai = k == 0 ? 0 : yi[k], bi = k == 0 ? 0 : -yi[h - k];                     \
      T er = yr[k] + br, ei = ai + bi, dr = yr[k] - br, di = ai - bi;                              \
      T c = roots[k], s = roots[2 * h + k];                                                        \
      T or = dr * c - di * s, oi = dr * s + di * c;                                                \
      zr[k] = (er - oi) / 2;                                                                       \
      zi[k] = (ei + or) / 2;                                                                       \
    }                                                                                              \
  }

ROOTS(float, f32)
ROOTS(double, f64)
