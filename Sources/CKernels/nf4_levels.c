#include "include/loqt_kernels.h"
#include "kernel_table.h"

// The 4-bit NormalFloat of Dettmers et al., QLoRA (2023), appendix E.
#define LEVEL_0 -1.0f
#define LEVEL_1 -0.6961928009986877f
#define LEVEL_2 -0.5250730514526367f
#define LEVEL_3 -0.39491748809814453f
#define LEVEL_4 -0.28444138169288635f
#define LEVEL_5 -0.18477343022823334f
#define LEVEL_6 -0.09105003625154495f
#define LEVEL_7 0.0f
#define LEVEL_8 0.07958029955625534f
#define LEVEL_9 0.16093020141124725f
#define LEVEL_A 0.24611230194568634f
#define LEVEL_B 0.33791524171829224f
#define LEVEL_C 0.44070982933044434f
#define LEVEL_D 0.5626170039176941f
#define LEVEL_E 0.7229568362236023f
#define LEVEL_F 1.0f

// ROW(h): level h with each of the sixteen.
#define PAIR(high, low) {LEVEL_##high, LEVEL_##low}
#define ROW(h)                                                                                     \
  PAIR(h, 0), PAIR(h, 1), PAIR(h, 2), PAIR(h, 3), PAIR(h, 4), PAIR(h, 5), PAIR(h, 6), PAIR(h, 7),  \
  PAIR(h, 8), PAIR(h, 9), PAIR(h, A), PAIR(h, B), PAIR(h, C), PAIR(h, D), PAIR(h, E), PAIR(h, F)

const float loqt_nf4_levels[16] = {
    LEVEL_0, LEVEL_1, LEVEL_2, LEVEL_3, LEVEL_4, LEVEL_5, LEVEL_6, LEVEL_7,
    LEVEL_8, LEVEL_9, LEVEL_A, LEVEL_B, LEVEL_C, LEVEL_D, LEVEL_E, LEVEL_F,
};

const float loqt_nf4_pairs[256][2] = {
    ROW(0), ROW(1), ROW(2), ROW(3), ROW(4), ROW(5), ROW(6), ROW(7),
    ROW(8), ROW(9), ROW(A), ROW(B), ROW(C), ROW(D), ROW(E), ROW(F),
};
