// Elementwise kernels over REAL: see real_impl.h for the names.

// ---- Two operands -------------------------------------------------------------------------------

INLINE V NAME(truth)(VI mask) { return pick(mask, splat((REAL)1), splat((REAL)0)); }

INLINE V NAME(apply_binary)(int operation, V a, V b) {
  switch (operation) {
    case LOQT_ADD: return a + b;
    case LOQT_SUBTRACT: return a - b;
    case LOQT_MULTIPLY: return a * b;
    case LOQT_DIVIDE: return a / b;
    case LOQT_MINIMUM: return pick((a < b) | (a != a), a, b);
    case LOQT_MAXIMUM: return pick((a > b) | (a != a), a, b);
    case LOQT_POWER: return power_of(a, b);
    case LOQT_EQUAL: return NAME(truth)(a == b);
    case LOQT_NOT_EQUAL: return NAME(truth)(a != b);
    case LOQT_LESS: return NAME(truth)(a < b);
    case LOQT_LESS_EQUAL: return NAME(truth)(a <= b);
    case LOQT_GREATER: return NAME(truth)(a > b);
    default: return NAME(truth)(a >= b);
  }
}

INLINE void NAME(binary_loop)(int operation, const REAL *a, intptr_t a_step, const REAL *b,
                              intptr_t b_step, REAL *y, intptr_t n) {
  if (n <= 0) return;
  V a0 = splat(a[0]), b0 = splat(b[0]);
#define BOTH(READ, WRITE) WRITE(y, NAME(apply_binary)(operation, READ(a), READ(b)))
#define LEFT(READ, WRITE) WRITE(y, NAME(apply_binary)(operation, READ(a), b0))
#define RIGHT(READ, WRITE) WRITE(y, NAME(apply_binary)(operation, a0, READ(b)))
#define NEITHER(READ, WRITE) WRITE(y, same)
  if (a_step && b_step) {
    FOR_EACH_VECTOR(BOTH);
  } else if (a_step) {
    FOR_EACH_VECTOR(LEFT);
  } else if (b_step) {
    FOR_EACH_VECTOR(RIGHT);
  } else {
    V same = NAME(apply_binary)(operation, a0, b0);
    FOR_EACH_VECTOR(NEITHER);
  }
#undef BOTH
#undef LEFT
#undef RIGHT
#undef NEITHER
}

// One loop for each operation: the switch is resolved at compile time.
#define EACH_BINARY(CASE)                                                                          \
  CASE(LOQT_ADD) CASE(LOQT_SUBTRACT) CASE(LOQT_MULTIPLY) CASE(LOQT_DIVIDE) CASE(LOQT_MINIMUM)      \
  CASE(LOQT_MAXIMUM) CASE(LOQT_POWER) CASE(LOQT_EQUAL) CASE(LOQT_NOT_EQUAL) CASE(LOQT_LESS)        \
  CASE(LOQT_LESS_EQUAL) CASE(LOQT_GREATER) CASE(LOQT_GREATER_EQUAL)

static void NAME(binary)(int operation, const REAL *a, intptr_t a_step, const REAL *b,
                         intptr_t b_step, REAL *y, intptr_t n) {
  switch (operation) {
#define CASE(OPERATION)                                                                            \
  case OPERATION: NAME(binary_loop)(OPERATION, a, a_step, b, b_step, y, n); return;
    EACH_BINARY(CASE)
#undef CASE
    default: NAME(pairs)(operation, a, a_step, b, b_step, y, n);
  }
}
#undef EACH_BINARY

static void NAME(binary_rows)(int operation, const REAL *a, const REAL *b, REAL *y, intptr_t rows,
                              intptr_t cols) {
  for (intptr_t r = 0; r < rows; r++)
    NAME(binary)(operation, a + r * cols, 1, b, 1, y + r * cols, cols);
}

// ---- One operand --------------------------------------------------------------------------------

#define HALF ((REAL)0.5)
#define ONE ((REAL)1)

