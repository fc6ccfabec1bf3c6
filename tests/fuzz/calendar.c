/* Any bytes as a schedule of the kind calendar. */
#include "fuzz/fuzz.h"
#include "fuzz/schedule.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_schedule(SCHEDULE_CALENDAR, data, size);
	return 0;
}
