/* RFC 3339 by hand: the C library is slow at it and knows no zone but the process's. */
#include "when/time_text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "when/schedule.h"
#include "when/zone.h"

#define NDECIMALS 6
#define YEAR_MAX  9999

static int
out_of_range(struct err *err, const char *what, int value, int min, int max)
{
	return err_set(err, ERR_INVALID, "%s: %d is not in %d-%d", what, value, min, max);
}

/* Exactly that many digits. */
static bool
read_digits(struct scan *scan, int ndigits, int *out)
{
	const char *p = scan->p;
	*out = 0;
	for (int i = 0; i < ndigits; i++, p++) {
		if (p == scan->end || !isdigit((unsigned char)*p))
			return false;
		*out = *out * 10 + (*p - '0');
	}
	scan->p = p;
	return true;
}

int
time_check_date(const struct civil *date, struct err *err)
{
	if (date->year < 1 || date->year > YEAR_MAX)
		return out_of_range(err, "year", date->year, 1, YEAR_MAX);
	if (date->month < 1 || date->month > 12)
		return out_of_range(err, "month", date->month, 1, 12);
	int length = civil_month_length(date->year, date->month);
	if (date->day >= 1 && date->day <= length)
		return 0;
	return err_set(err, ERR_INVALID, "day: %d is not in 1-%d (%s %d)", date->day, length,
		       civil_month_names[date->month - 1], date->year);
}

/* YYYY-MM-DD. 1: it is none. */
static int
read_date(struct scan *scan, struct civil *out, struct err *err)
{
	struct scan at = *scan;
	struct civil date = { 0 };
	if (!read_digits(&at, 4, &date.year) || !scan_char(&at, '-') ||
	    !read_digits(&at, 2, &date.month) || !scan_char(&at, '-') ||
	    !read_digits(&at, 2, &date.day))
		return 1;
	if (time_check_date(&date, err) < 0)
		return -1;
	*scan = at;
	*out = date;
	return 0;
}

bool
time_read_fraction(struct scan *scan, int *usec)
{
	const char *start = scan->p;
	int unit = USEC_PER_SEC / 10;
	*usec = 0;
	for (; isdigit((unsigned char)scan_peek(scan)); scan->p++, unit /= 10) {
		if (scan->p - start == NDECIMALS)
			*usec += *scan->p >= '5';
		*usec += (*scan->p - '0') * unit;
	}
	return scan->p > start;
}

int
time_read_clock(struct scan *scan, usec_t *since_midnight, struct err *err)
{
	struct scan at = *scan;
	int hour, minute, second = 0, usec = 0;
	if (!read_digits(&at, 2, &hour) && !read_digits(&at, 1, &hour))
		return 1;
	if (!scan_char(&at, ':') || !read_digits(&at, 2, &minute))
		return 1;
	if (scan_char(&at, ':') && !read_digits(&at, 2, &second))
		return 1;
	if (hour > 23)
		return out_of_range(err, "hour", hour, 0, 23);
	if (minute > 59)
		return out_of_range(err, "minute", minute, 0, 59);
	if (second > 60)
		return out_of_range(err, "second", second, 0, 59);
	if (scan_char(&at, '.') && !time_read_fraction(&at, &usec))
		return err_set(err, ERR_INVALID, "second: decimals are missing behind the point");
	if (second == 60) { /* a leap second, which POSIX time does not know */
		second = 59;
		usec = USEC_PER_SEC - 1;
	}
	*since_midnight =
		hour * USEC_PER_HOUR + minute * USEC_PER_MIN + second * USEC_PER_SEC + usec;
	*scan = at;
	return 0;
}

