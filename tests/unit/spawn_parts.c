/* The parts of the spawner that need no program: messages, slots, policy, what hangs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spawn/daemon.h"
#include "spawn/msg.h"
#include "spawn/policy.h"
#include "spawn/proc.h"
#include "spawn/run.h"
#include "spawn/slots.h"
#include "spawn/ticks.h"

static void
a_message_arrives_as_it_was_sent_with_its_descriptors(void **state)
{
	static const char payload[] = "/\0\0\0one\0two\0A=b\0stdin";
	struct msg sent = {
		.version = MSG_VERSION,
		.kind = MSG_START,
		.run_id = 5,
		.attempt = 2,
		.nbytes = sizeof(payload) - 1,
		.start = { .nargs = 2, .nenv = 1, .stdin_len = 5, .umask = 022 },
	};
	struct msg got;
	char bytes[64];
	int pair[2], fds[MSG_NOUTPUTS];
	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	for (int n = 0; n <= MSG_NOUTPUTS; n++) { /* so many descriptors */
		const int passed[MSG_NOUTPUTS] = { n > 0 ? pair[0] : -1, n > 1 ? pair[1] : -1 };
		assert_int_equal(msg_send(pair[0], &sent, payload, passed), 0);
		assert_int_equal(msg_recv(pair[1], &got, bytes, sizeof(bytes), fds), 1);
		assert_memory_equal(&got, &sent, sizeof(sent));
		assert_memory_equal(bytes, payload, sent.nbytes);
		for (int i = 0; i < MSG_NOUTPUTS; i++) {
			assert_int_equal(fcntl(fds[i], F_GETFD), i < n ? FD_CLOEXEC : -1);
			assert_true(i < n ? close(fds[i]) == 0 : fds[i] == -1);
		}
	}
	assert_int_equal(msg_recv(pair[1], &got, bytes, sizeof(bytes), fds), -1);
	assert_int_equal(errno, EAGAIN);
	sent.version++;
	assert_int_equal(msg_send(pair[0], &sent, payload, pair), 0);
	assert_int_equal(msg_recv(pair[1], &got, bytes, sizeof(bytes), fds), -1);
	assert_int_equal(errno, EPROTO);
	assert_int_equal(fds[MSG_STDOUT], -1);
	assert_int_equal(got.version, MSG_VERSION + 1);
	sent.version--;
	assert_int_equal(msg_send(pair[0], &sent, payload, NULL), 0);
	close(pair[0]);
	assert_int_equal(msg_recv(pair[1], &got, bytes, sizeof(bytes), fds), 1);
	assert_int_equal(fds[MSG_STDOUT], -1);
	assert_int_equal(msg_recv(pair[1], &got, bytes, sizeof(bytes), fds), 0);
	close(pair[1]);
}

static void
a_message_that_is_not_whole_is_refused(void **state)
{
	static const char payload[] = "/\0\0\0a\0E=1";
	const struct msg good = {
		.version = MSG_VERSION,
		.kind = MSG_START,
		.run_id = 1,
		.attempt = 1,
		.nbytes = sizeof(payload),
		.start = { .nargs = 1, .nenv = 1 },
	};
	struct {
		struct msg msg;
		size_t size;
	} cases[20];
	(void)state;
	for (size_t i = 0; i < 20; i++)
		cases[i].msg = good, cases[i].size = sizeof(good) + good.nbytes;
	assert_true(msg_is_valid(&good, payload, cases[0].size));
	cases[0].msg.version = 0;
	cases[1].msg.kind = MSG_NKINDS;
	cases[2].msg.run_id = 0;
	cases[3].msg.attempt = -1;
	cases[4].size--;
	cases[5].size = sizeof(good) - 1;
	cases[6].msg.nbytes = MSG_PAYLOAD_MAX + 1;
	cases[7].msg.start.nargs = 0;
	cases[8].msg.start.nargs = 2;
	cases[9].msg.start.nenv = 0;
	cases[10].msg.start.nenv = UINT32_MAX;
	cases[11].msg.start.stdin_len = 1;
	cases[12].msg.start.stdin_len = UINT32_MAX;
	cases[13].msg.start.umask = 01000;
	cases[14].msg.kind = MSG_FORGET; /* has no payload */
	cases[15].msg = (struct msg){ .version = MSG_VERSION,
				      .kind = MSG_SIGNAL,
				      .run_id = 1,
				      .attempt = 1,
				      .stop = MSG_STOP_NKINDS };
	cases[15].size = sizeof(good);
	cases[16].msg = (struct msg){ .version = MSG_VERSION, .kind = MSG_NOTIFY, .notify = -1 };
	cases[16].size = sizeof(good);
	cases[17].msg = (struct msg){ .version = MSG_VERSION, .kind = MSG_HELLO, .run_id = 4 };
	cases[17].size = sizeof(good);
	cases[18].msg.start.tty = -1;
	cases[19].msg.start.reads_files = 1;
	cases[19].msg.start.tty = 1;
	for (size_t i = 0; i < 20; i++)
		assert_false(msg_is_valid(&cases[i].msg, payload, cases[i].size));
}

