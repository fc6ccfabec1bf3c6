/*
 * What aschedd and asched-spawn say to each other on a SOCK_SEQPACKET pair: every datagram is one
 * struct msg, then nbytes of payload; descriptors may come with it (SCM_RIGHTS). Both ends run on
 * one machine; the layout is the compiler's, and MSG_VERSION changes with it.
 *
 *   daemon: HELLO                 spawner: WELCOME, one message a run it has, REPLAY_END
 *   daemon: START                 spawner: STARTED, then EXITED; or START_FAILED
 *   daemon: SIGNAL                (asks a run to end; EXITED tells that it did)
 *   daemon: FORGET                (the end is on record: the slot is free again)
 *
 * Linked by both programs: libc only.
 */
#ifndef SPAWN_MSG_H
#define SPAWN_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#define MSG_VERSION     5u
#define MSG_PAYLOAD_MAX (192u * 1024) /* below the default SO_SNDBUF, so that it can be sent */
#define MSG_ID_MAX      40            /* an instance or boot id as text, with its NUL */
#define MSG_RUNS_MAX    4096          /* of START and not of FORGET yet: it may ask for no more */

enum msg_kind {
	/* The daemon says. */
	MSG_HELLO,
	MSG_START,  /* payload: strings, each with its NUL, then the text for stdin (msg_start) */
	MSG_SIGNAL, /* of the run; body: stop */
	MSG_FORGET, /* of the run */
	MSG_NOTIFY, /* body: notify */
	MSG_STOP,   /* what becomes of the runs when the daemon exits with 0; body: stop */
	/* The spawner says. */
	MSG_WELCOME,
	MSG_STARTED,      /* of the run; body: report; its outputs' descriptors, the first time */
	MSG_EXITED,       /* likewise */
	MSG_START_FAILED, /* likewise, never with descriptors */
	MSG_REPLAY_END,
	MSG_SIGNAL_RECEIVED, /* body: signo */
	MSG_NKINDS,
};

/* The files of a run's outputs; there is one for both unless stderr is split off. */
enum msg_output { MSG_STDOUT, MSG_STDERR, MSG_NOUTPUTS };

/* Where a start failed: the steps in their order. Their names are process_msg.c's. */
enum msg_stage {
	STAGE_REQUEST, /* it cannot be sent or read */
	STAGE_POLICY,  /* that user may not */
	STAGE_SLOT,    /* too many runs; the daemon says so itself */
	STAGE_OUTPUT,
	STAGE_STDIN,
	STAGE_CGROUP,
	STAGE_FORK,
	STAGE_SESSION,
	STAGE_FILES,
	STAGE_LIMITS,
	STAGE_USER, /* look-up */
	STAGE_GROUPS,
	STAGE_IDS,
	STAGE_PRIORITY,
	STAGE_ENV,
	STAGE_ENV_FILE,
	STAGE_CWD,
	STAGE_OUTPUT_FILE,
	STAGE_HEADER_FILE, /* these three instead of the program, when files are read */
	STAGE_AUTH_FILE,
	STAGE_BODY_FILE,
	STAGE_EXEC,
	STAGE_TTY, /* instead of the output file; last, as these numbers outlive an upgrade */
	STAGE_NKINDS,
};

enum msg_stop {
	MSG_STOP_SOFT, /* TERM, then CONT */
	MSG_STOP_HARD, /* KILL */
	MSG_STOP_NONE, /* leave it alone */
	MSG_STOP_NKINDS,
};

enum msg_notify {
	MSG_NOTIFY_READY,
	MSG_NOTIFY_RELOADING,
	MSG_NOTIFY_STOPPING,
	MSG_NOTIFY_WATCHDOG,
	MSG_NOTIFY_NKINDS,
};

#define MSG_START_NAMES 3 /* strings before the args: cwd, env file, output file; "": none */

