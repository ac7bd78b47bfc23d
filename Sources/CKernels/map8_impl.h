// Blockwise 8-bit codes against a sorted map.

/// thresholds[k]: the largest float not above the exact midpoint of values k and k + 1. A float
/// lies above the midpoint exactly where it lies above this.
static void AT_LEVEL(map8_thresholds)(const float *map, float *thresholds) {
  for (int k = 0; k < 255; k++) {
    double middle = ((double)map[k] + map[k + 1]) / 2;
    float t = (float)middle;
    thresholds[k] = t > middle ? nextafterf(t, -INFINITY) : t;
  }
}

/// The thresholds as a search tree: the children of node k are 2 k and 2 k + 1. Node 0 is unused.
static void AT_LEVEL(map8_tree)(const float *thresholds, float *tree) {
  tree[0] = 0;
  for (int depth = 0; depth < 8; depth++)
    for (int k = 0; k < 1 << depth; k++)
      tree[(1 << depth) + k] = thresholds[(256 >> depth) * k + (128 >> depth) - 1];
}

#if LEVEL == 3
/// tree[base + (node mod 32)] for 32 nodes from `base` on.
INLINE v16f AT_LEVEL(map8_pair)(const float *tree, int base, v16i node) {
  return (v16f)_mm512_permutex2var_ps((__m512)load(tree + base), (__m512i)node,
                                      (__m512)load(tree + base + 16));
}
#endif

/// The threshold at each node of depth `depth`: lookups in registers, as far as they go.
INLINE v16f AT_LEVEL(map8_node)(const float *tree, int depth, v16i node) {
#if LEVEL == 3
  if (depth < 4) return (v16f)_mm512_permutexvar_ps((__m512i)node, (__m512)load(tree));
  if (depth == 4) return (v16f)_mm512_permutexvar_ps((__m512i)node, (__m512)load(tree + 16));
  // Each further depth doubles the table; a bit of the node chooses between the halves.
  v16f found = AT_LEVEL(map8_pair)(tree, 1 << depth, node);
  for (int base = 32; base < 1 << depth; base += 32) {
    v16i here = (node & ((1 << depth) - 32)) == base;
    found = pick(here, AT_LEVEL(map8_pair)(tree, (1 << depth) + base, node), found);
  }
  return found;
#elif LEVEL == 2
  v16f found;
  if (depth < 4) {
    __m256 table = _mm256_loadu_ps(tree + (depth == 3 ? 8 : 0));
    found.lo = (v8f)_mm256_permutevar8x32_ps(table, (__m256i)node.lo);
    found.hi = (v8f)_mm256_permutevar8x32_ps(table, (__m256i)node.hi);
  } else {
    found.lo = (v8f)_mm256_i32gather_ps(tree, (__m256i)node.lo, 4);
    found.hi = (v8f)_mm256_i32gather_ps(tree, (__m256i)node.hi, 4);
  }
  return found;
#else
  (void)depth;
  v16f found;
  for (int i = 0; i < 16; i++) found[i] = tree[node[i]];
  return found;
#endif
}

/// How many thresholds lie strictly below each x; none for NaN.
INLINE v16i AT_LEVEL(map8_codes)(v16f x, const float *tree) {
  v16i node = 2 - (x > tree[1]);
#pragma clang loop unroll(full)
  for (int depth = 1; depth < 8; depth++)
    node = node + node - (x > AT_LEVEL(map8_node)(tree, depth, node));
  return node - 256;
}

/// The search tree of a map.
static void AT_LEVEL(map8_prepare)(const float *map, float *tree) {
  float thresholds[255];
  AT_LEVEL(map8_thresholds)(map, thresholds);
  AT_LEVEL(map8_tree)(thresholds, tree);
}

/// Codes of one block; its largest magnitude.
static float AT_LEVEL(map8_block)(const float *x, intptr_t n, const float *tree, uint8_t *codes) {
  float largest = AT_LEVEL(maximum_magnitude_f32)(x, n);
  v16f divisor = splat(largest == 0 ? 1 : largest);
  intptr_t i = 0;
  for (; i + 16 <= n; i += 16) {
    v16i code = AT_LEVEL(map8_codes)(load(x + i) / divisor, tree);
    store(codes + i, __builtin_convertvector(code, v16b));
  }
  if (i < n) {
    v16i code = AT_LEVEL(map8_codes)(load_part(x + i, n - i) / divisor, tree);
    v16b bytes = __builtin_convertvector(code, v16b);
    memcpy(codes + i, &bytes, (size_t)(n - i));
  }
  return largest;
}

static void AT_LEVEL(map8_quantize)(const float *x, intptr_t count, intptr_t block,
                                    const float *map, uint8_t *codes, float *absmax) {
  float tree[256];
  AT_LEVEL(map8_prepare)(map, tree);
  for (intptr_t begin = 0; begin < count; begin += block) {
    intptr_t n = count - begin < block ? count - begin : block;
    *absmax++ = AT_LEVEL(map8_block)(x + begin, n, tree, codes + begin);
  }
}

/// map[code] * scale for the codes of one block or a part of it.
INLINE void AT_LEVEL(map8_values)(const uint8_t *codes, intptr_t n, const float *map, float scale,
                                  float *y) {
  intptr_t i = 0;
#if LEVEL == 3
  for (; i + 16 <= n; i += 16) {
    __m512i index = (__m512i)__builtin_convertvector(load(codes + i), v16i);
    store(y + i, (v16f)_mm512_i32gather_ps(index, map, 4) * scale);
  }
#elif LEVEL == 2
  for (; i + 8 <= n; i += 8) {
    __m256i index = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(codes + i)));
    v8f values = (v8f)_mm256_i32gather_ps(map, index, 4) * scale;
    memcpy(y + i, &values, sizeof values);
  }
#endif
  for (; i < n; i++) y[i] = map[codes[i]] * scale;
}

static void AT_LEVEL(map8_dequantize)(const uint8_t *codes, const float *absmax, intptr_t first,
                                      intptr_t n, intptr_t block, const float *map, float *y) {
  if (n <= 0) return;
  intptr_t end = first + n, b = first / block;
  for (intptr_t i = first; i < end; b++) {
    intptr_t stop = (b + 1) * block < end ? (b + 1) * block : end;
    AT_LEVEL(map8_values)(codes + i, stop - i, map, absmax[b], y + (i - first));
    i = stop;
  }
}
