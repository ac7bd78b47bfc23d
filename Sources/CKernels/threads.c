// A pool of sleeping threads that run ranges of an index.
//
// Every worker has a mailbox: the caller writes the range, then opens the mailbox; the worker
// closes it when the range is done and decrements the count of pending ranges. A mailbox is written
// only while closed, so an atomic orders everything shared. Both sides spin for a moment and then
// sleep. A sleeper announces itself before its last look, and the other side looks for sleepers
// after publishing: in sequentially consistent order one of the two sees the other.
//
// The waker chooses the sleeper's processor. Left to itself, the system may wake it on the waker's
// own, where the two take turns for many milliseconds: to the kernel of a virtual machine, a halted
// processor looks as if the host had taken it away.

#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>
#if defined(__linux__)
#include <sched.h>
#endif

#include "include/loqt_kernels.h"
#include "include/loqt_processor.h"

typedef void (*loqt_body)(void *context, intptr_t begin, intptr_t end);

enum { maximum_threads = 256, spin_nanoseconds = 100000 };

// ---- Processors ---------------------------------------------------------------------------------

#if defined(__linux__)

/// A thread, the processors it may run on (none if unknown) and the one it ran on.
typedef struct {
  pid_t thread;
  int processor;
  cpu_set_t set;
} affinity;

static affinity own_affinity(void) {
  affinity own = {.thread = gettid(), .processor = sched_getcpu()};
  if (sched_getaffinity(0, sizeof own.set, &own.set) != 0) CPU_ZERO(&own.set);
  return own;
}

static void restore(affinity own) {
  if (CPU_COUNT(&own.set) > 0) sched_setaffinity(0, sizeof own.set, &own.set);
}

/// Restricts a thread to one of its processors; to the one it ran on if the number is negative.
static void move(affinity thread, int processor) {
  if (processor < 0) processor = thread.processor;
  if (processor < 0 || !CPU_ISSET(processor, &thread.set)) return;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(processor, &one);
  sched_setaffinity(thread.thread, sizeof one, &one);
}

/// Where the workers of a loop of `ranges` ranges run best; negative if nothing is known. The last
/// answer is kept, as most loops are alike; guarded by the pool's `busy`.
static const int16_t *places_for(affinity caller, int ranges) {
  static int16_t leaders[LOQT_MOST_PROCESSORS], places[maximum_threads];
  static affinity last;
  static int last_ranges;
  bool moved = last_ranges == 0 || !CPU_EQUAL(&caller.set, &last.set);
  if (moved) loqt_processor_leaders(leaders);
  if (moved || ranges != last_ranges || caller.processor != last.processor)
    loqt_place_workers(leaders, caller.processor, ranges, places);
  last = caller, last_ranges = ranges;
  return places;
}

#else

typedef struct {
  char unused;
} affinity;
static affinity own_affinity(void) { return (affinity){0}; }
static void restore(affinity own) { (void)own; }
static void move(affinity thread, int processor) {
  (void)thread;
  (void)processor;
}
static const int16_t *places_for(affinity caller, int ranges) {
  static int16_t places[maximum_threads];
  (void)caller;
  for (int k = 0; k < ranges - 1; k++) places[k] = -1;
  return places;
}

#endif

/// A place to wait for an atomic to change, first awake, then asleep.
typedef struct {
  pthread_mutex_t mutex;
  pthread_cond_t condition;
  atomic_bool asleep;
  affinity sleeper;  // guarded by the mutex
} bell;

typedef struct {
  _Alignas(128) atomic_bool open;
  bell bell;
  loqt_body body;
  void *context;
  intptr_t begin, end;
} mailbox;

static struct {
  pthread_mutex_t busy;  // held by the thread whose ranges the workers run
  int started;           // workers so far; guarded by busy
  atomic_int threads;    // 0: not chosen yet
  _Alignas(128) atomic_int pending;
  bell finished;
} pool = {
    .busy = PTHREAD_MUTEX_INITIALIZER,
    .finished = {.mutex = PTHREAD_MUTEX_INITIALIZER, .condition = PTHREAD_COND_INITIALIZER},
};
static mailbox mailboxes[maximum_threads];
static _Thread_local bool inside;

// ---- Waiting ------------------------------------------------------------------------------------

static inline void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static int64_t nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static bool work_arrived(void *box) { return atomic_load(&((mailbox *)box)->open); }
static bool work_finished(void *unused) {
  (void)unused;
  return atomic_load(&pool.pending) == 0;
}

