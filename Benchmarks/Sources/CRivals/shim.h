// What the benchmarks compare with: bare calls of OpenBLAS and LAPACKE, and loops that a C compiler
// vectorises, for the bandwidth of memory.
#pragma once
#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

static inline void rival_triad(const float *a, const float *b, float *restrict out, size_t n) {
  for (size_t i = 0; i < n; i++) out[i] = a[i] + 3.0f * b[i];
}
static inline void rival_copy(const void *source, void *target, size_t bytes) {
  memcpy(target, source, bytes);
}
static inline void rival_fill(float *out, float value, size_t n) {
  for (size_t i = 0; i < n; i++) out[i] = value;
}
static inline float rival_read(const float *x, size_t n) {
  float lanes[64] = {0};
  for (size_t i = 0; i + 64 <= n; i += 64)
    for (int j = 0; j < 64; j++) lanes[j] += x[i + j];
  float sum = 0;
  for (int j = 0; j < 64; j++) sum += lanes[j];
  return sum;
}
static inline void rival_exp(const float *x, float *out, size_t n) {
  for (size_t i = 0; i < n; i++) out[i] = expf(x[i]);
}
static inline void rival_tanh(const float *x, float *out, size_t n) {
  for (size_t i = 0; i < n; i++) out[i] = tanhf(x[i]);
}
static inline void rival_erf(const float *x, float *out, size_t n) {
  for (size_t i = 0; i < n; i++) out[i] = erff(x[i]);
}
