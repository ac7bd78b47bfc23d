// The AdamW step on moments in 8-bit blocks: a block is read, updated in float and written again
// while it lies in the nearest cache.

static void AT_LEVEL(adamw8)(void *p, const void *grad, bool bf16_gradient, uint8_t *m_codes,
                             float *m_absmax, const loqt_map8 *m_map, uint8_t *v_codes,
                             float *v_absmax, const loqt_map8 *v_map, intptr_t count,
                             intptr_t block, const loqt_adamw_numbers *numbers,
                             const loqt_draws *rounding) {
  // The moments of this block and of the next. The next is read before this one's codes are
  // searched for, as the search waits for the step's divisions and roots. The padding keeps the
  // buffers from lying a multiple of a page apart, where the processor would take a load for one
  // that follows a store to the same address.
  float moments[2][2][LOQT_ADAMW8_BLOCK + 272];
  AT_LEVEL(adamw_factors) factors = AT_LEVEL(adamw_prepare)(numbers);
#define READ(begin, b, to)                                                                         \
  do {                                                                                             \
    intptr_t size = count - (begin) < block ? count - (begin) : block;                             \
    AT_LEVEL(map8_values)(m_codes + (begin), size, m_map, m_absmax[b], moments[to][0]);            \
    AT_LEVEL(map8_values)(v_codes + (begin), size, v_map, v_absmax[b], moments[to][1]);            \
  } while (0)
  if (count > 0) READ(0, 0, 0);
  for (intptr_t begin = 0, b = 0; begin < count; begin += block, b++) {
    intptr_t n = count - begin < block ? count - begin : block;
    float *m = moments[b % 2][0], *v = moments[b % 2][1];
    AT_LEVEL(adamw_part)(factors, p, grad, bf16_gradient, begin, m, v, n, rounding, m_absmax + b,
                         v_absmax + b);
    if (begin + block < count) READ(begin + block, b + 1, (b + 1) % 2);
    AT_LEVEL(map8_encode)(m, n, m_absmax[b], m_map, m_codes + begin);
    AT_LEVEL(map8_encode)(v, n, v_absmax[b], v_map, v_codes + begin);
  }
#undef READ
}
