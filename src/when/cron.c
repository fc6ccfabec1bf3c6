/* Reading cron lines. Printing them is in cron_print.c. */
#include "when/cron.h"

#include <ctype.h>
#include <string.h>

#include "when/civil.h"
#include "when/hash.h"

#define NFIELDS_MAX    7
#define NBIT_WORDS     PATTERN_NYEAR_WORDS
#define HASHED_DAY_MAX 28 /* so that a job is due in every month */
#define DAYS_FROM_END  30 /* L-30 is the first of a month with 31 days */

enum field_id { SECOND, MINUTE, HOUR, DAY, MONTH, WEEKDAY, YEAR };

/* `base` is the value of bit 0; names, if any, start at the value `first_name`. */
struct field {
	enum field_id id;
	const char *name;
	int min, max;
	int base;
	const char *const *names;
	int nnames, first_name;
};

static const struct field fields[NFIELDS_MAX] = {
	[SECOND] = { SECOND, "second", 0, 59 },
	[MINUTE] = { MINUTE, "minute", 0, 59 },
	[HOUR] = { HOUR, "hour", 0, 23 },
	[DAY] = { DAY, "day of month", 1, 31 },
	[MONTH] = { MONTH, "month", 1, 12, 0, civil_month_names, 12, 1 },
	[WEEKDAY] = { WEEKDAY, "weekday", 0, 7, 0, civil_weekday_names, 7, 0 },
	[YEAR] = { YEAR, "year", CIVIL_YEAR_MIN, CIVIL_YEAR_MAX, CIVIL_YEAR_MIN },
};

/* One field while it is read. */
struct reader {
	const struct field *field;
	struct scan at;
	uint64_t seed;
	struct cron *cron;
	struct err *err;
	uint64_t bits[NBIT_WORDS];
};

/* What an item of a list stands for before its step is known. */
struct range {
	int first, last;
	bool is_single; /* a single value: a step means from there to the end */
	bool is_hashed; /* one value of the range, or with a step where the steps begin */
};

static int
refuse(const struct reader *r, const char *what)
{
	return err_set(r->err, ERR_INVALID, "%s: %s", r->field->name, what);
}

/* What stands here is no value, or nothing does. */
static int
refuse_rest(const struct reader *r)
{
	const struct field *f = r->field;
	int len = scan_shown(&r->at);
	return err_set(r->err, ERR_INVALID, "%s: %s%.*s%s (values are %d-%d%s%s)", f->name,
		       len ? "\"" : "", len, r->at.p,
		       len ? "\" is not understood" : "a value is missing", f->min, f->max,
		       f->names ? " and names like " : "", f->names ? f->names[1] : "");
}

/* Neighbours are set a word at a time: most fields are a star. */
static void
set_run(struct reader *r, int first, int last)
{
	for (int word = first / 64; word <= last / 64; word++) {
		int low = word == first / 64 ? first % 64 : 0;
		int high = word == last / 64 ? last % 64 : 63;
		r->bits[word] |= ~UINT64_C(0) >> (63 - high) & ~UINT64_C(0) << low;
	}
}

static void
set_bits(struct reader *r, int first, int last, int step)
{
	int base = r->field->base;
	if (step == 1 && first <= last) {
		set_run(r, first - base, last - base);
		return;
	}
	for (int n = first - base; n <= last - base; n += step)
		r->bits[n / 64] |= UINT64_C(1) << n % 64;
}

/* A number or a name. */
static int
read_value(struct reader *r, int *value)
{
	const struct field *f = r->field;
	if (scan_number(&r->at, f->min, f->max, value))
		return 0;
	if (isdigit((unsigned char)scan_peek(&r->at))) {
		int digits = (int)strspn(r->at.p, "0123456789");
		return err_set(r->err, ERR_INVALID, "%s: %.*s is not in %d-%d", f->name,
			       digits < SCAN_SHOWN_MAX ? digits : SCAN_SHOWN_MAX, r->at.p, f->min,
			       f->max);
	}
	int name = f->names ? scan_name(&r->at, f->names, f->nnames) : -1;
	if (name < 0)
		return refuse_rest(r);
	*value = name + f->first_name;
	return 0;
}

