/* Any bytes as a schedule of the kind cron. */
#include "fuzz/fuzz.h"
#include "fuzz/schedule.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_schedule(SCHEDULE_CRON, data, size);
	return 0;
}
