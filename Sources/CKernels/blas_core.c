// OpenBLAS releases older than a processor fall back to kernels of an older instruction set: 0.3.21
// runs AVX2 kernels on AVX-512 processors that it does not know, at half their speed.

#define _GNU_SOURCE
#include "loqt_kernels.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

bool loqt_modernize_openblas(void) {
#if defined(__x86_64__)
  if (getenv("OPENBLAS_CORETYPE") || loqt_best_instruction_set() != LOQT_AVX512) return false;
  const char *(*core_name)(void) = (const char *(*)(void))dlsym(RTLD_DEFAULT, "openblas_get_corename");
  void (*quit)(void) = (void (*)(void))dlsym(RTLD_DEFAULT, "gotoblas_dynamic_quit");
  void (*init)(void) = (void (*)(void))dlsym(RTLD_DEFAULT, "gotoblas_dynamic_init");
  if (!core_name || !quit || !init) return false;
  const char *name = core_name();
  if (!name || (strcmp(name, "Haswell") && strcmp(name, "Zen"))) return false;
  setenv("OPENBLAS_CORETYPE", "SkylakeX", 1);
  quit();
  init();
  unsetenv("OPENBLAS_CORETYPE");
  return true;
#else
  return false;
#endif
}
