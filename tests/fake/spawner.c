/* A test's asched-spawn. */
#include "fake/spawner.h"

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
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"

#define WAIT_MS     10000
#define OPTIONS_MAX 32

static const char *
program(const char *variable, const char *standard)
{
	const char *path = getenv(variable);
	return path ? path : standard;
}

static void
wait_readable(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	assert_int_equal(poll(&ready, 1, WAIT_MS), 1);
}

static void
open_door(struct spawner_fixture *fixture)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	snprintf(fixture->dir, sizeof(fixture->dir), "/tmp/spawner-test-XXXXXX");
	assert_non_null(mkdtemp(fixture->dir));
	assert_int_equal(chmod(fixture->dir, 0711), 0);
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/door", fixture->dir);
	fixture->door = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fixture->door, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(chmod(at.sun_path, 0666), 0);
	assert_int_equal(listen(fixture->door, 4), 0);
}

void
spawner_copy_program(const struct spawner_fixture *fixture, const char *program_path,
		     const char *name, char copy[SPAWNER_PATH_MAX])
{
	struct stat st;
	snprintf(copy, SPAWNER_PATH_MAX, "%s/%s", fixture->dir, name);
	int from = open(program_path, O_RDONLY | O_CLOEXEC);
	int to = open(copy, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	assert_int_equal(fstat(from, &st), 0);
	for (off_t left = st.st_size; left > 0;) {
		ssize_t n = sendfile(to, from, NULL, (size_t)left);
		assert_true(n > 0);
		left -= n;
	}
	assert_int_equal(fchmod(to, 0755), 0);
	close(from);
	close(to);
}

static _Noreturn void
execute(const struct spawner_fixture *fixture, const char *const *options)
{
	const char *args[OPTIONS_MAX] = { "asched-spawn", "--listen",     "10",        "--lock",
					  "11",           "--output-dir", fixture->dir };
	char door[SPAWNER_PATH_MAX], daemon[SPAWNER_PATH_MAX];
	size_t n = 7;
	for (; options && *options; options++)
		args[n++] = *options;
	snprintf(door, sizeof(door), "%s/door", fixture->dir);
	snprintf(daemon, sizeof(daemon), "%s/fake_daemon", fixture->dir);
	args[n++] = "--";
	args[n++] = daemon;
	args[n++] = door;
	int null = open("/dev/null", O_RDWR);
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* when a test has failed */
	dup2(null, 10);
	dup2(null, 11);
	execv(program("ASCHED_SPAWN", "./asched-spawn"), (char **)(uintptr_t)args);
	_exit(126);
}

void
spawner_begin(struct spawner_fixture *fixture, const char *const *options)
{
	*fixture = (struct spawner_fixture){ .link = -1, .daemon_control = -1 };
	char copy[SPAWNER_PATH_MAX];
	open_door(fixture);
	spawner_copy_program(fixture, program("FAKE_DAEMON", "tests/fake/fake_daemon"),
			     "fake_daemon", copy);
	fixture->pid = fork();
	if (fixture->pid == 0)
		execute(fixture, options);
	assert_true(fixture->pid > 0);
	spawner_meet_daemon(fixture);
}

static void
drop_daemon(struct spawner_fixture *fixture)
{
	if (fixture->link >= 0)
		close(fixture->link);
	if (fixture->daemon_control >= 0)
		close(fixture->daemon_control);
	fixture->link = fixture->daemon_control = -1;
}

int
spawner_end(struct spawner_fixture *fixture)
{
	int status = 0;
	char command[sizeof(fixture->dir) + 16];
	drop_daemon(fixture);
	kill(fixture->pid, SIGTERM);
	if (fixture->daemon_pid > 0)
		kill(fixture->daemon_pid, SIGKILL);
	assert_int_equal(waitpid(fixture->pid, &status, 0), fixture->pid);
	close(fixture->door);
	snprintf(command, sizeof(command), "rm -rf %s", fixture->dir);
	assert_int_equal(system(command), 0);
	return status;
}

void
spawner_meet_daemon(struct spawner_fixture *fixture)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = { &fixture->daemon_pid, sizeof(fixture->daemon_pid) };
	struct msghdr packet = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	drop_daemon(fixture);
	wait_readable(fixture->door);
	fixture->daemon_control = accept4(fixture->door, NULL, NULL, SOCK_CLOEXEC);
	wait_readable(fixture->daemon_control);
	assert_int_equal(recvmsg(fixture->daemon_control, &packet, MSG_CMSG_CLOEXEC),
			 sizeof(fixture->daemon_pid));
	memcpy(&fixture->link, CMSG_DATA(&control.head), sizeof(int));
}

void
spawner_end_daemon(struct spawner_fixture *fixture, int exit_status)
{
	unsigned char byte = (unsigned char)exit_status;
	assert_int_equal(write(fixture->daemon_control, &byte, 1), 1);
	drop_daemon(fixture);
	fixture->daemon_pid = 0;
}

void
spawner_kill_daemon(struct spawner_fixture *fixture)
{
	kill(fixture->daemon_pid, SIGKILL);
	drop_daemon(fixture);
	fixture->daemon_pid = 0;
}

static void
send_with(struct spawner_fixture *fixture, struct msg *msg, const char *payload)
{
	msg->version = MSG_VERSION;
	while (msg_send(fixture->link, msg, payload, NULL) < 0) {
		struct pollfd ready = { .fd = fixture->link, .events = POLLOUT };
		assert_int_equal(errno, EAGAIN);
		assert_int_equal(poll(&ready, 1, WAIT_MS), 1);
	}
}

