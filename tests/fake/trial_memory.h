/* The trial daemon's memory. */
#ifndef FAKE_TRIAL_MEMORY_H
#define FAKE_TRIAL_MEMORY_H

/* The n-th allocation from now finds no memory, once. 0: none. */
void trial_memory_fail(long n);

#endif