/* In tests/fuzz/corpus/spawn_msg; written anew, in the sources, with ASCHED_WRITE_SEEDS=1. */
static const struct seed {
	const char *name;
	struct msg msg;
	const char *payload;
	bool is_valid;
} seeds[] = {
	{ "hello", { .kind = MSG_HELLO }, "", true },
	{ "kind", { .kind = MSG_NKINDS }, "", false },
	{ "forget", { .kind = MSG_FORGET, .run_id = 7, .attempt = 1 }, "", true },
	{ "notify", { .kind = MSG_NOTIFY, .notify = MSG_NOTIFY_STOPPING }, "", true },
	{ "signal",
	  { .kind = MSG_SIGNAL, .run_id = 7, .attempt = 1, .stop = MSG_STOP_HARD },
	  "",
	  true },
#define START(...)                                                                     \
	{                                                                              \
		.kind = MSG_START, .run_id = 7, .attempt = 1, .start = { __VA_ARGS__ } \
	}
	{ "start", START(.nargs = 2, .nenv = 1, .umask = 022), "/|||echo|a b|A=b|", true },
	{ "start-stdin", START(.nargs = 1, .stdin_len = 4), "|/e|/o|cat|text", true },
	{ "start-files", START(.nargs = MSG_NFILES, .reads_files = 1), "|||/h||/b|", true },
	{ "start-files-short", START(.nargs = 2, .reads_files = 1), "|||/h|/b|", false },
	{ "start-many", START(.nargs = 1, .nenv = UINT32_MAX), "|||true|A=1|", false },
	{ "start-short", START(.nargs = 2, .nenv = 1), "/|||true|A=", false },
	{ "start-tty", START(.nargs = 1, .tty = 4, .limits = { 5, 5 }), "|||top|", true },
};

static size_t
make_seed(const struct seed *seed, char *bytes)
{
	struct msg msg = seed->msg;
	size_t len = strlen(seed->payload);
	msg.version = MSG_VERSION;
	msg.nbytes = (uint32_t)len;
	memcpy(bytes, &msg, sizeof(msg));
	for (size_t i = 0; i < len; i++)
		bytes[sizeof(msg) + i] = seed->payload[i] == '|' ? '\0' : seed->payload[i];
	return sizeof(msg) + len;
}

/* So that a new form of messages does not leave the fuzz target with nothing to work on. */
static void
the_seeds_of_the_fuzz_target_are_messages_of_today(void **state)
{
	char path[4096], stored[1024];
	_Alignas(struct msg) char bytes[1024];
	(void)state;
	if (sizeof(void *) != 8 || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__) {
		print_message("skipped: the seeds are those of other machines\n");
		skip();
	}
	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		size_t size = make_seed(&seeds[i], bytes);
		const struct msg *msg = (const struct msg *)(void *)bytes;
		assert_int_equal(msg_is_valid(msg, bytes + sizeof(*msg), size), seeds[i].is_valid);
		snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/spawn_msg/%s",
			 getenv("ASCHED_SOURCE") ? getenv("ASCHED_SOURCE") : "..", seeds[i].name);
		FILE *file = fopen(path, getenv("ASCHED_WRITE_SEEDS") ? "w+" : "r");
		assert_non_null(file);
		if (getenv("ASCHED_WRITE_SEEDS"))
			assert_int_equal(fwrite(bytes, 1, size, file), size);
		rewind(file);
		assert_int_equal(fread(stored, 1, sizeof(stored), file), size);
		assert_memory_equal(stored, bytes, size);
		fclose(file);
	}
}

static struct slots *
new_slots(void)
{
	struct slots *slots = calloc(1, sizeof(*slots));
	assert_non_null(slots);
	return slots;
}

