// The system call that swaps two names, which Swift does not import everywhere.

#if defined(__linux__)
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif
#include <errno.h>
#include <stdio.h>

#include "include/loqt_kernels.h"

int loqt_exchange_names(const char *one, const char *other) {
#if defined(__linux__) && defined(SYS_renameat2)
  // 2 is RENAME_EXCHANGE; not every C library has a function for it.
  return (int)syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, 2);
#elif defined(__APPLE__)
  return renamex_np(one, other, RENAME_SWAP);
#else
  errno = ENOSYS;
  return -1;
#endif
}