static int
read_step(struct reader *r, int *step)
{
	const struct field *f = r->field;
	int nvalues = f->id == WEEKDAY ? 7 : f->max - f->min + 1;
	*step = 0;
	if (!scan_char(&r->at, '/'))
		return 0;
	if (scan_number(&r->at, 1, nvalues, step))
		return 0;
	size_t digits = strspn(r->at.p, "0123456789");
	return err_set(r->err, ERR_INVALID, "%s: the step %.*s is not in 1-%d", f->name,
		       digits ? (int)(digits < SCAN_SHOWN_MAX ? digits : SCAN_SHOWN_MAX)
			      : scan_shown(&r->at),
		       r->at.p, nvalues);
}

/* The last value of the field; the 7 of a weekday is another name for the 0. */
static int
last_value(const struct field *f)
{
	return f->id == WEEKDAY ? SATURDAY : f->max;
}

static int
refuse_backward(const struct reader *r, const struct range *range, char sign)
{
	return err_set(r->err, ERR_INVALID,
		       "%s: the range %d%c%d goes backward (write %d-%d,%d-%d)", r->field->name,
		       range->first, sign, range->last, range->first, last_value(r->field),
		       r->field->min, range->last);
}

/* H or H(a-b): as in Jenkins, days only to the 28th. */
static int
read_hashed(struct reader *r, struct range *range)
{
	range->is_hashed = true;
	range->last = r->field->id == DAY ? HASHED_DAY_MAX : last_value(r->field);
	if (!scan_char(&r->at, '('))
		return 0;
	if (read_value(r, &range->first) < 0)
		return -1;
	if (!scan_char(&r->at, '-'))
		return refuse(r, "H needs a range, as in H(0-29)");
	if (read_value(r, &range->last) < 0)
		return -1;
	if (range->last < range->first)
		return refuse_backward(r, range, '-');
	return scan_char(&r->at, ')') ? 0 : refuse(r, "a \")\" is missing");
}

/* What may stand behind a "-" or "~"; for "~" it may be missing. */
static int
read_range_end(struct reader *r, struct range *range)
{
	char sign = *r->at.p++, next = scan_peek(&r->at);
	bool is_open = sign == '~' && (next == '\0' || next == ',' || next == '/');
	range->is_single = false;
	range->is_hashed = sign == '~';
	range->last = last_value(r->field);
	if (!is_open && read_value(r, &range->last) < 0)
		return -1;
	bool is_named = isalpha((unsigned char)next);
	if (range->last >= range->first || (is_named && !range->is_hashed))
		return 0; /* with names, Fri-Mon goes round */
	return refuse_backward(r, range, sign);
}

static int
read_range(struct reader *r, struct range *range)
{
	char c = scan_peek(&r->at);
	*range = (struct range){ .first = r->field->min, .last = last_value(r->field) };
	if (scan_char(&r->at, '*'))
		return 0;
	if (c == 'H' || c == 'h') {
		r->at.p++;
		return read_hashed(r, range);
	}
	if (c != '~') {
		if (read_value(r, &range->first) < 0)
			return -1;
		range->is_single = true;
		c = scan_peek(&r->at);
	} else if (r->at.p + 1 == r->at.end || r->at.p[1] == ',' || r->at.p[1] == '/') {
		r->at.p++; /* a bare "~" is H */
		return read_hashed(r, range);
	}
	if (c == '-' || c == '~')
		return read_range_end(r, range);
	return 0;
}

static int
hashed_value(struct reader *r, int first, int last)
{
	/* The place in the line makes the fields of one job differ. */
	const unsigned char place[] = { (unsigned char)r->field->id, (unsigned char)first,
					(unsigned char)(first >> 8) };
	uint64_t hash = hash_bytes(place, sizeof(place), r->seed);
	return first + (int)(hash % (uint64_t)(last - first + 1));
}

static void
add_range(struct reader *r, const struct range *range, int step)
{
	int first = range->first, last = range->last;
	if (range->is_hashed) {
		bool is_one = step == 0;
		int until = is_one || first + step - 1 > last ? last : first + step - 1;
		first = hashed_value(r, first, until);
		if (is_one)
			last = first;
	} else if (range->is_single) {
		last = step == 0 || last_value(r->field) < first ? first : last_value(r->field);
	} else if (first > last) { /* round the end: only with names */
		int nvalues = last_value(r->field) - r->field->min + 1;
		for (int n = first; n <= last + nvalues; n += step ? step : 1) {
			int value = (n - r->field->min) % nvalues + r->field->min;
			set_bits(r, value, value, 1);
		}
		return;
	}
	set_bits(r, first, last, step ? step : 1);
}

