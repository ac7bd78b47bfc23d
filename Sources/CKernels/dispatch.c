// Chooses the instruction set once and forwards every public kernel to it.

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "include/loqt_kernels.h"
#include "kernel_table.h"

static const loqt_kernel_table *_Atomic active;

static const loqt_kernel_table *table_of(int level) {
#if defined(__x86_64__)
  int best = loqt_best_instruction_set();
  if (level > best) level = best;
  if (level >= LOQT_AVX512) return &loqt_kernels_avx512;
  if (level >= LOQT_AVX2) return &loqt_kernels_avx2;
#else
  (void)level;
#endif
  return &loqt_kernels_plain;
}

static const loqt_kernel_table *choose(void) {
  int level = LOQT_AVX512;
  const char *wish = getenv("LOQT_INSTRUCTION_SET");
  if (wish && !strcmp(wish, "plain")) level = LOQT_PLAIN;
  if (wish && !strcmp(wish, "avx2")) level = LOQT_AVX2;
  const loqt_kernel_table *expected = NULL, *chosen = table_of(level);
  // Keep a level that another thread has forced meanwhile.
  if (atomic_compare_exchange_strong(&active, &expected, chosen)) return chosen;
  return expected;
}

static inline const loqt_kernel_table *kernels(void) {
  const loqt_kernel_table *table = atomic_load_explicit(&active, memory_order_acquire);
  return __builtin_expect(table != NULL, 1) ? table : choose();
}

int loqt_best_instruction_set(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("f16c") ||
      !__builtin_cpu_supports("fma"))
    return LOQT_PLAIN;
  bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
              __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  return wide ? LOQT_AVX512 : LOQT_AVX2;
#else
  return LOQT_PLAIN;
#endif
}

int loqt_instruction_set(void) { return kernels()->level; }

void loqt_force_instruction_set(int level) { atomic_store(&active, table_of(level)); }

#define KERNEL(result, name, parameters, arguments)                                                \
  result loqt_##name parameters { return kernels()->name arguments; }
#include "kernel_list.h"
#undef KERNEL
