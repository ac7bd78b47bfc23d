// Hints to the operating system about memory.

#if defined(__linux__)
#define _GNU_SOURCE
#include <malloc.h>
#include <sys/mman.h>
#endif

#include "include/loqt_kernels.h"

void loqt_advise_huge_pages(void *pointer, intptr_t bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  // Whole small pages only: the kernel refuses any other range.
  uintptr_t begin = ((uintptr_t)pointer + 4095) & ~(uintptr_t)4095;
  uintptr_t end = ((uintptr_t)pointer + (uintptr_t)bytes) & ~(uintptr_t)4095;
  if (bytes > 0 && begin < end) madvise((void *)begin, end - begin, MADV_HUGEPAGE);
#else
  (void)pointer, (void)bytes;
#endif
}

void loqt_trim_heap(void) {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}
