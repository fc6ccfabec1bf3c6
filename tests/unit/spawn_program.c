/* The program asched-spawn, driven by a test that speaks as its daemon. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake/spawner.h"

static int
begin(void **state)
{
	static struct spawner_fixture fixture;
	spawner_begin(&fixture, NULL);
	*state = &fixture;
	return 0;
}

static int
end(void **state)
{
	(void)spawner_end(*state);
	return 0;
}

static int
begin_with_hello(void **state)
{
	begin(state);
	assert_int_equal(spawner_hello(*state), 0);
	return 0;
}

static void
a_run_is_told_started_and_exited_with_its_output(void **state)
{
	struct spawner_fixture *sp = *state;
	int fd;
	spawner_shell(sp, 7, "echo out; echo err >&2; exit 3");
	struct msg msg = spawner_expect(sp, MSG_EXITED, 7, &fd);
	char *text = spawner_read_output(fd);
	assert_string_equal(text, "out\nerr\n");
	assert_true(WIFEXITED(msg.report.wait_status));
	assert_int_equal(WEXITSTATUS(msg.report.wait_status), 3);
	assert_int_equal(msg.report.output_bytes[MSG_STDOUT], 8);
	assert_true(msg.report.pid > 0 && msg.report.pid_start > 0);
	assert_true(msg.report.started_at > 0 && msg.report.started_at <= msg.report.ended_at);
	assert_true(msg.report.peak_kib > 0 && msg.report.cpu_us >= 0);
	free(text);
}

static void
every_exit_code_and_signal_is_told_exactly(void **state)
{
	struct spawner_fixture *sp = *state;
	static const int signals[] = { SIGHUP,  SIGINT,  SIGQUIT, SIGILL,    SIGABRT, SIGFPE,
				       SIGKILL, SIGSEGV, SIGPIPE, SIGALRM,   SIGTERM, SIGUSR1,
				       SIGUSR2, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGSYS };
	char script[64];
	const char *const args[] = { "/bin/sh", "-c", script, NULL };
	for (int code = 0; code < 256; code++) {
		snprintf(script, sizeof(script), "exit %d", code);
		struct msg msg =
			spawner_run(sp, code + 1, (struct spawner_start){ .args = args }, NULL);
		assert_int_equal(msg.kind, MSG_EXITED);
		assert_int_equal(msg.report.wait_status, code << 8);
	}
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		snprintf(script, sizeof(script), "kill -%d $$", signals[i]);
		struct msg msg = spawner_run(sp, 1000 + (int64_t)i,
					     (struct spawner_start){ .args = args }, NULL);
		assert_int_equal(msg.kind, MSG_EXITED);
		assert_true(WIFSIGNALED(msg.report.wait_status));
		assert_int_equal(WTERMSIG(msg.report.wait_status), signals[i]);
	}
}

static void
a_failed_start_names_its_stage_and_errno(void **state)
{
	struct spawner_fixture *sp = *state;
	char plain[128], script[512];
	snprintf(plain, sizeof(plain), "%s/plain", sp->dir);
	snprintf(script, sizeof(script),
		 "echo data > %s; printf '\\001\\002' > %s.bad; chmod 755 %s.bad", plain, plain,
		 plain);
	assert_int_equal(system(script), 0);
	char bad[140];
	snprintf(bad, sizeof(bad), "%s.bad", plain);
	const struct {
		const char *command, *cwd;
		enum msg_stage stage;
		int error;
	} cases[] = {
		{ "/no/such/program", "/", STAGE_EXEC, ENOENT },
		{ "no-such-program", "/", STAGE_EXEC, ENOENT },
		{ "", "/", STAGE_EXEC, ENOENT },
		{ plain, "/", STAGE_EXEC, EACCES },
		{ "/tmp", "/", STAGE_EXEC, EACCES },
		{ bad, "/", STAGE_EXEC, ENOEXEC },
		{ "/bin/true", "/no/such/directory", STAGE_CWD, ENOENT },
		{ "/bin/true", "/bin/true", STAGE_CWD, ENOTDIR },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *const args[] = { cases[i].command, NULL };
		struct msg msg = spawner_run(
			sp, (int64_t)i + 1,
			(struct spawner_start){ .args = args, .cwd = cases[i].cwd }, NULL);
		assert_int_equal(msg.kind, MSG_START_FAILED);
		assert_int_equal(msg.report.stage, cases[i].stage);
		assert_int_equal(msg.report.error, cases[i].error);
	}
}

static void
a_text_is_given_as_stdin_and_else_there_is_none(void **state)
{
	struct spawner_fixture *sp = *state;
	static const char *const args[] = { "cat", NULL };
	char *text;
	spawner_run(sp, 1, (struct spawner_start){ .args = args, .stdin_text = "a\nb" }, &text);
	assert_string_equal(text, "a\nb");
	free(text);
	spawner_run(sp, 2, (struct spawner_start){ .args = args }, &text);
	assert_string_equal(text, "");
	free(text);
}

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void
an_env_file_gives_variables_that_the_job_overrides(void **state)
{
	struct spawner_fixture *sp = *state;
	char path[128], *text;
	static const char *const args[] = { "/bin/sh", "-c", "echo $A,$B,$C,$HOME,$RUN", NULL };
	static const char *const env[] = { "RUN=7", "B=mine", NULL };
	snprintf(path, sizeof(path), "%s/env", sp->dir);
	write_file(path, "# comment\n\nA='a b'\r\nB=theirs\nC=\"\nHOME=/home\nRUN=8");
	spawner_run(sp, 1, (struct spawner_start){ .args = args, .env = env, .env_file = path },
		    &text);
	assert_string_equal(text, "a b,mine,\",/home,7\n");
	free(text);
}

static void
a_file_of_the_users_that_cannot_be_used_fails_the_start(void **state)
{
	struct spawner_fixture *sp = *state;
	char bad[128], big[128], reserved[128];
	snprintf(bad, sizeof(bad), "%s/bad", sp->dir);
	snprintf(reserved, sizeof(reserved), "%s/reserved", sp->dir);
	snprintf(big, sizeof(big), "%s/big", sp->dir);
	write_file(bad, "A=1\nnot a pair\n");
	write_file(reserved, "A=1\nLD_PRELOAD=/tmp/x.so\n");
	write_file(big, "");
	assert_int_equal(truncate(big, 65537), 0);
	const struct {
		const char *env_file, *output_file;
		enum msg_stage stage;
		int error;
	} cases[] = {
		{ "/no/such/file", NULL, STAGE_ENV_FILE, ENOENT },
		{ "/", NULL, STAGE_ENV_FILE, EINVAL },
		{ "/dev/zero", NULL, STAGE_ENV_FILE, EINVAL },
		{ bad, NULL, STAGE_ENV_FILE, EINVAL },
		{ reserved, NULL, STAGE_ENV_FILE, EPERM },
		{ big, NULL, STAGE_ENV_FILE, EFBIG },
		{ NULL, "/no/such/directory/file", STAGE_OUTPUT_FILE, ENOENT },
		{ NULL, "/dev/null", STAGE_OUTPUT_FILE, EINVAL },
		{ NULL, "/", STAGE_OUTPUT_FILE, EISDIR },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct msg msg =
			spawner_run(sp, (int64_t)i + 1,
				    (struct spawner_start){ .env_file = cases[i].env_file,
							    .output_file = cases[i].output_file },
				    NULL);
		assert_int_equal(msg.kind, MSG_START_FAILED);
		assert_int_equal(msg.report.stage, cases[i].stage);
		assert_int_equal(msg.report.error, cases[i].error);
	}
}

static void
an_output_file_is_appended_to_instead(void **state)
{
	struct spawner_fixture *sp = *state;
	char path[128], *text;
	static const char *const args[] = { "/bin/sh", "-c", "echo out; echo err >&2", NULL };
	static const char *const cat[] = { "cat", "log", NULL };
	snprintf(path, sizeof(path), "%s/log", sp->dir);
	for (int64_t run_id = 1; run_id <= 2; run_id++) {
		spawner_run(sp, run_id, (struct spawner_start){ .args = args, .output_file = path },
			    &text);
		assert_string_equal(text, "");
		free(text);
	}
	spawner_run(sp, 3, (struct spawner_start){ .args = cat, .cwd = sp->dir }, &text);
	assert_string_equal(text, "out\nerr\nout\nerr\n");
	free(text);
}

static void
errors_that_are_split_off_have_a_file_of_their_own(void **state)
{
	struct spawner_fixture *sp = *state;
	char file[128];
	int fd, fds[MSG_NOUTPUTS];
	static const char *const args[] = { "/bin/sh", "-c",
					    "echo 1 >&2; echo 2; echo 3 >&2; echo 4 >> /dev/stderr",
					    NULL };
	snprintf(file, sizeof(file), "%s/only-output", sp->dir);
	const char *const files[] = { NULL, file };
	for (int64_t i = 0; i < 2; i++) {
		spawner_start(sp, i + 1,
			      (struct spawner_start){ .args = args,
						      .output_file = files[i],
						      .splits_output = true });
		struct msg msg = spawner_receive(sp, fds);
		if (msg.kind == MSG_STARTED)
			msg = spawner_expect(sp, MSG_EXITED, i + 1, NULL);
		assert_int_equal(msg.report.wait_status, 0);
		assert_int_equal(msg.report.output_bytes[MSG_STDERR], 6);
		assert_int_equal(msg.report.output_bytes[MSG_STDOUT], files[i] ? 0 : 2);
		char *text = spawner_read_output(fds[MSG_STDOUT]);
		assert_string_equal(text, files[i] ? "" : "2\n");
		free(text);
		close(fds[MSG_STDERR]);
	}
	fd = open(file, O_RDONLY);
	char *text = spawner_read_output(fd);
	assert_string_equal(text, "2\n");
	free(text);
	/* The next daemon is told of both files, too. */
	spawner_forget(sp, 2);
	spawner_kill_daemon(sp);
	spawner_meet_daemon(sp);
	spawner_send(sp, (struct msg){ .kind = MSG_HELLO });
	assert_int_equal(spawner_next(sp, NULL).kind, MSG_WELCOME);
	assert_int_equal(spawner_receive(sp, fds).kind, MSG_EXITED);
	close(fds[MSG_STDOUT]);
	text = spawner_read_output(fds[MSG_STDERR]);
	assert_string_equal(text, "1\n3\n4\n");
	free(text);
}

