/*
 * DESIGN. asched-spawn is the one program that keeps root's rights while it talks to others. Who
 * audits it may read in this order; the lines are those of code, with the header, rounded.
 *
 *   msg         260  what the daemon may ask, and how it is checked: all that comes from outside
 *   policy       90  whose runs it may ask for
 *   link        220  its requests, one by one; what it is told; READY and the like for systemd
 *   run         250  a start, its failure or time limit, being asked to end, the end, its figures
 *   child       310  fork to exec. As root up to set_ids(), as the user from there on
 *   user_file   110  the user's own files and terminal, opened as the user
 *   output      150  output files: unlinked, capped, watched
 *   slots       180  the table of runs
 *   tree, proc  450  a run's processes: to stop them, to know and count what is left
 *   cgroup      180  the same with cgroups, and their limits
 *   loop        280  one epoll; signals, reaping, deadlines, the stop-timeout
 *   daemon      190  the daemon: its ids, no capability; back-off; planned restarts
 *   estate      140  the hand-over to a newer program in the same process
 *   main, spawn 300  options; what a process of ours begins with; the state below
 *   ticks, file, say  120  clocks, the kernel's small files, lines on stderr
 *
 * Root opens by name: its policy, cgroups, /proc, what the system's user look-up opens; output
 * files in a directory that is open; nothing of a user's. Of a START it reads the fixed fields, and
 * that its strings are whole; what they say is read by the child, which is the user by then. Of a
 * process that nobody started it reads one number in its environment.
 *
 * The state is one struct that main.c owns, made before the first child and of fixed size from
 * then on. Each part is changed by the file that it is named after.
 */
#ifndef SPAWN_SPAWN_H
#define SPAWN_SPAWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "spawn/estate.h"
#include "spawn/policy.h"
#include "spawn/tree.h"

/* Numbers are -1, and texts NULL, when the option is not there. */
struct options {
	int64_t resume_fd; /* of the estate that an earlier program left */
	int64_t listen_fd, lock_fd;
	int64_t uid, gid; /* of the daemon, as root for all users; else for its own user only */
	int64_t stop_timeout_us;
	const char *output_dir;
	const char *cgroup;      /* NULL: find out */
	const char *policy_file; /* NULL: no rules */
	const char *can_resume;  /* the question of estate.h, instead of all else */
	bool has_ids;            /* uid is there */
	char **daemon_args;      /* NULL-terminated, [0] is its absolute path */
};

/* What the daemon is owed besides the slots that it has to be told of, in this order. */
struct link {
	int fd; /* -1: there is no daemon to talk to */
	bool wants_write;
	bool has_greeted; /* else it is told nothing but of signals */
	bool owes_replay_end;
	uint64_t owes_signals; /* bit n: signal n */
	enum msg_stop stop;    /* what the daemon wants for the runs when it exits with 0 */
};

struct daemon {
	pid_t pid;          /* 0: none */
	int64_t started_at; /* monotonic, as all times here */
	int64_t delay_us;   /* before the next start after a failure */
	int64_t restart_at; /* 0: no restart is planned */
	int64_t kill_at;    /* 0: it is not expected to end */
	int file_fd;        /* its file when the spawner was started; -1: could not be opened */
	bool is_kept;       /* it is started from there, whatever its path leads to now */
};

/* What the spawner is about; it only moves downwards. */
enum phase {
	PHASE_SERVE,
	PHASE_STOP,   /* the runs have been asked to end; at phase_until they are killed */
	PHASE_KILLED, /* at phase_until nobody is waited for any more */
	PHASE_DONE,
};

struct spawner {
	struct options options;
	struct policy policy;
	struct link link;
	struct daemon daemon;
	char **args;        /* the program's own */
	char program[4096]; /* its file */
	char boot[MSG_ID_MAX];
	int estate_fd;
	struct estate *estate; /* what outlives this program; the next two are in it */
	struct slots *slots;
	struct card *cards; /* one a slot */
	int epoll_fd;
	int signal_fd;
	int cgroup_fd;       /* cgroup.h */
	int output_watch_fd; /* inotify; -1: there is none */
	int output_dir_fd;
	int null_fd;
	enum phase phase;
	int64_t phase_until;
	int64_t now;       /* monotonic, of this round of the loop */
	int64_t look_at;   /* when to look at the outputs and late starts next; 0: never */
	int64_t stop_at;   /* when to stop the runs that are to be; 0: there is none */
	int64_t linger_at; /* when to look at those that linger; 0: never */
	int64_t sweep_at;  /* when to look for cgroups that are empty now; 0: never */
	int64_t space_at;  /* when the free space was last asked for */
	bool has_space;
	bool is_terminating; /* was told to end */
	bool must_reap;      /* something may have ended */
	int exit_status;
	_Alignas(ESTATE_PAGE) struct tree tree; /* children do not get it */
};

#endif
