/* In place of confine.c and confine_calls.c, in a build with sanitizers. */
#include "daemon/confine.h"

#include "base/log.h"

void
confine_add(struct confine_places *places, const char *path, bool may_write)
{
	(void)places;
	(void)path;
	(void)may_write;
}

void
confine(const struct confine_places *places)
{
	(void)places;
	log_notice("not confined: a build with sanitizers");
}
