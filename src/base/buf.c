/* Growing bytes. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

void
buf_fini(struct buf *buf)
{
	free(buf->data);
	*buf = BUF_EMPTY;
}

void
buf_clear(struct buf *buf)
{
	buf->len = 0;
	if (buf->data)
		buf->data[0] = '\0';
}

char *
buf_reserve(struct buf *buf, size_t n)
{
	size_t need = buf->len + n + 1;
	if (need > buf->cap) {
		size_t cap = buf->cap ? buf->cap * 2 : 64;
		buf->cap = cap < need ? need : cap;
		buf->data = mem_resize(buf->data, buf->cap, 1);
	}
	return buf->data + buf->len;
}

void
buf_add(struct buf *buf, const void *data, size_t len)
{
	char *end = buf_reserve(buf, len);
	if (len)
		memcpy(end, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void
buf_add_text(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void
buf_add_char(struct buf *buf, char c)
{
	buf_add(buf, &c, 1);
}

void
buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	char *end = buf_reserve(buf, 0);
	size_t room = buf->cap - buf->len;
	int n = vsnprintf(end, room, fmt, ap);
	va_end(ap);
	if (n > 0 && (size_t)n >= room)
		vsnprintf(buf_reserve(buf, (size_t)n), (size_t)n + 1, fmt, again);
	buf->len += n > 0 ? (size_t)n : 0;
	va_end(again);
}

void
buf_drop_front(struct buf *buf, size_t n)
{
	if (n == 0)
		return;
	memmove(buf->data, buf->data + n, buf->len - n + 1);
	buf->len -= n;
}

const char *
buf_text(const struct buf *buf)
{
	return buf->data ? buf->data : "";
}

char *
buf_take(struct buf *buf)
{
	char *data = buf->data ? buf->data : mem_dup("");
	*buf = BUF_EMPTY;
	return data;
}
