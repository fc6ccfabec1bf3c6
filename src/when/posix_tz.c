/* POSIX TZ strings: std offset [dst [offset] , start [/time] , end [/time]]. */
#include "when/posix_tz.h"

#include <ctype.h>
#include <string.h>

#include "when/civil.h"
#include "when/scan.h"

#define SECONDS_PER_DAY 86400
#define HOURS_MAX       167 /* RFC 9636, 3.3.1 */
#define OFFSET_HOURS    24

/* Letters, or anything of letters, digits and signs within < >. */
static bool
take_name(struct scan *c, char out[POSIX_TZ_NAME_MAX])
{
	bool quoted = scan_char(c, '<');
	const char *start = c->p;
	while (c->p < c->end &&
	       (isalpha((unsigned char)*c->p) ||
		(quoted && (isdigit((unsigned char)*c->p) || *c->p == '+' || *c->p == '-'))))
		c->p++;
	size_t len = (size_t)(c->p - start);
	if (len < 3 || len >= POSIX_TZ_NAME_MAX)
		return false;
	memcpy(out, start, len);
	out[len] = '\0';
	return !quoted || scan_char(c, '>');
}

/* [+-]h[h[h]][:mm[:ss]] */
static bool
take_time(struct scan *c, int hours_max, int *seconds)
{
	int h, m = 0, s = 0;
	bool negative = scan_char(c, '-');
	if (!negative)
		scan_char(c, '+');
	if (!scan_number(c, 0, hours_max, &h))
		return false;
	if (scan_char(c, ':') &&
	    (!scan_number(c, 0, 59, &m) || (scan_char(c, ':') && !scan_number(c, 0, 59, &s))))
		return false;
	*seconds = h * 3600 + m * 60 + s;
	if (negative)
		*seconds = -*seconds;
	return true;
}

static bool
take_change(struct scan *c, struct posix_tz_change *change)
{
	bool ok;
	*change = (struct posix_tz_change){ .seconds = 2 * 3600 };
	if (scan_char(c, 'M')) {
		change->kind = POSIX_DAY_OF_MONTH;
		ok = scan_number(c, 1, 12, &change->month) && scan_char(c, '.') &&
		     scan_number(c, 1, 5, &change->week) && scan_char(c, '.') &&
		     scan_number(c, 0, 6, &change->day);
	} else if (scan_char(c, 'J')) {
		change->kind = POSIX_DAY_JULIAN;
		ok = scan_number(c, 1, 365, &change->day);
	} else {
		change->kind = POSIX_DAY_OF_YEAR;
		ok = scan_number(c, 0, 365, &change->day);
	}
	return ok && (!scan_char(c, '/') || take_time(c, HOURS_MAX, &change->seconds));
}

bool
posix_tz_parse(struct posix_tz *tz, const char *text, size_t len)
{
	struct scan c = { text, text + len };
	int west; /* POSIX counts offsets westward */
	*tz = (struct posix_tz){ 0 };
	if (!take_name(&c, tz->std_name) || !take_time(&c, OFFSET_HOURS, &west))
		return false;
	tz->std_offset = -west;
	if (c.p == c.end)
		return true;
	if (!take_name(&c, tz->dst_name))
		return false;
	tz->has_dst = true;
	tz->dst_offset = tz->std_offset + 3600;
	if (c.p < c.end && *c.p != ',') {
		if (!take_time(&c, OFFSET_HOURS, &west))
			return false;
		tz->dst_offset = -west;
	}
	return scan_char(&c, ',') && take_change(&c, &tz->to_dst) && scan_char(&c, ',') &&
	       take_change(&c, &tz->to_std) && c.p == c.end;
}

static int64_t
change_day(const struct posix_tz_change *change, int year)
{
	if (change->kind == POSIX_DAY_OF_YEAR)
		return civil_days(year, 1, 1) + change->day;
	if (change->kind == POSIX_DAY_JULIAN)
		return civil_days(year, 1, 1) + change->day - 1 +
		       (change->day > 59 && civil_is_leap(year));
	int64_t first = civil_days(year, change->month, 1);
	int day = (change->day - (int)civil_weekday(first) + 7) % 7 + (change->week - 1) * 7;
	if (day >= civil_month_length(year, change->month))
		day -= 7;
	return first + day;
}

int64_t
posix_tz_to_dst(const struct posix_tz *tz, int year)
{
	return change_day(&tz->to_dst, year) * SECONDS_PER_DAY + tz->to_dst.seconds -
	       tz->std_offset;
}

int64_t
posix_tz_to_std(const struct posix_tz *tz, int year)
{
	return change_day(&tz->to_std, year) * SECONDS_PER_DAY + tz->to_std.seconds -
	       tz->dst_offset;
}
