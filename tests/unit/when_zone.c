/* Zone tables: against zdump for every zone, and against hostile bytes and files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/zonedir.h"
#include "fake/test_zones.h"
#include "unit/skip.h"
#include "when/civil.h"
#include "when/zone.h"

#define FIRST_YEAR "1900"
#define LAST_YEAR  "2100"
#define NZONES_MIN 300 /* tzdata has about 600 names of 350 files */
#define NFILES_MAX 2000

static size_t nzones, nlines, nspans, nfiles;
static ino_t files[NFILES_MAX];

/* Many names are links to one file, and zdump takes 50 ms for each. */
static bool
is_new_file(const char *path)
{
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	for (size_t i = 0; i < nfiles; i++) {
		if (files[i] == st.st_ino)
			return false;
	}
	assert_true(nfiles < NFILES_MAX);
	files[nfiles++] = st.st_ino;
	return true;
}

/* "Europe/Berlin  Sun Mar 29 00:59:59 2026 UT = Sun ... 2026 CET isdst=0 gmtoff=3600" */
static bool
read_zdump_line(const char *line, usec_t *at, char abbreviation[16], int *is_dst, long *offset)
{
	char month[4], local[80];
	struct civil t = { 0 };
	if (sscanf(line, "%*s %*s %3s %d %d:%d:%d %d UT = %79[^\n]", month, &t.day, &t.hour,
		   &t.minute, &t.second, &t.year, local) != 7)
		return false;
	for (t.month = 1; strncmp(month, civil_month_names[t.month - 1], 3) != 0; t.month++)
		assert_true(t.month < 12);
	*at = civil_join(&t);
	return sscanf(local, "%*s %*s %*s %*s %*s %15s isdst=%d gmtoff=%ld", abbreviation, is_dst,
		      offset) == 3;
}

/* Every line of zdump holds, and there is no change of ours between them that zdump lacks. */
static void
compare_with_zdump(struct zone *zone)
{
	char command[160], line[256], abbreviation[16];
	const usec_t first = civil_days(1901, 1, 1) * USEC_PER_DAY;
	const struct zone_span *span = zone_span_at(zone, first);
	usec_t at, last = ZONE_UNTIL_NEVER;
	int is_dst;
	long offset;
	snprintf(command, sizeof(command), "zdump -v -c " FIRST_YEAR "," LAST_YEAR " %s",
		 zone_name(zone));
	FILE *zdump = popen(command, "r");
	assert_non_null(zdump);
	while (fgets(line, sizeof(line), zdump)) {
		if (!read_zdump_line(line, &at, abbreviation, &is_dst, &offset))
			continue;
		nlines++;
		const struct zone_span *ours = zone_span_at(zone, at);
		if (ours->offset != offset * USEC_PER_SEC || ours->is_dst != (is_dst != 0) ||
		    strcmp(ours->abbreviation, abbreviation) != 0)
			fail_msg("%s: ours is %s %lld", line, ours->abbreviation,
				 (long long)(ours->offset / USEC_PER_SEC));
		if (at == span->until) {
			span++;
			nspans++;
		}
		last = at;
	}
	assert_int_equal(pclose(zdump), 0);
	if (last != ZONE_UNTIL_NEVER && last > first && span->until <= last)
		fail_msg("%s: zdump does not know our change at %lld", zone_name(zone),
			 (long long)(span->until / USEC_PER_SEC));
}

static int
compare_file(const char *path, const struct stat *st, int type, struct FTW *where)
{
	const char *name = path + sizeof(ZONEINFO_DIR);
	(void)st, (void)where;
	if (type != FTW_F && type != FTW_SL)
		return 0;
	if (strncmp(name, "right/", 6) == 0 || strncmp(name, "posix/", 6) == 0 ||
	    strchr(name, '.') || strcmp(name, "leapseconds") == 0 || strcmp(name, "localtime") == 0)
		return 0;
	struct err err = { 0 };
	struct zone *zone = zones_get(test_zones(), name, &err);
	if (!zone)
		fail_msg("%s: %s", name, err.text);
	if (is_new_file(path))
		compare_with_zdump(zone);
	zone_unref(zone);
	nzones++;
	return 0;
}

