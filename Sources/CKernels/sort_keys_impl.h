// Sorts numbers whose bits are an INTEGER (those of reals with an INFINITY_BITS above 0) by
// integers that order like them: both zeros alike and every NaN above all else.

INLINE bool NAME(is_nan)(INTEGER bits) {
  return INFINITY_BITS > 0 && (bits & LAST_KEY) > INFINITY_BITS;
}
INLINE bool NAME(is_zero)(INTEGER bits) { return (bits & LAST_KEY) == 0; }

/// NaN has the last key in either direction; no other real number has it. `turn` is -1 for
/// descending order, else 0.
INLINE INTEGER NAME(key)(INTEGER bits, INTEGER turn) {
  INTEGER key = bits;
  if (INFINITY_BITS > 0) {
    key ^= (bits >> (8 * sizeof bits - 1)) & LAST_KEY;
    key = NAME(is_zero)(bits) ? 0 : key;
  }
  key ^= turn;
  return NAME(is_nan)(bits) ? LAST_KEY : key;
}

/// Replaces the zeros and NaN of y, which is sorted, by those of x in the order they have there.
static void NAME(keep_order)(const INTEGER *x, intptr_t n, bool descending, INTEGER *y) {
  intptr_t nan = n;
  for (intptr_t i = 0; i < n; i++) nan -= NAME(is_nan)(x[i]);
  intptr_t zero = 0, end = nan;
  while (zero < end) {
    intptr_t middle = zero + (end - zero) / 2;
    if (descending ? y[middle] > 0 : y[middle] < 0) zero = middle + 1;
    else end = middle;
  }
  // Usually there are few of them.
  for (intptr_t i = 0; i < n; i += 256) {
    intptr_t stop = n - i < 256 ? n : i + 256;
    INTEGER any = 0;
    for (intptr_t j = i; j < stop; j++)
      any |= (NAME(is_nan)(x[j]) ? 1 : 0) | (NAME(is_zero)(x[j]) ? 1 : 0);
    for (intptr_t j = i; any != 0 && j < stop; j++) {
      if (NAME(is_nan)(x[j])) y[nan++] = x[j];
      if (NAME(is_zero)(x[j])) y[zero++] = x[j];
    }
  }
}

static void NAME(sort)(const void *numbers, intptr_t n, bool descending, void *scratch,
                       void *sorted) {
  const INTEGER *x = numbers, turn = -(INTEGER)descending;
  INTEGER *y = sorted;
  // Whether there are numbers that keys cannot tell apart.
  INTEGER alike = 0;
  for (intptr_t i = 0; i < n; i++) {
    INTEGER bits = x[i];
    y[i] = NAME(key)(bits, turn);
    alike |= (NAME(is_nan)(bits) ? 1 : 0) | (bits == ~LAST_KEY ? 1 : 0);
  }
  SORT_KEYS(y, scratch, n, 0, (KEY_FORM){turn, INFINITY_BITS > 0 ? LAST_KEY : 0});
  if (INFINITY_BITS > 0 && alike != 0) NAME(keep_order)(x, n, descending, y);
}

/// Half a key above the index of its element, which keeps the order of equal halves.
INLINE int64_t NAME(entry)(int32_t half, intptr_t i) {
  return (int64_t)((uint64_t)(uint32_t)half << 32 | (uint32_t)i);
}

static void NAME(sort_positions)(const void *numbers, intptr_t n, bool descending, void *scratch,
                                 int32_t *positions) {
  const INTEGER *x = numbers, turn = -(INTEGER)descending;
  int64_t *entries = scratch, *room = entries + n;
  const AT_LEVEL(key_form_i64) as_they_are = {0, 0};
  const bool halves = sizeof(INTEGER) > sizeof(int32_t);
  if (halves) {
    // By the lower half first, ordered as an unsigned number.
    for (intptr_t i = 0; i < n; i++)
      entries[i] = NAME(entry)((int32_t)NAME(key)(x[i], turn) ^ INT32_MIN, i);
    AT_LEVEL(sort_keys_i64)(entries, room, n, 32, as_they_are);
    for (intptr_t i = 0; i < n; i++) positions[i] = (int32_t)entries[i];
  }
  for (intptr_t i = 0; i < n; i++) {
    INTEGER key = NAME(key)(x[halves ? positions[i] : i], turn);
    entries[i] = NAME(entry)((int32_t)(key >> (8 * sizeof(INTEGER) - 32)), i);
  }
  AT_LEVEL(sort_keys_i64)(entries, room, n, 32, as_they_are);
  int32_t *places = (int32_t *)room;
  for (intptr_t i = 0; i < n; i++)
    places[i] = halves ? positions[(int32_t)entries[i]] : (int32_t)entries[i];
  memcpy(positions, places, (size_t)n * sizeof *positions);
}

#undef INTEGER
#undef INFINITY_BITS
#undef LAST_KEY
#undef SORT_KEYS
#undef KEY_FORM
#undef NAME
