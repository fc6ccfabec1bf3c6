/* The configuration: what is understood, and each thing that inih as shipped gets wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "daemon/conf.h"
#include "daemon/lines.h"
#include "model/field.h"

static int
parse_bytes(struct conf *conf, const char *text, size_t len, struct err *err)
{
	conf_init(conf);
	*err = (struct err){ 0 };
	return conf_parse(conf, "t.conf", text, len, err);
}

static int
parse(struct conf *conf, const char *text, struct err *err)
{
	return parse_bytes(conf, text, strlen(text), err);
}

static void
assert_refused(const char *text, size_t len, const char *message)
{
	struct conf conf;
	struct err err;
	assert_int_equal(parse_bytes(&conf, text, len, &err), -1);
	assert_string_equal(err.text, message);
	assert_int_equal(err.code, ERR_INVALID);
	conf_fini(&conf);
}

static void
every_section_is_understood(void **state)
{
	struct conf conf;
	struct err err;
	(void)state;
	int result = parse(&conf,
			   "# a comment\n; another\n\n[daemon]\nlog-level = debug\n"
			   "stop-timeout=2m\noutput-max = 64K\nsocket = /run/x y/sock\n"
			   "[access]\noperators = 1000, 1001\ndeny = 12\n"
			   "[queue mail]\nconcurrency = 3\n[queue web]\nconcurrency = 4\n"
			   "[defaults]\nretries = 2\nenv = A=1\nenv = B=2\n",
			   &err);
	assert_string_equal(err.text, "");
	assert_int_equal(result, 0);
	assert_int_equal(conf.log_level, LOG_LEVEL_DEBUG);
	assert_int_equal(conf.stop_timeout, 2 * USEC_PER_MIN);
	assert_int_equal(conf.output_max, 65536);
	assert_string_equal(conf.socket, "/run/x y/sock");
	assert_true(uid_list_has(&conf.operators, 1001));
	assert_false(uid_list_has(&conf.operators, 12));
	assert_true(uid_list_has(&conf.deny, 12));
	assert_int_equal(conf.nqueues, 2);
	assert_string_equal(conf.queues[1].name, "web");
	assert_int_equal(conf.queues[1].concurrency, 4);
	assert_true(conf.has_defaults);
	assert_int_equal(conf.defaults.retries, 2);
	assert_int_equal(conf.defaults.env.n, 2);
	conf_fini(&conf);
}

static void
an_empty_file_leaves_the_defaults(void **state)
{
	struct conf conf;
	struct err err;
	(void)state;
	assert_int_equal(parse(&conf, "", &err), 0);
	assert_string_equal(conf.user, "asched");
	assert_int_equal(conf.stop_timeout, 30 * USEC_PER_SEC);
	assert_false(conf.has_defaults);
	conf_fini(&conf);
}

/* inih: cut at about 200 bytes. */
static void
a_long_value_arrives_whole(void **state)
{
	static const size_t lengths[] = { 150, 190, 195, 196, 197, 198, 199, 200, 201, 400, 4000 };
	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct conf conf;
		struct err err;
		struct buf text = BUF_EMPTY;
		char *path = mem_alloc(lengths[i] + 1);
		/* Blanks, semicolons and hashes at every place where a line may be cut. */
		for (size_t k = 0; k < lengths[i]; k++)
			path[k] = "/ ;#[=:x"[k % 8];
		path[lengths[i] - 1] = 'z';
		buf_printf(&text, "[daemon]\nsocket = %s\nlog-level = error\n", path);
		assert_int_equal(parse_bytes(&conf, text.data, text.len, &err), 0);
		assert_string_equal(conf.socket, path);
		assert_int_equal(conf.log_level, LOG_LEVEL_ERROR);
		conf_fini(&conf);
		buf_fini(&text);
		free(path);
	}
}

static void
a_value_over_64_kib_is_refused(void **state)
{
	struct buf text = BUF_EMPTY;
	struct conf conf;
	struct err err;
	(void)state;
	buf_add_text(&text, "[daemon]\nsocket = /");
	for (int i = 0; i < LINES_VALUE_MAX - 1; i++)
		buf_add_char(&text, 'x');
	assert_int_equal(parse_bytes(&conf, text.data, text.len, &err), 0);
	assert_int_equal(strlen(conf.socket), LINES_VALUE_MAX);
	conf_fini(&conf);
	buf_add_char(&text, 'x');
	assert_refused(text.data, text.len, "t.conf:2: socket: the value is over 65536 bytes");
	buf_fini(&text);
}

/* inih: "rm -rf x ; y" becomes "rm -rf x". */
static void
a_semicolon_behind_a_blank_is_part_of_the_value(void **state)
{
	struct conf conf;
	struct err err;
	(void)state;
	assert_int_equal(parse(&conf, "[daemon]\nsocket = /a ; b # c\n", &err), 0);
	assert_string_equal(conf.socket, "/a ; b # c");
	conf_fini(&conf);
}

