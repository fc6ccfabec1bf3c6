/* The mixing is that of SplitMix64 (Steele, Lea, Flood 2014), a number at a time. */
#include "store/seal.h"

int64_t
seal_of(const int64_t *numbers, size_t n)
{
	uint64_t seal = UINT64_C(0x61736368);
	for (size_t i = 0; i < n; i++) {
		seal = (seal ^ (uint64_t)numbers[i]) * UINT64_C(0xbf58476d1ce4e5b9);
		seal ^= seal >> 29;
	}
	seal *= UINT64_C(0x94d049bb133111eb);
	seal ^= seal >> 31;
	return seal ? (int64_t)seal : 1;
}

int64_t
seal_job(const struct job *job)
{
	/* In the order of step 7 of the schema. */
	const int64_t numbers[] = {
		job->owner,     job->state,    (int64_t)job->seed, job->created_at,
		job->anchor_at, job->next_due, job->next_start_at, job->paused_at,
		job->nfailed,   job->nruns,    job->covered_until,
	};
	return seal_of(numbers, sizeof(numbers) / sizeof(numbers[0]));
}

int64_t
seal_run(const struct run *run)
{
	const int64_t numbers[] = {
		run->job_id,     run->due,         run->last_due,    run->count,    run->start_at,
		run->trigger,    run->state,       run->reason,      run->attempt,  run->priority,
		run->is_catchup, run->is_forced,   run->stop_reason, run->stop_uid, run->claimed_at,
		run->ended_at,   run->deadline_at, run->tty,
	};
	int64_t seal = seal_of(numbers, sizeof(numbers) / sizeof(numbers[0]));
	return run->is_damaged ? ~seal : seal;
}
