/* Tests that cannot run everywhere. Include it after cmocka.h. */
#ifndef UNIT_SKIP_H
#define UNIT_SKIP_H

/* Ends the test aloud; tests/unit/run.sh makes `why` TAP's reason. */
static inline void
skip_because(const char *why)
{
	print_message("skipped: %s\n", why);
	skip();
}

#endif