static void
every_zone_equals_zdump_at_every_change_from_1900_to_2100(void **state)
{
	(void)state;
	if (system("zdump UTC >/dev/null 2>&1") != 0)
		skip_because("no zdump on this machine");
	assert_int_equal(nftw(ZONEINFO_DIR, compare_file, 16, FTW_PHYS), 0);
	print_message("%zu zones in %zu files, %zu lines of zdump, %zu changes\n", nzones, nfiles,
		      nlines, nspans);
	assert_true(nzones > NZONES_MIN);
	assert_true(nspans > 50 * NZONES_MIN);
}

static struct zone *
get(const char *name)
{
	struct err err = { 0 };
	struct zone *zone = zones_get(test_zones(), name, &err);
	if (!zone)
		fail_msg("%s", err.text);
	return zone;
}

static void
a_local_time_is_unique_in_a_gap_or_in_a_fold(void **state)
{
	static const struct {
		const char *zone;
		struct civil local;
		enum zone_fit fit;
		int64_t first, last; /* seconds */
	} cases[] = {
		{ "Europe/Berlin",
		  { 2026, 3, 29, 1, 59, 59 },
		  ZONE_UNIQUE,
		  1774745999,
		  1774745999 },
		{ "Europe/Berlin", { 2026, 3, 29, 2, 0, 0 }, ZONE_GAP, 1774746000, 1774746000 },
		{ "Europe/Berlin", { 2026, 3, 29, 2, 59, 59 }, ZONE_GAP, 1774746000, 1774746000 },
		{ "Europe/Berlin", { 2026, 3, 29, 3, 0, 0 }, ZONE_UNIQUE, 1774746000, 1774746000 },
		{ "Europe/Berlin", { 2026, 10, 25, 2, 0, 0 }, ZONE_FOLD, 1792886400, 1792890000 },
		{ "Europe/Berlin", { 2026, 10, 25, 3, 0, 0 }, ZONE_UNIQUE, 1792893600, 1792893600 },
		{ "Pacific/Apia", { 2011, 12, 30, 12, 0, 0 }, ZONE_GAP, 1325239200, 1325239200 },
		{ "Australia/Lord_Howe",
		  { 2026, 4, 5, 1, 45, 0 },
		  ZONE_FOLD,
		  1775313900,
		  1775315700 },
		{ "Antarctica/Troll", { 2026, 3, 29, 2, 30, 0 }, ZONE_GAP, 1774746000, 1774746000 },
		{ "Antarctica/Troll",
		  { 2026, 10, 25, 1, 30, 0 },
		  ZONE_FOLD,
		  1792884600,
		  1792891800 },
		{ "UTC", { 2026, 10, 25, 2, 0, 0 }, ZONE_UNIQUE, 1792893600, 1792893600 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct zone *zone = get(cases[i].zone);
		usec_t first, last;
		assert_int_equal(zone_resolve(zone, civil_join(&cases[i].local), &first, &last),
				 cases[i].fit);
		assert_int_equal(first / USEC_PER_SEC, cases[i].first);
		assert_int_equal(last / USEC_PER_SEC, cases[i].last);
		zone_unref(zone);
	}
}

static void
a_name_that_is_no_zone_is_refused(void **state)
{
	static const char *const names[] = {
		"../etc/passwd",
		"/etc/localtime",
		"Europe",
		"Europe/",
		"Europe//Berlin",
		"Europe/Berlin/x",
		"Nowhere/At_All",
		"europe/berlin ",
		"zone.tab",
		"tzdata.zi",
		"a\nb",
		"right/UTC",
		"localtime",
		".",
		"..",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct err err = { 0 };
		struct zone *zone = zones_get(test_zones(), names[i], &err);
		if (zone && strcmp(names[i], "right/UTC") == 0) { /* without leap seconds there */
			zone_unref(zone);
			continue;
		}
		if (zone)
			fail_msg("%s was accepted", names[i]);
		assert_int_equal(err.code, ERR_INVALID);
		assert_string_equal(err.field, "tz");
	}
}

/* A folder for zone files of our own. */
struct folder {
	char path[64];
	struct zonedir dir;
	struct zones *zones;
};

static void
folder_open(struct folder *folder)
{
	snprintf(folder->path, sizeof(folder->path), "/tmp/asched-zones-XXXXXX");
	assert_non_null(mkdtemp(folder->path));
	zonedir_init(&folder->dir, folder->path);
	struct zone_source source = { zonedir_read, zonedir_identity, zonedir_local_name,
				      &folder->dir };
	folder->zones = zones_new(&source);
}

static void
folder_close(struct folder *folder)
{
	char command[96];
	zones_free(folder->zones);
	zonedir_fini(&folder->dir);
	snprintf(command, sizeof(command), "rm -rf %s", folder->path);
	assert_int_equal(system(command), 0);
}

static void
copy_zone(const struct folder *folder, const char *name, const char *as)
{
	char command[256];
	snprintf(command, sizeof(command), "cp " ZONEINFO_DIR "/%s %s/new && mv %s/new %s/%s", name,
		 folder->path, folder->path, folder->path, as);
	assert_int_equal(system(command), 0);
}

static void
fifos_devices_loops_and_giants_are_refused_and_nothing_hangs(void **state)
{
	static const char *const names[] = {
		"fifo", "loop", "outside", "folder", "giant", "empty"
	};
	struct folder folder;
	(void)state;
	folder_open(&folder);
	assert_int_equal(mkfifoat(folder.dir.fd, "fifo", 0600), 0);
	assert_int_equal(symlinkat("loop", folder.dir.fd, "loop"), 0);
	assert_int_equal(symlinkat("/dev/zero", folder.dir.fd, "outside"), 0);
	assert_int_equal(mkdirat(folder.dir.fd, "folder", 0700), 0);
	int giant = openat(folder.dir.fd, "giant", O_CREAT | O_WRONLY, 0600);
	assert_int_equal(ftruncate(giant, 1 << 30), 0);
	close(giant);
	close(openat(folder.dir.fd, "empty", O_CREAT | O_WRONLY, 0600));
	alarm(10);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct err err = { 0 };
		assert_null(zones_get(folder.zones, names[i], &err));
		assert_int_equal(err.code, ERR_INVALID);
	}
	alarm(0);
	folder_close(&folder);
}

