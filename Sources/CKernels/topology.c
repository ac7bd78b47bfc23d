// Which processors share a core, and where the workers of a loop run best.

#define _GNU_SOURCE
#include <stdio.h>
#include <unistd.h>
#if defined(__linux__)
#include <sched.h>
#endif

#include "include/loqt_processor.h"

#if defined(__linux__)

/// The first processor on the same core; the processor itself if the system does not say.
static int leader_of(int processor) {
  char path[96];
  snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list",
           processor);
  FILE *file = fopen(path, "r");
  int first = processor;
  if (!file) return processor;
  if (fscanf(file, "%d", &first) != 1 || first < 0 || first >= LOQT_MOST_PROCESSORS)
    first = processor;
  fclose(file);
  return first;
}

void loqt_processor_leaders(int16_t *leaders) {
  cpu_set_t set;
  bool known = sched_getaffinity(0, sizeof set, &set) == 0;
  for (int p = 0; p < LOQT_MOST_PROCESSORS; p++)
    leaders[p] = known && p < CPU_SETSIZE && CPU_ISSET(p, &set) ? (int16_t)leader_of(p) : -1;
}

#else

void loqt_processor_leaders(int16_t *leaders) {
  long count = sysconf(_SC_NPROCESSORS_ONLN);
  for (int p = 0; p < LOQT_MOST_PROCESSORS; p++) leaders[p] = p < count ? (int16_t)p : -1;
}

#endif

/// Lists the first processor of every core, in order; returns how many there are.
static int list_cores(const int16_t *leaders, int16_t *cores) {
  bool seen[LOQT_MOST_PROCESSORS] = {0};
  int count = 0;
  for (int p = 0; p < LOQT_MOST_PROCESSORS; p++) {
    if (leaders[p] < 0 || seen[leaders[p]]) continue;
    seen[leaders[p]] = true;
    cores[count++] = (int16_t)p;
  }
  return count;
}

int loqt_count_processors(const int16_t *leaders) {
  int count = 0;
  for (int p = 0; p < LOQT_MOST_PROCESSORS; p++) count += leaders[p] >= 0;
  return count;
}

int loqt_count_cores(const int16_t *leaders) {
  int16_t cores[LOQT_MOST_PROCESSORS];
  return list_cores(leaders, cores);
}

void loqt_place_workers(const int16_t *leaders, int caller, int ranges, int16_t *places) {
  for (int k = 0; k < ranges - 1; k++) places[k] = -1;
  if (caller < 0 || caller >= LOQT_MOST_PROCESSORS || leaders[caller] < 0) return;
  int16_t list[LOQT_MOST_PROCESSORS];
  int count = list_cores(leaders, list), at = 0;
  if (count < ranges) {
    // More ranges than cores: use the second processors of cores as well.
    count = 0;
    for (int p = 0; p < LOQT_MOST_PROCESSORS; p++)
      if (leaders[p] >= 0) list[count++] = (int16_t)p;
    if (count < ranges) return;
    while (list[at] != caller) at++;
  } else {
    while (leaders[list[at]] != leaders[caller]) at++;
  }
  for (int k = 0; k < ranges - 1; k++)
    places[k] = list[(at + (int64_t)(k + 1) * count / ranges) % count];
}
