/*
 * Writing cron lines. The text is made anew from the bit sets, so that equal lines read alike. A
 * star stays where Vixie's rules ask for it; H and ~ have become numbers.
 */
#include "when/bitlist.h"
#include "when/cron.h"

#define DAYS_MAX 31

/*
 * A field that starts with a star holds its lowest value, so there is a step n with which a star
 * says no more than the set; what it leaves out follows behind it.
 */
static void
print_star(const struct bitlist *list, struct buf *out)
{
	int size = list->max - list->min + 1;
	struct bitlist rest = *list;
	int step = 1;
	if (bitlist_is_full(list)) {
		buf_add_char(out, '*');
		return;
	}
	for (; step < size; step++) {
		int n = list->min;
		while (n <= list->max && bitlist_has(list, n))
			n += step;
		if (n > list->max)
			break;
	}
	buf_printf(out, "*/%d", step);
	for (int n = list->min; n <= list->max; n += step)
		rest.words[n / 64] &= ~(UINT64_C(1) << n % 64);
	if (bitlist_count(&rest) > 0) {
		buf_add_char(out, ',');
		bitlist_print(&rest, "-", 0, out);
	}
}

static void
print_field(const struct bitlist *list, bool is_star, struct buf *out)
{
	if (is_star)
		print_star(list, out);
	else
		bitlist_print(list, "-", 0, out);
}

/* Where the star has no meaning of its own it is written wherever it fits. */
static void
print_plain(const struct bitlist *list, struct buf *out)
{
	int first, step;
	print_field(list, bitlist_is_open(list, &first, &step) && first == list->min, out);
}

static const char *
comma_after(const struct buf *out, size_t start)
{
	return out->len > start ? "," : "";
}

static void
print_from_end(uint32_t days, const char *suffix, size_t start, struct buf *out)
{
	for (int n = 1; n <= DAYS_MAX; n++) {
		if (!(days >> n & 1))
			continue;
		buf_printf(out, "%sL", comma_after(out, start));
		if (n > 1)
			buf_printf(out, "-%d", n - 1);
		buf_add_text(out, suffix);
	}
}

static void
print_days(const struct cron *cron, struct buf *out)
{
	const struct pattern *p = &cron->pattern;
	struct bitlist days = bitlist_of(p->days, 1, DAYS_MAX);
	size_t start = out->len;
	print_field(&days, cron->star_day, out);
	for (int n = 1; n <= DAYS_MAX; n++) {
		if (p->near >> n & 1)
			buf_printf(out, "%s%dW", comma_after(out, start), n);
	}
	print_from_end(p->days_from_end, "", start, out);
	print_from_end(p->near_from_end, "W", start, out);
}

static void
print_weekdays(const struct cron *cron, struct buf *out)
{
	const struct pattern *p = &cron->pattern;
	struct bitlist weekdays = bitlist_of(p->weekdays, 0, 6);
	if (!p->either_day && !cron->star_day && !cron->star_weekday)
		buf_add_char(out, '+');
	size_t start = out->len;
	print_field(&weekdays, cron->star_weekday, out);
	for (int n = 0; n < 7; n++) {
		for (int nth = 0; nth < PATTERN_NTHS; nth++) {
			if (p->nth[nth] >> n & 1)
				buf_printf(out, "%s%d#%d", comma_after(out, start), n, nth + 1);
		}
		if (p->last >> n & 1)
			buf_printf(out, "%s%dL", comma_after(out, start), n);
	}
}

void
cron_print(const struct cron *cron, struct buf *out)
{
	const struct pattern *p = &cron->pattern;
	struct bitlist seconds = bitlist_of(p->seconds, 0, 59);
	struct bitlist minutes = bitlist_of(p->minutes, 0, 59);
	struct bitlist hours = bitlist_of(p->hours, 0, 23);
	struct bitlist months = bitlist_of(p->months, 1, 12);
	struct bitlist years = { .max = CIVIL_NYEARS - 1, .base = CIVIL_YEAR_MIN };
	for (int i = 0; i < PATTERN_NYEAR_WORDS; i++)
		years.words[i] = p->years[i];
	bool has_years = !bitlist_is_full(&years);
	if (has_years || p->seconds != 1) {
		print_plain(&seconds, out);
		buf_add_char(out, ' ');
	}
	print_field(&minutes, cron->star_minute, out);
	buf_add_char(out, ' ');
	print_field(&hours, cron->star_hour, out);
	buf_add_char(out, ' ');
	print_days(cron, out);
	buf_add_char(out, ' ');
	print_plain(&months, out);
	buf_add_char(out, ' ');
	print_weekdays(cron, out);
	if (has_years) {
		buf_add_char(out, ' ');
		print_plain(&years, out);
	}
}