/* L, L-3, LW, L-3W, 15W. 1: it was one of them, 0: it was not, -1 with *err. */
static int
read_day_special(struct reader *r)
{
	struct pattern *p = &r->cron->pattern;
	int n = 0;
	if (scan_text(&r->at, "L")) {
		if (scan_char(&r->at, '-') && !scan_number(&r->at, 0, DAYS_FROM_END, &n))
			return refuse(r, "L- is followed by a number from 0 to 30");
		uint32_t bit = UINT32_C(1) << (n + 1);
		*(scan_text(&r->at, "W") ? &p->near_from_end : &p->days_from_end) |= bit;
		return 1;
	}
	struct scan saved = r->at;
	if (scan_number(&r->at, 1, 31, &n) && scan_text(&r->at, "W")) {
		p->near |= UINT32_C(1) << n;
		return 1;
	}
	r->at = saved;
	return 0;
}

/* 5L, FRIL, 5#2, FRI#L. As above. */
static int
read_weekday_special(struct reader *r)
{
	struct pattern *p = &r->cron->pattern;
	struct scan saved = r->at;
	int weekday, nth;
	if (scan_text(&r->at, "L"))
		return refuse(r, "L needs a day in front: 5L is the last Friday");
	if (read_value(r, &weekday) < 0)
		return -1;
	uint8_t bit = (uint8_t)(1u << weekday % 7);
	if (scan_text(&r->at, "L") || scan_text(&r->at, "#L")) {
		p->last |= bit;
		return 1;
	}
	if (scan_char(&r->at, '#')) {
		if (!scan_number(&r->at, 1, PATTERN_NTHS, &nth))
			return refuse(r,
				      "# is followed by a number from 1 to 5, or L for the last");
		p->nth[nth - 1] |= bit;
		return 1;
	}
	r->at = saved;
	return 0;
}

static int
read_item(struct reader *r)
{
	struct range range;
	int step, special = 0;
	char c = scan_peek(&r->at);
	if (c == '?')
		return refuse(r, "\"?\" stands alone, and only for a day");
	if (r->field->id == DAY)
		special = read_day_special(r);
	else if (r->field->id == WEEKDAY && (isalnum((unsigned char)c) && c != 'H' && c != 'h'))
		special = read_weekday_special(r);
	if (special != 0)
		return special < 0 ? -1 : 0;
	if (read_range(r, &range) < 0 || read_step(r, &step) < 0)
		return -1;
	add_range(r, &range, step);
	return 0;
}

static bool
is_day_field(const struct field *f)
{
	return f->id == DAY || f->id == WEEKDAY;
}

static int
read_list(struct reader *r)
{
	if (is_day_field(r->field) && scan_len(&r->at) == 1 && scan_char(&r->at, '?')) {
		set_bits(r, r->field->min, last_value(r->field), 1);
		return 0;
	}
	do {
		if (read_item(r) < 0)
			return -1;
	} while (scan_char(&r->at, ','));
	return scan_at_end(&r->at) ? 0 : refuse_rest(r);
}

static void
store(struct reader *r, bool is_star)
{
	struct cron *cron = r->cron;
	struct pattern *p = &cron->pattern;
	switch (r->field->id) {
	case SECOND:
		p->seconds = r->bits[0];
		break;
	case MINUTE:
		p->minutes = r->bits[0];
		cron->star_minute = is_star;
		break;
	case HOUR:
		p->hours = (uint32_t)r->bits[0];
		cron->star_hour = is_star;
		break;
	case DAY:
		p->days = (uint32_t)r->bits[0];
		cron->star_day = is_star;
		break;
	case MONTH:
		p->months = (uint16_t)r->bits[0];
		break;
	case WEEKDAY:
		p->weekdays = (uint8_t)((r->bits[0] | r->bits[0] >> 7) & PATTERN_ALL_WEEKDAYS);
		cron->star_weekday = is_star;
		break;
	case YEAR:
		memcpy(p->years, r->bits, sizeof(p->years));
		break;
	}
}

