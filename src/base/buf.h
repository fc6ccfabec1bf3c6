/* A growing run of bytes with a NUL kept behind its end. Owns its memory; zeroed is empty. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>

struct buf {
	char *data; /* NULL while nothing was ever added */
	size_t len;
	size_t cap;
};

#define BUF_EMPTY ((struct buf){ 0 })

void buf_fini(struct buf *buf);
void buf_clear(struct buf *buf); /* keeps the memory */
void buf_add(struct buf *buf, const void *data, size_t len);
void buf_add_text(struct buf *buf, const char *text);
void buf_add_char(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Room for n more bytes behind the end; the caller raises len by what it wrote. */
char *buf_reserve(struct buf *buf, size_t n);
void buf_drop_front(struct buf *buf, size_t n);
/* The text, never NULL. Gives the memory with buf_take(): the caller frees it. */
const char *buf_text(const struct buf *buf);
char *buf_take(struct buf *buf);

#endif
