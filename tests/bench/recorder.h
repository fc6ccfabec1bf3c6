/*
 * The least that somebody can do who keeps a record of requests in SQLite: a thread, one table with one
 * index, a row that is inserted before a request begins and updated after it has ended, and one
 * synced commit for all that came while the last one was made.
 */
#ifndef BENCH_RECORDER_H
#define BENCH_RECORDER_H

struct recorder;

/* In a new database at path. on_commit is called in the recorder's thread. NULL: it cannot. */
struct recorder *recorder_open(const char *path, void (*on_commit)(void *arg), void *arg);

/* Records the end of request `ended` and the beginning of request `begun`; 0: there is none. */
void recorder_put(struct recorder *recorder, int ended, int begun);

/* The next pair that is on the disk. 0: there is none now. */
int recorder_take(struct recorder *recorder, int *ended, int *begun);

void recorder_close(struct recorder *recorder);

#endif
