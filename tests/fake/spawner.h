/*
 * A test's asched-spawn: started with a fake daemon (fake_daemon.c), spoken to as that daemon.
 * Everything asserts: a failure is the test's failure. Waiting has a limit of 10 s.
 */
#ifndef FAKE_SPAWNER_H
#define FAKE_SPAWNER_H

#include <sys/types.h>

#include "spawn/msg.h"

struct spawner_fixture {
	char dir[64]; /* output files, sockets; removed at the end */
	pid_t pid;    /* of asched-spawn */
	int door;     /* where fake daemons come in */
	pid_t daemon_pid;
	int daemon_control; /* one byte: its exit status */
	int link;           /* the daemon's end */
};

#define SPAWNER_PATH_MAX 128

/*
 * Copies a program into the fixture's directory, where any user reaches it, as perhaps not where
 * the sources lie, say in root's home. Writes where the copy is.
 */
void spawner_copy_program(const struct spawner_fixture *fixture, const char *program_path,
			  const char *name, char copy[SPAWNER_PATH_MAX]);

/* Starts it with these more options (NULL-terminated, may be NULL) and meets its first daemon. */
void spawner_begin(struct spawner_fixture *fixture, const char *const *options);
/* TERM unless it has ended; returns its wait status. */
int spawner_end(struct spawner_fixture *fixture);

/* Waits for the next daemon to come in; the last one's link is closed. */
void spawner_meet_daemon(struct spawner_fixture *fixture);
void spawner_end_daemon(struct spawner_fixture *fixture, int exit_status);
void spawner_kill_daemon(struct spawner_fixture *fixture);

/* What to start; zero fields have their defaults: /bin/true, own uid, cwd "/", umask 022. */
struct spawner_start {
	const char *const *args, *const *env; /* NULL-terminated */
	const char *cwd, *env_file, *output_file, *stdin_text;
	uid_t uid; /* 0: our own */
	int umask, nice;
	int64_t output_max;
	bool ends_leftovers, splits_output, reads_files;
	int64_t limits[RLIM_NLIMITS], memory_max;
	int32_t pids_max, cpu_max, tty;
};

void spawner_send(struct spawner_fixture *fixture, struct msg msg);
void spawner_start(struct spawner_fixture *fixture, int64_t run_id, struct spawner_start start);
void spawner_shell(struct spawner_fixture *fixture, int64_t run_id, const char *script);
void spawner_signal(struct spawner_fixture *fixture, int64_t run_id, enum msg_stop how);
void spawner_forget(struct spawner_fixture *fixture, int64_t run_id);

/* The next message, whatever it is; its descriptors, or -1, are the caller's. */
struct msg spawner_receive(struct spawner_fixture *fixture, int fds[MSG_NOUTPUTS]);
/* The same of a message without stderr; *fd (may be NULL: closed) is the caller's. */
struct msg spawner_next(struct spawner_fixture *fixture, int *fd);
/* The next one of that kind about that run (0: about none); others are dropped. */
struct msg spawner_expect(struct spawner_fixture *fixture, enum msg_kind kind, int64_t run_id,
			  int *fd);
/* HELLO, and everything up to REPLAY_END is read: the number of runs told. */
int spawner_hello(struct spawner_fixture *fixture);

/* The whole file as text: the caller frees. Closes fd. */
char *spawner_read_output(int fd);

/* Starts, waits, forgets: the report, and the output (may be NULL) for the caller to free. */
struct msg spawner_run(struct spawner_fixture *fixture, int64_t run_id, struct spawner_start start,
		       char **output);

#endif
