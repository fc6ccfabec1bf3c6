/*
 * A job is a definition: owner, schedule, action, policies, and where its schedule stands.
 * Value type: job_init() it, job_fini() frees its strings. Everything a user can set is a row of
 * the field table (model/field.h); what follows it here is the system's own record.
 */
#ifndef MODEL_JOB_H
#define MODEL_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/usec.h"
#include "when/schedule.h"

/* Whose a damaged job is when that cannot be believed. */
#define JOB_OWNER_UNKNOWN ((uid_t)-1)

#define JOB_NAME_MAX 64 /* bytes of the name of a job or of a queue */

enum job_state {
	JOB_ACTIVE,
	JOB_PAUSED,
	JOB_FINISHED,  /* nothing will become due any more; a once-job after its run */
	JOB_CANCELLED, /* a tombstone: kept until its last run is pruned */
	JOB_NSTATES,
};

enum overlap { OVERLAP_SKIP, OVERLAP_QUEUE, OVERLAP_CANCEL, OVERLAP_KILL, OVERLAP_ALLOW };
enum missed { MISSED_SKIP, MISSED_ONCE, MISSED_ALL };
enum leftovers { LEFTOVERS_KEEP, LEFTOVERS_KILL };
enum on_lost { ON_LOST_DEFAULT, ON_LOST_FAIL, ON_LOST_RETRY };

/* A list of strings; owns them. Of an env, each is NAME=VALUE; of headers, each is Name: value. */
struct strings {
	char **items;
	size_t n;
};

void strings_add(struct strings *list, const char *text, size_t len);
void strings_fini(struct strings *list);
void strings_copy(struct strings *to, const struct strings *from);

struct job {
	/* What a user sets: each a row of the field table. Strings are NULL when not set. */
	char *name;
	int64_t user;            /* the uid that it runs as; -1: the owner's */
	enum schedule_kind kind; /* never ANY or IN: resolved when the job was made */
	char *schedule;          /* canonical text of that kind */
	char *tz;
	enum dst_rule dst;
	struct strings command; /* argv; or one of the two below */
	char *shell;            /* run as /bin/sh -c */
	char *url;
	struct strings env;
	char *cwd;
	char *stdin_text;
	int umask; /* -1: the daemon's default, 022 */
	int nice;
	char *env_file;   /* read by the run, as its user */
	char *output;     /* a file of the user's to append to, instead of the kept output */
	int split_output; /* a flag: stderr is kept apart */
	enum leftovers leftovers;
	usec_t limit_cpu; /* of limits, 0: none */
	int64_t limit_memory;
	int64_t limit_file_size;
	int limit_open_files;
	int limit_processes;
	int64_t memory_max; /* of the run as a whole, through its cgroup; 0: none */
	int pids_max;
	int cpu_max;
	char *method;
	struct strings headers;
	char *body;
	char *header_file; /* these are read for every attempt, as its user */
	char *auth_file;
	char *body_file;
	char *expect_status; /* "200-299,304"; NULL: 200-299 */
	char *queue;
	int priority;   /* 0-9, 9 first */
	usec_t timeout; /* of an attempt; 0: none */
	usec_t kill_after;
	int retries;
	usec_t retry_delay;
	double retry_factor;
	usec_t retry_max_delay;
	char *retry_on;  /* "exit:75,timeout,http:503"; NULL: every failure */
	int pause_after; /* failed runs in a row; 0: never */
	enum overlap overlap;
	enum missed missed;
	int missed_limit;
	usec_t start_deadline; /* 0: none */
	enum on_lost on_lost;
	usec_t splay;
	usec_t jitter;
	usec_t not_before; /* 0: none */
	usec_t until;      /* 0: none */
	int max_runs;      /* 0: no limit */

	/* The system's record. */
	int64_t id; /* > 0 once stored */
	uid_t owner;
	enum job_state state;
	uint64_t seed; /* drawn once; decides ~ and H, splay, jitter */
	usec_t created_at;
	usec_t anchor_at;     /* made, edited or resumed then: no run for an instant before it */
	usec_t next_due;      /* nominal; USEC_NEVER: none */
	usec_t next_start_at; /* next_due with splay and jitter: what claims are ordered by */
	usec_t paused_at;     /* when it was last paused; 0: never */
	int nfailed;          /* failed runs in a row */
	usec_t covered_until; /* the latest instant that has its row; 0: none yet */
	int64_t nruns;        /* runs claimed by the schedule: counts for max_runs */
	bool is_damaged;      /* what a user had set but name and queue cannot be read */
};

void job_init(struct job *job); /* every field at its default, state active, nothing due */
void job_fini(struct job *job);
void job_copy(struct job *to, const struct job *from); /* `to` is not initialised before */

#define JOB_COMMAND_BYTES_MAX (184 * 1024) /* all texts of a command job, each with its NUL */

/*
 * Is it whole? One action, a name that is no number, policies that fit each other.
 * 0, or -1 with *err naming the field. The schedule is checked by job_schedule().
 */
int job_check(const struct job *job, struct err *err);
/* The same after an edit: a name or text that stays may be one that is refused by now. */
int job_check_change(const struct job *job, const struct job *before, struct err *err);
/* The same of a name alone, that of a job or of a queue. */
int job_check_name(const char *field, const char *name, struct err *err);

/* Parses the job's schedule; 0 and *s to be schedule_fini()ed, or -1 with *err. */
int job_schedule(const struct job *job, struct zones *zones, struct schedule *s, struct err *err);

/*
 * Sets kind and canonical schedule from a text a person wrote, seen at `now`, with the job's tz,
 * dst and seed. 0, or -1 with *err naming the field.
 */
int job_set_schedule(struct job *job, enum schedule_kind kind, const char *text,
		     struct zones *zones, usec_t now, struct err *err);

/* An `exec` or an `http` job? */
bool job_is_http(const struct job *job);

/* Whose process a run is, and as whom its files are opened. */
uid_t job_uid(const struct job *job);

/* The stored form of all user-set fields: name NUL value NUL ... (model/field.h). */
void job_pack(const struct job *job, struct buf *out);
/* Reads it into a job_init()ed job. 0, or -1 with *err: an unknown name or a bad value. */
int job_unpack(struct job *job, const void *data, size_t len, struct err *err);

const char *job_state_name(enum job_state state);

#endif