/* A terminal as a client makes it; gives its master and number. */
static int
make_terminal(int *number)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	assert_int_equal(ioctl(master, TIOCGPTN, number), 0);
	return master;
}

static void
a_run_with_a_terminal_has_it_for_everything(void **state)
{
	struct spawner_fixture *sp = *state;
	static const char *const args[] = { "/bin/sh", "-c",
					    "tty; tty <&1; tty <&2; tty < /dev/tty && exit 9", NULL };
	char wanted[128], got[128] = "";
	int number;
	int master = make_terminal(&number);
	snprintf(wanted, sizeof(wanted),
		 "/dev/pts/%d\r\n/dev/pts/%d\r\n/dev/pts/%d\r\n/dev/tty\r\n", number, number,
		 number);
	struct msg msg = spawner_run(
		sp, 1, (struct spawner_start){ .args = args, .tty = 1 + number }, NULL);
	assert_int_equal(msg.kind, MSG_EXITED);
	assert_int_equal(WEXITSTATUS(msg.report.wait_status), 9);
	assert_int_equal(msg.report.output_bytes[MSG_STDOUT], 0);
	for (size_t len = 0; len < strlen(wanted);) { /* it comes when the kernel finds the time */
		struct pollfd ready = { .fd = master, .events = POLLIN };
		assert_int_equal(poll(&ready, 1, 10000), 1);
		ssize_t n = read(master, got + len, sizeof(got) - 1 - len);
		assert_true(n > 0);
		len += (size_t)n;
	}
	assert_string_equal(got, wanted);
	close(master);
}

