/*
 * How many next times a second of the processor: of parsed schedules, of parse and next together,
 * and of whole lines of `asched next --batch`; the mixed common set in zones with DST. Usage: when
 * [LINES]
 * Prints `next`, `parse_and_next`, `batch_1` and `batch_5` (a second), and `allocations_per_next`.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake/test_zones.h"
#include "when/schedule.h"

#define NSCHEDULES     (NTEXTS * NZONES)
#define NROUNDS        40000
#define LINES_STANDARD 200000
#define FIRST_START    (INT64_C(1577836800) * USEC_PER_SEC) /* 2020 */
#define START_RANGE    (INT64_C(20) * 365 * USEC_PER_DAY)

static const char *const texts[] = {
	"*/5 * * * *", "0 9 * * 1-5",    "30 2 * * *",      "0 0 1 * *",      "15 14 1 * *",
	"@hourly",     "0 22 * * 1-5",   "23 0-20/2 * * *", "5 4 * * sun",    "0 0 1,15 * 3",
	"0 0 L * *",   "0 12 * * fri#2", "0 0 29 2 *",      "*/10 * * * * *",
};
static const char *const zones[] = {
	"Europe/Berlin",    "America/New_York",    "Europe/London",  "Europe/Dublin",
	"Australia/Sydney", "America/Los_Angeles", "America/Havana", "Africa/Cairo",
};
#define NTEXTS (sizeof(texts) / sizeof(texts[0]))
#define NZONES (sizeof(zones) / sizeof(zones[0]))

/* The C library's own, which the functions below stand before. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *ptr, size_t size);

static uint64_t nallocations;

void *
malloc(size_t size)
{
	nallocations++;
	return __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	nallocations++;
	return __libc_calloc(n, size);
}

void *
realloc(void *ptr, size_t size)
{
	nallocations++;
	return __libc_realloc(ptr, size);
}

static double
seconds_of(int who)
{
	struct rusage usage;
	getrusage(who, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/*
 * The processor's time of this process and of those it waited for: nothing here waits for anything
 * else, and what other programs do meanwhile does not count.
 */
static double
seconds(void)
{
	return seconds_of(RUSAGE_SELF) + seconds_of(RUSAGE_CHILDREN);
}

static usec_t
random_start(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return FIRST_START + (usec_t)(*seed >> 11) % START_RANGE;
}

static void
parse(struct schedule *s, size_t i)
{
	struct schedule_context context = { .zones = test_zones(), .tz = zones[i % NZONES] };
	struct err err;
	if (schedule_parse(s, SCHEDULE_CRON, texts[i / NZONES], &context, &err) < 0) {
		fprintf(stderr, "%s: %s\n", texts[i / NZONES], err.text);
		exit(1);
	}
}

static void
bench_next(void)
{
	static struct schedule schedules[NSCHEDULES];
	uint64_t seed = 1, sum = 0, n = (uint64_t)NROUNDS * NSCHEDULES;
	for (size_t i = 0; i < NSCHEDULES; i++)
		parse(&schedules[i], i);
	uint64_t before = nallocations;
	double start = seconds();
	for (int round = 0; round < NROUNDS; round++) {
		usec_t after = random_start(&seed);
		for (size_t i = 0; i < NSCHEDULES; i++)
			sum += (uint64_t)schedule_next(&schedules[i], after, NULL);
	}
	printf("next %.0f\nallocations_per_next %.3f\n", (double)n / (seconds() - start),
	       (double)(nallocations - before) / (double)n);
	for (size_t i = 0; i < NSCHEDULES; i++)
		schedule_fini(&schedules[i]);
	if (sum == 0) /* so that the loop is not thrown away */
		puts("impossible");
}

static void
bench_parse_and_next(void)
{
	uint64_t seed = 1, sum = 0, n = (uint64_t)NROUNDS / 4 * NSCHEDULES;
	double start = seconds();
	for (int round = 0; round < NROUNDS / 4; round++) {
		usec_t after = random_start(&seed);
		for (size_t i = 0; i < NSCHEDULES; i++) {
			struct schedule s;
			parse(&s, i);
			sum += (uint64_t)schedule_next(&s, after, NULL);
			schedule_fini(&s);
		}
	}
	printf("parse_and_next %.0f\n", (double)n / (seconds() - start));
	if (sum == 0)
		puts("impossible");
}

/* Answers a file of questions by the real program. */
static void
bench_batch(int64_t nlines, int ntimes)
{
	char path[] = "/tmp/asched-bench-XXXXXX", command[128];
	char time[SCHEDULE_TIME_MAX];
	uint64_t seed = 1;
	int fd = mkstemp(path);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	if (!file) {
		perror(path);
		exit(1);
	}
	for (int64_t i = 0; i < nlines; i++)
		fprintf(file,
			"{\"id\":%" PRId64
			",\"expr\":\"%s\",\"tz\":\"%s\",\"from\":\"%s\",\"n\":%d}\n",
			i, texts[(size_t)i % NTEXTS], zones[(size_t)i / NTEXTS % NZONES],
			schedule_print_time(NULL, random_start(&seed), time), ntimes);
	fclose(file);
	snprintf(command, sizeof(command), "./asched next --batch < %s > /dev/null", path);
	double start = seconds();
	int status = system(command);
	double took = seconds() - start;
	unlink(path);
	if (status != 0) {
		fprintf(stderr, "%s: exit %d\n", command, status);
		exit(1);
	}
	printf("batch_%d %.0f\n", ntimes, (double)nlines / took);
}

int
main(int argc, char **argv)
{
	int64_t nlines = argc > 1 ? strtoll(argv[1], NULL, 10) : LINES_STANDARD;
	bench_next();
	bench_parse_and_next();
	bench_batch(nlines, 1);
	bench_batch(nlines, 5);
	return 0;
}
