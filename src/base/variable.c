/* Names of environment variables. */
#include "base/variable.h"

#include <string.h>

#define NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

size_t
variable_name(const char *text)
{
	size_t n = strspn(text, NAME_CHARS);
	return text[n] != '=' || (text[0] >= '0' && text[0] <= '9') ? 0 : n;
}

bool
variable_is_reserved(const char *text)
{
	static const char *const names[] = { "LD_",       "ASCHED_", "IFS=",
					     "BASH_ENV=", "ENV=",    "SHELLOPTS=" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strncmp(text, names[i], strlen(names[i])) == 0)
			return true;
	}
	return false;
}