static void
a_terminal_that_is_gone_in_use_or_not_the_users_fails_the_start(void **state)
{
	struct spawner_fixture *sp = *state;
	static const char *const args[] = { "/bin/sleep", "60", NULL };
	char path[32];
	int number;
	int master = make_terminal(&number);
	const struct spawner_start start = { .args = args, .tty = 1 + number };
	spawner_start(sp, 1, start);
	spawner_expect(sp, MSG_STARTED, 1, NULL);
	spawner_start(sp, 2, start); /* that of another session */
	struct msg msg = spawner_expect(sp, MSG_START_FAILED, 2, NULL);
	assert_int_equal(msg.report.stage, STAGE_TTY);
	assert_int_equal(msg.report.error, EPERM);
	close(master); /* hangs up */
	msg = spawner_expect(sp, MSG_EXITED, 1, NULL);
	assert_int_equal(WTERMSIG(msg.report.wait_status), SIGHUP);
	spawner_start(sp, 3, start);
	msg = spawner_expect(sp, MSG_START_FAILED, 3, NULL);
	assert_int_equal(msg.report.stage, STAGE_TTY);
	assert_int_equal(msg.report.error, ENOENT);
	if (geteuid() != 0)
		return;
	master = make_terminal(&number);
	snprintf(path, sizeof(path), "/dev/pts/%d", number);
	assert_int_equal(chown(path, 1, (gid_t)-1), 0);
	spawner_start(sp, 4, (struct spawner_start){ .args = args, .tty = 1 + number });
	msg = spawner_expect(sp, MSG_START_FAILED, 4, NULL);
	assert_int_equal(msg.report.stage, STAGE_TTY);
	assert_int_equal(msg.report.error, EPERM);
	close(master);
}

