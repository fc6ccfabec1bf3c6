/*
 * What becomes of a job's due instants: the pure decision inside every claim. It walks the
 * instants from the job's next_due to the horizon, and says of each whether it is a run, skipped
 * or missed, and why. The store applies the plan in the transaction that showed it the job.
 */
#ifndef MODEL_PLAN_H
#define MODEL_PLAN_H

#include "model/job.h"
#include "model/run.h"
#include "when/schedule.h"

/* Instants of one job that one plan covers at most: a bounded time on the store's thread. */
#define PLAN_STEPS_MAX 10000
/* An instant later than this counts as missed (catch-up decides), however idle we are. */
#define PLAN_LATE_MAX (60 * USEC_PER_SEC)

/* Runs of one job that may wait or run at a time, with overlap=allow too; more are skipped. */
#define PLAN_ACTIVE_MAX 1000

/* The instants that a row stands for; none: to is before from. */
struct plan_covered {
	usec_t from, to;
};

struct plan_view {
	const struct job *job;
	const struct schedule *schedule;
	usec_t now;
	usec_t horizon;  /* >= now: instants up to here may be claimed ahead */
	size_t nactive;  /* the job's runs that wait or run */
	size_t nqueued;  /* of these, waiting behind another (GATE_JOB) */
	bool is_limited; /* the owner may have only `room` more runs: what is beyond is skipped */
	size_t room;
	uint64_t machine;    /* for the splay */
	usec_t passed_until; /* instants up to here are skipped, for that reason; 0: none */
	enum run_reason passed_reason; /* paused, edited, removed */
	/*
	 * The job's last row of those that begin at or before `at`. Asked only up to the job's
	 * covered_until: a clock that was set back, or an edit, brings the schedule there again.
	 */
	struct plan_covered (*covered)(void *arg, usec_t at);
	void *arg;
	int steps_max;             /* instants to cover, at most PLAN_STEPS_MAX; 0: so many */
	usec_t step_from, step_to; /* the clock jumped ahead over these instants; 0: it did not */
};

struct plan_row {
	usec_t due, last_due;
	int64_t count;
	usec_t start_at;
	enum run_state state; /* WAITING, SKIPPED, MISSED */
	enum run_reason reason;
	enum run_gate gate;
	bool is_catchup;
};

struct plan {
	struct plan_row *rows; /* in the order of their instants */
	size_t nrows, cap;
	usec_t next_due, next_start_at; /* where the schedule goes on */
	int64_t nruns;                  /* of the rows, runs */
	int nsteps;        /* instants looked at; those that were counted are some, too */
	bool stops_active; /* overlap cancel or kill: end what is active first */
};

void plan_make(struct plan *plan, const struct plan_view *view);
/*
 * What becomes of a boot, for a job that is due once after each: its row, if it is due at all. It is
 * decided when the boot is known, however late splay and jitter let it start (GATE_TIME), because
 * no schedule names it a second time. next_due is NEVER.
 */
void plan_boot(struct plan *plan, const struct plan_view *view, usec_t booted_at);
void plan_fini(struct plan *plan);

/*
 * Puts the job on its schedule: next_due is the first instant after `after` within not-before,
 * until and max-runs, next_start_at that with splay and jitter; NEVER when there is none.
 */
void job_anchor(struct job *job, const struct schedule *schedule, usec_t after, uint64_t machine);

/*
 * The first instant after `after` within these bounds when `nruns` runs are counted already;
 * *marks (may be NULL) as schedule_next() has them.
 */
usec_t job_next_within(const struct job *job, const struct schedule *schedule, usec_t after,
		       int64_t nruns, unsigned *marks);

/* due with the job's splay (stable for job and machine) and jitter (stable for job and due). */
usec_t job_start_at(const struct job *job, usec_t due, uint64_t machine);

#endif
