/* Writing calendar expressions: "Mon..Fri *-*-* 10:00:00", every part in full. */
#include "when/bitlist.h"
#include "when/calendar.h"

#define DAYS_MAX 31

static void
print_part(const struct bitlist *list, bool is_star, struct buf *out)
{
	int first, step;
	if (is_star)
		buf_add_char(out, '*');
	else if (bitlist_is_open(list, &first, &step) && step > 1)
		buf_printf(out, "%02d/%d", first + list->base, step);
	else
		bitlist_print(list, "..", 2, out);
}

static void
print_weekdays(uint8_t weekdays, struct buf *out)
{
	const char *comma = "";
	/* Monday first, as people read a week: bit 7 is Sunday again. */
	struct bitlist list = bitlist_of((uint64_t)weekdays | (uint64_t)weekdays << 7, 1, 7);
	if (bitlist_is_full(&list))
		return;
	for (int n = bitlist_next(&list, 0); n >= 0; n = bitlist_next(&list, n + 1)) {
		int last = n;
		while (bitlist_has(&list, last + 1))
			last++;
		buf_printf(out, "%s%.3s", comma, civil_weekday_names[n % 7]);
		if (last > n)
			buf_printf(out, "%s%.3s", last > n + 1 ? ".." : ",",
				   civil_weekday_names[last % 7]);
		n = last;
		comma = ",";
	}
	buf_add_char(out, ' ');
}

static void
print_date(const struct pattern *p, struct buf *out)
{
	struct bitlist years = { .max = CIVIL_NYEARS - 1, .base = CIVIL_YEAR_MIN };
	struct bitlist months = bitlist_of(p->months, 1, 12);
	struct bitlist days = bitlist_of(p->days, 1, DAYS_MAX);
	struct bitlist from_end = bitlist_of(p->days_from_end, 1, DAYS_MAX);
	for (int i = 0; i < PATTERN_NYEAR_WORDS; i++)
		years.words[i] = p->years[i];
	print_part(&years, bitlist_is_full(&years), out);
	buf_add_char(out, '-');
	print_part(&months, bitlist_is_full(&months), out);
	if (p->days_from_end) { /* a step would mean something else there */
		buf_add_char(out, '~');
		bitlist_print(&from_end, "..", 2, out);
	} else {
		buf_add_char(out, '-');
		print_part(&days, bitlist_is_full(&days), out);
	}
}

/* Microseconds as seconds with as few decimals as needed. */
static void
print_seconds_value(int32_t usec, struct buf *out)
{
	buf_printf(out, "%02d", (int)(usec / USEC_PER_SEC));
	int fraction = (int)(usec % USEC_PER_SEC);
	if (fraction == 0)
		return;
	int digits = 6;
	for (; fraction % 10 == 0; fraction /= 10)
		digits--;
	buf_printf(out, ".%0*d", digits, fraction);
}

static void
print_seconds_part(const struct pattern_part *part, struct buf *out)
{
	print_seconds_value(part->first, out);
	if (part->last == part->first)
		return;
	if (part->last + part->step < USEC_PER_MIN) {
		buf_add_text(out, "..");
		print_seconds_value(part->last, out);
	}
	buf_add_char(out, '/');
	print_seconds_value(part->step, out);
}

static void
print_time(const struct calendar *c, struct buf *out)
{
	const struct pattern *p = &c->pattern;
	struct bitlist hours = bitlist_of(p->hours, 0, 23);
	struct bitlist minutes = bitlist_of(p->minutes, 0, 59);
	struct bitlist seconds = bitlist_of(p->seconds, 0, 59);
	print_part(&hours, c->star_hour, out);
	buf_add_char(out, ':');
	print_part(&minutes, c->star_minute, out);
	buf_add_char(out, ':');
	if (p->seconds)
		print_part(&seconds, bitlist_is_full(&seconds) && p->nparts == 0, out);
	for (int i = 0; i < p->nparts; i++) {
		if (i > 0 || p->seconds)
			buf_add_char(out, ',');
		print_seconds_part(&p->parts[i], out);
	}
}

void
calendar_print(const struct calendar *calendar, struct buf *out)
{
	print_weekdays(calendar->pattern.weekdays, out);
	print_date(&calendar->pattern, out);
	buf_add_char(out, ' ');
	print_time(calendar, out);
}
