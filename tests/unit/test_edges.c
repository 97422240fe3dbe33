/*
 * The tables in full: every state, trigger and set of facts. A row that is missing here would be a
 * refusal in front of a user, a row too many a transition that no document allows, so the expected
 * rows are written out once more.
 */
#include "test.h"

#include "core/edge.h"

static const struct life *const lives[] = { &task_life, &ws_life, &worker_life, &goal_life,
					    &tentacle_life };

/* id, from, to, as the specification names them; one line for each legal pair. */
struct expected {
	const char *id, *from, *to;
};

static const struct expected task_rows[] = {
	{ "T1", NULL, "pending" },          { "T2", "pending", "queued" },
	{ "T3", "queued", "running" },      { "T4", "running", "validating" },
	{ "T5", "running", "retrying" },    { "T6", "running", "failed" },
	{ "T7", "running", "retrying" },    { "T8", "running", "failed" },
	{ "T9", "retrying", "queued" },     { "T10", "validating", "completed" },
	{ "T11", "validating", "failed" },  { "T12", "running", "cancelled" },
	{ "T13", "pending", "cancelled" },  { "T13", "queued", "cancelled" },
	{ "T14", "retrying", "cancelled" }, { "T14", "validating", "cancelled" },
	{ "T15", "running", "retrying" },   { "T16", "running", "failed" },
	{ "T17", "running", "failed" },     { "T18", "queued", "retrying" },
	{ "T19", "queued", "failed" },      { "T20", "queued", "retrying" },
	{ "O1", "failed", "pending" },      { "O1", "cancelled", "pending" },
	{ "O2", "pending", "completed" },   { "O2", "queued", "completed" },
	{ "O2", "retrying", "completed" },  { "O2", "failed", "completed" },
	{ "O2", "cancelled", "completed" }, { "O3", "queued", "pending" },
	{ "O4", "running", "cancelled" },   { "O4", "validating", "cancelled" },
	{ "O4", "retrying", "cancelled" },  { "O5", "cancelled", "pending" },
	{ "O5", "failed", "pending" },
};

static const struct expected ws_rows[] = {
	{ "W1", NULL, "planned" },           { "W2", "planned", "ready" },
	{ "W3", "ready", "executing" },      { "W4", "executing", "validating" },
	{ "W5", "executing", "failed" },     { "W6", "executing", "failed" },
	{ "W7", "executing", "failed" },     { "W8", "validating", "completed" },
	{ "W9", "validating", "failed" },    { "W10", "planned", "cancelled" },
	{ "W10", "ready", "cancelled" },     { "W10", "executing", "cancelled" },
	{ "WO1", "failed", "ready" },        { "WO2", "failed", "executing" },
	{ "WO2", "completed", "executing" }, { "WO3", "executing", "ready" },
	{ "WO3", "failed", "ready" },        { "WO4", "ready", "ready" },
	{ "WO4", "executing", "executing" },
};

static const struct expected worker_rows[] = {
	{ "K1", NULL, "initializing" },
	{ "K1", "shutdown", "initializing" },
	{ "K2", "initializing", "idle" },
	{ "K3", "idle", "busy" },
	{ "K4", "busy", "idle" },
	{ "K5", "busy", "unresponsive" },
	{ "K6", "idle", "unresponsive" },
	{ "K7", "unresponsive", "idle" },
	{ "K8", "unresponsive", "shutdown" },
	{ "K9", "idle", "shutdown" },
	{ "K10", "busy", "shutdown" },
	{ "K11", "initializing", "shutdown" },
	{ "K11", "busy", "shutdown" },
	{ "K11", "idle", "shutdown" },
	{ "K11", "unresponsive", "shutdown" },
	{ "K12", "initializing", "shutdown" },
	{ "K12", "busy", "shutdown" },
	{ "K12", "idle", "shutdown" },
	{ "K12", "unresponsive", "shutdown" },
};