/* Text, its length (0: strlen), the message. */
static const struct {
	const char *text;
	size_t len;
	const char *message;
} refusals[] = {
	/* inih: a second value of the key before it. */
	{ "[daemon]\nsocket = /a\n  user = b\n", 0,
	  "t.conf:3: the line begins with a blank (values cannot be continued)" },
	/* inih: the value ends there. */
	{ "[daemon]\nsocket = /a\0b\n", 23, "t.conf:2: column 12: control byte 0x00" },
	{ "[daemon]\r\nsocket = /a\r\n", 0, "t.conf:1: column 9: control byte 0x0d" },
	{ "[daemon]\nsocket = /\x01\n", 0, "t.conf:2: column 11: control byte 0x01" },
	/* inih: the name is cut at 49 bytes, so that two sections become one. */
	{ "[queue aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\n", 0,
	  "t.conf:1: the section's name is over 48 bytes" },
	{ "[daemon]\nkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk = 1\n", 0,
	  "t.conf:2: \"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk\" is not a "
	  "key" },
	/* inih: what follows belongs to the section before. */
	{ "[access]\n[daemon\nuser = x\n", 0, "t.conf:2: a section ends with ]" },
	{ "[daemon] # x\n", 0, "t.conf:1: a section ends with ]" },
	/* inih: both are told. */
	{ "[daemon]\nuser = a\nuser = b\n", 0, "t.conf:3: user: stands twice" },
	{ "[daemon]\n[access]\n[daemon]\n", 0, "t.conf:3: [daemon] stands twice" },
	{ "[queue a]\n[queue b]\n[queue a]\n", 0, "t.conf:3: [queue a] stands twice" },
	{ "[defaults]\nretries = 1\nretries = 1\n", 0, "t.conf:3: retries: stands twice" },
	/* inih: also a key. */
	{ "[daemon]\nuser: a\n", 0, "t.conf:2: \"user: a\" is not key = value" },
	{ "[daemon]\n= a\n", 0, "t.conf:2: \"\" is not a key" },
	{ "user = a\n", 0, "t.conf:1: user stands before the first section" },
	{ "[demon]\n", 0,
	  "t.conf:1: [demon] is not [daemon], [access], [defaults] or [queue NAME]" },
	{ "[queue]\n", 0,
	  "t.conf:1: [queue] is not [daemon], [access], [defaults] or [queue NAME]" },
	{ "[]\n", 0, "t.conf:1: section: [] is not [WORD] or [WORD NAME]" },
	{ "[daemon]\nusr = a\n", 0, "t.conf:2: usr: no such key" },
	{ "[daemon]\nuser =\n", 0, "t.conf:2: user: the value is empty" },
	{ "[daemon]\noutput-dir =\n", 0, "t.conf:2: output-dir: \"\" is not an absolute path" },
	{ "[daemon]\nsocket = run\n", 0, "t.conf:2: socket: \"run\" is not an absolute path" },
	{ "[daemon]\nlog-level = loud\n", 0,
	  "t.conf:2: log-level: \"loud\" is not error, warning, notice, info or debug" },
	{ "[daemon]\nlog-format = xml\n", 0,
	  "t.conf:2: log-format: \"xml\" is not text, json or journal" },
	{ "[daemon]\nstop-timeout = 2d\n", 0, "t.conf:2: stop-timeout: \"2d\" is not in 0 to 1d" },
	{ "[daemon]\nretain-runs = -1\n", 0, "t.conf:2: retain-runs: \"-1\" is not a number" },
	{ "[daemon]\nretain-runs = 99999999999999999999\n", 0,
	  "t.conf:2: retain-runs: \"99999999999999999999\" is not a number" },
	{ "[daemon]\noutput-max = 1Q\n", 0,
	  "t.conf:2: output-max: \"1Q\" is not a size (a number, or one with K M G T)" },
	{ "[daemon]\noutput-max = 9000000T\n", 0,
	  "t.conf:2: output-max: \"9000000T\" is not in 4096 to 1073741824 bytes" },
	{ "[daemon]\noutput-max = 1\n", 0,
	  "t.conf:2: output-max: \"1\" is not in 4096 to 1073741824 bytes" },
	{ "[access]\noperators = no-such-user-here\n", 0,
	  "t.conf:2: operators: no-such-user-here: no such user" },
	{ "[access]\noperators = ,\n", 0, "t.conf:2: operators: the list is empty" },
	{ "[queue a]\nconcurrency = 0\n", 0, "t.conf:2: concurrency: \"0\" is not in 1 to 100000" },
	{ "[defaults]\nretires = 1\n", 0, "t.conf:2: retires: no such field; retries?" },
	{ "[defaults]\nshell = x\n", 0, "t.conf:2: shell: cannot have a default" },
	{ "[defaults]\npriority = 11\n", 0,
	  "t.conf:2: priority: \"11\" is not a whole number in 0-9" },
	/* No job could be made of these. */
	{ "[queue 12]\n", 0, "t.conf:1: queue: \"12\" is all digits, which would be an id" },
	{ "[queue -x]\n", 0, "t.conf:1: queue: \"-x\" would be an option to commands" },
	{ "[defaults]\nretry-delay = 2h\n", 0,
	  "t.conf: [defaults]: retry-max-delay: is shorter than retry-delay" },
};