static void
note_change(void *arg, const char *name)
{
	assert_string_equal(name, "City");
	(*(int *)arg)++;
}

static void
note_move(void *arg, const char *name)
{
	assert_string_equal(name, "");
	(*(int *)arg)++;
}

static void
the_machines_zone_is_noticed_to_be_another(void **state)
{
	struct folder folder;
	int nchanges = 0;
	(void)state;
	folder_open(&folder);
	copy_zone(&folder, "Europe/Berlin", "Here");
	copy_zone(&folder, "America/New_York", "There");
	assert_int_equal(setenv("TZ", "Here", 1), 0);
	zone_unref(zones_get(folder.zones, NULL, NULL));
	zones_refresh(folder.zones, note_move, &nchanges);
	assert_int_equal(nchanges, 0);
	assert_int_equal(setenv("TZ", ":There", 1), 0);
	zones_refresh(folder.zones, note_move, &nchanges);
	assert_int_equal(nchanges, 1);
	struct zone *zone = zones_get(folder.zones, "", NULL);
	assert_string_equal(zone_name(zone), "There");
	zone_unref(zone);
	assert_int_equal(setenv("TZ", "UTC", 1), 0);
	folder_close(&folder);
}

static void
a_replaced_file_is_read_again_and_old_references_stay_good(void **state)
{
	struct folder folder;
	int nchanges = 0;
	(void)state;
	folder_open(&folder);
	copy_zone(&folder, "Europe/Berlin", "City");
	struct zone *old = zones_get(folder.zones, "City", NULL);
	assert_non_null(old);
	zones_refresh(folder.zones, note_change, &nchanges);
	assert_int_equal(nchanges, 0);
	copy_zone(&folder, "America/New_York", "City");
	zones_refresh(folder.zones, note_change, &nchanges);
	assert_int_equal(nchanges, 1);
	struct zone *new = zones_get(folder.zones, "City", NULL);
	assert_non_null(new);
	assert_string_equal(zone_span_at(old, 0)->abbreviation, "CET");
	assert_string_equal(zone_span_at(new, 0)->abbreviation, "EST");
	zone_unref(old);
	zone_unref(new);
	folder_close(&folder);
}

