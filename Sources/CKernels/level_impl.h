// The kernels and the table of one instruction set. The including file defines LEVEL,
// AT_LEVEL(name) and LEVEL_TARGET.

#include <math.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "include/loqt_kernels.h"
#include "kernel_table.h"

// The same source must round alike on every instruction set, so the compiler must not contract.
#pragma STDC FP_CONTRACT OFF
// Wide vectors pass between inlined functions only, so their calling convention does not matter.
#pragma clang diagnostic ignored "-Wpsabi"

#ifdef LEVEL_TARGET
#pragma clang attribute push(__attribute__((target(LEVEL_TARGET))), apply_to = function)
#endif

#include "vector_impl.h"
#include "tanh_table.h"
#include "math_f32_impl.h"
#include "math_f64_impl.h"
#include "functions_impl.h"

#define REAL float
#define V v16f
#define VI v16i
#define BITS int32_t
#define LANES 16
#define EXPONENT_BITS 0x7f800000
#define MAGNITUDE_BITS 0x7fffffff
#define NAME(name) AT_LEVEL(name##_f32)
#include "real_impl.h"

#define REAL double
#define V v8d
#define VI v8l
#define BITS int64_t
#define LANES 8
#define EXPONENT_BITS 0x7ff0000000000000
#define MAGNITUDE_BITS 0x7fffffffffffffff
#define NAME(name) AT_LEVEL(name##_f64)
#include "real_impl.h"

#define INTEGER int32_t
#define V v16i
#define LANES 16
#define NAME(name) AT_LEVEL(name##_i32)
#include "sort_impl.h"

#define INTEGER int64_t
#define V v8l
#define LANES 8
#define NAME(name) AT_LEVEL(name##_i64)
#include "sort_impl.h"

#define INTEGER int32_t
#define INFINITY_BITS 0
#define LAST_KEY INT32_MAX
#define SORT_KEYS AT_LEVEL(sort_keys_i32)
#define KEY_FORM AT_LEVEL(key_form_i32)
#define NAME(name) AT_LEVEL(name##_i32)
#include "sort_keys_impl.h"

#define INTEGER int32_t
#define INFINITY_BITS 0x7f800000
#define LAST_KEY INT32_MAX
#define SORT_KEYS AT_LEVEL(sort_keys_i32)
#define KEY_FORM AT_LEVEL(key_form_i32)
#define NAME(name) AT_LEVEL(name##_f32)
#include "sort_keys_impl.h"

#define INTEGER int64_t
#define INFINITY_BITS 0
#define LAST_KEY INT64_MAX
#define SORT_KEYS AT_LEVEL(sort_keys_i64)
#define KEY_FORM AT_LEVEL(key_form_i64)
#define NAME(name) AT_LEVEL(name##_i64)
#include "sort_keys_impl.h"

#define INTEGER int64_t
#define INFINITY_BITS 0x7ff0000000000000
#define LAST_KEY INT64_MAX
#define SORT_KEYS AT_LEVEL(sort_keys_i64)
#define KEY_FORM AT_LEVEL(key_form_i64)
#define NAME(name) AT_LEVEL(name##_f64)
#include "sort_keys_impl.h"

#include "code4_impl.h"
#include "convert_impl.h"
#include "map8_impl.h"
#include "whole_impl.h"
#include "dot_impl.h"
#include "random_impl.h"
#include "adamw_impl.h"
#include "adamw8_impl.h"
#include "int8_impl.h"

#ifdef LEVEL_TARGET
#pragma clang attribute pop
#endif

const loqt_kernel_table AT_LEVEL(loqt_kernels) = {
    .level = LEVEL,
#define KERNEL(result, name, parameters, arguments) .name = AT_LEVEL(name),
#include "kernel_list.h"
#undef KERNEL
};