INLINE V NAME(sign_of)(V x) {
  V y = pick(x > (REAL)0, splat(ONE), pick(x < (REAL)0, splat(-ONE), splat((REAL)0)));
  return pick(x == x, y, x);
}

INLINE V NAME(apply_unary)(int operation, V x) {
  switch (operation) {
    case LOQT_NEGATE: return -x;
    case LOQT_ABSOLUTE: return magnitude(x);
    case LOQT_SQUARE: return x * x;
    case LOQT_SQUARE_ROOT: return __builtin_elementwise_sqrt(x);
    case LOQT_RECIPROCAL_SQUARE_ROOT: return ONE / __builtin_elementwise_sqrt(x);
    case LOQT_RECIPROCAL: return ONE / x;
    case LOQT_EXP: return exp_of(x);
    case LOQT_LOG: return log_of(x);
    case LOQT_TANH: return tanh_of(x);
    case LOQT_ERF: return erf_of(x);
    case LOQT_SIGMOID: return sigmoid_of(x);
    case LOQT_SILU: return silu_of(x);
    case LOQT_RELU: return pick(x <= (REAL)0, splat((REAL)0), x);
    case LOQT_GELU: return gelu_of(x);
    case LOQT_GELU_TANH: return gelu_tanh_of(x);
    case LOQT_SIN: return sin_of(x);
    case LOQT_COS: return cos_of(x);
    case LOQT_FLOOR: return __builtin_elementwise_floor(x);
    case LOQT_CEIL: return __builtin_elementwise_ceil(x);
    case LOQT_ROUND: return __builtin_elementwise_roundeven(x);
    default: return NAME(sign_of)(x);
  }
}

INLINE V NAME(derivative)(int operation, V x) {
  switch (operation) {
    case LOQT_ABSOLUTE: return NAME(sign_of)(x);
    case LOQT_SQUARE: return x + x;
    case LOQT_SQUARE_ROOT: return HALF / __builtin_elementwise_sqrt(x);
    case LOQT_RECIPROCAL_SQUARE_ROOT: return -HALF / (x * __builtin_elementwise_sqrt(x));
    case LOQT_RECIPROCAL: return -ONE / (x * x);
    case LOQT_EXP: return exp_of(x);
    case LOQT_LOG: return ONE / x;
    case LOQT_TANH: {
      // 1 - tanh^2 without its cancellation: 4 s (1 - s) with s = sigmoid(2 |x|).
      V a = magnitude(x);
      return (REAL)4 * sigmoid_of(a + a) * sigmoid_of(-(a + a));
    }
    case LOQT_ERF: return (REAL)1.12837916709551257390 * exp_of(-x * x);
    case LOQT_SIGMOID: return sigmoid_of(x) * sigmoid_of(-x);
    case LOQT_SILU: {
      V s = sigmoid_of(x);
      return s * (ONE + x * sigmoid_of(-x));
    }
    case LOQT_RELU: return pick(x > (REAL)0, splat(ONE), splat((REAL)0));
    case LOQT_GELU: return gelu_slope_of(x);
    case LOQT_GELU_TANH: return gelu_tanh_slope_of(x);
    case LOQT_SIN: return cos_of(x);
    default: return -sin_of(x);
  }
}

INLINE void NAME(unary_loop)(int operation, const REAL *x, REAL *y, intptr_t n) {
#define STEP(READ, WRITE) WRITE(y, NAME(apply_unary)(operation, READ(x)))
  FOR_EACH_VECTOR(STEP);
#undef STEP
}

INLINE void NAME(gradient_loop)(int operation, const REAL *x, const REAL *g, REAL *y, intptr_t n) {
#define STEP(READ, WRITE) WRITE(y, READ(g) * NAME(derivative)(operation, READ(x)))
  FOR_EACH_VECTOR(STEP);
#undef STEP
}

