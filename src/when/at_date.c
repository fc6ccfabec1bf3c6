/*
 * Reading dates. The numbers are those of at(1), in its order. One that could also be read with
 * the day first is refused: whoever meant 3 April shall not get 4 March.
 */
#include "when/at_date.h"

#include <ctype.h>
#include <string.h>

#include "when/time_text.h"

#define NPARTS      3
#define NDIGITS_MAX 4
#define LEAP_YEAR   2000 /* without a year, 29 February may have to wait */

enum part { YEAR, MONTH, DAY };

struct form {
	char sign; /* between the numbers */
	enum part order[NPARTS];
	const char *words;
};

static const struct form forms[] = {
	{ '-', { YEAR, MONTH, DAY }, "not a date like 2026-12-24" },
	{ '.', { DAY, MONTH, YEAR }, "not a date like 24.12.2026" },
	{ '/', { MONTH, DAY, YEAR }, "not a date like 12/24/2026" },
};
static const struct form concatenated = { '\0', { MONTH, DAY, YEAR }, "not a date like 12242026" };

/* A run of at most four digits. */
static bool
take_digits(struct scan *at, struct scan *digits)
{
	*digits = (struct scan){ at->p, at->p };
	while (isdigit((unsigned char)scan_peek(at)))
		digits->end = ++at->p;
	return scan_len(digits) > 0 && scan_len(digits) <= NDIGITS_MAX;
}

static bool
take_numbers(struct scan *at, char sign, struct scan digits[NPARTS])
{
	for (int i = 0; i < NPARTS; i++) {
		if ((i > 0 && !scan_char(at, sign)) || !take_digits(at, &digits[i]))
			return false;
	}
	return true;
}

/* MMDDYY or MMDDYYYY, which is the whole word. */
static bool
take_concatenated(struct scan *at, struct scan digits[NPARTS])
{
	size_t len = scan_len(at);
	if ((len != 6 && len != 8) || strspn(at->p, "0123456789") < len)
		return false;
	digits[0] = (struct scan){ at->p, at->p + 2 };
	digits[1] = (struct scan){ at->p + 2, at->p + 4 };
	digits[2] = (struct scan){ at->p + 4, at->end };
	at->p = at->end;
	return true;
}

/* A year of four digits, or of two. */
static bool
read_year(struct scan digits, int *year)
{
	size_t len = scan_len(&digits);
	if ((len != 2 && len != 4) || !scan_number(&digits, 0, 9999, year) || !scan_at_end(&digits))
		return false;
	if (len == 2)
		*year = civil_full_year(*year);
	return true;
}

/* A date with the month in front that could as well have the day there. */
static int
check_order(const struct civil *date, const struct scan *whole, struct err *err)
{
	if (date->day > 12 || date->day == date->month)
		return 0;
	return err_set(err, ERR_INVALID,
		       "\"%.*s\": is the month first or the day? Write %04d-%02d-%02d or "
		       "%04d-%02d-%02d",
		       scan_shown(whole), whole->p, date->year, date->month, date->day, date->year,
		       date->day, date->month);
}

static int
read_numbers(const struct form *form, const struct scan digits[NPARTS], struct scan whole,
	     struct civil *date, struct err *err)
{
	for (int i = 0; i < NPARTS; i++) {
		struct scan number = digits[i];
		int *value = form->order[i] == DAY ? &date->day : &date->month;
		if (form->order[i] == YEAR ? !read_year(number, &date->year)
					   : !scan_number(&number, 0, 99, value))
			return scan_refuse(&whole, form->words, err);
	}
	bool is_month_first = form->order[0] == MONTH;
	if (is_month_first && date->month > 12)
		return scan_refuse(&whole, "the month stands first: MM/DD/YYYY or MMDDYYYY", err);
	if (time_check_date(date, err) < 0)
		return -1;
	return is_month_first ? check_order(date, &whole, err) : 0;
}

static int
read_numeric(struct scan *word, struct at_date *out, struct err *err)
{
	struct scan digits[NPARTS], at = *word;
	const struct form *form = NULL;
	if (take_concatenated(&at, digits))
		form = &concatenated;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]) && !form; i++) {
		at = *word;
		if (take_numbers(&at, forms[i].sign, digits))
			form = &forms[i];
	}
	if (!form)
		return 1;
	*out = (struct at_date){ .has_year = true, .is_iso = form->order[0] == YEAR };
	if (read_numbers(form, digits, *word, &out->date, err) < 0)
		return -1;
	*word = at;
	return 0;
}

/* The day behind the name of a month. */
static bool
read_day(struct scan *rest, int *day)
{
	struct scan word;
	if (!scan_word(rest, &word) || !scan_number(&word, 1, 31, day))
		return false;
	scan_char(&word, ',');
	return scan_at_end(&word);
}

/* A year as the next word; the 10 of "10 am" is none. */
static bool
take_year(struct scan *rest, int *year)
{
	struct scan next = *rest, after, word, half;
	if (!scan_word(&next, &word) || !read_year(word, year) || *year < CIVIL_YEAR_MIN ||
	    *year > CIVIL_YEAR_MAX)
		return false;
	after = next;
	if (scan_word(&after, &half) && (scan_is(&half, "am") || scan_is(&half, "pm")))
		return false;
	*rest = next;
	return true;
}

/* "Dec 24", "24 Dec", each with a year behind. */
static int
read_named(struct scan *word, struct scan *rest, struct at_date *out, struct err *err)
{
	struct scan at = *word, next = *rest;
	struct civil *date = &out->date;
	int day = 0;
	bool is_day_first = scan_number(&at, 1, 31, &day) && scan_at_end(&at);
	if (is_day_first && !scan_word(&next, &at))
		return 1;
	int month = scan_name(&at, civil_month_names, 12);
	if (month < 0 || !scan_at_end(&at))
		return 1;
	if (!is_day_first && !read_day(&next, &day))
		return scan_refuse(word, "a day from 1 to 31 is missing behind the month", err);
	*out = (struct at_date){ .date = { .year = LEAP_YEAR, .month = month + 1, .day = day } };
	out->has_year = take_year(&next, &date->year);
	if (!out->has_year)
		date->year = LEAP_YEAR;
	if (time_check_date(date, err) < 0)
		return -1;
	*rest = next;
	word->p = word->end;
	return 0;
}

int
at_read_date(struct scan *word, struct scan *rest, struct at_date *out, struct err *err)
{
	int status = read_numeric(word, out, err);
	return status > 0 ? read_named(word, rest, out, err) : status;
}
