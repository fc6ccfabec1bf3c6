/* A directory of a test's own, below the working directory, removed with what is in it. */
#ifndef FAKE_SCRATCH_H
#define FAKE_SCRATCH_H

/* The path of a new directory, to be given to scratch_free(). */
char *scratch_new(void);
void scratch_free(char *dir);
/* "DIR/NAME"; the caller frees. */
char *scratch_path(const char *dir, const char *name);

#endif