static void
put_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* Reads three files; gives how it ended, and checks what came. */
static struct msg
read_files(struct spawner_fixture *sp, int64_t run_id, const char *const paths[3],
	   const char *const *texts)
{
	uint64_t length;
	int fd;
	const char *const args[] = { paths[0], paths[1], paths[2], NULL };
	spawner_start(sp, run_id, (struct spawner_start){ .args = args, .reads_files = true });
	struct msg msg = spawner_expect(sp, texts ? MSG_EXITED : MSG_START_FAILED, run_id, &fd);
	assert_true(msg.report.reads_files);
	assert_true(!texts || lseek(fd, 0, SEEK_SET) == 0);
	for (int i = 0; texts && i < 3; i++) {
		char text[64] = "";
		assert_int_equal(read(fd, &length, sizeof(length)), sizeof(length));
		assert_int_equal(length, strlen(texts[i]));
		assert_int_equal(read(fd, text, length), length);
		assert_string_equal(text, texts[i]);
	}
	assert_true(!texts || close(fd) == 0);
	spawner_forget(sp, run_id);
	return msg;
}

static void
files_are_read_as_their_user_and_handed_over(void **state)
{
	struct spawner_fixture *sp = *state;
	char a[128], fifo[128], big[128], gone[128];
	snprintf(a, sizeof(a), "%s/a", sp->dir);
	snprintf(fifo, sizeof(fifo), "%s/fifo", sp->dir);
	snprintf(big, sizeof(big), "%s/big", sp->dir);
	snprintf(gone, sizeof(gone), "%s/gone", sp->dir);
	put_file(a, "secret");
	put_file(big, "");
	assert_int_equal(truncate(big, MSG_FILE_MAX + 1), 0);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	read_files(sp, 1, (const char *const[]){ a, "", a },
		   (const char *const[]){ "secret", "", "secret" });
	const struct {
		const char *paths[3];
		enum msg_stage stage;
		int error;
	} cases[] = {
		{ { gone, a, a }, STAGE_HEADER_FILE, ENOENT },
		{ { "", fifo, "" }, STAGE_AUTH_FILE, EINVAL },
		{ { "", "/dev/null", "" }, STAGE_AUTH_FILE, EINVAL },
		{ { a, a, big }, STAGE_BODY_FILE, EFBIG },
		{ { a, a, sp->dir }, STAGE_BODY_FILE, EINVAL },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct msg msg = read_files(sp, 2 + (int64_t)i, cases[i].paths, NULL);
		assert_int_equal(msg.report.stage, cases[i].stage);
		assert_int_equal(msg.report.error, cases[i].error);
	}
}

