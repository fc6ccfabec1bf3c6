/* Reading a text step by step. */
#include "when/scan.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define SHORT_NAME_LEN 3

struct scan
scan_of(const char *text)
{
	return (struct scan){ text, text + strlen(text) };
}

bool
scan_at_end(const struct scan *scan)
{
	return scan->p == scan->end;
}

char
scan_peek(const struct scan *scan)
{
	return scan->p < scan->end ? *scan->p : '\0';
}

size_t
scan_len(const struct scan *scan)
{
	return (size_t)(scan->end - scan->p);
}

int
scan_shown(const struct scan *scan)
{
	return scan_len(scan) < SCAN_SHOWN_MAX ? (int)scan_len(scan) : SCAN_SHOWN_MAX;
}

int
scan_refuse(const struct scan *scan, const char *why, struct err *err)
{
	return err_set(err, ERR_INVALID, "\"%.*s\": %s", scan_shown(scan), scan->p, why);
}

bool
scan_char(struct scan *scan, char wanted)
{
	if (scan->p == scan->end || *scan->p != wanted)
		return false;
	scan->p++;
	return true;
}

bool
scan_text(struct scan *scan, const char *wanted)
{
	size_t len = strlen(wanted);
	if (scan_len(scan) < len || strncasecmp(scan->p, wanted, len) != 0)
		return false;
	scan->p += len;
	return true;
}

bool
scan_blanks(struct scan *scan)
{
	const char *start = scan->p;
	while (scan->p < scan->end && (*scan->p == ' ' || *scan->p == '\t'))
		scan->p++;
	return scan->p > start;
}

void
scan_trim(struct scan *scan)
{
	scan_blanks(scan);
	while (scan->end > scan->p && (scan->end[-1] == ' ' || scan->end[-1] == '\t'))
		scan->end--;
}

bool
scan_number(struct scan *scan, int min, int max, int *out)
{
	const char *p = scan->p;
	int n = 0;
	while (p < scan->end && isdigit((unsigned char)*p) && n <= max)
		n = n * 10 + (*p++ - '0');
	*out = n;
	if (p == scan->p || n < min || n > max)
		return false;
	scan->p = p;
	return true;
}

/* How many letters of the name stand here. */
static size_t
shared_len(const struct scan *scan, const char *name)
{
	size_t len = 0;
	while (len < scan_len(scan) && name[len] &&
	       tolower((unsigned char)scan->p[len]) == tolower((unsigned char)name[len]))
		len++;
	return len;
}

int
scan_name(struct scan *scan, const char *const *names, int n)
{
	for (int i = 0; i < n; i++) {
		size_t len = shared_len(scan, names[i]);
		if (len >= SHORT_NAME_LEN) {
			scan->p += len;
			return i;
		}
	}
	return -1;
}

bool
scan_word(struct scan *scan, struct scan *word)
{
	scan_blanks(scan);
	word->p = scan->p;
	while (scan->p < scan->end && *scan->p != ' ' && *scan->p != '\t')
		scan->p++;
	word->end = scan->p;
	return word->end > word->p;
}

bool
scan_is(const struct scan *word, const char *text)
{
	return scan_len(word) == strlen(text) && strncasecmp(word->p, text, scan_len(word)) == 0;
}
