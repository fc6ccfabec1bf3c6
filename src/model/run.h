/*
 * A run is what became of one due instant (or of one manual start): one row of the ledger.
 * An attempt is one try of it. Value types without memory of their own.
 */
#ifndef MODEL_RUN_H
#define MODEL_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/usec.h"
#include "model/job.h"

enum run_state {
	RUN_WAITING, /* provably not started in this attempt */
	RUN_RUNNING, /* committed before the start request leaves the daemon */
	RUN_SUCCEEDED,
	RUN_FAILED,
	RUN_CANCELLED,
	RUN_SKIPPED,
	RUN_MISSED,
	RUN_LOST,
	RUN_NSTATES,
};

enum run_trigger { TRIGGER_SCHEDULE, TRIGGER_MANUAL, TRIGGER_AFTER, TRIGGER_CLOCK, TRIGGER_NKINDS };

/* One word each; what more there is to say stands in `detail`. */
enum run_reason {
	REASON_NONE,
	REASON_EXIT,   /* detail: the code */
	REASON_SIGNAL, /* detail: SIGKILL ... */
	REASON_TIMEOUT,
	REASON_START_FAILED, /* detail: "exec: ENOENT" */
	REASON_HTTP_STATUS,  /* detail: the status */
	REASON_BODY,
	REASON_LATENCY,
	REASON_NETWORK, /* an HTTP request without an answer; detail: libcurl's words */
	REASON_OVERLAP,
	REASON_PAUSED,
	REASON_DEADLINE,
	REASON_DOWNTIME,
	REASON_CLOCK,
	REASON_DEPENDENCY,
	REASON_BREAKER,
	REASON_CANCELLED, /* detail: "by uid 1000" */
	REASON_EDITED,
	REASON_REMOVED,
	REASON_EXPIRED,
	REASON_MAX_RUNS,
	REASON_REFUSED,
	REASON_SHUTDOWN,
	REASON_CRASH,
	REASON_REBOOT,
	REASON_NKINDS,
};

/* What a waiting run still waits for besides a free slot of its queue. */
enum run_gate {
	GATE_OPEN, /* nothing: the order of the queue decides */
	GATE_TIME, /* start_at has not come: splay, jitter, retry delay */
	GATE_JOB,  /* an active run of its own job has to end first */
};

/* How a running attempt is asked to end. */
enum stop_how {
	STOP_SOFT, /* TERM and CONT to the whole tree; an HTTP request is dropped */
	STOP_HARD, /* KILL */
};

#define RUN_DETAIL_MAX 160

struct run {
	int64_t id; /* > 0 once stored */
	int64_t job_id;
	usec_t due;      /* nominal; of a span, the first instant */
	usec_t last_due; /* of a span, the last; else equal to due */
	int64_t count;   /* instants covered: 1 but for a span */
	usec_t start_at; /* not before; the attempt's own after a retry */
	enum run_trigger trigger;
	enum run_state state;
	enum run_gate gate;
	enum run_reason reason;
	char detail[RUN_DETAIL_MAX];
	int attempt;                 /* number of the current or last attempt; 0: none yet */
	int priority;                /* the job's when it was claimed */
	bool is_catchup;             /* for a missed instant */
	bool is_forced;              /* went around the overlap gate */
	enum run_reason stop_reason; /* someone asked the running attempt to stop, and why */
	uid_t stop_uid;
	usec_t claimed_at;
	usec_t ended_at;    /* 0 until terminal */
	usec_t deadline_at; /* still unstarted then, it is missed; 0: none, or it was started */
	/* 1 and the number of the pseudo-terminal that it has for stdin and output; 0: none */
	int tty;
	bool is_damaged; /* its record cannot be believed */
};

/* How an attempt ended, as its runner saw it. */
enum outcome_kind {
	OUTCOME_NONE,         /* not ended */
	OUTCOME_EXIT,         /* code: exit status */
	OUTCOME_SIGNAL,       /* code: signal number */
	OUTCOME_START_FAILED, /* code: errno; text: stage */
	OUTCOME_HTTP,         /* code: status; is_expected tells success */
	OUTCOME_NETWORK,      /* code: libcurl's; text: its words */
	OUTCOME_LOST,         /* the fate cannot be known; text: crash, reboot */
	OUTCOME_NKINDS,
};

#define OUTCOME_TEXT_MAX 120

struct outcome {
	enum outcome_kind kind;
	int code;
	bool is_expected; /* of HTTP: status and body as the job wants them */
	bool is_timeout;  /* the runner itself gave up in time (HTTP) */
	char text[OUTCOME_TEXT_MAX];
	usec_t ended_at;
	usec_t retry_after;   /* HTTP Retry-After as an instant; 0: none */
	usec_t cpu_us;        /* user and system time; -1: unknown */
	int64_t peak_kib;     /* peak memory; -1: unknown */
	int nleftovers;       /* processes still there when the main one ended */
	usec_t http_us[4];    /* name look-up, connect, first byte, total; 0: not reached */
	int output_fd;        /* the output's file, position irrelevant; -1: none; owned */
	char *output;         /* or, of a small one, the bytes that were kept; NULL: none; owned */
	int64_t output_bytes; /* written by the attempt, as far as known */
	int64_t output_omitted; /* of these, punched out of the middle */
	bool is_split;          /* stderr has a file of its own, of which the next three tell */
	int errors_fd;
	int64_t errors_bytes;
	int64_t errors_omitted;
};

struct attempt {
	int64_t run_id;
	int number; /* from 1 */
	usec_t claimed_at;
	usec_t started_at; /* 0: the start is not recorded */
	usec_t ended_at;   /* 0: not ended */
	pid_t pid;
	int64_t pid_start; /* clock ticks after boot: with the pid and the boot, an identity */
	char boot[40];     /* boot id of the machine */
	char spawner[40];  /* instance id of the spawner that was asked; "" for http */
	enum run_reason reason;
	struct outcome outcome; /* the descriptors are -1 */
};

/* Is the step legal? Terminal states never change. */
bool run_may_become(enum run_state from, enum run_state to);
bool run_is_terminal(enum run_state state);
/* Is it an instant's of the schedule (not asked for by hand), and was never started? */
bool run_is_untried_instant(const struct run *run);

/*
 * The attempt in which a run may be lost, or broken off by a shutdown, at the latest and still be
 * tried again by on-lost=retry: what loses so many may be what breaks the machine.
 */
#define RUN_LOST_ATTEMPTS_MAX 10

/*
 * What a run becomes when its attempt ended so: state and reason, with detail in *run; retries
 * while there are some: waiting, GATE_TIME, start_at. `draw` is a random number, for jitter.
 */
void run_end_attempt(struct run *run, const struct job *job, const struct outcome *outcome,
		     uint64_t draw);

/* The deadline_at of a run of the job that is to start then. */
usec_t run_deadline(const struct job *job, usec_t start_at);

/* run->state = state, asserting that the step is legal. */
void run_set_state(struct run *run, enum run_state state, enum run_reason reason);

/* Closes the descriptors of the outcome, if there are any. */
void outcome_close(struct outcome *outcome);
/* Gives a copy that owns the descriptors; *from has none any more. */
struct outcome outcome_take(struct outcome *from);

const char *run_state_name(enum run_state state);
const char *run_trigger_name(enum run_trigger trigger);
const char *run_reason_name(enum run_reason reason); /* "" for NONE */
const char *outcome_kind_name(enum outcome_kind kind);
const char *signal_name(int number); /* "SIGKILL"; never NULL */

#endif
