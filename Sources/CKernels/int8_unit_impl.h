// A unit with sums in vector registers. The including file defines its NAME; `NAME(dot)`, which
// adds the products of four codes of a row with those of sixteen columns; and the HEIGHT in rows
// and the WIDTH in tiles of what is summed together.

/// Adds to HEIGHT rows and `width` tiles of columns.
INLINE void NAME(add_part)(const loqt_int8_rows *x, int first, const loqt_int8_columns *w,
                           intptr_t w_stride, const int width, intptr_t blocks,
                           float (*y)[2 * LOQT_INT8_SIDE]) {
  for (intptr_t b = 0; b < blocks; b++, x++, w++) {
    v16i sums[HEIGHT][WIDTH];
    UNROLLED for (int r = 0; r < HEIGHT; r++)
      UNROLLED for (int c = 0; c < width; c++) sums[r][c] = (v16i)(-x->offsets[first + r]);
    for (int k = 0; k < LOQT_INT8_TERMS / 4; k++) {
      v16i columns[WIDTH];
      UNROLLED for (int c = 0; c < width; c++)
        columns[c] = *(const v16i *)w[c * w_stride].codes[k];
      UNROLLED for (int r = 0; r < HEIGHT; r++) {
        int32_t row;
        memcpy(&row, x->codes[first + r] + 4 * k, 4);
        UNROLLED for (int c = 0; c < width; c++)
          sums[r][c] = NAME(dot)(sums[r][c], columns[c], row);
      }
    }
    UNROLLED for (int c = 0; c < width; c++) {
      v16f scales = *(const v16f *)w[c * w_stride].scales;
      UNROLLED for (int r = 0; r < HEIGHT; r++) {
        v16f *sum = (v16f *)(y[r] + 16 * c);
        *sum = __builtin_elementwise_fma(__builtin_convertvector(sums[r][c], v16f),
                                         scales * x->scales[first + r], *sum);
      }
    }
  }
}

void NAME(loqt_int8_add)(const loqt_int8_rows *x, intptr_t x_stride, int tall,
                         const loqt_int8_columns *w, intptr_t w_stride, int wide, intptr_t blocks,
                         loqt_int8_piece y) {
  for (int t = 0; t < tall; t++, x += x_stride)
    for (int r = 0; r < LOQT_INT8_SIDE; r += HEIGHT, y += HEIGHT)
      if (wide == WIDTH) NAME(add_part)(x, r, w, w_stride, WIDTH, blocks, y);
      else for (int c = 0; c < wide; c++)
          NAME(add_part)(x, r, w + c * w_stride, w_stride, 1, blocks,
                         (float(*)[2 * LOQT_INT8_SIDE])(y[0] + 16 * c));
}

#undef NAME
#undef HEIGHT
#undef WIDTH
