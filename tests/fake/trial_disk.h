/* A disk on which calls fail. */
#ifndef FAKE_TRIAL_DISK_H
#define FAKE_TRIAL_DISK_H

/* From now on, calls number first to first + count - 1 fail so (trial_disk.c); call "": none do. */
void trial_disk_set(const char *call, int how, long first, long count);
/* How many of these calls there were since. */
long trial_disk_ncalls(void);

#endif
