#include "include/loqt_kernels.h"
#include "kernel_table.h"

// The 4-bit NormalFloat of Dettmers et al., QLoRA (2023), appendix E.
#define NF4_0 -1.0f
#define NF4_1 -0.6961928009986877f
#define NF4_2 -0.5250730514526367f
#define NF4_3 -0.39491748809814453f
#define NF4_4 -0.28444138169288635f
#define NF4_5 -0.18477343022823334f
#define NF4_6 -0.09105003625154495f
#define NF4_7 0.0f
#define NF4_8 0.07958029955625534f
#define NF4_9 0.16093020141124725f
#define NF4_A 0.24611230194568634f
#define NF4_B 0.33791524171829224f
#define NF4_C 0.44070982933044434f
#define NF4_D 0.5626170039176941f
#define NF4_E 0.7229568362236023f
#define NF4_F 1.0f

// The 4-bit float of bitsandbytes: a sign, and twelfths of 0, 1/16, 8, 12, 4, 6, 2 and 3. Code 8
// would be -0 and is 0.
#define FP4_0 0.0f
#define FP4_1 0.0052083334f
#define FP4_2 0.6666667f
#define FP4_3 1.0f
#define FP4_4 0.33333334f
#define FP4_5 0.5f
#define FP4_6 0.16666667f
#define FP4_7 0.25f
#define FP4_8 0.0f
#define FP4_9 -0.0052083334f
#define FP4_A -0.6666667f
#define FP4_B -1.0f
#define FP4_C -0.33333334f
#define FP4_D -0.5f
#define FP4_E -0.16666667f
#define FP4_F -0.25f

// ROW(book, h): level h paired with each of the sixteen.
#define PAIR(book, high, low) {book##_##high, book##_##low}
#define ROW(book, h)                                                                               \
  PAIR(book, h, 0), PAIR(book, h, 1), PAIR(book, h, 2), PAIR(book, h, 3),                          \
  PAIR(book, h, 4), PAIR(book, h, 5), PAIR(book, h, 6), PAIR(book, h, 7),                          \
  PAIR(book, h, 8), PAIR(book, h, 9), PAIR(book, h, A), PAIR(book, h, B),                          \
  PAIR(book, h, C), PAIR(book, h, D), PAIR(book, h, E), PAIR(book, h, F)
#define ROWS(book)                                                                                 \
  ROW(book, 0), ROW(book, 1), ROW(book, 2), ROW(book, 3),                                          \
  ROW(book, 4), ROW(book, 5), ROW(book, 6), ROW(book, 7),                                          \
  ROW(book, 8), ROW(book, 9), ROW(book, A), ROW(book, B),                                          \
  ROW(book, C), ROW(book, D), ROW(book, E), ROW(book, F)
#define LEVELS(book)                                                                               \
  book##_0, book##_1, book##_2, book##_3, book##_4, book##_5, book##_6, book##_7,                  \
  book##_8, book##_9, book##_A, book##_B, book##_C, book##_D, book##_E, book##_F

const loqt_codebook4 loqt_codebooks4[2] = {
    [LOQT_NF4] = {
        .order = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
        .levels = {LEVELS(NF4)},
        .pairs = {ROWS(NF4)},
    },
    [LOQT_FP4] = {
        .order = {11, 10, 13, 12, 15, 14, 9, 0, 8, 1, 6, 7, 4, 5, 2, 3},
        .levels = {LEVELS(FP4)},
        .pairs = {ROWS(FP4)},
    },
};

void loqt_code4_levels(int codebook, float *levels) {
  for (int code = 0; code < 16; code++) levels[code] = loqt_codebooks4[codebook].levels[code];
}