static void
what_a_name_service_prints_or_opens_is_no_part_of_files_or_runs(void **state)
{
	static const char *const list_descriptors[] = { "/bin/ls", "/proc/self/fd", NULL };
	struct spawner_fixture sp;
	char a[128];
	(void)state;
	setenv("ASCHED_SPAWN", "tests/fake/chatty_spawn", 1);
	spawner_begin(&sp, NULL);
	unsetenv("ASCHED_SPAWN");
	assert_int_equal(spawner_hello(&sp), 0);
	snprintf(a, sizeof(a), "%s/a", sp.dir);
	put_file(a, "secret");
	read_files(&sp, 1, (const char *const[]){ a, "", a },
		   (const char *const[]){ "secret", "", "secret" });
	char *text;
	spawner_run(&sp, 2, (struct spawner_start){ 0 }, &text);
	assert_non_null(strstr(text, "the server is away")); /* it does print */
	free(text);
	spawner_run(&sp, 3, (struct spawner_start){ .args = list_descriptors }, &text);
	assert_non_null(strstr(text, "0\n1\n2\n3\n")); /* 3: the directory itself */
	assert_null(strstr(text, "4\n"));
	free(text);
	spawner_end(&sp);
}

static void
limits_hold_for_the_run(void **state)
{
	struct spawner_fixture *sp = *state;
	static const char *const show[] = {
		"/bin/sh", "-c",
		"ulimit -t; ulimit -v; ulimit -f; ulimit -n; "
		"sed -n 's/^Max processes *\\([0-9]*\\).*/\\1/p' /proc/self/limits",
		NULL
	};
	static const char *const spin[] = { "/bin/sh", "-c", "while :; do :; done", NULL };
	char *text;
	struct spawner_start start = { .args = show };
	start.limits[RLIMIT_CPU] = 5;
	start.limits[RLIMIT_AS] = 1 << 30;
	start.limits[RLIMIT_FSIZE] = 1 << 20;
	start.limits[RLIMIT_NOFILE] = 77;
	start.limits[RLIMIT_NPROC] = 1234;
	spawner_run(sp, 1, start, &text);
	assert_string_equal(text, "5\n1048576\n2048\n77\n1234\n");
	free(text);
	start = (struct spawner_start){ .args = spin };
	start.limits[RLIMIT_CPU] = 1;
	struct msg msg = spawner_run(sp, 2, start, NULL);
	assert_int_equal(WTERMSIG(msg.report.wait_status), SIGXCPU);
}

static void
a_start_that_it_has_already_is_ignored(void **state)
{
	struct spawner_fixture *sp = *state;
	char *text, script[256];
	const char *const args[] = { "/bin/sh", "-c", script, NULL };
	snprintf(script, sizeof(script), "echo x >> %s/count; sleep 0.2; cat %s/count", sp->dir,
		 sp->dir);
	spawner_start(sp, 1, (struct spawner_start){ .args = args });
	spawner_start(sp, 1, (struct spawner_start){ .args = args });
	int fd;
	spawner_expect(sp, MSG_EXITED, 1, &fd);
	text = spawner_read_output(fd);
	assert_string_equal(text, "x\n");
	free(text);
	spawner_start(sp, 1, (struct spawner_start){ .args = args });
	spawner_forget(sp, 1);
	struct msg msg = spawner_run(sp, 2, (struct spawner_start){ 0 }, NULL);
	assert_int_equal(msg.kind, MSG_EXITED);
}

