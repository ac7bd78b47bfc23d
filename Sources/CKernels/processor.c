// What CPUID reports about this processor.

#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "include/loqt_processor.h"

#if defined(__x86_64__)

typedef struct {
  uint32_t eax, ebx, ecx, edx;
} leaf;

/// All zeros for a leaf that the processor lacks.
static leaf cpuid(uint32_t number, uint32_t part) {
  leaf l = {0};
  __get_cpuid_count(number, part, &l.eax, &l.ebx, &l.ecx, &l.edx);
  return l;
}

/// The registers that the operating system saves for every thread.
static uint64_t saved_registers(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t)high << 32 | low;
}

static bool bit(uint32_t word, int position) { return word >> position & 1; }

static int32_t features(void) {
  leaf basic = cpuid(1, 0), more = cpuid(7, 0), most = cpuid(7, 1);
  if (!bit(basic.ecx, 27)) return 0;
  uint64_t saved = saved_registers();
  bool wide = (saved & 0x6) == 0x6, wider = wide && (saved & 0xe0) == 0xe0;
  bool tiles = (saved & 0x60000) == 0x60000;
  int32_t has = 0;
  if (wide) {
    has |= bit(basic.ecx, 28) ? LOQT_HAS_AVX : 0;
    has |= bit(basic.ecx, 12) ? LOQT_HAS_FMA : 0;
    has |= bit(basic.ecx, 29) ? LOQT_HAS_F16C : 0;
    has |= bit(more.ebx, 5) ? LOQT_HAS_AVX2 : 0;
    has |= bit(most.eax, 4) ? LOQT_HAS_AVX_VNNI : 0;
  }
  bool server = bit(more.ebx, 16) && bit(more.ebx, 17) && bit(more.ebx, 28) &&
                bit(more.ebx, 30) && bit(more.ebx, 31);
  if (wider && server) {
    has |= LOQT_HAS_AVX512;
    has |= bit(more.ecx, 11) ? LOQT_HAS_AVX512_VNNI : 0;
    has |= bit(most.eax, 5) ? LOQT_HAS_AVX512_BF16 : 0;
    has |= bit(more.edx, 23) ? LOQT_HAS_AVX512_FP16 : 0;
  }
  if (tiles && bit(more.edx, 24)) {
    has |= bit(more.edx, 25) ? LOQT_HAS_AMX_INT8 : 0;
    has |= bit(more.edx, 22) ? LOQT_HAS_AMX_BF16 : 0;
  }
  return has;
}

/// KiB of L2 cache by a leaf that lists all caches; 0 if it lists none.
static int32_t second_cache_of(uint32_t number) {
  for (uint32_t part = 0; part < 16; part++) {
    leaf l = cpuid(number, part);
    if ((l.eax & 31) == 0) return 0;
    if ((l.eax >> 5 & 7) != 2) continue;
    uint64_t line = (l.ebx & 0xfff) + 1, partitions = (l.ebx >> 12 & 0x3ff) + 1;
    uint64_t ways = (l.ebx >> 22) + 1, sets = (uint64_t)l.ecx + 1;
    return (int32_t)(line * partitions * ways * sets >> 10);
  }
  return 0;
}

loqt_processor loqt_this_processor(void) {
  loqt_processor p = {.features = features()};
  leaf maker = cpuid(0, 0), basic = cpuid(1, 0);
  memcpy(p.maker, &maker.ebx, 4);
  memcpy(p.maker + 4, &maker.edx, 4);
  memcpy(p.maker + 8, &maker.ecx, 4);
  int32_t family = basic.eax >> 8 & 15, model = basic.eax >> 4 & 15;
  if (family == 6 || family == 15) model += (basic.eax >> 16 & 15) << 4;
  if (family == 15) family += basic.eax >> 20 & 255;
  p.family = family, p.model = model, p.stepping = basic.eax & 15;
  p.second_cache_read_by_openblas = cpuid(0x80000006, 0).ecx >> 16;
  bool amd = !strcmp(p.maker, "AuthenticAMD") || !strcmp(p.maker, "HygonGenuine");
  p.second_cache = second_cache_of(amd ? 0x8000001D : 4);
  for (uint32_t k = 0; k < 3; k++) {
    leaf l = cpuid(0x80000002 + k, 0);
    memcpy(p.name + 16 * k, &l, 16);
  }
  return p;
}

#else

loqt_processor loqt_this_processor(void) { return (loqt_processor){0}; }

#endif
