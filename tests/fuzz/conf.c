/* Any bytes as a configuration: it is taken or refused with one line, never anything else. */
#include <stdlib.h>
#include <string.h>

#include "daemon/conf.h"
#include "fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf conf;
	struct err err = { 0 };
	conf_init(&conf);
	int result = conf_parse(&conf, "x", (const char *)data, size, &err);
	if ((result == 0) != (err.code == ERR_NONE) || strchr(err.text, '\n'))
		abort();
	conf_fini(&conf);
	return 0;
}
