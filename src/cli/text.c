/* Text made safe to show, and measured. */
#include "cli/text.h"

#include <stdint.h>
#include <string.h>
#include <wchar.h>

#define NAME_MAX_LEN 40 /* longer names are not compared */

/* Reads one character of UTF-8: its length in bytes, 0 when there is none that is valid. */
static size_t
decode(const char *text, size_t len, uint32_t *character)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)text;
	if (len == 0)
		return 0;
	size_t n = p[0] < 0x80   ? 1
		   : p[0] < 0xc2 ? 0
		   : p[0] < 0xe0 ? 2
		   : p[0] < 0xf0 ? 3
		   : p[0] < 0xf5 ? 4
				 : 0;
	if (n == 0 || n > len)
		return 0;
	uint32_t c = n == 1 ? p[0] : p[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*character = c;
	return n;
}

/* Would the character be missing from the screen, or change how its neighbours are shown? */
static bool
is_deceptive(uint32_t c)
{
	return (c >= 0x80 && c < 0xa0) || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0x61c ||
	       c == 0xfeff || (c >= 0xe0000 && c <= 0xe0fff);
}

static void
add_character(struct buf *out, const char *text, size_t n, uint32_t c)
{
	if (c < 0x20 || c == 0x7f)
		buf_printf(out, "^%c", (char)(c ^ 0x40));
	else if (is_deceptive(c))
		buf_printf(out, "\\u{%x}", (unsigned)c);
	else
		buf_add(out, text, n);
}

void
text_add_safe(struct buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		uint32_t c;
		size_t n = decode(text + i, len - i, &c);
		if (n == 0) {
			buf_printf(out, "\\x%02x", (unsigned char)text[i++]);
			continue;
		}
		add_character(out, text + i, n, c);
		i += n;
	}
}

/* Could more bytes still make the rest one valid character? */
static bool
is_cut_off(const char *text, size_t len)
{
	char padded[5] = { 0 };
	uint32_t c;
	if (len == 0 || len > 3)
		return false;
	memcpy(padded, text, len);
	/* Of every lead byte, one of these makes all its continuations legal. */
	for (int filler = 0x80; filler <= 0xbf; filler += 0x3f) {
		memset(padded + len, filler, sizeof(padded) - 1 - len);
		if (decode(padded, sizeof(padded) - 1, &c) > len)
			return true;
	}
	return false;
}

size_t
text_add_lines(struct buf *out, const char *text, size_t len)
{
	size_t i = 0;
	while (i < len) {
		uint32_t c;
		size_t n = decode(text + i, len - i, &c);
		if (n == 0 && is_cut_off(text + i, len - i))
			break;
		if (n == 0) {
			buf_printf(out, "\\x%02x", (unsigned char)text[i++]);
			continue;
		}
		if (c == '\n' || c == '\t')
			buf_add_char(out, (char)c);
		else if (c != '\r' || i + 1 >= len || text[i + 1] != '\n')
			add_character(out, text + i, n, c);
		i += n;
	}
	return i;
}

static int
character_width(uint32_t c)
{
	int width = wcwidth((wchar_t)c);
	return width < 0 ? 1 : width;
}

size_t
text_fit(const char *text, int columns)
{
	size_t len = strlen(text), i = 0;
	while (i < len) {
		uint32_t c = '?';
		size_t n = decode(text + i, len - i, &c);
		columns -= character_width(c);
		if (columns < 0)
			break;
		i += n ? n : 1;
	}
	return i;
}

int
text_width(const char *text)
{
	size_t len = strlen(text);
	int width = 0;
	for (size_t i = 0; i < len;) {
		uint32_t c = '?';
		size_t n = decode(text + i, len - i, &c);
		width += character_width(c);
		i += n ? n : 1;
	}
	return width;
}

static int
least_of(int a, int b, int c)
{
	int ab = a < b ? a : b;
	return ab < c ? ab : c;
}

int
text_distance(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);
	int rows[NAME_MAX_LEN + 1][NAME_MAX_LEN + 1];
	if (na > NAME_MAX_LEN || nb > NAME_MAX_LEN)
		return NAME_MAX_LEN;
	for (size_t i = 0; i <= na; i++) {
		for (size_t j = 0; j <= nb; j++) {
			if (i == 0 || j == 0) {
				rows[i][j] = (int)(i + j);
				continue;
			}
			int change = a[i - 1] != b[j - 1];
			rows[i][j] = least_of(rows[i - 1][j] + 1, rows[i][j - 1] + 1,
					      rows[i - 1][j - 1] + change);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    rows[i - 2][j - 2] + 1 < rows[i][j])
				rows[i][j] = rows[i - 2][j - 2] + 1;
		}
	}
	return rows[na][nb];
}
