// The kernels for AVX2. Fused multiply-add stays off: it would change results from level to level.
#if defined(__x86_64__)
#define LEVEL 2
#define AT_LEVEL(name) name##_avx2
#define LEVEL_TARGET "avx2,f16c"
#include "level_impl.h"
#endif