static void
a_new_daemon_is_told_what_runs_and_what_ended(void **state)
{
	struct spawner_fixture *sp = *state;
	int fd;
	char *text;
	spawner_shell(sp, 1, "echo early; sleep 0.3; echo late");
	spawner_shell(sp, 2, "echo done; exit 9");
	spawner_expect(sp, MSG_EXITED, 2, NULL);
	spawner_kill_daemon(sp);
	spawner_meet_daemon(sp);
	spawner_send(sp, (struct msg){ .kind = MSG_HELLO });
	struct msg msg = spawner_next(sp, NULL);
	assert_int_equal(msg.kind, MSG_WELCOME);
	assert_int_equal(msg.welcome.epoch, 2);
	assert_int_equal(strlen(msg.welcome.instance), 36);
	assert_in_range(strlen(msg.welcome.boot), 24, MSG_ID_MAX - 1);
	bool has_started = false, has_ended = false;
	int running = -1;
	while ((msg = spawner_next(sp, &fd)).kind != MSG_REPLAY_END) {
		if (msg.run_id == 1) {
			has_started = msg.kind == MSG_STARTED;
			running = fd;
		} else {
			has_ended =
				msg.kind == MSG_EXITED && WEXITSTATUS(msg.report.wait_status) == 9;
			text = spawner_read_output(fd);
			assert_string_equal(text, "done\n");
			free(text);
		}
	}
	assert_true(has_started && has_ended);
	spawner_forget(sp, 2);
	spawner_expect(sp, MSG_EXITED, 1, NULL);
	text = spawner_read_output(running);
	assert_string_equal(text, "early\nlate\n");
	free(text);
	spawner_forget(sp, 1);
	spawner_kill_daemon(sp);
	spawner_meet_daemon(sp);
	assert_int_equal(spawner_hello(sp), 0);
}

static void
the_last_requests_of_a_dead_daemon_are_executed(void **state)
{
	struct spawner_fixture *sp = *state;
	for (int round = 0; round < 2; round++) {
		kill(sp->pid, SIGSTOP); /* it has read none of them when the daemon ends */
		for (int64_t i = 1; i <= 50; i++)
			spawner_shell(sp, 50 * round + i, "exit 5");
		if (round == 0)
			spawner_kill_daemon(sp);
		else
			spawner_end_daemon(sp, 75); /* and the next one comes at once */
		kill(sp->pid, SIGCONT);
		spawner_meet_daemon(sp);
		assert_int_equal(spawner_hello(sp), 50 * (round + 1));
	}
}

static void
a_planned_restart_comes_at_once_and_keeps_runs(void **state)
{
	struct spawner_fixture *sp = *state;
	spawner_shell(sp, 1, "sleep 60");
	spawner_expect(sp, MSG_STARTED, 1, NULL);
	for (int i = 0; i < 5; i++) {
		spawner_end_daemon(sp, 75);
		spawner_meet_daemon(sp);
		assert_int_equal(spawner_hello(sp), 1);
	}
	spawner_signal(sp, 1, MSG_STOP_SOFT);
	struct msg msg = spawner_expect(sp, MSG_EXITED, 1, NULL);
	assert_int_equal(WTERMSIG(msg.report.wait_status), SIGTERM);
}

static bool
is_stopped(pid_t pid)
{
	char path[32], text[64] = "";
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return strstr(text, ") T ") != NULL;
}

