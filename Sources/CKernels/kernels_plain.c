// The kernels in the architecture's baseline instruction set: SSE2 on x86-64, NEON on arm64.
#define LEVEL 0
#define AT_LEVEL(name) name##_plain
#include "level_impl.h"
