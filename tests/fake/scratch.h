/* A directory of a test's own, removed with what is in it. */
#ifndef FAKE_SCRATCH_H
#define FAKE_SCRATCH_H

/* The path of a new directory below the working directory, to be given to scratch_free(). */
char *scratch_new(void);
/* Likewise in memory if the system has such a place: where real syncs would only cost time. */
char *scratch_new_fast(void);
void scratch_free(char *dir);
/* "DIR/NAME"; the caller frees. */
char *scratch_path(const char *dir, const char *name);

#endif
