// The kernels for AVX-512.
#if defined(__x86_64__)
#define LEVEL 3
#define AT_LEVEL(name) name##_avx512
#define LEVEL_TARGET "avx512f,avx512bw,avx512vl,avx512dq,avx2,f16c,fma"
#include "level_impl.h"
#endif
