/*
 * What the files of the ledger share. Every function here works inside the open transaction.
 * int results: 0, or -1 when the backend failed (intent->err is set).
 */
#ifndef STORE_LEDGER_PARTS_H
#define STORE_LEDGER_PARTS_H

#include "model/plan.h"
#include "store/ledger.h"

/* Rows ahead that one transaction looks at: some 10 ms, when all of them are to be changed. */
#define LOOKS_PER_TRANSACTION 1000
#define ACTIVE_MAX            (PLAN_ACTIVE_MAX + 1) /* active runs that one job can have, and one more */

/* Turns a backend's result into 0 or -1. NONE is for the caller to tell apart beforehand. */
int ledger_checked(enum backend_result result);

/* How many jobs, or rows, a transaction goes through, of those that are as usual. */
size_t ledger_batch(const struct ledger *ledger, size_t usual);
/* A random number; the ledger's own generator, so that a seed replays it. */
uint64_t ledger_draw(struct ledger *ledger);

/* Loads the job that the reference names, if the requester may see it. 1: *job to be fini()ed;
   0: refused, the answer says why; -1. */
int ledger_find_job(struct ledger *ledger, struct intent *intent, struct job *job);
/*
 * Loads a job for the ledger's own work. One whose row is damaged is set aside, which is said once,
 * and then it is NONE: it must not hold up the others.
 */
enum backend_result ledger_load_job(struct ledger *ledger, struct intent *intent, int64_t id,
				    struct job *job);
/*
 * Likewise, but of one that cannot be read it gives what is left (job->is_damaged), so that its
 * runs can end; of one that is not there the id. Never NONE.
 */
enum backend_result ledger_load_rest(struct ledger *ledger, struct intent *intent, int64_t id,
				     struct job *job);
/* The job of a run likewise; of a run that is_damaged nobody can say which job that is. */
enum backend_result ledger_load_job_of(struct ledger *ledger, struct intent *intent,
				       const struct run *run, struct job *job);
/* Not of a job that has finished or was cancelled: 0, the answer says so. */
int ledger_refuse_over(struct intent *intent, const struct job *job);
/* Does something to that job, if it was found. */
int ledger_with_job(struct ledger *ledger, struct intent *intent,
		    int (*act)(struct ledger *, struct intent *, struct job *));
/* Likewise to the run intent->run_id, with its job. */
int ledger_with_run(struct ledger *ledger, struct intent *intent,
		    int (*act)(struct ledger *, struct intent *, struct run *, struct job *));

/*
 * Covers the job's due instants up to now (or intent->until) as the plan says: rows, next_due.
 * Those up to passed_until (0: none) are skipped for that reason. What it took is added to cost,
 * in instants: a row is as dear as ROW_COST of them.
 */
struct cover {
	usec_t passed_until;
	enum run_reason passed_reason;
	int steps_max; /* 0: PLAN_STEPS_MAX */
	int64_t cost;
};
#define ROW_COST 50
int ledger_cover(struct ledger *ledger, struct intent *intent, struct job *job,
		 struct cover *cover);
/* Likewise the boot at intent->at, of a job that is due then. */
int ledger_cover_boot(struct ledger *ledger, struct intent *intent, struct job *job);
/* Instants up to then fell into a pause and are skipped, in steps like everything else; 0: none. */
usec_t ledger_paused_until(const struct job *job);
/* Waiting runs whose deadline has passed are missed, in batches. */
int ledger_end_overdue(struct ledger *ledger, struct intent *intent);
/*
 * Gives free slots of a queue to waiting runs, at most intent->limit in all. 1: and there may be
 * more to give.
 */
int ledger_promote_queue(struct ledger *ledger, struct intent *intent, const char *name);
/* The row of next_due of a job whose schedule cannot be read any more (its zone is gone). */
int ledger_refuse(struct ledger *ledger, struct intent *intent, struct job *job,
		  const struct err *why);
/* Is the run of an instant that came while its job is paused? One ahead may see a resumption. */
bool ledger_is_paused_away(const struct intent *intent, const struct run *run);
/* Was the run claimed for an instant that a later edit (or resumption) took from the job? */
bool ledger_is_edited_away(struct ledger *ledger, const struct job *job, const struct run *run);
/*
 * Ends what is claimed and not started, as far as the change says: waiting runs here, running
 * ones that the engine still holds through it. Runs that started go on, unless with_running.
 */
int ledger_end_claimed(struct ledger *ledger, struct intent *intent, struct job *job,
		       enum run_reason reason);
/* How many runs of the job are claimed of instants that are still to come. 0 or -1. */
int ledger_count_ahead(struct ledger *ledger, struct intent *intent, const struct job *job,
		       int64_t *n);
/* When to claim next: into intent->work.wake_at. */
int ledger_plan_wake(struct ledger *ledger, struct intent *intent);
/* What this intent changed is to be claimed then, if not earlier. */
void ledger_wake_by(struct intent *intent, usec_t at);

/*
 * Instants of the job that lie ahead and are not run are to be decided once more: the clock was
 * set back. 1: it has some, goes on at the first instant from now on and is to be stored; 0; -1.
 * With intent->goes_on (and 0) that was a part of them, and is stored; but a run that the engine
 * gives back is not tried again, so that its job goes on at once: what it leaves the step finds, and
 * a job that is due once has no more.
 */
int ledger_give_back(struct ledger *ledger, struct intent *intent, struct job *job);
/*
 * Since when the clock goes as it does: what it has named from then on is due, however long the
 * step that is told by the intent took to come to this job.
 */
usec_t ledger_clock_since(const struct intent *intent);
/* Puts the job on its schedule from then on. */
void ledger_anchor_again(struct ledger *ledger, struct intent *intent, struct job *job,
			 const struct schedule *schedule);
