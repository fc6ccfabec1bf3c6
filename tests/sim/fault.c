/* The fates: crashes, reboots, restarts, clocks that are set. */
#include "sim/sim.h"

void
sim_clock_step(struct sim *sim)
{
	static const usec_t steps[] = { USEC_PER_SEC, 90 * USEC_PER_SEC, USEC_PER_HOUR,
					5 * USEC_PER_HOUR };
	usec_t from = sim_now(sim), step = steps[sim_random(sim, 4)];
	sim->offset += sim_chance(sim, 50) ? step : -step;
	sim->calm_since = sim->mono;
	sim_say(sim, "clock set by %lld s", (long long)((sim_now(sim) - from) / USEC_PER_SEC));
	sim->has_unseen_steps |= !sim->engine || sim->nsteps == SIM_STEPS_MAX;
	if (!sim->engine)
		return;
	if (sim->nsteps < SIM_STEPS_MAX)
		sim->steps[sim->nsteps++] =
			(struct clock_step){ sim_now(sim), sim->mono, sim->life };
	engine_clock_stepped(sim->engine, from, sim_now(sim));
}

/* What may go wrong, goes wrong now. */
void
sim_fault(struct sim *sim)
{
	if (sim->mono >= sim->quiet_at)
		return;
	sim_at(sim, (usec_t)sim_random(sim, 120 * USEC_PER_SEC), EVENT_FAULT, NULL);
	uint64_t dice = sim_random(sim, 100);
	if (dice >= 85 && sim->has_steps) {
		sim_clock_step(sim);
		return;
	}
	if (dice < 30 && sim->has_restarts) {
		sim_daemon_restart(sim);
		return; /* it comes back by itself */
	}
	if (!sim->has_faults)
		return;
	if (dice >= 70 && sim->has_spawner_deaths) {
		bool is_reboot = sim_chance(sim, 40);
		if (is_reboot && sim->boot_number + 1 < SIM_BOOTS_MAX)
			sim->boots[++sim->boot_number].began_at = sim->mono;
		sim_spawner_die(sim, is_reboot || sim_chance(sim, 30));
	} else {
		sim_daemon_kill(sim);
	}
	sim_at(sim, (usec_t)sim_random(sim, sim_chance(sim, 20) ? 300000000 : 2000000), EVENT_BOOT,
	       NULL);
}
