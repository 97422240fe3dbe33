/* Random plans and random days for the core: everything a worker, a clock and an operator may do,
 * in any order. */
#ifndef SK_TEST_CORE_RANDOM_H
#define SK_TEST_CORE_RANDOM_H

#include "core_world.h"

#define RANDOM_TASKS_MAX 40

struct random_plan {
	struct row rows[RANDOM_TASKS_MAX];
	char names[RANDOM_TASKS_MAX][8];
	char needs[RANDOM_TASKS_MAX][120];
	size_t count;
};

static const struct resource_spec random_resources[] = { { SPAN_LIT("disk"), 1 },
							 { SPAN_LIT("pool"), 3 },
							 { SPAN_LIT("any"), 0 } };

static const char *const random_defs[] = {
	"{\"run\":\"true\"}",
	"{\"run\":\"true\"}",
	"{\"run\":\"true\",\"retries\":1,\"jitter\":true,\"priority\":-3}",
	"{\"run\":\"true\",\"retries\":2,\"backoff_ms\":500,\"resources\":{\"disk\":1}}",
	"{\"run\":\"true\",\"resources\":{\"disk\":0,\"pool\":2,\"any\":1}}",
	"{\"run\":\"true\",\"resources\":{\"pool\":1},\"after\":[{\"name\":\"r\",\"run\":\"x\"}]}",
	"{\"run\":\"true\",\"estimate_ms\":90000,\"capabilities\":[\"gpu>=2.1\"]}",
	"{\"run\":\"true\",\"priority\":5,\"before\":[{\"name\":\"r\",\"run\":\"true\"}]}",
};

/* One or two workstreams that use the same names; needs go backwards, so there is no cycle. */
static inline void random_plan(struct random_plan *p, uint64_t *seed, bool critical)
{
	unsigned ws_count = 1 + test_below(seed, 2);

	p->count = 1 + test_below(seed, RANDOM_TASKS_MAX);
	for (size_t i = 0; i < p->count; i++) {
		snprintf(p->names[i], sizeof(p->names[i]), "t%zu", i / ws_count);
		p->rows[i] = (struct row){
			.ws = i % ws_count ? "night" : "day",
			.name = p->names[i],
			.def = random_defs[test_below(seed, ARRAY_LEN(random_defs))]
		};
		if (critical && test_below(seed, 12) == 0)
			p->rows[i].def = "{\"run\":\"false\",\"critical\":true}";
		p->needs[i][0] = '\0';
		for (size_t k = i % ws_count; k + ws_count <= i && strlen(p->needs[i]) < 100;
		     k += ws_count) {
			if (test_below(seed, 6) == 0) {
				size_t len = strlen(p->needs[i]);

				snprintf(p->needs[i] + len, sizeof(p->needs[i]) - len, "%s%s",
					 len ? " " : "", p->names[k]);
			}
		}
		p->rows[i].needs = p->needs[i];
	}
}

/* Some task that is with a worker, or NO_ID. */
static inline uint32_t random_assigned(const struct state *st, uint64_t *seed)
{
	uint32_t found = NO_ID;
	unsigned count = 0;

	for (size_t i = 0; i < st->task_count; i++)
		if (!task_gone(&st->tasks[i]) && st->tasks[i].worker != NO_ID &&
		    test_below(seed, ++count) == 0)
			found = (uint32_t)i;
	return found;
}

