// The table of kernels of one instruction set.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "include/loqt_int8.h"
#include "include/loqt_kernels.h"

typedef struct {
  int level;
#define KERNEL(result, name, parameters, arguments) result(*name) parameters;
#include "kernel_list.h"
#undef KERNEL
} loqt_kernel_table;

extern const loqt_kernel_table loqt_kernels_plain;
#if defined(__x86_64__)
extern const loqt_kernel_table loqt_kernels_avx2;
extern const loqt_kernel_table loqt_kernels_avx512;
#endif

/// The levels of 4-bit codes.
typedef struct {
  /// The codes in the order of their levels; of two codes with equal levels, numbers not above the
  /// level get the first.
  int32_t order[16];
  /// The level of each code.
  float levels[16];
  /// The two levels of every byte, that of its high half first.
  float pairs[256][2];
} loqt_codebook4;

extern const loqt_codebook4 loqt_codebooks4[2];
