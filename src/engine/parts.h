/* What the files of the engine share. */
#ifndef ENGINE_PARTS_H
#define ENGINE_PARTS_H

#include "base/heap.h"
#include "base/map.h"
#include "engine/engine.h"

/* An attempt in memory: from its claim until its end is on record. */
enum live_state {
	LIVE_CLAIMED,  /* committed as running; handed to its runner at start_at */
	LIVE_STARTING, /* handed over, not yet confirmed */
	LIVE_RUNNING,
	LIVE_ENDED,    /* over, not yet on record: the intent is under way, or tried again */
	LIVE_REPLAYED, /* the runner has it running; the ledger was not asked yet */
	LIVE_ORPHAN,   /* its spawner is gone, the process lives: only watched */
	LIVE_NSTATES,
};

/* What is done next when its one timer goes off. */
enum live_alarm {
	ALARM_NONE,
	ALARM_START,
	ALARM_TELL,
	ALARM_TIMEOUT,
	ALARM_STOP, /* why it is to end should be on record by now */
	ALARM_KILL,
	ALARM_RECORD,
};

struct live {
	struct run run;
	const struct job *job; /* the next; NULL while only replayed */
	struct job taken_job;
	enum live_state state;
	enum live_alarm alarm;
	usec_t alarm_at;
	size_t pos; /* in the heap of alarms */
	usec_t started_at;
	pid_t pid; /* 0: none, or not known */
	int64_t pid_start;
	enum run_reason stop_reason; /* why we asked it to end, also if that came on no record */
	bool is_recording;           /* its INTENT_ENDED is under way */
	struct outcome outcome; /* of LIVE_ENDED; its descriptors are with the intent meanwhile */
};

#define LATE_SAMPLES 1024

#define FAIL_PAUSE USEC_PER_SEC /* before what the store failed at is tried again */

/* Sets of the clock that the ledger is not through with; what comes beyond joins the last. */
#define STEPS_MAX 8

struct step {
	usec_t from, to;
	usec_t least;   /* to, or less: of steps that were put together */
	int64_t offset; /* 0: not on record yet; else the last job that was looked at */
};

struct engine {
	struct engine_config config;
	struct engine_ports ports;
	usec_t now; /* the last time we were told */
	usec_t born_at;
	struct map lives; /* by run id */
	struct heap alarms;
	enum store_state store_state;
	bool is_booted, needs_recovery, is_recovering, is_ready, is_stopping, is_restart;
	bool is_held;   /* nothing is claimed or trimmed: the clock cannot be believed */
	usec_t stop_at; /* when running work is asked to end; NEVER: not */
	int nintents;

	bool is_claiming;
	usec_t due_at;        /* the ledger's word on what is next; NEVER: nothing */
	usec_t claimed_until; /* the horizon of the last claim */
	char *claim_cursor;   /* the queue that it came to; owned, NULL: all were served */
	bool is_stirred;      /* in queues that it has passed something may go on by now */
	usec_t not_before;    /* claims rest until then after a failure */
	usec_t prune_at, zones_at;
	usec_t unseen;        /* so much of the clock's time counts for nothing old */
	usec_t trust_at;      /* before then */
	int64_t zones_offset; /* the last job that was looked at; 0: none, or all were */
	bool zones_missed;    /* the last look was not put on record */

	struct step steps[STEPS_MAX]; /* oldest first; only the first is told at a time */
	int nsteps;
	bool is_telling_step;
	usec_t step_at; /* it rests until then after a failure */

	usec_t late[LATE_SAMPLES];
	size_t nlate; /* ever */
};

/* Submits an intent of the engine's own. Takes it. */
void engine_send(struct engine *engine, struct intent *intent);

/* live.c: one attempt's life. */
/* `job` is moved, and zeroed; NULL: it is not known. */
struct live *live_new(struct engine *engine, const struct run *run, struct job *job);
void live_take_job(struct live *live, struct job *job);
void live_free(struct engine *engine, struct live *live);
struct live *live_find(const struct engine *engine, int64_t run_id, int attempt);
void live_set_alarm(struct engine *engine, struct live *live, enum live_alarm alarm, usec_t at);
void live_alarm(struct engine *engine, struct live *live);
/* Began running. The ledger is told soon, with its end if that comes first. */
void live_started(struct engine *engine, struct live *live, usec_t at);
/* Runs, as after a restart, and the ledger knows since when: arms its time-out. */
void live_goes_on(struct engine *engine, struct live *live, usec_t since);
void live_tell_start(struct engine *engine, const struct live *live);
/* Is over: puts it on record. Takes the outcome's descriptors. */
void live_ended(struct engine *engine, struct live *live, struct outcome *outcome);
void live_recorded(struct engine *engine, struct intent *intent);
/* What a claim or a boot put on record without a start, if it is. */
void live_tell_silences(struct engine *engine, const struct intent *intent);
/* Why it is to end is on record, or cannot be put there. */
void live_stopping(struct engine *engine, const struct intent *intent);
/* It is claimed, and held until its start. */
void live_wait(struct engine *engine, struct live *live);
/* Somebody wants it to end. */
void live_stop(struct engine *engine, struct live *live, const struct stop *stop);
/* It was never started: back into the queue, or ended, as the ledger sees fit. Frees it. */
void live_requeue(struct engine *engine, struct live *live);

/* chores.c: pruning, and a look at the zone files. */
void chores_begin(struct engine *engine);
/* The engine is held no more. */
void chores_stepped(struct engine *engine, usec_t step);
void chores_plan_prune(struct engine *engine);
void chores_prune_answered(struct engine *engine, const struct intent *intent);
void chores_zones_answered(struct engine *engine, struct intent *intent);
void chores_do(struct engine *engine);
usec_t chores_at(const struct engine *engine);

/* steps.c: tells the ledger of every set of the clock, until it has it. */
void steps_add(struct engine *engine, usec_t from, usec_t to);
/* The least that the clock has shown since the first that is not told; `now` when there is none. */
usec_t steps_since(const struct engine *engine, usec_t now);
void steps_tell(struct engine *engine);
void steps_answered(struct engine *engine, const struct intent *intent);
usec_t steps_at(const struct engine *engine); /* when to tell; NEVER: nothing, or not now */
bool steps_are_recorded(const struct engine *engine);

/* recover.c: a page of what the ledger says is running. */
void recover_begin(struct engine *engine);
/* Tells the ledger of the boot, if it was not told yet and the clock is believed. */
void recover_boot(struct engine *engine);
void recover_page(struct engine *engine, struct intent *intent);

#endif
