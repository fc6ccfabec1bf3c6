/*
 * The simulator: the real when/, model/, engine/ and ledger over a database, a store thread, a
 * spawner and a clock that are made up. A seed decides everything, so a failing seed fails again.
 *
 * The world has a steady clock (`mono`, never steps) that orders its events, and a wall clock
 * that the engine is told, which may be set. The disk is what a crash leaves.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "base/heap.h"
#include "base/map.h"
#include "engine/engine.h"
#include "store/ledger.h"

enum sim_event_kind {
	EVENT_COMMIT,  /* the store's thread takes what is queued */
	EVENT_ANSWER,  /* the answers of a group reach the loop */
	EVENT_STARTED, /* a process is confirmed */
	EVENT_EXIT,    /* a process ends */
	EVENT_CLIENT,  /* somebody asks for something */
	EVENT_FAULT,   /* a crash, a reboot, a clock that is set */
	EVENT_HEAL,    /* the store is well again */
	EVENT_BOOT,    /* the daemon starts */
	EVENT_REPEAT,  /* a client asks again, with the same key */
	EVENT_EDGE,    /* an edit just before an instant, or at it */
	EVENT_UNDO,    /* and its undoing */
	EVENT_LOOK,    /* is anything left lying? */
};

struct sim_event {
	usec_t at; /* mono */
	uint64_t order;
	enum sim_event_kind kind;
	uint64_t life; /* of the daemon it belongs to; events of dead daemons do nothing */
	void *subject;
	size_t pos;
};

/* A process of the made-up spawner: it outlives the daemon, and its record the process. */
struct process {
	int64_t run_id;
	int attempt;
	int64_t job_id;
	usec_t start_at; /* the run's, wall clock */
	usec_t began_at; /* wall clock */
	usec_t length;
	int code;
	bool ignores_term;
	bool is_over, is_killed;
	bool is_http;    /* a request of the daemon's: it dies with it */
	bool is_timeout; /* a request that its runner gives up in time */
	bool is_orphan; /* its spawner is gone: nobody can tell how it ends */
	struct sim_event *confirm, *exit; /* NULL once they happened */
};

/* What a client was promised about one job. */
struct promise {
	int64_t job_id;
	struct schedule_era {
		char text[64];
		enum schedule_kind kind;
		char tz[32];
		usec_t from; /* wall clock: no instant at or before it belongs to the era */
		usec_t began_at; /* mono */
	} eras[32];
	size_t neras;
	struct schedule_era former; /* before the last edit at an instant */
	struct pause {
		usec_t from, to; /* wall clock; to 0: it goes on */
	} pauses[32];
	size_t npauses;
	bool pauses_itself; /* pause-after */
	int64_t number;     /* of the request that made it */
	bool is_cancelled;
	int ncancels; /* sent; one before that which was answered may have done it */
	usec_t cancelled_at;
	usec_t over_at; /* mono: the same; 0: not yet */
	bool is_unsure; /* an answer was lost: the schedule may be another */
};

#define SIM_PROMISES_MAX 200
#define SIM_STEPS_MAX    64

/* Of the machine, with that number as its index. Times are mono. */
struct boot {
	usec_t began_at;
	usec_t recorded_at; /* all that follows it; 0: not all */
	usec_t ats[16];     /* what the daemons of the time took it for; wall clock */
	size_t nats;
};

#define SIM_BOOTS_MAX 64

/* The clock was set while that daemon lived. */
struct clock_step {
	usec_t to;
	usec_t at; /* mono */
	uint64_t life;
};

struct sim {
	uint64_t seed, random;
	bool is_verbose;
	usec_t mono, offset; /* wall clock = mono + offset */
	struct heap events;
	uint64_t norders;

	/* The machine. */
	struct backend *disk;
	struct zones *zones;
	struct ledger ledger;
	int boot_number, spawner_number;
	struct boot boots[SIM_BOOTS_MAX];
	struct map processes; /* by run id: its newest attempt */
	struct map ends; /* by run id: the last attempt told to have ended, and the run's state */
	struct map starts;    /* by run id: how many attempts were ever started, as a counter */

	/* The daemon's life. */
	uint64_t life; /* 0: not running */
	uint64_t nlives;
	struct engine *engine;
	struct intent *queue, **queue_end; /* not yet taken by the store's thread */
	struct intent *answers, **answers_end; /* committed, not yet heard */
	bool is_committing;
	struct store store;
	struct runner runner, http;
	bool is_restarting; /* by plan: it leaves when it is idle */
	usec_t calm_since;  /* mono: the last disturbance */
	bool is_degraded;
	bool dies;        /* when what happens now is over */
	bool has_trouble; /* the engine was not told yet; it may be over already */

	/* The client. */
	struct promise promises[SIM_PROMISES_MAX];
	size_t npromises;
	usec_t quiet_at; /* mono: no new requests and faults from then on */
	struct clock_step steps[SIM_STEPS_MAX];
	size_t nsteps;
	bool has_untold_stops; /* the store refused to put a reason on record */
	bool has_unseen_steps; /* no daemon lived to see it */
	int64_t nrequests, nedges, nruns, ncrashes, nboots;
	bool has_steps, has_spawner_deaths, has_faults, has_restarts, has_deadlines;
	int narrow_max; /* the most slots that the narrow queue ever had */
	int64_t ready[256]; /* runs that could start before the intent that is applied now */
	size_t nready;
};

/* world.c */
uint64_t sim_random(struct sim *sim, uint64_t below);
bool sim_chance(struct sim *sim, unsigned percent);
usec_t sim_now(const struct sim *sim); /* wall clock */
struct sim_event *sim_at(struct sim *sim, usec_t delay, enum sim_event_kind kind, void *subject);
void sim_cancel(struct sim *sim, struct sim_event *event);
void sim_say(const struct sim *sim, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
_Noreturn void sim_fail(const struct sim *sim, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* daemon.c: the daemon's life, and the store's thread */
void sim_daemon_start(struct sim *sim);
void sim_daemon_kill(struct sim *sim);
void sim_daemon_restart(struct sim *sim); /* SIGUSR2 */
void sim_tick(struct sim *sim);
void sim_commit(struct sim *sim);
void sim_answer(struct sim *sim);
void sim_heal(struct sim *sim);
/* A point at which the daemon may die, with everything that it has not put on the disk. */
bool sim_dies_here(struct sim *sim);

/* spawner.c */
void sim_runner_init(struct sim *sim);
void sim_replay(struct sim *sim);
void sim_requests_die(struct sim *sim);
void sim_process_started(struct sim *sim, struct process *process);
void sim_process_exit(struct sim *sim, struct process *process);
void sim_spawner_die(struct sim *sim, bool with_processes);
void sim_processes_free(struct sim *sim);
bool sim_orphan_lives(void *arg, const struct attempt *attempt);

/* client.c */
void sim_client_act(struct sim *sim);
void sim_client_repeat(struct sim *sim, void *request);
void sim_client_edge(struct sim *sim, struct promise *promise);
void sim_client_undo(struct sim *sim, struct promise *promise);

/* fault.c */
void sim_fault(struct sim *sim);
void sim_clock_step(struct sim *sim);

/* check.c: the invariants */
void sim_check_start(struct sim *sim, const struct process *process);
void sim_check_end(void *arg, const struct run_event *event);
void sim_check_progress(struct sim *sim);
void sim_check_rest(struct sim *sim);

/* check_order.c: before an intent is applied, and after; those from `first` on it has started */
void sim_note_ready(struct sim *sim);
void sim_check_order(struct sim *sim, const struct intent *intent, size_t first);

#endif