/*
 * An edit decides about all that lies ahead anew: what an instant's row calls skipped, missed or
 * edited away stands for it no longer. The caller puts the job on its schedule, and stores it.
 */
int ledger_give_back_edited(struct ledger *ledger, struct intent *intent, struct job *job);

/*
 * The end of a run that has a terminal state now: failure counts, finished, what waits behind. Of
 * a damaged job, or a damaged run's, only the last: nothing that is stored of a job changes.
 */
int ledger_after_run(struct ledger *ledger, struct intent *intent, struct job *job,
		     const struct run *run);
/*
 * When nothing of the job is active but runs that wait behind another, the first of those may go:
 * a forced run that ends does not open the gate while the one it went around still runs. When
 * nothing is active at all and nothing becomes due, the job is finished; the caller stores it.
 */
int ledger_go_on(struct ledger *ledger, struct intent *intent, struct job *job);
/*
 * What became free is given away in the commit that frees it: at most so many starts, so that
 * one end does not carry a whole backlog.
 */
#define STARTS_PER_END 4

#define LEDGER_PIECE 65536 /* bytes of output in one row */
/* Number of the first row of stderr, when it is kept apart: beyond all that stdout can have. */
#define LEDGER_ERRORS_PIECE (1 << 20)

/* The active runs of a job, oldest due first. The caller frees runs, on failure too. */
struct active {
	struct run *runs;
	size_t n, nrunning, nqueued; /* queued: waiting with GATE_JOB */
};
int ledger_load_active(struct ledger *ledger, struct intent *intent, int64_t job_id,
		       struct active *active);
/* A new run replaces what is active: running runs are asked to stop, waiting ones end. */
int ledger_make_way(struct ledger *ledger, struct intent *intent, const struct job *job,
		    struct active *active);
/* Puts a row that stands for no start into the answer, for the log: the first few of an intent. */
void ledger_tell_silence(struct intent *intent, const struct run *run, const struct job *job);
/* Puts the run into the answer, for what the engine tells the world of it. */
void ledger_answer_run(struct intent *intent, const struct run *run, const struct job *job);

/* Ends a waiting run. */
int ledger_end_waiting(struct ledger *ledger, struct intent *intent, struct run *run,
		       enum run_state state, enum run_reason reason, const char *detail);
/*
 * Did a spawner that is gone start the running run? Then nobody can stop it: it goes on until its
 * process ends, and is lost. 1, 0 or -1; *pid is the process, when there is an attempt.
 */
int ledger_is_orphan(struct ledger *ledger, struct intent *intent, const struct run *run,
		     pid_t *pid);
/* Asks the engine to stop a running run, no orphan; the reason is kept with the run. */
int ledger_stop_run(struct ledger *ledger, struct intent *intent, struct run *run,
		    const struct stop *stop);

/*
 * The limits of the job's owner (ledger.limits). 1: there is room for it, as a new job (id 0) or a
 * changed one, or for one more run of it; 0: refused, the answer says why; -1.
 */
int ledger_has_room_for_job(struct ledger *ledger, struct intent *intent, const struct job *job);
int ledger_has_room_for_run(struct ledger *ledger, struct intent *intent, const struct job *job);
/* Likewise what a run of it wrote, but that is only left out: the answer says nothing. */
int ledger_has_room_for_output(struct ledger *ledger, struct intent *intent, const struct job *job);
/* How many more runs its owner may have; SIZE_MAX: any number. 0 or -1. */
int ledger_run_room(struct ledger *ledger, struct intent *intent, const struct job *job,
		    size_t *room);
/* Makes that row, which is not stored yet, one of a run for which there is no room. */
void ledger_refuse_run(const struct ledger *ledger, const struct intent *intent, struct run *run);

/* The handlers, one an intent kind; see the table in ledger.c. */
int ledger_job_add(struct ledger *ledger, struct intent *intent);
int ledger_job_set(struct ledger *ledger, struct intent *intent);
int ledger_job_cancel(struct ledger *ledger, struct intent *intent);
int ledger_job_pause(struct ledger *ledger, struct intent *intent);
int ledger_job_resume(struct ledger *ledger, struct intent *intent);
int ledger_job_run(struct ledger *ledger, struct intent *intent);
int ledger_run_cancel(struct ledger *ledger, struct intent *intent);
int ledger_run_retry(struct ledger *ledger, struct intent *intent);
int ledger_queue_set(struct ledger *ledger, struct intent *intent);
int ledger_claim(struct ledger *ledger, struct intent *intent);
int ledger_started(struct ledger *ledger, struct intent *intent);
int ledger_ended(struct ledger *ledger, struct intent *intent);
int ledger_unfinished(struct ledger *ledger, struct intent *intent);
int ledger_requeue(struct ledger *ledger, struct intent *intent);
int ledger_stopping(struct ledger *ledger, struct intent *intent);
int ledger_boot(struct ledger *ledger, struct intent *intent);
int ledger_clock_step(struct ledger *ledger, struct intent *intent);
int ledger_zones(struct ledger *ledger, struct intent *intent);
int ledger_prune(struct ledger *ledger, struct intent *intent);
int ledger_job_get(struct ledger *ledger, struct intent *intent);
int ledger_job_list(struct ledger *ledger, struct intent *intent);
int ledger_run_list(struct ledger *ledger, struct intent *intent);
int ledger_run_get(struct ledger *ledger, struct intent *intent);
int ledger_run_output(struct ledger *ledger, struct intent *intent);
int ledger_why(struct ledger *ledger, struct intent *intent);
int ledger_queue_list(struct ledger *ledger, struct intent *intent);
int ledger_stats(struct ledger *ledger, struct intent *intent);

#endif
