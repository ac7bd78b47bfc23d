// The table of kernels of one instruction set.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/// Both levels of every byte of two NF4 codes, the one in the high half first.
extern const float loqt_nf4_pairs[256][2];
