/* The made-up spawner: processes that take a while and end somehow, told again until forgotten. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "sim/sim.h"

static struct sim *
sim_of(struct runner *runner)
{
	return (struct sim *)((char *)runner - offsetof(struct sim, runner));
}

static struct sim *
sim_of_http(struct runner *http)
{
	return (struct sim *)((char *)http - offsetof(struct sim, http));
}

static struct process *
find(struct sim *sim, int64_t run_id, int attempt)
{
	struct process *process = map_get(&sim->processes, run_id);
	return process && process->attempt == attempt ? process : NULL;
}

static void
drop(struct sim *sim, struct process *process)
{
	map_remove(&sim->processes, process->run_id);
	free(process);
}

static void
end_silently(struct sim *sim, struct process *process)
{
	if (process->confirm)
		sim_cancel(sim, process->confirm);
	if (process->exit)
		sim_cancel(sim, process->exit);
	drop(sim, process);
}

static struct process *
begin(struct sim *sim, const struct job *job, const struct run *run)
{
	struct process *process = map_get(&sim->processes, run->id);
	if (process && process->attempt == run->attempt)
		return NULL; /* it is here already */
	if (process && !process->is_over && !process->is_orphan)
		sim_fail(sim, "run %lld starts attempt %d while attempt %d runs",
		         (long long)run->id, run->attempt, process->attempt);
	if (process) /* an orphan that nobody knew of is out of this world's sight now */
		end_silently(sim, process);
	process = mem_alloc(sizeof(*process));
	*process = (struct process){ .run_id = run->id,
		                     .attempt = run->attempt,
		                     .job_id = job->id,
		                     .start_at = run->start_at,
		                     .began_at = sim_now(sim) };
	process->length = (usec_t)sim_random(sim, sim_chance(sim, 10) ? 300000000 : 3000000);
	process->code = sim_chance(sim, 25) ? 1 + (int)sim_random(sim, 3) : 0;
	process->ignores_term = sim_chance(sim, 20);
	sim_say(sim, "start run %lld attempt %d of job %lld", (long long)run->id, run->attempt,
	        (long long)job->id);
	sim_check_start(sim, process);
	map_put(&sim->processes, run->id, process);
	process->confirm = sim_at(sim, 50 + (usec_t)sim_random(sim, 500), EVENT_STARTED, process);
	return process;
}

static void
start(struct runner *runner, const struct job *job, const struct run *run)
{
	struct sim *sim = sim_of(runner);
	struct process *process = begin(sim, job, run);
	if (process)
		process->exit = sim_at(sim, 600 + process->length, EVENT_EXIT, process);
}

/* A request: its time-out is its runner's own. */
static void
start_request(struct runner *http, const struct job *job, const struct run *run)
{
	struct sim *sim = sim_of_http(http);
	struct process *process = begin(sim, job, run);
	if (!process)
		return;
	process->is_http = true;
	process->is_timeout = job->timeout > 0 && process->length > job->timeout;
	process->exit = sim_at(sim, 600 + (process->is_timeout ? job->timeout : process->length),
			       EVENT_EXIT, process);
}

static void
end_early(struct sim *sim, int64_t run_id, int attempt, enum stop_how how)
{
	struct process *process = find(sim, run_id, attempt);
	if (!process || process->is_over || process->is_orphan || (how == STOP_SOFT && process->ignores_term))
		return;
	process->is_killed = true;
	sim_cancel(sim, process->exit);
	process->exit = sim_at(sim, 600 + (usec_t)sim_random(sim, 1000), EVENT_EXIT, process);
}

static void
stop(struct runner *runner, int64_t run_id, int attempt, enum stop_how how)
{
	end_early(sim_of(runner), run_id, attempt, how);
}

static void
stop_request(struct runner *http, int64_t run_id, int attempt, enum stop_how how)
{
	(void)how; /* a request is dropped */
	end_early(sim_of_http(http), run_id, attempt, STOP_HARD);
}

static void
drop_over(struct sim *sim, int64_t run_id, int attempt)
{
	struct process *process = find(sim, run_id, attempt);
	if (process && process->is_over)
		drop(sim, process);
}

