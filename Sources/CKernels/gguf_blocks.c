// Blocks of GGUF files that are read and not computed with, as ggml defines them. Products are rounded one
// by one, so that every machine gives the values of the reference.

#include <math.h>
#include <string.h>

#include "include/loqt_kernels.h"

#pragma STDC FP_CONTRACT OFF

static float half(const uint8_t *p) {
  uint16_t bits;
  memcpy(&bits, p, 2);
  uint32_t sign = (uint32_t)(bits & 0x8000) << 16, exponent = bits >> 10 & 31, fraction = bits & 1023;
  if (exponent == 0) {
    float value = (float)fraction * 0x1p-24f;
    return sign ? -value : value;
  }
  uint32_t word = sign | (exponent == 31 ? 255 : exponent + 112) << 23 | fraction << 13;
  float value;
  memcpy(&value, &word, 4);
  return value;
}

/// Q5_0, whose codes lie around 16, or Q5_1 with an offset.
static void q5(const uint8_t *b, float d, const uint8_t *offset, float *y) {
  float m = offset ? half(offset) : 0;
  uint32_t high;
  memcpy(&high, b, 4);
  for (int j = 0; j < 16; j++) {
    int low = (b[4 + j] & 15) | (int)(high >> j & 1) << 4;
    int top = b[4 + j] >> 4 | (int)(high >> (j + 16) & 1) << 4;
    // Zero is not added: of a step below zero the products may be -0.
    y[j] = offset ? (float)low * d + m : (float)(low - 16) * d;
    y[j + 16] = offset ? (float)top * d + m : (float)(top - 16) * d;
  }
}

static void q2_k(const uint8_t *b, float *y) {
  const uint8_t *scales = b, *q = b + 16;
  float d = half(b + 80), least = half(b + 82);
  for (int i = 0; i < 16; i++) {
    // Two runs of 16 for each pair of bits, four pairs, then the next 32 bytes.
    const uint8_t *run = q + 32 * (i / 8) + 16 * (i % 2);
    int shift = 2 * (i % 8 / 2);
    float step = d * (float)(scales[i] & 15), offset = least * (float)(scales[i] >> 4);
    for (int j = 0; j < 16; j++) *y++ = step * (float)(run[j] >> shift & 3) - offset;
  }
}

static void q3_k(const uint8_t *b, float *y) {
  const uint8_t *masks = b, *q = b + 32, *scales = b + 96;
  float d = half(b + 108);
  for (int i = 0; i < 16; i++) {
    const uint8_t *run = q + 32 * (i / 8) + 16 * (i % 2), *mask = masks + 16 * (i % 2);
    int shift = 2 * (i % 8 / 2), bit = i / 2;
    int low = i < 8 ? scales[i] & 15 : scales[i - 8] >> 4;
    int scale = (low | (scales[8 + i % 4] >> 2 * (i / 4) & 3) << 4) - 32;
    float step = d * (float)scale;
    for (int j = 0; j < 16; j++) {
      int code = (run[j] >> shift & 3) - (mask[j] >> bit & 1 ? 0 : 4);
      *y++ = step * (float)code;
    }
  }
}

/// The scale and the offset of six bits each that Q4_K and Q5_K pack eight times into twelve bytes.
static void six_bits(const uint8_t *s, int i, int *scale, int *offset) {
  if (i < 4) {
    *scale = s[i] & 63;
    *offset = s[i + 4] & 63;
  } else {
    *scale = (s[i + 4] & 15) | s[i - 4] >> 6 << 4;
    *offset = s[i + 4] >> 4 | s[i] >> 6 << 4;
  }
}

/// Q4_K, and Q5_K with its bytes of fifth bits.
static void q45_k(const uint8_t *b, const uint8_t *fifths, const uint8_t *q, float *y) {
  float d = half(b), least = half(b + 2);
  for (int i = 0; i < 8; i++, y += 32) {
    int scale, offset;
    six_bits(b + 4, i, &scale, &offset);
    const uint8_t *run = q + 32 * (i / 2);
    int shift = 4 * (i % 2);
    float step = d * (float)scale, shifted = least * (float)offset;
    for (int j = 0; j < 32; j++) {
      int code = (run[j] >> shift & 15) | (fifths ? (fifths[j] >> i & 1) << 4 : 0);
      y[j] = step * (float)code - shifted;
    }
  }
}

static void q6_k(const uint8_t *b, float *y) {
  float d = half(b + 208);
  for (int i = 0; i < 16; i++) {
    // Runs of 16: 32 low nibbles, the next 32, their high nibbles, and all that again.
    int part = i / 8, quarter = i % 8 / 2, side = i % 2;
    const uint8_t *low = b + 64 * part + 32 * (quarter % 2) + 16 * side;
    const uint8_t *high = b + 128 + 32 * part + 16 * side;
    float step = d * (float)(int8_t)b[192 + i];
    for (int j = 0; j < 16; j++) {
      int code = (low[j] >> 4 * (quarter / 2) & 15) | (high[j] >> 2 * quarter & 3) << 4;
      *y++ = step * (float)(code - 32);
    }
  }
}

static const int8_t iq4_levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                      1,    13,   25,  38,  53,  69,  89,  113};

static void iq4(const uint8_t *q, float step, float *y) {
  for (int j = 0; j < 16; j++) {
    y[j] = step * (float)iq4_levels[q[j] & 15];
    y[j + 16] = step * (float)iq4_levels[q[j] >> 4];
  }
}

static void iq4_xs(const uint8_t *b, float *y) {
  float d = half(b);
  for (int i = 0; i < 8; i++, y += 32) {
    int low = b[4 + i / 2] >> 4 * (i % 2) & 15, high = b[2 + i / 4] >> 2 * (i % 4) & 3;
    iq4(b + 8 + 16 * i, d * (float)((low | high << 4) - 32), y);
  }
}

intptr_t loqt_gguf_decode(int type, const uint8_t *b, intptr_t count, float *y) {
  for (intptr_t i = 0; i < count; i++) {
    int size, elements = 256, at = 0, halves = 1;
    switch (type) {
    case LOQT_GGUF_Q5_0: size = 22, elements = 32, q5(b + 2, half(b), 0, y); break;
    case LOQT_GGUF_Q5_1: size = 24, elements = 32, halves = 2, q5(b + 4, half(b), b + 2, y); break;
    case LOQT_GGUF_Q2_K: size = 84, at = 80, halves = 2, q2_k(b, y); break;
    case LOQT_GGUF_Q3_K: size = 110, at = 108, q3_k(b, y); break;
    case LOQT_GGUF_Q4_K: size = 144, halves = 2, q45_k(b, 0, b + 16, y); break;
    case LOQT_GGUF_Q5_K: size = 176, halves = 2, q45_k(b, b + 16, b + 48, y); break;
    case LOQT_GGUF_Q6_K: size = 210, at = 208, q6_k(b, y); break;
    case LOQT_GGUF_IQ4_NL: size = 18, elements = 32, iq4(b + 2, half(b), y); break;
    default: size = 136, iq4_xs(b, y); break;
    }
    for (int h = 0; h < halves; h++) {
      if ((b[at + 2 * h + 1] & 0x7c) == 0x7c) return i;
    }
    b += size;
    y += elements;
  }
  return -1;
}
