// What the benchmarks compare with: bare calls of OpenBLAS and LAPACKE, and loops that a C compiler
// vectorises, for the bandwidth of memory.
#pragma once
#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/// Tells the compiler that what `p` points at may have been changed or read elsewhere; without that
/// it drops loops whose results are not used.
static inline void rival_used(const void *p) { __asm__ volatile("" : : "r"(p) : "memory"); }

static inline void rival_triad(const float *a, const float *b, float *restrict out, size_t n) {
  for (size_t i = 0; i < n; i++) out[i] = a[i] + 3.0f * b[i];
  rival_used(out);
}
static inline void rival_copy(const void *source, void *target, size_t bytes) {
  memcpy(target, source, bytes);
  rival_used(target);
}
static inline void rival_fill(float *out, float value, size_t n) {
  for (size_t i = 0; i < n; i++) out[i] = value;
  rival_used(out);
}
static inline float rival_read(const float *x, size_t n) {
  rival_used(x);
  float lanes[64] = {0};
  for (size_t i = 0; i + 64 <= n; i += 64)
    for (int j = 0; j < 64; j++) lanes[j] += x[i + j];
  float sum = 0;
  for (int j = 0; j < 64; j++) sum += lanes[j];
  rival_used(&sum);
  return sum;
}

static inline int rival_compare(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}
static inline void rival_sort(const float *x, float *out, size_t n) {
  memcpy(out, x, n * sizeof(float));
  qsort(out, n, sizeof(float), rival_compare);
}

/// A share of a triad, or of reading if there is no `out`.
struct rival_part {
  const float *a, *b;
  float *out;
  size_t n;
};
static inline void *rival_run_part(void *argument) {
  struct rival_part *part = (struct rival_part *)argument;
  if (part->out) rival_triad(part->a, part->b, part->out, part->n);
  else rival_read(part->a, part->n);
  return NULL;
}
/// A triad, or reading, on `threads` threads, at most 256, which it starts each time: that takes a
/// hundredth of what such a long loop does.
static inline void rival_on(int threads, const float *a, const float *b, float *out, size_t n) {
  struct rival_part parts[256];
  pthread_t others[256];
  size_t length = n / (size_t)threads;
  for (int k = 0; k < threads; k++) {
    size_t start = (size_t)k * length;
    parts[k].a = a + start;
    parts[k].b = b + start;
    parts[k].out = out ? out + start : NULL;
    parts[k].n = k == threads - 1 ? n - start : length;
    if (k > 0) pthread_create(&others[k], NULL, rival_run_part, &parts[k]);
  }
  rival_run_part(&parts[0]);
  for (int k = 1; k < threads; k++) pthread_join(others[k], NULL);
}
static inline void rival_triad_on(int threads, const float *a, const float *b, float *out,
                                  size_t n) {
  rival_on(threads, a, b, out, n);
}
static inline void rival_read_on(int threads, const float *x, size_t n) {
  rival_on(threads, x, x, NULL, n);
}

static inline void rival_exp(const float *x, float *out, size_t n) {
  for (size_t i = 0; i < n; i++) out[i] = expf(x[i]);
  rival_used(out);
}
static inline void rival_tanh(const float *x, float *out, size_t n) {
  for (size_t i = 0; i < n; i++) out[i] = tanhf(x[i]);
  rival_used(out);
}
static inline void rival_erf(const float *x, float *out, size_t n) {
  for (size_t i = 0; i < n; i++) out[i] = erff(x[i]);
  rival_used(out);
}

// The library's own choice of instruction set: 0 plain, 2 AVX2, 3 AVX-512.
int loqt_best_instruction_set(void);
void loqt_force_instruction_set(int level);
