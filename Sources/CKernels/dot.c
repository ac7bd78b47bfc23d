#include "include/loqt_kernels.h"

void loqt_code_arrange(int kind, const float *x, intptr_t tokens, intptr_t columns, float *out) {
  // In these kinds a byte holds two neighbouring columns, the first in the high half.
  bool paired = kind == LOQT_NF4 || kind == LOQT_FP4 || kind == LOQT_INT4;
  for (intptr_t group = 0; group < tokens; group += LOQT_DOT_TOKENS) {
    intptr_t end = tokens - group < LOQT_DOT_TOKENS ? tokens : group + LOQT_DOT_TOKENS;
    for (intptr_t first = 0; first < columns; first += 32)
      for (intptr_t t = group; t < end; t++)
        for (intptr_t k = 0; k < 32; k++) {
          intptr_t column = first + (!paired ? k : k < 16 ? 2 * k + 1 : 2 * (k - 16));
          *out++ = column < columns ? x[t * columns + column] : 0;
        }
  }
}
