// Derives what the kernels need from an 8-bit dynamic map.

#include <math.h>
#include <string.h>

#include "include/loqt_kernels.h"

/// The largest float not above the exact midpoint of two values: a float lies above the midpoint
/// exactly where it lies above this.
static float threshold(float lower, float upper) {
  double middle = ((double)lower + upper) / 2;
  float t = (float)middle;
  return t > middle ? nextafterf(t, -INFINITY) : t;
}

/// Finds the pieces in which the rank of a magnitude, counted from 0, is linear: below the first
/// threshold, the seven decades, and the end, where the last value is 1 and not a midpoint.
static void find_pieces(const float *sizes, int count, loqt_map8 *map) {
  enum { decades = 7, end = decades + 1 };
  int first = 1, step = map->zero ? 1 : 2;
  double junctions[end];
  double half = threshold(sizes[0], sizes[1]);
  map->slope[0] = (float)(0.5 / half);
  map->offset[0] = 0.5f;
  map->last[0] = 0;
  junctions[0] = half;
  for (int d = 0; d < decades; d++, step *= 2) {
    double top = pow(10, d - decades + 1), slope = step / (0.9 * top);
    map->slope[d + 1] = (float)slope;
    map->offset[d + 1] = (float)(first - 0.1 * top * slope);
    first += step;
    map->last[d + 1] = (float)(first - 1);
    junctions[d + 1] = threshold(sizes[first - 1], sizes[first]);
  }
  // The end begins at the last threshold within the top decade.
  double begin = threshold(sizes[count - 3], sizes[count - 2]), whole = junctions[decades];
  map->slope[end] = (float)(1 / (whole - begin));
  map->offset[end] = (float)(count - 2 - begin / (whole - begin));
  map->last[end] = (float)(count - 1);
  junctions[decades] = begin;
  for (int binade = 0; binade < 32; binade++) {
    double low = ldexp(1, binade - 31), high = 2 * low;
    map->bound[binade] = INFINITY;
    map->piece[binade] = 0;
    for (int k = 0; k < end; k++) {
      if (junctions[k] < low) map->piece[binade] = k + 1;
      // Rounded up a little, so that whatever compares above it is above.
      else if (junctions[k] < high) map->bound[binade] = (float)(junctions[k] * (1 + 0x1p-21));
    }
  }
}

void loqt_map8_prepare(const float values[256], loqt_map8 *map) {
  memset(map, 0, sizeof *map);
  memcpy(map->values, values, sizeof map->values);
  while (map->values[map->zero] < 0) map->zero++;
  // The children of node k are 2 k and 2 k + 1.
  for (int depth = 0; depth < 8; depth++)
    for (int k = 0; k < 1 << depth; k++) {
      int lower = (256 >> depth) * k + (128 >> depth) - 1;
      map->tree[(1 << depth) + k] = threshold(values[lower], values[lower + 1]);
      map->starts[(1 << depth) + k] = nextafterf(values[lower + 1], -INFINITY);
    }
  for (int code = 0; code < 256; code++) {
    uint32_t bits;
    memcpy(&bits, &values[code], 4);
    map->low[code] = (uint16_t)bits;
    map->high[code] = (uint16_t)(bits >> 16);
  }
  for (int k = 0; k < 128; k++) {
    map->magnitudes[0][k] = map->low[map->zero + k];
    map->magnitudes[1][k] = map->high[map->zero + k];
  }
  find_pieces(values + map->zero, 256 - map->zero, map);
}
