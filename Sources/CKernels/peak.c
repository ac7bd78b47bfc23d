// How fast this processor multiplies and adds in registers, which no matrix product can exceed.

#include <time.h>

#include "include/loqt_kernels.h"
#include "include/loqt_processor.h"

static double nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e9 + now.tv_nsec;
}

// Twelve independent sums cover the latency of two units.
#define PEAK(name, T, bytes, isa)                                                                  \
  isa static double name(int64_t rounds) {                                                         \
    typedef T vector __attribute__((vector_size(bytes)));                                          \
    vector sum[12], a, b;                                                                          \
    for (unsigned k = 0; k < bytes / sizeof(T); k++) a[k] = (T)0.999, b[k] = (T)0.001;             \
    for (int k = 0; k < 12; k++) sum[k] = a;                                                       \
    double start = nanoseconds();                                                                  \
    for (int64_t r = 0; r < rounds; r++) {                                                         \
      _Pragma("clang fp contract(fast)") _Pragma("clang loop unroll(full)")                        \
      for (int k = 0; k < 12; k++) sum[k] = sum[k] * a + b;                                        \
      __asm__ volatile("" : : : "memory");                                                         \
    }                                                                                              \
    double time = nanoseconds() - start;                                                           \
    vector all = sum[0];                                                                           \
    for (int k = 1; k < 12; k++) all += sum[k];                                                    \
    volatile T keep = all[0];                                                                      \
    (void)keep;                                                                                    \
    return time > 0 ? (double)rounds * 12 * 2 * (bytes / sizeof(T)) / time : 0;                    \
  }

PEAK(plain_f32, float, 16, )
PEAK(plain_f64, double, 16, )
#if defined(__x86_64__)
PEAK(avx2_f32, float, 32, __attribute__((target("avx2,fma"))))
PEAK(avx2_f64, double, 32, __attribute__((target("avx2,fma"))))
PEAK(avx512_f32, float, 64, __attribute__((target("avx512f,fma"))))
PEAK(avx512_f64, double, 64, __attribute__((target("avx512f,fma"))))
#endif

double loqt_register_peak(bool wide, int64_t rounds) {
#if defined(__x86_64__)
  int level = loqt_best_instruction_set();
  if (level >= LOQT_AVX512) return wide ? avx512_f64(rounds) : avx512_f32(rounds);
  if (level >= LOQT_AVX2) return wide ? avx2_f64(rounds) : avx2_f32(rounds);
#endif
  return wide ? plain_f64(rounds) : plain_f32(rounds);
}
