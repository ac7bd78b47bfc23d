// Changes OpenBLAS's kernels in a running process.
//
// A build of OpenBLAS for many processors holds a table of kernels for each and picks one when it
// is loaded. The two functions that drop the table and pick again are exported but not declared;
// they are looked up by name, because not every build has them. The pick obeys OPENBLAS_CORETYPE,
// which is therefore set for a moment: not by setenv, which may free the array that another thread
// is reading, but by an array of our own that is never freed.

#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if defined(__linux__)
#include <dlfcn.h>
#endif

#include "include/loqt_processor.h"

#if defined(__linux__) && defined(__x86_64__)

typedef void (*procedure)(void);
typedef struct {
  procedure forget, look;
} chooser;

/// Finds a function in the library that has OpenBLAS's `openblas_get_corename`, so that two copies
/// of OpenBLAS in a process are not mixed up.
static procedure find(const char *name) {
  void *known = dlsym(RTLD_DEFAULT, "openblas_get_corename"), *found = dlsym(RTLD_DEFAULT, name);
  Dl_info one, other;
  if (!known || !found || !dladdr(known, &one) || !dladdr(found, &other)) return NULL;
  return one.dli_fbase == other.dli_fbase ? (procedure)found : NULL;
}

static chooser find_chooser(void) {
  chooser c = {find("gotoblas_dynamic_quit"), find("gotoblas_dynamic_init")};
  return c.forget && c.look ? c : (chooser){0};
}

bool loqt_openblas_can_choose(void) { return find_chooser().look != NULL; }

bool loqt_openblas_choose(const char *core) {
  static char core_variable[64], cache_variable[64];
  chooser chooser = find_chooser();
  size_t count = 0;
  while (environ && environ[count]) count++;
  char **before = environ, **ours = malloc((count + 3) * sizeof *ours);
  if (!chooser.look || !ours) {
    free(ours);
    return false;
  }
  char **next = ours;
  if (core) {
    snprintf(core_variable, sizeof core_variable, "OPENBLAS_CORETYPE=%s", core);
    *next++ = core_variable;
  }
  // If it finds no size of the L2 cache, OpenBLAS complains on standard error and assumes 256 KiB.
  loqt_processor processor = loqt_this_processor();
  if (processor.second_cache_read_by_openblas == 0 && !getenv("OPENBLAS_L2_SIZE")) {
    int size = processor.second_cache > 0 ? processor.second_cache : 256;
    snprintf(cache_variable, sizeof cache_variable, "OPENBLAS_L2_SIZE=%d", size);
    *next++ = cache_variable;
  }
  if (count > 0) memcpy(next, before, count * sizeof *next);
  next[count] = NULL;
  environ = ours;
  chooser.forget();
  chooser.look();
  if (environ == ours) {
    environ = before;
  } else {
    // Another thread has meanwhile set a variable, in a copy of our array.
    if (core) unsetenv("OPENBLAS_CORETYPE");
  }
  return true;
}

#else

bool loqt_openblas_can_choose(void) { return false; }
bool loqt_openblas_choose(const char *core) {
  (void)core;
  return false;
}

#endif