static void
a_file_cut_at_any_byte_is_refused_or_whole(void **state)
{
	struct zonedir dir;
	char *data;
	size_t len, ngood = 0;
	(void)state;
	zonedir_init(&dir, ZONEINFO_DIR);
	assert_int_equal(zonedir_read(&dir, "Europe/Berlin", &data, &len, NULL), 0);
	for (size_t n = 0; n <= len; n++) {
		char *part = malloc(n ? n : 1); /* so that a sanitizer sees a step too far */
		memcpy(part, data, n);
		struct zone *zone = zone_new("x", part, n, NULL);
		ngood += zone != NULL;
		zone_unref(zone);
		free(part);
	}
	assert_int_equal(ngood, 1);
	free(data);
	zonedir_fini(&dir);
}

/* The same clock at every change of either, from 1900 on: fat files begin with changes of old. */
static void
expect_same_clock(const struct zone *a, const struct zone *b)
{
	const usec_t first = civil_days(1901, 1, 1) * USEC_PER_DAY;
	const struct zone_span *span = zone_span_at(a, first);
	for (usec_t at = first; at != ZONE_UNTIL_NEVER; at = (span++)->until) {
		const struct zone_span *other = zone_span_at(b, at);
		if (at != first && other->from != at)
			fail_msg("%s: no change at %lld", zone_name(a), (long long)at);
		assert_int_equal(other->offset, span->offset);
		assert_int_equal(other->is_dst, span->is_dst);
		assert_string_equal(other->abbreviation, span->abbreviation);
	}
}

/*
 * Fat files list the changes to 2037, slim ones stop where the rule in the footer begins. (Not for
 * Asia/Gaza: there zic itself leaves the changes after 2037 out of slim files.)
 */
static void
a_slim_file_gives_the_same_table_as_a_fat_one(void **state)
{
	static const char *const names[] = { "Europe/Berlin",     "Europe/Dublin",
					     "America/New_York",  "America/Sao_Paulo",
					     "Africa/Casablanca", "Australia/Lord_Howe",
					     "Pacific/Apia",      "Asia/Kolkata",
					     "America/Nuuk" };
	char command[256];
	struct folder slim, fat;
	(void)state;
	folder_open(&slim);
	folder_open(&fat);
	for (int i = 0; i < 2; i++) {
		snprintf(command, sizeof(command),
			 "PATH=$PATH:/usr/sbin zic -b %s -d %s " ZONEINFO_DIR "/tzdata.zi 2>&1",
			 i ? "fat" : "slim", i ? fat.path : slim.path);
		if (system(command) != 0) {
			folder_close(&slim);
			folder_close(&fat);
			skip_because("no zic or no tzdata.zi on this machine");
		}
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct zone *a = zones_get(slim.zones, names[i], NULL);
		struct zone *b = zones_get(fat.zones, names[i], NULL);
		assert_non_null(a);
		assert_non_null(b);
		expect_same_clock(a, b);
		expect_same_clock(b, a);
		zone_unref(a);
		zone_unref(b);
	}
	folder_close(&slim);
	folder_close(&fat);
}

static void
a_zone_follows_its_rule_to_the_year_2199(void **state)
{
	struct zone *zone = get("Europe/Berlin");
	struct civil summer = { 2199, 7, 1, 12, 0, 0 }, winter = { 2199, 12, 31, 12, 0, 0 };
	(void)state;
	assert_string_equal(zone_span_at(zone, civil_join(&summer))->abbreviation, "CEST");
	assert_string_equal(zone_span_at(zone, civil_join(&winter))->abbreviation, "CET");
	zone_unref(zone);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_zone_equals_zdump_at_every_change_from_1900_to_2100),
		cmocka_unit_test(a_local_time_is_unique_in_a_gap_or_in_a_fold),
		cmocka_unit_test(a_name_that_is_no_zone_is_refused),
		cmocka_unit_test(fifos_devices_loops_and_giants_are_refused_and_nothing_hangs),
		cmocka_unit_test(a_replaced_file_is_read_again_and_old_references_stay_good),
		cmocka_unit_test(the_machines_zone_is_noticed_to_be_another),
		cmocka_unit_test(a_file_cut_at_any_byte_is_refused_or_whole),
		cmocka_unit_test(a_slim_file_gives_the_same_table_as_a_fat_one),
		cmocka_unit_test(a_zone_follows_its_rule_to_the_year_2199),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