static void
slots_are_found_by_run_and_pid_while_they_live(void **state)
{
	struct slots *slots = new_slots();
	(void)state;
	for (int i = 1; i <= SLOTS_MAX; i++) {
		struct slot *slot = slots_take(slots, i * 4096, i % 3 + 1);
		assert_non_null(slot);
		slot->report.pid = 10 * i;
		slots_set_state(slots, slot, SLOT_STARTING);
	}
	assert_null(slots_take(slots, 7, 1));
	assert_int_equal(slots->nalive, SLOTS_MAX);
	for (int i = 1; i <= SLOTS_MAX; i++) {
		struct slot *slot = slots_find(slots, i * 4096, i % 3 + 1);
		assert_non_null(slot);
		assert_ptr_equal(slots_find_pid(slots, 10 * i), slot);
		assert_null(slots_find(slots, i * 4096, 4));
		if (i % 2 == 0)
			continue;
		slots_set_state(slots, slot, SLOT_RUNNING);
		slots_set_state(slots, slot, SLOT_EXITED);
		assert_null(slots_find_pid(slots, 10 * i));
		slots_drop(slots, slot);
		assert_null(slots_find(slots, i * 4096, i % 3 + 1));
	}
	assert_int_equal(slots->nalive, SLOTS_MAX / 2);
	assert_null(slots_find_pid(slots, 0));
	int nused = 0, at = 0;
	while (slots_next(slots, &at))
		nused++;
	assert_int_equal(nused, SLOTS_MAX / 2);
	for (int i = 0; i < SLOTS_MAX / 2; i++)
		assert_non_null(slots_take(slots, 7, 1 + i));
	assert_null(slots_take(slots, 8, 1));
	free(slots);
}

static void
what_changed_is_told_once_and_all_of_it_to_a_new_daemon(void **state)
{
	struct slots *slots = new_slots();
	struct slot *slot[3];
	(void)state;
	for (int i = 0; i < 3; i++) {
		slot[i] = slots_take(slots, i + 1, 1);
		slot[i]->report.pid = i + 1;
		slots_set_state(slots, slot[i], SLOT_STARTING);
	}
	assert_null(slots_to_tell(slots));
	for (int i = 0; i < 3; i++)
		slots_set_state(slots, slot[i], SLOT_RUNNING);
	slots_set_state(slots, slot[1], SLOT_EXITED); /* still one message */
	slots_set_state(slots, slot[2], SLOT_EXITED);
	slots_drop(slots, slot[2]);
	assert_ptr_equal(slots_to_tell(slots), slot[0]);
	slots_told(slots, slot[0]);
	slots_set_state(slots, slot[0], SLOT_EXITED); /* must not keep the other one waiting */
	assert_ptr_equal(slots_to_tell(slots), slot[1]);
	slots_told(slots, slot[1]);
	assert_ptr_equal(slots_to_tell(slots), slot[0]);
	slots_told(slots, slot[0]);
	assert_null(slots_to_tell(slots));
	assert_true(slot[1]->is_told);
	slots_tell_all(slots);
	assert_ptr_equal(slots_to_tell(slots), slot[1]);
	slots_told(slots, slot[1]);
	assert_ptr_equal(slots_to_tell(slots), slot[0]);
	assert_false(slot[0]->is_told);
	free(slots);
}

static int
read_policy(const char *text, mode_t mode, struct policy *policy)
{
	char path[] = "/tmp/spawn-parts-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
	int result = policy_read(policy, path, 500);
	unlink(path);
	return result;
}

static void
without_a_file_the_policy_allows_people_only(void **state)
{
	struct policy policy;
	(void)state;
	assert_int_equal(policy_read(&policy, "/no/such/file", 1500), 0);
	assert_true(policy_allows(&policy, 1000));
	assert_true(policy_allows(&policy, 65533));
	assert_true(policy_allows(&policy, 100000));
	assert_false(policy_allows(&policy, 0));
	assert_false(policy_allows(&policy, 999));
	assert_false(policy_allows(&policy, 1500));
	assert_false(policy_allows(&policy, 65534));
	assert_false(policy_allows(&policy, UINT32_MAX));
}

static void
the_last_rule_of_the_policy_file_that_matches_decides(void **state)
{
	struct policy policy;
	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: the file has to be root's\n");
		skip();
	}
	assert_int_equal(read_policy("deny 0-4294967294\nallow 7\n\n\tallow 10-20 # x\ndeny 12",
				     0644, &policy),
			 0);
	assert_true(policy_allows(&policy, 7));
	assert_true(policy_allows(&policy, 20));
	assert_false(policy_allows(&policy, 12));
	assert_false(policy_allows(&policy, 1000));
}

