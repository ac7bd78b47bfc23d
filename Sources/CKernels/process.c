// Memory from the operating system, and hints to it.

#if defined(__linux__)
#define _GNU_SOURCE
#include <malloc.h>
#endif
#include <sys/mman.h>

#include "include/loqt_kernels.h"

enum { huge = 2 << 20 };

void *loqt_map_pages(intptr_t bytes, intptr_t huge_bytes) {
  // Maps room to begin at a multiple of a huge page, and unmaps what lies around.
  intptr_t room = huge_bytes > 0 ? bytes + huge : bytes;
  char *all = mmap(NULL, (size_t)room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED) return NULL;
  if (huge_bytes <= 0) return all;
  intptr_t before = -(intptr_t)all & (huge - 1), after = huge - before;
  if (before > 0) munmap(all, (size_t)before);
  char *begin = all + before;
  munmap(begin + bytes, (size_t)after);
  loqt_advise_huge_pages(begin, huge_bytes & ~(intptr_t)(huge - 1));
  return begin;
}

void loqt_unmap_pages(void *pages, intptr_t bytes) { munmap(pages, (size_t)bytes); }

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