void
spawner_send(struct spawner_fixture *fixture, struct msg msg)
{
	send_with(fixture, &msg, NULL);
}

static uint32_t
add_all(struct buf *payload, const char *const *texts)
{
	uint32_t n = 0;
	for (; texts && texts[n]; n++)
		buf_add(payload, texts[n], strlen(texts[n]) + 1);
	return n;
}

void
spawner_start(struct spawner_fixture *fixture, int64_t run_id, struct spawner_start start)
{
	static const char *const standard[] = { "/bin/true", NULL };
	struct buf payload = BUF_EMPTY;
	struct msg msg = { .kind = MSG_START, .run_id = run_id, .attempt = 1 };
	const char *const names[] = {
		start.cwd ? start.cwd : "/",
		start.env_file ? start.env_file : "",
		start.output_file ? start.output_file : "",
		NULL,
	};
	add_all(&payload, names);
	msg.start.nargs = add_all(&payload, start.args ? start.args : standard);
	msg.start.nenv = add_all(&payload, start.env);
	if (start.stdin_text) {
		msg.start.stdin_len = (uint32_t)strlen(start.stdin_text);
		buf_add_text(&payload, start.stdin_text);
	}
	msg.start.uid = start.uid ? start.uid : getuid();
	msg.start.umask = start.umask ? start.umask : 022;
	msg.start.nice = start.nice;
	memcpy(msg.start.limits, start.limits, sizeof(start.limits));
	msg.start.memory_max = start.memory_max;
	msg.start.pids_max = start.pids_max;
	msg.start.cpu_max = start.cpu_max;
	msg.start.tty = start.tty;
	msg.start.ends_leftovers = start.ends_leftovers;
	msg.start.splits_output = start.splits_output;
	msg.start.reads_files = start.reads_files;
	msg.start.output_max = start.output_max ? start.output_max : 1 << 20;
	msg.nbytes = (uint32_t)payload.len;
	send_with(fixture, &msg, payload.data);
	buf_fini(&payload);
}

void
spawner_shell(struct spawner_fixture *fixture, int64_t run_id, const char *script)
{
	const char *const args[] = { "/bin/sh", "-c", script, NULL };
	spawner_start(fixture, run_id, (struct spawner_start){ .args = args });
}

void
spawner_signal(struct spawner_fixture *fixture, int64_t run_id, enum msg_stop how)
{
	spawner_send(
		fixture,
		(struct msg){ .kind = MSG_SIGNAL, .run_id = run_id, .attempt = 1, .stop = how });
}

void
spawner_forget(struct spawner_fixture *fixture, int64_t run_id)
{
	spawner_send(fixture, (struct msg){ .kind = MSG_FORGET, .run_id = run_id, .attempt = 1 });
}

struct msg
spawner_receive(struct spawner_fixture *fixture, int fds[MSG_NOUTPUTS])
{
	struct msg msg;
	wait_readable(fixture->link);
	assert_int_equal(msg_recv(fixture->link, &msg, NULL, 0, fds), 1);
	return msg;
}

struct msg
spawner_next(struct spawner_fixture *fixture, int *fd)
{
	int fds[MSG_NOUTPUTS];
	struct msg msg = spawner_receive(fixture, fds);
	if (fds[MSG_STDERR] >= 0)
		close(fds[MSG_STDERR]);
	if (fd)
		*fd = fds[MSG_STDOUT];
	else if (fds[MSG_STDOUT] >= 0)
		close(fds[MSG_STDOUT]);
	return msg;
}

struct msg
spawner_expect(struct spawner_fixture *fixture, enum msg_kind kind, int64_t run_id, int *fd)
{
	int passed = -1;
	for (;;) {
		int next;
		struct msg msg = spawner_next(fixture, &next);
		bool is_of_run = msg.run_id == run_id;
		if (is_of_run && next >= 0)
			passed = next;
		else if (next >= 0)
			close(next);
		if (is_of_run && msg.kind == kind) {
			if (fd)
				*fd = passed;
			else if (passed >= 0)
				close(passed);
			return msg;
		}
	}
}

int
spawner_hello(struct spawner_fixture *fixture)
{
	int n = 0;
	spawner_send(fixture, (struct msg){ .kind = MSG_HELLO });
	struct msg msg = spawner_next(fixture, NULL);
	assert_int_equal(msg.kind, MSG_WELCOME);
	while ((msg = spawner_next(fixture, NULL)).kind != MSG_REPLAY_END)
		n += msg.run_id != 0;
	return n;
}

char *
spawner_read_output(int fd)
{
	struct stat file;
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &file), 0);
	char *text = calloc(1, (size_t)file.st_size + 1);
	assert_non_null(text);
	assert_int_equal(pread(fd, text, (size_t)file.st_size, 0), file.st_size);
	close(fd);
	return text;
}

struct msg
spawner_run(struct spawner_fixture *fixture, int64_t run_id, struct spawner_start start,
	    char **output)
{
	int fd = -1;
	struct msg msg;
	spawner_start(fixture, run_id, start);
	do {
		int next;
		msg = spawner_next(fixture, &next);
		if (next >= 0)
			fd = next;
	} while (msg.kind == MSG_STARTED);
	assert_int_equal(msg.run_id, run_id);
	if (output)
		*output = fd >= 0 ? spawner_read_output(fd) : NULL;
	else if (fd >= 0)
		close(fd);
	spawner_forget(fixture, run_id);
	return msg;
}
