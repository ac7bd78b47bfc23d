// Copies of strided arrays into contiguous ones.

#include <string.h>

#include "include/loqt_kernels.h"

enum { maximum_rank = 64 };

/// Copies one run of `n` elements.
#define RUN(T)                                                                                     \
  do {                                                                                             \
    const T *x = (const T *)source;                                                                \
    T *y = (T *)out;                                                                               \
    if (stride == 0) {                                                                             \
      T value = *x;                                                                                \
      for (intptr_t i = 0; i < n; i++) y[i] = value;                                               \
    } else {                                                                                       \
      for (intptr_t i = 0; i < n; i++) y[i] = x[i * stride];                                       \
    }                                                                                              \
  } while (0)

static void copy_run(const char *source, intptr_t stride, intptr_t n, char *out, intptr_t size) {
  if (stride == 1) {
    memcpy(out, source, (size_t)(n * size));
    return;
  }
  switch (size) {
    case 1: RUN(uint8_t); return;
    case 2: RUN(uint16_t); return;
    case 4: RUN(uint32_t); return;
    case 8: RUN(uint64_t); return;
    default: __builtin_trap();
  }
}
#undef RUN

/// Copies the last two axes as a transposition if the first of them is the contiguous one; returns
/// whether it did.
static bool copy_transposed(const char *source, const intptr_t *shape, const intptr_t *strides,
                            char *out, intptr_t size) {
  if (strides[0] != 1 || strides[1] < shape[0] || shape[0] < 4 || shape[1] < 4) return false;
  if (size == 4) {
    loqt_transpose_f32((const float *)source, strides[1], (float *)out, shape[1], shape[1],
                       shape[0]);
  } else if (size == 8) {
    loqt_transpose_f64((const double *)source, strides[1], (double *)out, shape[1], shape[1],
                       shape[0]);
  } else {
    return false;
  }
  return true;
}

void loqt_copy_strided(const void *source, const intptr_t *shape, const intptr_t *strides,
                       intptr_t rank, void *out, intptr_t size) {
  // Axes of one element are dropped, and neighbours that form one regular axis are merged.
  intptr_t n[maximum_rank], step[maximum_rank], axes = 0;
  for (intptr_t k = 0; k < rank; k++) {
    if (shape[k] == 0) return;
    if (shape[k] == 1) continue;
    if (axes > 0 && step[axes - 1] == strides[k] * shape[k]) {
      n[axes - 1] *= shape[k];
      step[axes - 1] = strides[k];
      continue;
    }
    if (axes == maximum_rank) __builtin_trap();
    n[axes] = shape[k];
    step[axes] = strides[k];
    axes++;
  }
  if (axes == 0) {
    memcpy(out, source, (size_t)size);
    return;
  }

  intptr_t position[maximum_rank] = {0};
  const char *from = source;
  char *to = out;
  bool transposed = axes >= 2 && step[axes - 2] == 1;
  while (true) {
    intptr_t inner = 1;
    if (transposed && copy_transposed(from, n + axes - 2, step + axes - 2, to, size)) {
      inner = 2;
      to += n[axes - 2] * n[axes - 1] * size;
    } else {
      transposed = false;
      copy_run(from, step[axes - 1], n[axes - 1], to, size);
      to += n[axes - 1] * size;
    }
    intptr_t k = axes - inner - 1;
    for (; k >= 0; k--) {
      from += step[k] * size;
      if (++position[k] < n[k]) break;
      from -= step[k] * size * n[k];
      position[k] = 0;
    }
    if (k < 0) return;
  }
}
