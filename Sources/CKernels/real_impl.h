// The kernels over one scalar type: REAL, its vector V of LANES lanes, the integer vector VI of the
// same shape with lanes of BITS.

#include "elementwise_impl.h"
#include "reduce_impl.h"
#include "rows_impl.h"
#include "layer_norm_impl.h"
#include "attention_impl.h"
#include "tables_impl.h"
#include "fft_impl.h"

#undef REAL
#undef V
#undef VI
#undef BITS
#undef LANES
#undef EXPONENT_BITS
#undef MAGNITUDE_BITS
#undef NAME