/// Sleeps until `done`, then restores the thread's affinity, which the waker narrows to one
/// processor.
static void sleep_until(bool (*done)(void *), void *subject, bell *bell) {
  affinity own = own_affinity();
  pthread_mutex_lock(&bell->mutex);
  bell->sleeper = own;
  atomic_store(&bell->asleep, true);
  while (!done(subject)) pthread_cond_wait(&bell->condition, &bell->mutex);
  atomic_store(&bell->asleep, false);
  pthread_mutex_unlock(&bell->mutex);
  restore(own);
}

static void wait_for(bool (*done)(void *), void *subject, bell *bell) {
  if (done(subject)) return;
  int64_t deadline = nanoseconds() + spin_nanoseconds;
  do {
    for (int i = 0; i < 32; i++) {
      if (done(subject)) return;
      relax();
    }
  } while (nanoseconds() < deadline);
  sleep_until(done, subject, bell);
}

/// Wakes the sleeper, if any, on a processor; on the one where it fell asleep if negative.
static void ring(bell *bell, int processor) {
  if (!atomic_load(&bell->asleep)) return;
  pthread_mutex_lock(&bell->mutex);
  // A thread already awake has restored its affinity and must keep it.
  if (atomic_load(&bell->asleep)) {
    move(bell->sleeper, processor);
    pthread_cond_signal(&bell->condition);
  }
  pthread_mutex_unlock(&bell->mutex);
}

// ---- Workers ------------------------------------------------------------------------------------

static void *work(void *argument) {
  mailbox *box = argument;
  inside = true;
  while (true) {
    wait_for(work_arrived, box, &box->bell);
    box->body(box->context, box->begin, box->end);
    atomic_store(&box->open, false);
    if (atomic_fetch_sub(&pool.pending, 1) == 1) ring(&pool.finished, -1);
  }
  return NULL;
}

/// Starts workers up to `count`, as far as the system allows; returns how many there are.
static int start_workers(int count) {
  if (pool.started >= count) return count;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, 8 << 20);
  // Workers block all signals, which are for the program's own threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  while (pool.started < count) {
    mailbox *box = &mailboxes[pool.started];
    pthread_mutex_init(&box->bell.mutex, NULL);
    pthread_cond_init(&box->bell.condition, NULL);
    pthread_t thread;
    if (pthread_create(&thread, &attributes, work, box) != 0) break;
    pool.started++;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  return pool.started;
}

// ---- The interface ------------------------------------------------------------------------------

static int clamp_threads(long count) {
  return count < 1 ? 1 : count > maximum_threads ? maximum_threads : (int)count;
}

static int available_processors(void) {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return clamp_threads(CPU_COUNT(&set));
#endif
  return clamp_threads(sysconf(_SC_NPROCESSORS_ONLN));
}

int loqt_thread_count(void) {
  int count = atomic_load_explicit(&pool.threads, memory_order_relaxed);
  if (count > 0) return count;
  int expected = 0;
  count = available_processors();
  return atomic_compare_exchange_strong(&pool.threads, &expected, count) ? count : expected;
}

void loqt_set_thread_count(int count) { atomic_store(&pool.threads, clamp_threads(count)); }

bool loqt_in_parallel_region(void) { return inside; }

static void run_here(intptr_t first, intptr_t count, intptr_t length, loqt_body body,
                     void *context) {
  bool outer = inside;
  inside = true;
  for (intptr_t begin = first; begin < count; begin += length)
    body(context, begin, count - begin < length ? count : begin + length);
  inside = outer;
}

void loqt_parallel_for(intptr_t count, intptr_t grain, loqt_body body, void *context) {
  if (count <= 0) return;
  intptr_t threads = loqt_thread_count();
  intptr_t length = count / threads + (count % threads != 0);
  if (length < grain) length = grain;
  intptr_t ranges = count / length + (count % length != 0);
  if (ranges == 1 || inside || pthread_mutex_trylock(&pool.busy) != 0) {
    run_here(0, count, length, body, context);
    return;
  }
  int workers = start_workers((int)ranges - 1);
  if (workers > ranges - 1) workers = (int)ranges - 1;
  atomic_store(&pool.pending, workers);
  const int16_t *places = NULL;
  for (int k = 0; k < workers; k++) {
    mailbox *box = &mailboxes[k];
    box->body = body;
    box->context = context;
    box->begin = (k + 1) * length;
    box->end = count - box->begin < length ? count : box->begin + length;
    atomic_store(&box->open, true);
    if (!atomic_load(&box->bell.asleep)) continue;
    if (!places) places = places_for(own_affinity(), (int)ranges);
    ring(&box->bell, places[k]);
  }
  // The first range runs here, and so do the last ones if the system gave fewer threads than
  // wanted.
  run_here(0, length, length, body, context);
  run_here((workers + 1) * length, count, length, body, context);
  wait_for(work_finished, NULL, &pool.finished);
  pthread_mutex_unlock(&pool.busy);
}
