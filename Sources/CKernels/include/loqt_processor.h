// What the processor can do, and which of its kernels OpenBLAS takes.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

// ---- The processor ----------------------------------------------------------------------------

/// Instructions that processor and operating system both allow. LOQT_HAS_AVX512 stands for what a
/// server of 2017 has: the foundation, conflict detection, bytes, doublewords, shorter vectors.
enum {
  LOQT_HAS_AVX = 1 << 0, LOQT_HAS_FMA = 1 << 1, LOQT_HAS_F16C = 1 << 2, LOQT_HAS_AVX2 = 1 << 3,
  LOQT_HAS_AVX_VNNI = 1 << 4, LOQT_HAS_AVX512 = 1 << 5, LOQT_HAS_AVX512_VNNI = 1 << 6,
  LOQT_HAS_AVX512_BF16 = 1 << 7, LOQT_HAS_AVX512_FP16 = 1 << 8, LOQT_HAS_AMX_INT8 = 1 << 9,
  LOQT_HAS_AMX_BF16 = 1 << 10,
};

typedef struct {
  /// A set of LOQT_HAS_...; empty on other than x86-64.
  int32_t features;
  /// As CPUID tells them; 0 on other than x86-64.
  int32_t family, model, stepping;
  /// KiB of the second cache by the leaf of CPUID that OpenBLAS reads (0x80000006) and by the one
  /// that lists all caches (4, AMD's 0x8000001D); 0 when it is not told, as in some virtual machines.
  int32_t second_cache_read_by_openblas, second_cache;
  /// "GenuineIntel", "AuthenticAMD" or another maker; empty on other than x86-64.
  char maker[13];
  /// The name that the processor gives itself; may be empty.
  char name[49];
} loqt_processor;

loqt_processor loqt_this_processor(void);

// ---- Cores ------------------------------------------------------------------------------------

enum { LOQT_MOST_PROCESSORS = 1024 };
/// leaders[p], for all LOQT_MOST_PROCESSORS: the first processor on the core of p, or -1 where this
/// thread may not run on p.
void loqt_processor_leaders(int16_t *leaders);
/// Processors in such a list, and the cores that they make up.
int loqt_count_processors(const int16_t *leaders);
int loqt_count_cores(const int16_t *leaders);
/// places[k]: where worker k of a loop of so many ranges best runs, beside its caller on `caller`.
/// Cores of their own, as far apart as there are cores; with fewer cores than ranges processors of
/// their own; with fewer processors -1, as when nothing is known.
void loqt_place_workers(const int16_t *leaders, int caller, int ranges, int16_t *places);
/// The peak rate of this thread at multiplications and additions in registers, in operations a
/// nanosecond, over so many rounds; with double precision when `wide`.
double loqt_register_peak(bool wide, int64_t rounds);

// ---- OpenBLAS's kernels -----------------------------------------------------------------------

/// Whether the OpenBLAS of this process can change its kernels while it runs.
bool loqt_openblas_can_choose(void);
/// Has OpenBLAS choose its kernels anew: those of `core`, or those of its own detection when null. No
/// other thread may be inside OpenBLAS. False, with nothing done, where it cannot.
bool loqt_openblas_choose(const char *_Nullable core);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#ifdef __cplusplus
}
#endif
