// Live bytes of buffers by what they are for, and their peaks.

#include <stdatomic.h>

#include "include/loqt_kernels.h"

enum { kinds = LOQT_MEMORY_KINDS };

static _Thread_local int current = LOQT_MEMORY_SCRATCH;
static _Atomic intptr_t live[kinds], peak[kinds], at_peak[kinds];
static _Atomic intptr_t total, total_peak;

int loqt_set_memory_kind(int kind) {
  int before = current;
  current = kind;
  return before;
}

int loqt_memory_kind(void) { return current; }

static void raise(_Atomic intptr_t *highest, intptr_t value) {
  intptr_t seen = atomic_load_explicit(highest, memory_order_relaxed);
  while (value > seen && !atomic_compare_exchange_weak_explicit(
                             highest, &seen, value, memory_order_relaxed, memory_order_relaxed)) {
  }
}

static void snapshot(void) {
  for (int i = 0; i < kinds; i++)
    atomic_store_explicit(
        &at_peak[i], atomic_load_explicit(&live[i], memory_order_relaxed), memory_order_relaxed);
}

void loqt_count_memory(int kind, intptr_t bytes) {
  intptr_t now = atomic_fetch_add_explicit(&live[kind], bytes, memory_order_relaxed) + bytes;
  intptr_t all = atomic_fetch_add_explicit(&total, bytes, memory_order_relaxed) + bytes;
  if (bytes <= 0) return;
  raise(&peak[kind], now);
  if (all > atomic_load_explicit(&total_peak, memory_order_relaxed)) {
    raise(&total_peak, all);
    snapshot();
  }
}

void loqt_move_memory(int from, int to, intptr_t bytes) {
  atomic_fetch_sub_explicit(&live[from], bytes, memory_order_relaxed);
  raise(&peak[to], atomic_fetch_add_explicit(&live[to], bytes, memory_order_relaxed) + bytes);
  // Bytes that move while the total is at its peak count there as their new kind.
  if (atomic_load_explicit(&total, memory_order_relaxed) ==
      atomic_load_explicit(&total_peak, memory_order_relaxed))
    snapshot();
}

void loqt_reset_memory_peaks(void) {
  for (int i = 0; i < kinds; i++)
    atomic_store_explicit(
        &peak[i], atomic_load_explicit(&live[i], memory_order_relaxed), memory_order_relaxed);
  atomic_store_explicit(
      &total_peak, atomic_load_explicit(&total, memory_order_relaxed), memory_order_relaxed);
  snapshot();
}

void loqt_read_memory(intptr_t *lives, intptr_t *peaks, intptr_t *at_highest) {
  for (int i = 0; i < kinds; i++) {
    lives[i] = atomic_load_explicit(&live[i], memory_order_relaxed);
    peaks[i] = atomic_load_explicit(&peak[i], memory_order_relaxed);
    at_highest[i] = atomic_load_explicit(&at_peak[i], memory_order_relaxed);
  }
}