static const struct expected goal_rows[] = {
	{ "GO1", NULL, "active" },
	{ "GO2", "active", "active" },
	{ "GO3", "active", "paused" },
	{ "GO3", "awaiting-gate", "paused" },
	{ "GO4", "active", "completed" },
	{ "GO5", "active", "abandoned" },
	{ "GO5", "paused", "abandoned" },
	{ "GO5", "awaiting-gate", "abandoned" },
	{ "GO5", "needs-human", "abandoned" },
	{ "GO6", "active", "awaiting-gate" },
	{ "GO7", "awaiting-gate", "active" },
	{ "GO8", "active", "needs-human" },
	{ "GO9", "active", "needs-human" },
	{ "GO9", "awaiting-gate", "needs-human" },
	{ "GO10", "active", "paused" },
	{ "GO10", "awaiting-gate", "paused" },
	{ "GO11", "paused", "active" },
	{ "GO11", "needs-human", "active" },
	{ "GO11", "awaiting-gate", "active" },
	{ "GO12", "paused", "awaiting-gate" },
	{ "GO12", "needs-human", "awaiting-gate" },
	{ "GO13", "active", "paused" },
	{ "GO13", "awaiting-gate", "paused" },
	{ "GO14", "active", "needs-human" },
};

static const struct expected tentacle_rows[] = {
	{ "TE1", NULL, "idle" },
	{ "TE2", "idle", "dispatched" },
	{ "TE2", "active", "dispatched" },
	{ "TE2", "dispatched", "dispatched" },
	{ "TE2", "awaiting-handoff", "dispatched" },
	{ "TE2", "failed", "dispatched" },
	{ "TE2", "stopped", "dispatched" },
	{ "TE2", "handed-off", "dispatched" },
	{ "TE2", "lost", "dispatched" },
	{ "TE3", "idle", "running" },
	{ "TE3", "active", "running" },
	{ "TE3", "dispatched", "running" },
	{ "TE3", "awaiting-handoff", "running" },
	{ "TE3", "failed", "running" },
	{ "TE3", "stopped", "running" },
	{ "TE3", "handed-off", "running" },
	{ "TE3", "lost", "running" },
	{ "TE4", "running", "awaiting-handoff" },
	{ "TE12", "running", "failed" },
	{ "TE13", "running", "stopped" },
	{ "TE5", "idle", "handed-off" },
	{ "TE5", "active", "handed-off" },
	{ "TE5", "dispatched", "handed-off" },
	{ "TE5", "running", "handed-off" },
	{ "TE5", "awaiting-handoff", "handed-off" },
	{ "TE5", "failed", "handed-off" },
	{ "TE5", "stopped", "handed-off" },
	{ "TE5", "handed-off", "handed-off" },
	{ "TE5", "parked", "handed-off" },
	{ "TE5", "lost", "handed-off" },
	{ "TE6", "idle", "parked" },
	{ "TE6", "active", "parked" },
	{ "TE6", "dispatched", "parked" },
	{ "TE6", "running", "parked" },
	{ "TE6", "awaiting-handoff", "parked" },
	{ "TE6", "failed", "parked" },
	{ "TE6", "stopped", "parked" },
	{ "TE6", "handed-off", "parked" },
	{ "TE6", "parked", "parked" },
	{ "TE6", "lost", "parked" },
	{ "TE7", "parked", "idle" },
	{ "TE8", "dispatched", "lost" },
	{ "TE8", "running", "lost" },
	{ "TE9", "idle", "active" },
	{ "TE9", "active", "active" },
	{ "TE9", "dispatched", "active" },
	{ "TE9", "awaiting-handoff", "active" },
	{ "TE9", "failed", "active" },
	{ "TE9", "stopped", "active" },
	{ "TE9", "handed-off", "active" },
	{ "TE9", "parked", "active" },
	{ "TE9", "lost", "active" },
	{ "TE9", "completed", "active" },
	{ "TE10", "idle", "completed" },
	{ "TE10", "active", "completed" },
	{ "TE10", "dispatched", "completed" },
	{ "TE10", "awaiting-handoff", "completed" },
	{ "TE10", "failed", "completed" },
	{ "TE10", "stopped", "completed" },
	{ "TE10", "handed-off", "completed" },
	{ "TE10", "parked", "completed" },
	{ "TE10", "lost", "completed" },
	{ "TE11", "active", "idle" },
	{ "TE11", "dispatched", "idle" },
	{ "TE11", "awaiting-handoff", "idle" },
	{ "TE11", "failed", "idle" },
	{ "TE11", "stopped", "idle" },
	{ "TE11", "handed-off", "idle" },
	{ "TE11", "parked", "idle" },
	{ "TE11", "lost", "idle" },
	{ "TE11", "completed", "idle" },
};

