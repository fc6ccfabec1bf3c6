/* Strict configuration lines for inih. */
#include "daemon/lines.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* What inih acts on inside a value, and what it sees instead. */
static const char active[] = " \t;#[";
static const char shields[] = "\x01\x02\x03\x04\x05";

#define BOM "\xef\xbb\xbf"

void
lines_init(struct lines *lines, const char *text, size_t len)
{
	*lines = (struct lines){ .at = text, .end = text + len };
	if (len >= strlen(BOM) && memcmp(text, BOM, strlen(BOM)) == 0)
		lines->at += strlen(BOM);
}

static char
shield(char c)
{
	const char *p = c ? strchr(active, c) : NULL;
	return p ? shields[p - active] : c;
}

void
lines_unshield(char *piece)
{
	for (; *piece; piece++) {
		const char *p = strchr(shields, *piece);
		if (p)
			*piece = active[p - shields];
	}
}

bool
lines_is_whole(const struct lines *lines)
{
	return lines->rest == lines->rest_end;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* A byte that ends a line, a value or a text somewhere on its way; the tab is a blank. */
static int
check_bytes(const char *line, const char *end, struct err *err)
{
	for (const char *p = line; p < end; p++) {
		unsigned char c = (unsigned char)*p;
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return err_set(err, ERR_INVALID, "column %d: control byte 0x%02x",
				       (int)(p - line) + 1, c);
	}
	return 0;
}

/* Letters that a key or a section may have; of a section also the blank before its name. */
static bool
is_word(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '-' || c == '_' || c == '.'))
			return false;
	}
	return len > 0;
}

static bool
is_section_name(const char *text, size_t len)
{
	const char *blank = memchr(text, ' ', len);
	if (!blank)
		return is_word(text, len);
	size_t first = (size_t)(blank - text);
	return is_word(text, first) && is_word(blank + 1, len - first - 1);
}

static int
feed_section(struct lines *lines, const char *line, size_t len, char *out, int size)
{
	char name[LINES_SECTION_MAX + 1];
	if (line[len - 1] != ']')
		return err_set(&lines->err, ERR_INVALID, "a section ends with ]");
	if (len - 2 > LINES_SECTION_MAX)
		return err_set(&lines->err, ERR_INVALID, "the section's name is over %d bytes",
			       LINES_SECTION_MAX);
	if (!is_section_name(line + 1, len - 2))
		return err_set(&lines->err, ERR_INVALID,
			       "section: %.*s is not [WORD] or [WORD NAME]", (int)len, line);
	memcpy(name, line + 1, len - 2);
	name[len - 2] = '\0';
	snprintf(out, (size_t)size, "[%s]\n", name);
	return lines->section ? lines->section(lines->arg, name, &lines->err) : 0;
}

/* One piece of the value behind what *out has: as much as one of inih's lines takes. */
static void
feed_piece(struct lines *lines, char *out, size_t used, size_t size)
{
	while (lines->rest < lines->rest_end && used + 2 < size)
		out[used++] = shield(*lines->rest++);
	out[used++] = '\n';
	out[used] = '\0';
}

static int
feed_pair(struct lines *lines, const char *line, size_t len, char *out, size_t size)
{
	const char *end = line + len;
	const char *equals = memchr(line, '=', len);
	if (!equals)
		return err_set(&lines->err, ERR_INVALID, "\"%.*s\" is not key = value",
			       len > 60 ? 60 : (int)len, line);
	const char *key_end = equals;
	while (key_end > line && is_blank(key_end[-1]))
		key_end--;
	size_t key_len = (size_t)(key_end - line);
	if (key_len > LINES_KEY_MAX || !is_word(line, key_len))
		return err_set(&lines->err, ERR_INVALID, "\"%.*s\" is not a key",
			       key_len > 60 ? 60 : (int)key_len, line);
	lines->rest = equals + 1;
	while (lines->rest < end && is_blank(*lines->rest))
		lines->rest++;
	lines->rest_end = end;
	if (end - lines->rest > LINES_VALUE_MAX)
		return err_set(&lines->err, ERR_INVALID, "%.*s: the value is over %d bytes",
			       (int)key_len, line, LINES_VALUE_MAX);
	memcpy(out, line, key_len);
	out[key_len] = '=';
	feed_piece(lines, out, key_len + 1, size);
	return 0;
}

/* Blank lines and comments reach inih as empty lines, so that both count the same. */
static int
feed_line(struct lines *lines, const char *line, size_t len, char *out, int size)
{
	if (check_bytes(line, line + len, &lines->err) != 0)
		return -1;
	while (len > 0 && is_blank(line[len - 1]))
		len--;
	if (len == 0 || line[0] == '#' || line[0] == ';') {
		snprintf(out, (size_t)size, "\n");
		return 0;
	}
	if (is_blank(line[0]))
		return err_set(&lines->err, ERR_INVALID,
			       "the line begins with a blank (values cannot be continued)");
	if (line[0] == '[')
		return feed_section(lines, line, len, out, size);
	return feed_pair(lines, line, len, out, (size_t)size);
}

char *
lines_next(char *out, int size, void *arg)
{
	struct lines *lines = arg;
	assert(size > LINES_KEY_MAX + 4 && size > LINES_SECTION_MAX + 4);
	if (lines->err.code != ERR_NONE)
		return NULL;
	lines->is_continued = !lines_is_whole(lines);
	if (lines->is_continued) {
		out[0] = ' ';
		feed_piece(lines, out, 1, (size_t)size);
		return out;
	}
	if (lines->at == lines->end)
		return NULL;
	const char *line = lines->at;
	const char *newline = memchr(line, '\n', (size_t)(lines->end - line));
	size_t len = (size_t)((newline ? newline : lines->end) - line);
	lines->at = newline ? newline + 1 : lines->end;
	lines->number++;
	return feed_line(lines, line, len, out, size) == 0 ? out : NULL;
}
