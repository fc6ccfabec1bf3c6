/* Facts about one thing. */
#include "cli/facts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "cli/text.h"

#define LABEL_COLUMNS 16

void
fact(const struct screen *screen, const char *label, enum color color, const char *fmt, ...)
{
	struct buf safe = BUF_EMPTY;
	char *value = NULL;
	va_list ap;
	va_start(ap, fmt);
	int n = vasprintf(&value, fmt, ap);
	va_end(ap);
	if (n <= 0) {
		free(n < 0 ? NULL : value);
		return;
	}
	text_add_safe(&safe, value, (size_t)n);
	free(value);
	printf("%s%-*s%s%s%s%s\n", screen_on(screen, BOLD), LABEL_COLUMNS, label,
	       screen_off(screen, BOLD), screen_on(screen, color), buf_text(&safe),
	       screen_off(screen, color));
	buf_fini(&safe);
}