static bool same_word(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool row_is(const struct life *life, const struct edge *row, const struct expected *want)
{
	return same_word(row->id, want->id) && same_word(life->state_word(row->from), want->from) &&
	       same_word(life->state_word(row->to), want->to);
}

static void check_rows(const struct life *life, const struct expected *want, size_t count)
{
	for (size_t i = 0; i < life->edge_count; i++) {
		bool known = false;

		for (size_t k = 0; k < count && !known; k++)
			known = row_is(life, &life->edges[i], &want[k]);
		if (!known)
			fail_msg("%s row %s is in no document", life->name, life->edges[i].id);
	}
	for (size_t k = 0; k < count; k++) {
		bool found = false;

		for (size_t i = 0; i < life->edge_count && !found; i++)
			found = row_is(life, &life->edges[i], &want[k]);
		if (!found)
			fail_msg("%s row %s is missing", life->name, want[k].id);
	}
}

static void rows_are_those_of_the_documents(void **state)
{
	(void)state;
	check_rows(&task_life, task_rows, ARRAY_LEN(task_rows));
	check_rows(&ws_life, ws_rows, ARRAY_LEN(ws_rows));
	check_rows(&worker_life, worker_rows, ARRAY_LEN(worker_rows));
	check_rows(&goal_life, goal_rows, ARRAY_LEN(goal_rows));
	check_rows(&tentacle_life, tentacle_rows, ARRAY_LEN(tentacle_rows));
}

static unsigned rows_fitting(const struct life *life, unsigned from, unsigned on, unsigned facts)
{
	unsigned count = 0;

	for (size_t i = 0; i < life->edge_count; i++) {
		const struct edge *row = &life->edges[i];

		count += row->from == from && row->on == on && (facts & row->yes) == row->yes &&
			 !(facts & row->no);
	}
	return count;
}

/* NO_STATE stands behind the last state. */
static unsigned nth_state(const struct life *life, unsigned i)
{
	return i < life->state_count ? i : NO_STATE;
}

static void at_most_one_row_fits(void **state)
{
	(void)state;
	for (size_t l = 0; l < ARRAY_LEN(lives); l++)
		for (unsigned i = 0; i <= lives[l]->state_count; i++)
			for (unsigned on = 0; on < TRIGGER_COUNT; on++)
				for (unsigned facts = 0; facts <= FACTS_ALL; facts++) {
					unsigned from = nth_state(lives[l], i);
					const struct edge *row =
						edge_find(lives[l], from, on, facts);
					unsigned fitting = rows_fitting(lives[l], from, on, facts);

					assert_true(fitting <= 1);
					assert_int_equal(row != NULL, fitting);
				}
}

/* Where one set of facts leads somewhere, every set does: facts choose between rows, they never
 * forbid. */
static void facts_never_forbid(void **state)
{
	(void)state;
	for (size_t l = 0; l < ARRAY_LEN(lives); l++)
		for (unsigned i = 0; i <= lives[l]->state_count; i++)
			for (unsigned on = 0; on < TRIGGER_COUNT; on++) {
				unsigned from = nth_state(lives[l], i);
				bool first = edge_find(lives[l], from, on, 0) != NULL;

				for (unsigned facts = 1; facts <= FACTS_ALL; facts++)
					assert_int_equal(edge_find(lives[l], from, on, facts) !=
								 NULL,
							 first);
			}
}

static bool is_operators(enum trigger on)
{
	static const enum trigger operators[] = { ON_MANUAL_RETRY,        ON_MANUAL_SKIP,
						  ON_MANUAL_RESUME,       ON_MANUAL_RETRY_FAILED,
						  ON_WORKSTREAM_ROLLBACK, ON_ROLLBACK_RESTORE,
						  ON_WORKER_SPAWNED,      ON_TENTACLE_RESUME,
						  ON_TENTACLE_RESET };

	for (size_t i = 0; i < ARRAY_LEN(operators); i++)
		if (operators[i] == on)
			return true;
	return false;
}

static void final_states_are_left_by_operators_only(void **state)
{
	(void)state;
	for (size_t l = 0; l < ARRAY_LEN(lives); l++)
		for (size_t i = 0; i < lives[l]->edge_count; i++) {
			const struct edge *row = &lives[l]->edges[i];

			if (row->from != NO_STATE && lives[l]->final(row->from))
				assert_true(is_operators(row->on));
		}
	for (size_t i = 0; i < task_life.edge_count; i++)
		assert_int_not_equal(task_life.edges[i].from, TASK_COMPLETED);
}

static void every_state_is_reached_and_left(void **state)
{
	(void)state;
	for (size_t l = 0; l < ARRAY_LEN(lives); l++) {
		const struct life *life = lives[l];
		bool reached[16] = { false };

		assert_true(life->state_count < ARRAY_LEN(reached));
		for (unsigned round = 0; round < life->state_count; round++)
			for (size_t i = 0; i < life->edge_count; i++)
				if (life->edges[i].from == NO_STATE || reached[life->edges[i].from])
					reached[life->edges[i].to] = true;
		for (unsigned s = 0; s < life->state_count; s++) {
			bool left = life->final(s);

			for (size_t i = 0; i < life->edge_count; i++)
				left |= life->edges[i].from == s;
			assert_true(reached[s]);
			assert_true(left);
		}
	}
}

/* What stands in a journal finds its row again, and nothing else finds one. */
static void events_name_their_row(void **state)
{
	static const enum event_type types[] = { EVENT_TYPE_TASK, EVENT_TYPE_WORKSTREAM,
						 EVENT_TYPE_WORKER, EVENT_TYPE_GOAL,
						 EVENT_TYPE_TENTACLE };

	(void)state;
	for (size_t l = 0; l < ARRAY_LEN(lives); l++)
		for (size_t i = 0; i < lives[l]->edge_count; i++) {
			const struct edge *row = &lives[l]->edges[i];
			struct event ev = { .kind = row->event,
					    .from = row->from,
					    .to = row->to,
					    .trigger = (uint8_t)row->on,
					    .edge = span_of(row->id) };

			assert_ptr_equal(edge_of_event(lives[l], &ev), row);
			assert_int_equal(event_rows[row->event].type, types[l]);
			assert_true(event_rows[row->event].fields & HAS(EDGE));
			ev.edge = SPAN_LIT("T99");
			assert_null(edge_of_event(lives[l], &ev));
			ev.edge = span_of(row->id);
			ev.trigger = ON_NONE;
			assert_null(edge_of_event(lives[l], &ev));
		}
}

static void words_and_numbers_agree(void **state)
{
	static int (*const decode[])(struct span) = { task_state_decode, ws_state_decode,
						      worker_state_decode };

	(void)state;
	for (size_t l = 0; l < ARRAY_LEN(decode); l++) {
		for (unsigned s = 0; s < lives[l]->state_count; s++)
			assert_int_equal(decode[l](span_of(lives[l]->state_word(s))), s);
		assert_null(lives[l]->state_word(NO_STATE));
		assert_int_equal(decode[l](SPAN_LIT("elsewhere")), -1);
		assert_int_equal(decode[l](SPAN_NONE), -1);
	}
	for (unsigned on = 1; on < TRIGGER_COUNT; on++)
		assert_int_equal(trigger_decode(span_of(trigger_word(on))), on);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_those_of_the_documents),
		cmocka_unit_test(at_most_one_row_fits),
		cmocka_unit_test(facts_never_forbid),
		cmocka_unit_test(final_states_are_left_by_operators_only),
		cmocka_unit_test(every_state_is_reached_and_left),
		cmocka_unit_test(events_name_their_row),
		cmocka_unit_test(words_and_numbers_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