/*
 * A START that reads files has their paths for args, "": none. What it then has for output is no
 * file on a disk, and holds for each of them its length (a uint64_t) and its bytes.
 */
#define MSG_NFILES   3              /* of headers, of credentials, of a body */
#define MSG_FILE_MAX (1024u * 1024) /* bytes of one */

/* The payload: the names, nargs args, nenv NAME=VALUE, and stdin_len bytes without a NUL. */
struct msg_start {
	uint32_t uid;
	uint32_t nargs; /* at least 1 */
	uint32_t nenv;
	uint32_t stdin_len; /* 0: /dev/null */
	int32_t umask;
	int32_t nice;
	int32_t reads_files;          /* and executes nothing */
	int32_t splits_output;        /* whether stderr has a file of its own */
	int32_t ends_leftovers;       /* whether what its main process leaves behind is killed */
	int64_t limits[RLIM_NLIMITS]; /* by RLIMIT_..., as setrlimit(2) counts them; 0: none */
	int64_t memory_max;           /* of the run as a whole, in bytes; 0: no limit */
	int32_t pids_max;             /* likewise, processes */
	int32_t cpu_max;              /* likewise, percent of one processor */
	int32_t tty;                  /* 1 + N: /dev/pts/N for stdin, stdout and stderr; 0: none */
	int64_t output_max; /* bytes of each file; the first and the last half of it are kept */
};

struct msg_report {
	int32_t pid; /* 0: it never had one */
	int32_t wait_status;
	int32_t stage; /* of START_FAILED */
	int32_t error; /* of START_FAILED: errno */
	int32_t nleftovers;
	int32_t is_truncated; /* the run shortened its own output */
	int32_t reads_files;  /* it is a start that reads files, and no run */
	int64_t pid_start;    /* clock ticks after boot, as in proc(5) stat */
	int64_t started_at;   /* microseconds since 1970; 0: not */
	int64_t ended_at;
	int64_t cpu_us;
	int64_t peak_kib;
	int64_t output_bytes[MSG_NOUTPUTS]; /* written so far, the gap included */
};

struct msg_welcome {
	char instance[MSG_ID_MAX]; /* of the spawner: a random UUID */
	char boot[MSG_ID_MAX];
	uint32_t epoch; /* counts the daemons that it started */
};

struct msg {
	uint32_t version;
	uint32_t kind;
	uint32_t nbytes; /* of payload */
	int32_t attempt; /* with run_id: which run; both 0 in messages about none */
	int64_t run_id;
	union {
		struct msg_start start;
		struct msg_report report;
		struct msg_welcome welcome;
		int32_t stop;   /* enum msg_stop */
		int32_t notify; /* enum msg_notify */
		int32_t signo;  /* SIGTERM, SIGHUP, SIGUSR2 */
	};
};

/*
 * Is one of our version well formed? `size` bytes were received, of the struct and the payload
 * together. Lengths, kind, counts and enums are checked, and that a START holds the strings that
 * it announces.
 */
bool msg_is_valid(const struct msg *msg, const char *payload, size_t size);

/* The next string of a payload and moves *at behind it; NULL at the end. */
const char *msg_next_string(const char *payload, size_t nbytes, size_t *at);

/*
 * Sends one message with those descriptors that are not -1 (NULL: none). 0, or -1 with errno;
 * EAGAIN: no room now.
 */
int msg_send(int fd, const struct msg *msg, const void *payload, const int fds[MSG_NOUTPUTS]);

/*
 * Receives one: into *msg and, up to `cap` bytes, payload. fds (NULL: descriptors are dropped)
 * gets close-on-exec descriptors, the caller's, or -1. 1; 0 at the end of the stream; -1 with
 * errno: EAGAIN: none now, EPROTO: of another version, which is in *msg, EBADMSG: not valid.
 */
int msg_recv(int fd, struct msg *msg, void *payload, size_t cap, int fds[MSG_NOUTPUTS]);

#endif