static int
read_field(struct cron *cron, enum field_id id, struct scan text, uint64_t seed, struct err *err)
{
	struct reader r = { &fields[id], text, seed, cron, err, { 0 } };
	char c = scan_peek(&text);
	if (read_list(&r) < 0)
		return -1;
	store(&r, c == '*' || c == '?');
	return 0;
}

static const char *
find_macro(const struct scan *text)
{
	static const struct {
		const char *name, *fields;
	} macros[] = {
		{ "@yearly", "0 0 1 1 *" },       { "@annually", "0 0 1 1 *" },
		{ "@monthly", "0 0 1 * *" },      { "@weekly", "0 0 * * 0" },
		{ "@daily", "0 0 * * *" },        { "@midnight", "0 0 * * *" },
		{ "@hourly", "0 * * * *" },       { "@minutely", "* * * * *" },
		{ "@every_minute", "* * * * *" },
	};
	for (size_t i = 0; i < sizeof(macros) / sizeof(macros[0]); i++) {
		if (scan_is(text, macros[i].name))
			return macros[i].fields;
	}
	return NULL;
}

/* Cuts the text into its fields. Their number, or -1 with *err. */
static int
split(struct scan text, struct scan words[NFIELDS_MAX], struct err *err)
{
	struct scan word;
	int n = 0;
	for (; scan_word(&text, &word); n++) {
		if (n < NFIELDS_MAX)
			words[n] = word;
	}
	if (n < 5 || n > NFIELDS_MAX)
		return err_set(err, ERR_INVALID,
			       "%d fields; 5 are needed (minute hour day month weekday), "
			       "6 with seconds in front, 7 with the year behind as well",
			       n);
	return n;
}

/* Vixie: either day will do when both fields are restricted. A + before the weekday: both. */
static int
read_days(struct cron *cron, struct scan day, struct scan weekday, uint64_t seed, struct err *err)
{
	bool is_both = scan_char(&weekday, '+');
	if (read_field(cron, DAY, day, seed, err) < 0 ||
	    read_field(cron, WEEKDAY, weekday, seed, err) < 0)
		return -1;
	cron->pattern.either_day = !is_both && !cron->star_day && !cron->star_weekday;
	return 0;
}

int
cron_parse(struct cron *cron, struct scan text, uint64_t seed, struct err *err)
{
	struct scan words[NFIELDS_MAX];
	if (scan_peek(&text) == '@') {
		const char *macro = find_macro(&text);
		if (!macro)
			return err_set(err, ERR_INVALID,
				       "\"%.*s\" is not one of @yearly @monthly @weekly "
				       "@daily @hourly @minutely @reboot",
				       scan_shown(&text), text.p);
		text = scan_of(macro);
	}
	int n = split(text, words, err);
	if (n < 0)
		return -1;
	const struct scan *w = n == 5 ? words : words + 1;
	*cron = (struct cron){ .pattern = { .seconds = 1 } };
	pattern_set_all_years(&cron->pattern);
	if ((n > 5 && read_field(cron, SECOND, words[0], seed, err) < 0) ||
	    read_field(cron, MINUTE, w[0], seed, err) < 0 ||
	    read_field(cron, HOUR, w[1], seed, err) < 0 ||
	    read_days(cron, w[2], w[4], seed, err) < 0 ||
	    read_field(cron, MONTH, w[3], seed, err) < 0 ||
	    (n > 6 && read_field(cron, YEAR, w[5], seed, err) < 0))
		return -1;
	if (!pattern_can_match(&cron->pattern))
		return err_set(err, ERR_INVALID,
			       "day of month: never due, there is no such day in these months%s",
			       n == 7 ? " and years" : "");
	return 0;
}

bool
cron_take_zone(struct scan *text, struct scan *zone)
{
	struct scan at = *text;
	if ((!scan_text(&at, "CRON_TZ=") && !scan_text(&at, "TZ=")) || !scan_word(&at, zone))
		return false;
	scan_blanks(&at);
	*text = at;
	return true;
}

bool
cron_is_wild(const struct cron *cron)
{
	return cron->star_minute || cron->star_hour;
}
