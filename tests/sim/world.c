/*
 * The world: who may act next is drawn, one actor at a time, and everything is checked after each.
 * Its rates are drawn too, from none to many, so that quiet worlds and wild ones both exist; at the
 * end everyone leaves it in peace and it must come to rest.
 */
#include "world.h"

static void draw_rates(struct world *w)
{
	static const unsigned rates[] = { 0, 5, 20, 60, 150 };

	w->fault_rate = rates[below(w, ARRAY_LEN(rates))];
	w->operator_rate = rates[1 + below(w, ARRAY_LEN(rates) - 2)];
	w->faults_on = one_in(w, 3) ? ~0U : (uint32_t)draw(w);
	w->favourite = one_in(w, 2) ? SIM_FAULT_COUNT : below(w, SIM_FAULT_COUNT);
	w->habit = one_in(w, 2) ? 0 : 1 + below(w, HABIT_COUNT);
	w->restless = one_in(w, 8);
	if (w->favourite < SIM_FAULT_COUNT)
		w->faults_on |= 1U << w->favourite;
	if (w->fault_rate == 0)
		w->faults_on = 0;
	if (!w->faults_on)
		saw(w, SAW_QUIET_RUN);
}

/* The habits of a world in which a planted mistake can show. Rare ones would take too many seeds.
 */
static void provoke(struct world *w)
{
	static const enum sim_fault losses[] = { FAULT_CUT_OFF, FAULT_CHIEF_KILLED,
						 FAULT_POWER_LOSS, FAULT_CHIEF_KILLED_IN_CALL };

	switch (w->plant) {
	case PLANT_RUN_NOT_NAMED:
		w->restless = true;
		w->favourite = losses[below(w, ARRAY_LEN(losses))];
		break;
	case PLANT_LEFT_UNSAVED:
		w->habit = 1 + HABIT_END_WORKER;
		w->favourite = one_in(w, 2) ? FAULT_OUTBOX_ERROR : FAULT_CHIEF_KILLED;
		break;
	case PLANT_NO_FENCING:
		w->favourite = losses[below(w, 2)];
		break;
	default:
		return;
	}
	w->fault_rate = 150;
	w->operator_rate = 60;
	w->faults_on = ~0U;
}

static enum fault driver_of(enum sim_plant plant)
{
	if (plant == PLANT_SNAPSHOT_EARLY)
		return FAULT_SNAPSHOT_FIRST;
	return plant == PLANT_NO_SYNC ? FAULT_NO_JOURNAL_SYNC : FAULT_NONE;
}

static void world_init(struct world *w, uint64_t seed, enum sim_plant plant, FILE *trace,
		       struct sim_result *out)
{
	static const char *const ids[SIM_WORKERS_MAX] = { "local", "far1", "far2" };

	*w = (struct world){ .seed = seed, .plant = plant, .trace = trace, .out = out };
	w->chance = seed * 0x2545f4914f6cdd1dULL + 1;
	w->mono_ms = 1000;
	w->offset_ms = 1790000000000LL;
	simdisk_init(&w->disk);
	faulty_init(&w->faulty, &w->disk.vfs, driver_of(plant));
	shaky_init(&w->shaky, &w->disk,
		   driver_of(plant) == FAULT_NONE ? &w->disk.vfs : &w->faulty.vfs);
	w->shaky.reserve = one_in(w, 50);
	draw_rates(w);
	provoke(w);
	w->gentle = one_in(w, 4);
	w->worker_count = one_in(w, 2) ? 1 : 1 + below(w, SIM_WORKERS_MAX);
	for (unsigned i = 0; i < SIM_WORKERS_MAX; i++) {
		snprintf(w->places[i].id, sizeof(w->places[i].id), "%s", ids[i]);
		w->places[i].holder = -1;
		w->slots[i] = 1 + below(w, SIM_SLOTS_MAX);
	}
	state_init(&w->ledger.twin);
	plan_draw(w);
	note(w, "world %llu: %u tasks in %u workstreams, %u workers, fault rate %u",
	     (unsigned long long)seed, w->plan.task_count, w->plan.ws_count, w->worker_count,
	     w->fault_rate);
}

static void world_release(struct world *w)
{
	w->quiet = true;
	w->shaky.dead = false;
	chief_die(w);
	for (unsigned i = 0; i < SIM_HANDS_MAX; i++)
		hand_release(&w->hands[i]);
	for (unsigned i = 0; i < SIM_WORKERS_MAX; i++) {
		buf_release(&w->places[i].outbox);
		buf_release(&w->places[i].outbox_old);
	}
	ledger_release(&w->ledger);
	simdisk_release(&w->disk);
	buf_release(&w->stale_snapshot);
	buf_release(&w->stale_journal);
	buf_release(&w->line);
}

/* Orphans end by themselves, unseen. */
static void end_orphans(struct world *w)
{
	for (unsigned i = 0; i < w->worker_count; i++) {
		struct sim_place *at = &w->places[i];

		for (unsigned k = 0; k < at->orphan_count;)
			if (at->orphans[k].end_ms <= w->mono_ms)
				at->orphans[k] = at->orphans[--at->orphan_count];
			else
				k++;
	}
}

static void pass_time(struct world *w)
{
	static const unsigned spans_ms[] = { 2, 10, 50, 50, 200, 1000, 5000, 70000 };

	w->mono_ms += 1 + below(w, spans_ms[below(w, ARRAY_LEN(spans_ms) - !one_in(w, 10))]);
	end_orphans(w);
}

static void step(struct world *w)
{
	static const unsigned again[] = { 0, 0, SUBMIT_ACCEPT_CHANGES, SUBMIT_NEW_RUN };
	unsigned who = below(w, 12);

	mishap(w);
	if (below(w, 1000) < w->operator_rate || (w->chief.up && !w->submitted))
		operator_act(w);
	if (who < 5 && !w->chief.up) {
		chief_start(w);
		if (w->chief.up && w->submitted && !one_in(w, 8))
			operator_submit(w, w->restless ? SUBMIT_NEW_RUN : again[below(w, 4)], ~0U,
					false);
	} else if (who < 5) {
		chief_turn(w);
	} else if (who < 9) {
		struct hand *h = &w->hands[below(w, 3)];

		for (unsigned i = 0; i < SIM_HANDS_MAX && !h->there; i++)
			h = &w->hands[i];
		if (h->there)
			hand_turn(w, h);
	} else {
		pass_time(w);
	}
	check_processes(w);
}

void sim_run(uint64_t seed, enum sim_plant plant, FILE *trace, struct sim_result *out)
{
	struct world *w = mem_alloc(sizeof(*w));
	unsigned steps;

	out->hash = seed;
	world_init(w, seed, plant, trace, out);
	steps = 40 + 6 * w->plan.task_count + below(w, one_in(w, 8) ? 500 : 100);
	for (out->steps = 0; out->steps < steps && !out->failed; out->steps++)
		step(w);
	if (!out->failed)
		check_rest(w);
	world_release(w);
	mem_free(&w);
}