static void
forget(struct runner *runner, int64_t run_id, int attempt)
{
	drop_over(sim_of(runner), run_id, attempt);
}

static void
forget_request(struct runner *http, int64_t run_id, int attempt)
{
	drop_over(sim_of_http(http), run_id, attempt);
}

static int
output(struct runner *runner, int64_t run_id, int attempt)
{
	(void)runner;
	(void)run_id;
	(void)attempt;
	return -1;
}

void
sim_runner_init(struct sim *sim)
{
	sim->runner = (struct runner){ start, stop, forget, output };
	sim->http = (struct runner){ start_request, stop_request, forget_request, output };
}

static void
tell_end(struct sim *sim, const struct process *process)
{
	struct outcome outcome = { .kind = process->is_killed ? OUTCOME_SIGNAL : OUTCOME_EXIT,
		                   .code = process->is_killed ? 15 : process->code,
		                   .ended_at = sim_now(sim),
		                   .cpu_us = -1,
		                   .peak_kib = -1,
		                   .output_fd = -1 };
	if (process->is_http) {
		outcome.kind =
			process->is_killed || process->is_timeout ? OUTCOME_NETWORK : OUTCOME_HTTP;
		outcome.code = process->code ? 503 : 200;
		outcome.is_expected = process->code == 0;
		outcome.is_timeout = process->is_timeout && !process->is_killed;
	}
	engine_run_ended(sim->engine, process->run_id, process->attempt, &outcome, sim_now(sim));
}

void
sim_replay(struct sim *sim)
{
	struct process *process;
	size_t at = 0;
	while ((process = map_next(&sim->processes, &at))) {
		if (process->is_orphan || process->is_http) /* this spawner does not know it */
			continue;
		engine_replay_started(sim->engine, process->run_id, process->attempt, 1, 1,
		                      process->began_at);
		if (process->is_over)
			tell_end(sim, process);
	}
}

/* The daemon is dead, and what it had sent itself is beyond anybody's knowledge. */
void
sim_requests_die(struct sim *sim)
{
	struct process *process;
	for (size_t at = 0; (process = map_next(&sim->processes, &at));) {
		if (!process->is_http)
			continue;
		end_silently(sim, process);
		at = 0; /* the map has changed */
	}
}

void
sim_process_started(struct sim *sim, struct process *process)
{
	process->confirm = NULL;
	if (sim->engine)
		engine_run_started(sim->engine, process->run_id, process->attempt,
				   process->is_http ? 0 : 1, 1, process->began_at);
}

void
sim_process_exit(struct sim *sim, struct process *process)
{
	process->is_over = true;
	process->exit = NULL;
	if (sim->engine && process->is_orphan)
		engine_orphan_ended(sim->engine, process->run_id, process->attempt, sim_now(sim));
	else if (sim->engine)
		tell_end(sim, process);
	if (process->is_orphan)
		drop(sim, process);
}

/* The spawner's table is gone, and the daemon with it; what ran may live on, with nobody to wait. */
void
sim_spawner_die(struct sim *sim, bool with_processes)
{
	struct process *process;
	sim_daemon_kill(sim);
	sim_say(sim, "spawner %d dies%s", sim->spawner_number,
	        with_processes ? " with all processes" : "");
	sim->spawner_number++;
	if (with_processes) {
		sim_processes_free(sim);
		return;
	}
	for (size_t at = 0; (process = map_next(&sim->processes, &at));) {
		if (process->is_over) {
			end_silently(sim, process);
			at = 0; /* the map has changed */
			continue;
		}
		if (process->confirm)
			sim_cancel(sim, process->confirm);
		process->confirm = NULL;
		process->is_orphan = true;
	}
}

void
sim_processes_free(struct sim *sim)
{
	struct process *process;
	for (size_t at = 0; (process = map_next(&sim->processes, &at)); at = 0)
		end_silently(sim, process);
}

bool
sim_orphan_lives(void *arg, const struct attempt *attempt)
{
	struct process *process = find(arg, attempt->run_id, attempt->number);
	return process && process->is_orphan;
}