static void
what_is_wrong_is_refused_with_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const char *text = refusals[i].text;
		size_t len = refusals[i].len ? refusals[i].len : strlen(text);
		assert_refused(text, len, refusals[i].message);
	}
}

static void
a_byte_order_mark_is_skipped(void **state)
{
	struct conf conf;
	struct err err;
	(void)state;
	assert_int_equal(parse(&conf, "\xef\xbb\xbf[daemon]\nuser = a\n", &err), 0);
	assert_string_equal(conf.user, "a");
	conf_fini(&conf);
}

static void
a_last_line_needs_no_newline(void **state)
{
	struct conf conf;
	struct err err;
	(void)state;
	assert_int_equal(parse(&conf, "[daemon]\nuser = a", &err), 0);
	assert_string_equal(conf.user, "a");
	conf_fini(&conf);
}

/* A file in a directory of its own. */
struct place {
	char dir[32];
	char file[64];
};

static void
make_file(struct place *place, mode_t mode)
{
	snprintf(place->dir, sizeof(place->dir), "/tmp/asched-conf-XXXXXX");
	assert_non_null(mkdtemp(place->dir));
	snprintf(place->file, sizeof(place->file), "%s/asched.conf", place->dir);
	FILE *file = fopen(place->file, "w");
	assert_non_null(file);
	fputs("[daemon]\nuser = nobody\n", file);
	fclose(file);
	assert_int_equal(chmod(place->file, mode), 0);
}

static int
load(const char *path, bool must_be_safe, struct err *err)
{
	struct conf conf;
	conf_init(&conf);
	*err = (struct err){ 0 };
	int result = conf_load(&conf, path, must_be_safe, err);
	conf_fini(&conf);
	return result;
}

static void
a_file_that_others_can_write_is_refused_when_it_must_be_safe(void **state)
{
	struct place place;
	struct err err;
	(void)state;
	make_file(&place, 0644);
	assert_int_equal(load(place.file, true, &err), 0);
	assert_int_equal(chmod(place.file, 0664), 0);
	assert_int_equal(load(place.file, true, &err), -1);
	assert_non_null(strstr(err.text, "others than its owner may write to it (mode 664)"));
	assert_int_equal(load(place.file, false, &err), 0);
	assert_int_equal(chmod(place.file, 0644), 0);
	assert_int_equal(chmod(place.dir, 0777), 0);
	assert_int_equal(load(place.file, true, &err), -1);
	assert_int_equal(err.code, ERR_DENIED);
	unlink(place.file);
	rmdir(place.dir);
}

static void
what_is_no_regular_file_is_refused_and_does_not_hang(void **state)
{
	struct place place;
	struct err err;
	(void)state;
	make_file(&place, 0644);
	assert_int_equal(load(place.dir, false, &err), -1);
	assert_non_null(strstr(err.text, "not a regular file"));
	assert_int_equal(unlink(place.file), 0);
	assert_int_equal(load(place.file, false, &err), -1);
	assert_non_null(strstr(err.text, "No such file"));
	assert_int_equal(mkfifo(place.file, 0600), 0);
	assert_int_equal(load(place.file, false, &err), -1);
	assert_non_null(strstr(err.text, "not a regular file"));
	unlink(place.file);
	rmdir(place.dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_section_is_understood),
		cmocka_unit_test(an_empty_file_leaves_the_defaults),
		cmocka_unit_test(a_long_value_arrives_whole),
		cmocka_unit_test(a_value_over_64_kib_is_refused),
		cmocka_unit_test(a_semicolon_behind_a_blank_is_part_of_the_value),
		cmocka_unit_test(what_is_wrong_is_refused_with_its_line),
		cmocka_unit_test(a_byte_order_mark_is_skipped),
		cmocka_unit_test(a_last_line_needs_no_newline),
		cmocka_unit_test(a_file_that_others_can_write_is_refused_when_it_must_be_safe),
		cmocka_unit_test(what_is_no_regular_file_is_refused_and_does_not_hang),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