static void
a_bad_policy_file_is_refused_with_its_line(void **state)
{
	static const char *const cases[] = {
		"allow",
		"allow x",
		"permit 5",
		"allow 5-",
		"allow 9-5",
		"allow -1",
		"allow 5 6",
		"allow 4294967295",
		"allow 99999999999999999999",
		"allowed 5",
		"allow 0x5",
		"allow 5--9",
		"allow 0-",
		"allow +5",
		"allow5",
		"allow 5 -9",
		"allow 000000000000000000000005",
	};
	struct policy policy;
	char text[64];
	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: the file has to be root's\n");
		skip();
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "allow 1\n\n%s\nallow 3\n", cases[i]);
		assert_int_equal(read_policy(text, 0600, &policy), 3);
	}
	assert_int_equal(read_policy("allow 1", 0666, &policy), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(policy_read(&policy, "/dev/null", 1), -1);
	assert_int_equal(policy_read(&policy, "/proc/self/exe", 1), -1);
}

static void
the_start_of_a_process_is_read_as_the_kernel_counts_it(void **state)
{
	(void)state;
	int64_t before = ticks_since_boot();
	pid_t pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	int64_t after = ticks_since_boot();
	int64_t started = proc_start(pid);
	assert_true(started >= before && started <= after);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(proc_start(pid), 0);
}

/* A look-up that hangs: the child is there and does not come to its program. */
static void
a_start_that_takes_too_long_is_killed_and_says_where_it_was(void **state)
{
	static struct spawner sp;
	static struct slots slots;
	static struct card cards[SLOTS_MAX];
	int ends[2];
	(void)state;
	sp.slots = &slots;
	sp.cards = cards;
	sp.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	struct slot *slot = slots_take(&slots, 7, 1);
	slot->exec_fd = ends[0];
	slot->start_by = 1000;
	slot->report.pid = fork();
	if (slot->report.pid == 0)
		pause();
	close(ends[1]);
	cards[slots_index(&slots, slot)].stage = STAGE_USER;
	slots_set_state(&slots, slot, SLOT_STARTING);

	siginfo_t info = { 0 };
	const int how = WEXITED | WNOWAIT;
	sp.now = 999;
	assert_true(run_look(&sp, slot));
	assert_int_equal(waitid(P_PID, (id_t)slot->report.pid, &info, how | WNOHANG), 0);
	assert_int_equal(info.si_pid, 0);
	sp.now = 1000;
	assert_true(run_look(&sp, slot));
	assert_int_equal(waitid(P_PID, (id_t)slot->report.pid, &info, how), 0);
	assert_int_equal(info.si_status, SIGKILL);
	run_end(&sp, slot);
	assert_int_equal(slot->state, SLOT_FAILED);
	assert_int_equal(slot->report.stage, STAGE_USER);
	assert_int_equal(slot->report.error, ETIMEDOUT);
	close(sp.epoll_fd);
}

/* As one that is stopped, or stuck in a system call: the stop of the service does not wait for ever. */
static void
a_daemon_that_does_not_end_when_it_should_is_killed(void **state)
{
	static struct spawner sp;
	static struct slots slots;
	const int64_t timeout = 30 * INT64_C(1000000), grace = 15 * INT64_C(1000000);
	siginfo_t info = { 0 };
	(void)state;
	sp.slots = &slots;
	sp.link.fd = -1;
	sp.options.stop_timeout_us = timeout;
	sp.now = 1;
	sp.daemon.pid = fork();
	if (sp.daemon.pid == 0)
		pause();
	daemon_terminate(&sp);
	sp.now += timeout + grace - 1; /* it may take so long to record what it ended */
	daemon_tick(&sp);
	assert_int_equal(waitid(P_PID, (id_t)sp.daemon.pid, &info, WEXITED | WNOHANG), 0);
	assert_int_equal(info.si_pid, 0);
	sp.now++;
	daemon_tick(&sp);
	assert_int_equal(waitid(P_PID, (id_t)sp.daemon.pid, &info, WEXITED), 0);
	assert_int_equal(info.si_status, SIGKILL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_daemon_that_does_not_end_when_it_should_is_killed),
		cmocka_unit_test(a_start_that_takes_too_long_is_killed_and_says_where_it_was),
		cmocka_unit_test(a_message_arrives_as_it_was_sent_with_its_descriptors),
		cmocka_unit_test(a_message_that_is_not_whole_is_refused),
		cmocka_unit_test(the_seeds_of_the_fuzz_target_are_messages_of_today),
		cmocka_unit_test(slots_are_found_by_run_and_pid_while_they_live),
		cmocka_unit_test(what_changed_is_told_once_and_all_of_it_to_a_new_daemon),
		cmocka_unit_test(without_a_file_the_policy_allows_people_only),
		cmocka_unit_test(the_last_rule_of_the_policy_file_that_matches_decides),
		cmocka_unit_test(a_bad_policy_file_is_refused_with_its_line),
		cmocka_unit_test(the_start_of_a_process_is_read_as_the_kernel_counts_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
