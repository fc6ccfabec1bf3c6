/* The clocks of the spawner. */
#ifndef SPAWN_TICKS_H
#define SPAWN_TICKS_H

#include <stdint.h>

#define TICKS_US_PER_SEC INT64_C(1000000)

int64_t ticks_monotonic_us(void);
int64_t ticks_real_us(void); /* since 1970 */

/* Clock ticks since the boot, as field 22 of proc(5) stat counts them. */
int64_t ticks_since_boot(void);

#endif
