/* Lines against a slow search for the most urgent, and leaving from the middle. */
#include "core_world.h"

#include "core/queue.h"

#define TASKS 200

/* A state with bare tasks in one workstream; lines need no more. */
static void bare_state(struct state *st, uint64_t *seed)
{
	state_init(st);
	mem_grow(&st->tasks, &st->task_capacity, TASKS, sizeof(*st->tasks));
	mem_grow(&st->ws, &st->ws_capacity, 1, sizeof(*st->ws));
	mem_grow(&st->resources, &st->resource_capacity, 1, sizeof(*st->resources));
	memset(st->tasks, 0, TASKS * sizeof(*st->tasks));
	memset(st->ws, 0, sizeof(*st->ws));
	memset(st->resources, 0, sizeof(*st->resources));
	st->task_count = TASKS;
	st->ws_count = st->resource_count = 1;
	for (uint32_t i = 0; i < TASKS; i++) {
		st->tasks[i].heap_at = NO_ID;
		st->tasks[i].waits_for = NO_RESOURCE;
		st->tasks[i].worker = NO_ID;
		st->tasks[i].priority = (int32_t)test_below(seed, 5) - 2;
		st->tasks[i].rank_ms = test_below(seed, 4);
		st->tasks[i].queued_ms = WORLD_START_MS + test_below(seed, 240000);
		st->tasks[i].retry_at_ms = WORLD_START_MS + test_below(seed, 50);
	}
}

/* Priority and whole minutes of waiting, then longest remaining path, then age, then index. */
static bool slow_before(const struct state *st, uint32_t a, uint32_t b)
{
	const struct task *x = &st->tasks[a], *y = &st->tasks[b];
	int64_t now = WORLD_START_MS + 86400000;
	int64_t urgency_x = x->priority - (now / 60000 - x->queued_ms / 60000);
	int64_t urgency_y = y->priority - (now / 60000 - y->queued_ms / 60000);

	if (urgency_x != urgency_y)
		return urgency_x < urgency_y;
	if (x->rank_ms != y->rank_ms)
		return x->rank_ms > y->rank_ms;
	return x->queued_ms != y->queued_ms ? x->queued_ms < y->queued_ms : a < b;
}

static bool slow_retry_before(const struct state *st, uint32_t a, uint32_t b)
{
	int64_t x = st->tasks[a].retry_at_ms, y = st->tasks[b].retry_at_ms;

	return x != y ? x < y : a < b;
}

static uint32_t slow_first(const struct state *st, const bool *in,
			   bool (*before)(const struct state *, uint32_t, uint32_t))
{
	uint32_t best = NO_ID;

	for (uint32_t i = 0; i < TASKS; i++)
		if (in[i] && (best == NO_ID || before(st, i, best)))
			best = i;
	return best;
}

static void enter(struct state *st, unsigned line, uint32_t task)
{
	st->tasks[task].state = line == 2 ? TASK_RETRYING : TASK_QUEUED;
	if (line == 0)
		queue_ready(st, task);
	else if (line == 1)
		queue_waiter(st, task, 0);
	else
		queue_retry(st, task);
}

static const struct task_heap *heap_of(const struct state *st, unsigned line)
{
	return line == 0 ? &st->ws[0].ready : line == 1 ? &st->resources[0].waiters : &st->retry;
}

static void the_first_is_the_most_urgent(void **state)
{
	(void)state;
	for (unsigned round = 0; round < test_rounds(30, 600); round++) {
		unsigned line = round % 3;
		CLEANUP(state_release) struct state st;
		bool in[TASKS] = { false };
		uint64_t seed = round;
		uint32_t inside = 0;

		bare_state(&st, &seed);
		for (unsigned i = 0; i < 1000; i++) {
			uint32_t task = test_below(&seed, TASKS);

			if (in[task])
				queue_leave(&st, task);
			else
				enter(&st, line, task);
			in[task] = !in[task];
			inside = inside + in[task] - !in[task];
			assert_int_equal(
				queue_first(heap_of(&st, line)),
				slow_first(&st, in, line == 2 ? slow_retry_before : slow_before));
			assert_int_equal(st.ws[0].waiting, inside);
			assert_int_equal(heap_of(&st, line)->count, inside);
			assert_int_equal(st.tasks[task].heap_at != NO_ID, in[task]);
		}
	}
}

static void leaving_twice_is_harmless(void **state)
{
	CLEANUP(state_release) struct state st;
	uint64_t seed = 1;

	(void)state;
	bare_state(&st, &seed);
	queue_waiter(&st, 7, 0);
	assert_int_equal(st.tasks[7].waits_for, 0);
	queue_leave(&st, 7);
	queue_leave(&st, 7);
	assert_int_equal(st.tasks[7].waits_for, NO_RESOURCE);
	assert_int_equal(queue_first(&st.resources[0].waiters), NO_ID);
	assert_int_equal(st.ws[0].waiting, 0);
}

/* One step of priority is worth one minute: who waits long enough passes everyone who comes later.
 */
static void waiting_makes_urgent(void **state)
{
	CLEANUP(state_release) struct state st;
	uint64_t seed = 2;

	(void)state;
	bare_state(&st, &seed);
	st.tasks[0].priority = 3;
	st.tasks[0].queued_ms = WORLD_START_MS / 60000 * 60000;
	st.tasks[1].priority = 0;
	st.tasks[1].queued_ms = st.tasks[0].queued_ms + 2 * 60000;
	queue_ready(&st, 0);
	queue_ready(&st, 1);
	assert_int_equal(queue_first(&st.ws[0].ready), 1);
	queue_leave(&st, 1);
	st.tasks[1].queued_ms = st.tasks[0].queued_ms + 4 * 60000;
	queue_ready(&st, 1);
	assert_int_equal(queue_first(&st.ws[0].ready), 0);
}

static void rebuilding_takes_those_that_wait(void **state)
{
	static const struct row rows[] = { { .ws = "w", .name = "a" },
					   { .ws = "w", .name = "b" },
					   { .ws = "w", .name = "c", .needs = "a" },
					   { .ws = "w", .name = "d", .left_out = true } };
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(world_submit(&w, rows, ARRAY_LEN(rows), 0), 0);
	world_worker(&w, "k", 1, "[]");
	world_schedule(&w);
	assert_int_equal(w.st.ws[0].assigned, 1);
	queue_rebuild(&w.st, 0);
	queue_rebuild(&w.st, 0);
	assert_int_equal(w.st.ws[0].ready.count, 1);
	assert_int_equal(w.st.ws[0].waiting, 1);
	world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_is_the_most_urgent),
		cmocka_unit_test(leaving_twice_is_harmless),
		cmocka_unit_test(waiting_makes_urgent),
		cmocka_unit_test(rebuilding_takes_those_that_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
