// The kernels for AVX2.
#if defined(__x86_64__)
#define LEVEL 2
#define AT_LEVEL(name) name##_avx2
#define LEVEL_TARGET "avx2,f16c,fma"
#include "level_impl.h"
#endif
