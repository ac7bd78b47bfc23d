// The AdamW step on moments in 8-bit blocks: a block is read, updated in float and written again
// while it lies in the nearest cache.

static void AT_LEVEL(adamw8)(void *p, const void *grad, bool bf16_gradient, uint8_t *m_codes,
                             float *m_absmax, const loqt_map8 *m_map, uint8_t *v_codes,
                             float *v_absmax, const loqt_map8 *v_map, intptr_t count,
                             intptr_t block, const loqt_adamw_numbers *numbers,
                             const loqt_draws *rounding) {
  float m[LOQT_ADAMW8_BLOCK], v[LOQT_ADAMW8_BLOCK];
  AT_LEVEL(adamw_factors) factors = AT_LEVEL(adamw_prepare)(numbers);
  for (intptr_t begin = 0; begin < count; begin += block, m_absmax++, v_absmax++) {
    intptr_t n = count - begin < block ? count - begin : block;
    AT_LEVEL(map8_values)(m_codes + begin, n, m_map, *m_absmax, m);
    AT_LEVEL(map8_values)(v_codes + begin, n, v_map, *v_absmax, v);
    AT_LEVEL(adamw_part)(factors, p, grad, bf16_gradient, begin, m, v, n, rounding, m_absmax,
                         v_absmax);
    AT_LEVEL(map8_encode)(m, n, *m_absmax, m_map, m_codes + begin);
    AT_LEVEL(map8_encode)(v, n, *v_absmax, v_map, v_codes + begin);
  }
}
