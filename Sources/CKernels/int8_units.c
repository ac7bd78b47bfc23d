// The units whose sums are in vector registers.

#include "int8_unit.h"
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define NAME(name) name##_plain
#define HEIGHT 2
#define WIDTH 1
INLINE v16i NAME(dot)(v16i sums, v16i columns, int32_t row) {
  for (int i = 0; i < 4; i++) sums += (columns >> 8 * i & 255) * (int8_t)(row >> 8 * i);
  return sums;
}
#include "int8_unit_impl.h"

#if defined(__x86_64__)

/// Calls a function on both halves of a vector.
#define BY_HALVES(function)                                                                        \
  v16i result;                                                                                     \
  result.lo = (v8i)function((__m256i)sums.lo, (__m256i)columns.lo, row);                           \
  result.hi = (v8i)function((__m256i)sums.hi, (__m256i)columns.hi, row);                           \
  return result

typedef int32_t v8i __attribute__((ext_vector_type(8)));

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define NAME(name) name##_avx2
#define HEIGHT 4
#define WIDTH 1
/// Codes are widened to 16 bits: the instruction for 8 bits would round sums of two products off.
INLINE __m256i NAME(dot_half)(__m256i sums, __m256i columns, int32_t row) {
  __m256i rows = _mm256_set1_epi32(row);
  __m256i even = _mm256_madd_epi16(_mm256_and_si256(columns, _mm256_set1_epi16(255)),
                                   _mm256_srai_epi16(_mm256_slli_epi16(rows, 8), 8));
  __m256i odd = _mm256_madd_epi16(_mm256_srli_epi16(columns, 8), _mm256_srai_epi16(rows, 8));
  return _mm256_add_epi32(sums, _mm256_add_epi32(even, odd));
}
INLINE v16i NAME(dot)(v16i sums, v16i columns, int32_t row) { BY_HALVES(NAME(dot_half)); }
#include "int8_unit_impl.h"
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx2,fma,avxvnni"))), apply_to = function)
#define NAME(name) name##_avx_vnni
#define HEIGHT 4
#define WIDTH 1
INLINE __m256i NAME(dot_half)(__m256i sums, __m256i columns, int32_t row) {
  return _mm256_dpbusd_avx_epi32(sums, columns, _mm256_set1_epi32(row));
}
INLINE v16i NAME(dot)(v16i sums, v16i columns, int32_t row) { BY_HALVES(NAME(dot_half)); }
#include "int8_unit_impl.h"
#pragma clang attribute pop

#pragma clang attribute push(                                                                      \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,fma"))),                  \
    apply_to = function)
#define NAME(name) name##_avx512_vnni
#define HEIGHT 8
#define WIDTH 2
INLINE v16i NAME(dot)(v16i sums, v16i columns, int32_t row) {
  return (v16i)_mm512_dpbusd_epi32((__m512i)sums, (__m512i)columns, _mm512_set1_epi32(row));
}
#include "int8_unit_impl.h"
#pragma clang attribute pop

#endif