bool
time_read_offset(struct scan *scan, usec_t *offset)
{
	struct scan at = *scan;
	int hours, minutes;
	if (scan_text(scan, "Z")) {
		*offset = 0;
		return true;
	}
	bool is_west = scan_peek(&at) == '-';
	if (!scan_char(&at, '+') && !scan_char(&at, '-'))
		return false;
	if (!read_digits(&at, 2, &hours) || hours > 23)
		return false;
	scan_char(&at, ':');
	if (!read_digits(&at, 2, &minutes) || minutes > 59)
		return false;
	*offset = hours * USEC_PER_HOUR + minutes * USEC_PER_MIN;
	if (is_west)
		*offset = -*offset;
	*scan = at;
	return true;
}

int
schedule_parse_rfc3339(const char *text, usec_t *at, struct err *err)
{
	struct scan scan = { text, text + strnlen(text, SCHEDULE_TEXT_MAX) };
	struct civil date;
	usec_t clock, offset;
	int status = read_date(&scan, &date, err);
	if (status == 0 && !scan_text(&scan, "T") && !scan_char(&scan, ' '))
		status = 1;
	if (status == 0)
		status = time_read_clock(&scan, &clock, err);
	if (status == 0 && (!time_read_offset(&scan, &offset) || !scan_at_end(&scan)))
		status = 1;
	if (status == 0)
		*at = civil_join(&date) + clock - offset;
	if (status > 0)
		return err_set(err, ERR_INVALID,
			       "\"%.40s\" is not a time like 2026-12-24T18:00:00+01:00", text);
	return status;
}

static char *
put_digits(char *out, int value, int ndigits)
{
	for (int i = ndigits - 1; i >= 0; i--, value /= 10)
		out[i] = (char)('0' + value % 10);
	return out + ndigits;
}

static char *
put_date_and_clock(char *out, const struct civil *time, char between)
{
	out = put_digits(out, time->year, 4);
	*out++ = '-';
	out = put_digits(out, time->month, 2);
	*out++ = '-';
	out = put_digits(out, time->day, 2);
	*out++ = between;
	out = put_digits(out, time->hour, 2);
	*out++ = ':';
	out = put_digits(out, time->minute, 2);
	*out++ = ':';
	out = put_digits(out, time->second, 2);
	if (time->usec == 0)
		return out;
	*out++ = '.';
	if (time->usec % 1000 == 0)
		return put_digits(out, time->usec / 1000, 3);
	return put_digits(out, time->usec, 6);
}

/* Keeps what is printed within four digits for the year; no due instant is beyond. */
static usec_t
printable(usec_t at)
{
	const usec_t first = civil_days(1, 1, 2) * USEC_PER_DAY;
	const usec_t last = civil_days(YEAR_MAX, 12, 30) * USEC_PER_DAY;
	return at < first ? first : at > last ? last : at;
}

char *
schedule_print_time(struct zone *zone, usec_t at, char out[SCHEDULE_TIME_MAX])
{
	at = printable(at);
	usec_t offset = zone ? zone_span_at(zone, at)->offset : 0;
	/* RFC 3339 has no seconds in the offset; local mean times had. The instant stays exact. */
	int minutes = (int)((offset + (offset < 0 ? -30 : 30) * USEC_PER_SEC) / USEC_PER_MIN);
	struct civil local = civil_split(at + minutes * USEC_PER_MIN);
	char *end = put_date_and_clock(out, &local, 'T');
	*end++ = minutes < 0 ? '-' : '+';
	if (minutes < 0)
		minutes = -minutes;
	end = put_digits(end, minutes / 60, 2);
	*end++ = ':';
	end = put_digits(end, minutes % 60, 2);
	*end = '\0';
	return out;
}

char *
schedule_print_time_local(struct zone *zone, usec_t at, char out[SCHEDULE_TIME_MAX])
{
	at = printable(at);
	const struct zone_span *span = zone ? zone_span_at(zone, at) : NULL;
	struct civil local = civil_split(at + (span ? span->offset : 0));
	char *end = put_date_and_clock(out, &local, ' ');
	snprintf(end, SCHEDULE_TIME_MAX - (size_t)(end - out), " %s",
		 span ? span->abbreviation : "UTC");
	return out;
}