static inline void random_report(struct world *w, uint64_t *seed)
{
	uint32_t task = random_assigned(&w->st, seed);
	struct input in = { .kind = test_below(seed, 3) ? IN_FINISHED : IN_STARTED, .pid = 5 };

	if (task == NO_ID)
		return;
	in.task_id = w->st.tasks[task].id;
	in.attempt = w->st.tasks[task].attempt;
	in.worker_id = w->st.workers[w->st.tasks[task].worker].id;
	in.incarnation = w->st.workers[w->st.tasks[task].worker].incarnation;
	if (test_below(seed, 20) == 0)
		in.attempt++;
	if (test_below(seed, 30) == 0)
		in.kind = IN_UNKNOWN_TO_WORKER;
	in.result.validation = w->st.tasks[task].state == TASK_VALIDATING;
	if (test_below(seed, 20) == 0)
		in.result.validation = !in.result.validation;
	in.result.outcome =
		test_below(seed, 2) ? OUTCOME_EXIT : (enum outcome)test_below(seed, OUTCOME_COUNT);
	in.result.exit_code = test_below(seed, 3) ? 0 : 7;
	in.result.signal = in.result.outcome == OUTCOME_SIGNAL ? 9 : 0;
	in.result.duration_ms = test_below(seed, 100000);
	if (test_below(seed, 5) == 0)
		in.result.error = SPAN_LIT("said: \"no\"\\\n\x01\xc3\xa9");
	if (test_below(seed, 5) == 0)
		in.result.outputs = SPAN_LIT("{\"KEY\":\"a \\\"b\\\" \\u00e9\"}");
	assert_int_equal(world_step(w, in), 0);
}

static inline void random_worker(struct world *w, uint64_t *seed)
{
	static const char *const names[] = { "k1", "k2" };
	const char *name = names[test_below(seed, 2)];
	uint32_t worker = state_worker(&w->st, span_of(name));
	static const enum input_kind ends[] = { IN_WORKER_LOST, IN_WORKER_SHUTDOWN };

	if (worker == NO_ID || w->st.workers[worker].state == WORKER_SHUTDOWN)
		world_worker(w, name, 1 + test_below(seed, 4),
			     test_below(seed, 2) ? "[\"gpu@2.1.0\"]" : "[\"cpu\"]");
	else if (test_below(seed, 8) == 0)
		world_lost(w, name, ends[test_below(seed, 2)]);
	else
		w->st.workers[worker].ahead = test_below(seed, 5);
}

/* One happening. The plan may come again, the same or as a new run. */
static inline void random_happening(struct world *w, const struct random_plan *p, uint64_t *seed)
{
	uint32_t task = w->st.task_count ? test_below(seed, (unsigned)w->st.task_count) : 0;

	switch (test_below(seed, 40)) {
	case 0:
		w->now_ms -= 500; /* the clock steps back */
		world_time(w, 0);
		break;
	case 1:
	case 2:
		world_time(w, 1 + test_below(seed, 400000));
		break;
	case 3:
		if (!task_gone(&w->st.tasks[task]))
			world_step(w, (struct input){ .kind = IN_CANCEL_TASK,
						      .task_id = w->st.tasks[task].id,
						      .waive = test_below(seed, 2),
						      .operator_name = SPAN_LIT("me"),
						      .reason = SPAN_LIT("\"why\"\n") });
		break;
	case 4:
		if (test_below(seed, 4) == 0)
			world_step(w, (struct input){ .kind = IN_INTERRUPT,
						      .operator_name = SPAN_LIT("me") });
		break;
	case 5:
		world_submit(w, p->rows, p->count, test_below(seed, 3) ? 0 : SUBMIT_NEW_RUN);
		break;
	case 6:
	case 7:
		random_worker(w, seed);
		break;
	case 8:
	case 9:
	case 10:
	case 11:
	case 12:
	case 13:
	case 14:
		world_time(w, test_below(seed, 50));
		world_schedule(w);
		break;
	default:
		random_report(w, seed);
	}
}

static inline void random_begin(struct world *w, struct random_plan *p, uint64_t *seed)
{
	random_plan(p, seed, test_below(seed, 2));
	world_init(w);
	w->resources = random_resources;
	w->resource_count = ARRAY_LEN(random_resources);
	w->max_parallel = test_below(seed, 4);
	w->max_duration_ms = test_below(seed, 2) ? 3600000 : 0;
	assert_int_equal(
		world_submit(w, p->rows, p->count, test_below(seed, 2) ? 0 : SUBMIT_KEEP_GOING), 0);
	random_worker(w, seed);
	random_worker(w, seed);
}

#endif
