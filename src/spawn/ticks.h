/* The clocks of the spawner, and the start of a process in the kernel's own count. */
#ifndef SPAWN_TICKS_H
#define SPAWN_TICKS_H

#include <stdint.h>
#include <sys/types.h>

#define TICKS_US_PER_SEC INT64_C(1000000)

int64_t ticks_monotonic_us(void);
int64_t ticks_real_us(void); /* since 1970 */

/* Clock ticks since the boot, as field 22 of proc(5) stat counts them. */
int64_t ticks_since_boot(void);

/* When a process started, in those; 0: it cannot be read. */
int64_t ticks_of_pid(pid_t pid);

#endif
