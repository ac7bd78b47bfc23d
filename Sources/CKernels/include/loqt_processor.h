// What the processor can do, and which kernels OpenBLAS uses.
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

/// Instructions that both processor and operating system support. LOQT_HAS_AVX512 stands for the
/// set of a server of 2017: F, CD, BW, DQ and VL.
enum {
  LOQT_HAS_AVX = 1 << 0, LOQT_HAS_FMA = 1 << 1, LOQT_HAS_F16C = 1 << 2, LOQT_HAS_AVX2 = 1 << 3,
  LOQT_HAS_AVX_VNNI = 1 << 4, LOQT_HAS_AVX512 = 1 << 5, LOQT_HAS_AVX512_VNNI = 1 << 6,
  LOQT_HAS_AVX512_BF16 = 1 << 7, LOQT_HAS_AVX512_FP16 = 1 << 8, LOQT_HAS_AMX_INT8 = 1 << 9,
  LOQT_HAS_AMX_BF16 = 1 << 10,
};

typedef struct {
  /// A set of LOQT_HAS_...; empty except on x86-64.
  int32_t features;
  /// As reported by CPUID; 0 except on x86-64.
  int32_t family, model, stepping;
  /// KiB of L2 cache by the CPUID leaf that OpenBLAS reads (0x80000006) and by the one that lists
  /// all caches (4, AMD's 0x8000001D); 0 if not reported, as in some virtual machines.
  int32_t second_cache_read_by_openblas, second_cache;
  /// "GenuineIntel", "AuthenticAMD" or another vendor; empty except on x86-64.
  char maker[13];
  /// The brand string; may be empty.
  char name[49];
} loqt_processor;

loqt_processor loqt_this_processor(void);

// ---- Cores ------------------------------------------------------------------------------------

enum { LOQT_MOST_PROCESSORS = 1024 };
/// leaders[p], for all LOQT_MOST_PROCESSORS: the first processor on the core of p, or -1 if this
/// thread may not run on p.
void loqt_processor_leaders(int16_t *leaders);
/// The processors in such a list, and the cores they belong to.
int loqt_count_processors(const int16_t *leaders);
int loqt_count_cores(const int16_t *leaders);
/// places[k]: the best processor for worker k of a loop of `ranges` ranges whose caller runs on
/// `caller`. Workers get cores of their own, as far apart as possible; with fewer cores than
/// ranges, processors of their own; with fewer processors, or if nothing is known, -1.
void loqt_place_workers(const int16_t *leaders, int caller, int ranges, int16_t *places);
/// The peak rate of this thread at multiplications and additions in registers, in operations a
/// nanosecond, over `rounds` rounds; in double precision if `wide`.
double loqt_register_peak(bool wide, int64_t rounds);

// ---- OpenBLAS's kernels -----------------------------------------------------------------------

/// Whether the OpenBLAS of this process can change its kernels at run time.
bool loqt_openblas_can_choose(void);
/// Makes OpenBLAS choose its kernels again: those of `core`, or by its own detection if null. No
/// other thread may be inside OpenBLAS. Returns false, with nothing done, if it cannot.
bool loqt_openblas_choose(const char *_Nullable core);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#ifdef __cplusplus
}
#endif
