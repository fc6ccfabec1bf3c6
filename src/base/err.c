/* Errors as values. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const code_names[ERR_NCODES] = {
	[ERR_NONE] = "none",
	[ERR_INVALID] = "invalid",
	[ERR_NOT_FOUND] = "not-found",
	[ERR_EXISTS] = "exists",
	[ERR_DENIED] = "denied",
	[ERR_BUSY] = "busy",
	[ERR_UNKNOWN_OUTCOME] = "unknown-outcome",
	[ERR_UNAVAILABLE] = "unavailable",
	[ERR_SYSTEM] = "system",
};

const char *
err_code_name(enum err_code code)
{
	return (unsigned)code < ERR_NCODES ? code_names[code] : "none";
}

/* Bytes of the UTF-8 character that begins so (RFC 3629); 0: none does. */
static size_t
utf8_announced(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first >= 0xf5)
		return 0;
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* Bytes of the UTF-8 character at p (overlong forms are not looked for); 0: it is none. */
static size_t
utf8_length(const unsigned char *p)
{
	size_t n = utf8_announced(*p);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	return n;
}

/* The text quotes what people sent, perhaps cut: it stays one line of UTF-8 for any terminal. */
static void
make_printable(char *text)
{
	for (unsigned char *p = (unsigned char *)text; *p;) {
		size_t n = *p < ' ' || *p == 0x7f ? 0 : utf8_length(p);
		if (n == 0)
			*p = '?';
		p += n ? n : 1;
	}
}

static void
set_text(struct err *err, enum err_code code, const char *fmt, va_list ap)
{
	err->code = code;
	err->field[0] = '\0';
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	make_printable(err->text);
}

int
err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	if (!err)
		return -1;
	va_list ap;
	va_start(ap, fmt);
	set_text(err, code, fmt, ap);
	va_end(ap);
	return -1;
}

int
err_invalid(struct err *err, const char *field, const char *fmt, ...)
{
	if (!err)
		return -1;
	va_list ap;
	va_start(ap, fmt);
	set_text(err, ERR_INVALID, fmt, ap);
	va_end(ap);
	snprintf(err->field, sizeof(err->field), "%s", field);
	return -1;
}

int
err_errno(struct err *err, const char *fmt, ...)
{
	if (!err)
		return -1;
	int saved = errno;
	va_list ap;
	va_start(ap, fmt);
	set_text(err, ERR_SYSTEM, fmt, ap);
	va_end(ap);
	size_t len = strlen(err->text);
	snprintf(err->text + len, sizeof(err->text) - len, ": %s", strerror(saved));
	errno = saved;
	return -1;
}

void
err_in_field(struct err *err, const char *field)
{
	if (err && err->field[0] == '\0')
		snprintf(err->field, sizeof(err->field), "%s", field);
}
