/* Any bytes as an instant, an interval, and whatever they look like. */
#include "fuzz/fuzz.h"
#include "fuzz/schedule.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_schedule(SCHEDULE_AT, data, size);
	fuzz_schedule(SCHEDULE_EVERY, data, size);
	fuzz_schedule(SCHEDULE_ANY, data, size);
	return 0;
}