static void
a_run_that_ignores_term_or_is_stopped_can_be_ended(void **state)
{
	struct spawner_fixture *sp = *state;
	int fd;
	spawner_shell(sp, 1, "trap '' TERM; echo ready; while :; do sleep 0.1; done");
	spawner_expect(sp, MSG_STARTED, 1, &fd);
	while (lseek(fd, 0, SEEK_END) == 0)
		usleep(1000);
	close(fd);
	spawner_signal(sp, 1, MSG_STOP_SOFT);
	spawner_signal(sp, 1, MSG_STOP_HARD);
	struct msg msg = spawner_expect(sp, MSG_EXITED, 1, NULL);
	assert_int_equal(WTERMSIG(msg.report.wait_status), SIGKILL);
	spawner_shell(sp, 2, "trap 'exit 9' TERM; kill -STOP $$");
	msg = spawner_expect(sp, MSG_STARTED, 2, NULL);
	while (!is_stopped(msg.report.pid))
		usleep(1000);
	spawner_signal(sp, 2, MSG_STOP_SOFT);
	msg = spawner_expect(sp, MSG_EXITED, 2, NULL);
	assert_int_equal(WEXITSTATUS(msg.report.wait_status), 9);
}

static void
a_run_ends_with_its_main_process_whoever_holds_the_output(void **state)
{
	struct spawner_fixture *sp = *state;
	spawner_shell(sp, 1, "sleep 30 & setsid sleep 30 & echo $!; exit 4");
	struct msg msg = spawner_expect(sp, MSG_EXITED, 1, NULL);
	assert_int_equal(WEXITSTATUS(msg.report.wait_status), 4);
	assert_true(msg.report.ended_at - msg.report.started_at < 5000000);
}

static void
signals_to_the_spawner_reach_the_daemon(void **state)
{
	struct spawner_fixture *sp = *state;
	static const int signals[] = { SIGHUP, SIGUSR2, SIGTERM };
	for (size_t i = 0; i < 3; i++) {
		kill(sp->pid, signals[i]);
		struct msg msg = spawner_expect(sp, MSG_SIGNAL_RECEIVED, 0, NULL);
		assert_int_equal(msg.signo, signals[i]);
	}
	spawner_end_daemon(sp, 0);
	int status;
	assert_int_equal(waitpid(sp->pid, &status, 0), sp->pid);
	assert_int_equal(status, 0);
	sp->pid = fork();
	if (sp->pid == 0)
		_exit(0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define SPAWNER_TEST(name) cmocka_unit_test_setup_teardown(name, begin_with_hello, end)
		SPAWNER_TEST(a_run_is_told_started_and_exited_with_its_output),
		SPAWNER_TEST(every_exit_code_and_signal_is_told_exactly),
		SPAWNER_TEST(a_failed_start_names_its_stage_and_errno),
		SPAWNER_TEST(a_text_is_given_as_stdin_and_else_there_is_none),
		SPAWNER_TEST(an_env_file_gives_variables_that_the_job_overrides),
		SPAWNER_TEST(a_file_of_the_users_that_cannot_be_used_fails_the_start),
		SPAWNER_TEST(an_output_file_is_appended_to_instead),
		SPAWNER_TEST(limits_hold_for_the_run),
		cmocka_unit_test(what_a_name_service_prints_or_opens_is_no_part_of_files_or_runs),
		SPAWNER_TEST(files_are_read_as_their_user_and_handed_over),
		SPAWNER_TEST(errors_that_are_split_off_have_a_file_of_their_own),
		SPAWNER_TEST(a_run_with_a_terminal_has_it_for_everything),
		SPAWNER_TEST(a_terminal_that_is_gone_in_use_or_not_the_users_fails_the_start),
		SPAWNER_TEST(a_start_that_it_has_already_is_ignored),
		SPAWNER_TEST(a_new_daemon_is_told_what_runs_and_what_ended),
		SPAWNER_TEST(the_last_requests_of_a_dead_daemon_are_executed),
		SPAWNER_TEST(a_planned_restart_comes_at_once_and_keeps_runs),
		SPAWNER_TEST(a_run_that_ignores_term_or_is_stopped_can_be_ended),
		SPAWNER_TEST(a_run_ends_with_its_main_process_whoever_holds_the_output),
		SPAWNER_TEST(signals_to_the_spawner_reach_the_daemon),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