#define EACH_DIFFERENTIABLE(CASE)                                                                  \
  CASE(LOQT_ABSOLUTE) CASE(LOQT_SQUARE) CASE(LOQT_SQUARE_ROOT) CASE(LOQT_RECIPROCAL_SQUARE_ROOT)   \
  CASE(LOQT_RECIPROCAL) CASE(LOQT_EXP) CASE(LOQT_LOG) CASE(LOQT_TANH) CASE(LOQT_ERF)               \
  CASE(LOQT_SIGMOID) CASE(LOQT_SILU) CASE(LOQT_RELU) CASE(LOQT_GELU) CASE(LOQT_GELU_TANH)          \
  CASE(LOQT_SIN) CASE(LOQT_COS)

static void NAME(unary)(int operation, const REAL *x, REAL *y, intptr_t n) {
  if (operation == LOQT_TANH) {
    tanh_of_all(x, y, n);
    return;
  }
  switch (operation) {
#define CASE(OPERATION)                                                                            \
  case OPERATION: NAME(unary_loop)(OPERATION, x, y, n); return;
    EACH_DIFFERENTIABLE(CASE)
    CASE(LOQT_NEGATE) CASE(LOQT_FLOOR) CASE(LOQT_CEIL) CASE(LOQT_ROUND) CASE(LOQT_SIGN)
#undef CASE
    default: NAME(function)(operation, x, y, n);
  }
}

static void NAME(unary_gradient)(int operation, const REAL *x, const REAL *g, REAL *dx,
                                 intptr_t n) {
  switch (operation) {
#define CASE(OPERATION)                                                                            \
  case OPERATION: NAME(gradient_loop)(OPERATION, x, g, dx, n); return;
    EACH_DIFFERENTIABLE(CASE)
#undef CASE
    default: __builtin_trap();
  }
}
#undef EACH_DIFFERENTIABLE
#undef HALF

// ---- Combinations -------------------------------------------------------------------------------

static void NAME(scale_add)(REAL alpha, const REAL *x, REAL beta, REAL *y, intptr_t n) {
#define SCALE(READ, WRITE) WRITE(y, alpha * READ(x))
#define ADD(READ, WRITE) WRITE(y, alpha * READ(x) + READ(y))
#define SCALE_ADD(READ, WRITE) WRITE(y, alpha * READ(x) + beta * READ(y))
  if (beta == 0) {
    FOR_EACH_VECTOR(SCALE);
  } else if (beta == 1) {
    FOR_EACH_VECTOR(ADD);
  } else {
    FOR_EACH_VECTOR(SCALE_ADD);
  }
#undef SCALE
#undef ADD
#undef SCALE_ADD
}

static void NAME(multiply_add)(const REAL *a, const REAL *b, REAL *y, intptr_t n) {
#define STEP(READ, WRITE) WRITE(y, READ(a) * READ(b) + READ(y))
  FOR_EACH_VECTOR(STEP);
#undef STEP
}

static void NAME(fill)(REAL value, REAL *y, intptr_t n) {
#define STEP(READ, WRITE) WRITE(y, splat(value))
  FOR_EACH_VECTOR(STEP);
#undef STEP
}

static void NAME(select)(const uint8_t *condition, const REAL *a, const REAL *b, REAL *y,
                         intptr_t n) {
  for (intptr_t i = 0; i < n; i++) {
    REAL yes = a[i], no = b[i];
    y[i] = condition[i] ? yes : no;
  }
}

static void NAME(swiglu)(const REAL *gate, const REAL *up, REAL *y, intptr_t n) {
#define STEP(READ, WRITE) WRITE(y, silu_of(READ(gate)) * READ(up))
  FOR_EACH_VECTOR(STEP);
#undef STEP
}

static void NAME(swiglu_gradient)(const REAL *gate, const REAL *up, const REAL *g, REAL *dgate,
                                  REAL *dup, intptr_t n) {
#define STEP(READ, WRITE)                                                                          \
  do {                                                                                             \
    V a = READ(gate), b = READ(up), d = READ(g), s = sigmoid_of(a), silu = a * s;                  \
    WRITE(dgate, d * b * (s + silu * (ONE - s)));                                                  \
    WRITE(dup, d * silu);                                                                          \
  } while (0)
  FOR_EACH_VECTOR(STEP);
#undef STEP
}
#undef ONE
