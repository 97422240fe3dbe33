/*
 * No stream of well-formed events, however mad, breaks anything: each is applied or refused with a
 * reason, the counts stay right, the document can be read back or is refused, and the core goes on
 * from there.
 */
#include "core_world.h"

/* The document, for "nothing changed". */
static void assert_unchanged(const struct state *st, const struct buf *before)
{
	CLEANUP(buf_release) struct buf after = BUF_INIT;

	encode(st, &after);
	assert_int_equal(after.len, before->len);
	assert_memory_equal(after.p, before->p, after.len);
}

/* What fuzzing events are made of: few words, so that most of them name something. */
static const char *const task_names[] = { "a", "b", "c", "d", "e", "f", "w.a", "x\"y" };
static const char *const ws_names[] = { "w", "v", "u" };
static const char *const worker_names[] = { "k", "l" };
static const char *const resource_names[] = { "lock", "pool" };
static const char *const need_lists[] = {
	"[]", "[\"a\"]", "[\"b\",\"c\"]", "[\"a\",\"a\"]", "[\"f\"]", "[1]", "{}", "["
};
static const char *const defs[] = {
	"{\"run\":\"true\"}",
	"{\"run\":\"true\",\"retries\":1,\"critical\":true}",
	"{\"run\":\"true\",\"resources\":{\"lock\":1,\"pool\":0}}",
	"{\"run\":\"x\",\"resources\":{\"lock\":4294967295},\"after\":[{\"run\":\"x\"}]}",
	"{\"run\":\"true\",\"priority\":9007199254740991,\"timeout_ms\":-5}",
	"{\"run\":\"true\",\"retries\":65536}",
	"[]",
};

static const char *const checkpoints[] = {
	"{\"seq\":0,\"run_no\":1,\"failed\":[],\"retry_count\":{}}",
	"{\"seq\":0,\"run_no\":1,\"failed\":[\"a\",\"b\"],\"retry_count\":{\"c\":2}}",
	"{\"seq\":9,\"run_no\":2,\"failed\":[],\"retry_count\":{}}",
	"[]",
};

#define PICK(seed, words) span_of(words[test_below(seed, ARRAY_LEN(words))])

static uint64_t some_number(uint64_t *seed)
{
	static const uint64_t edges[] = { 0,     1,     2,          3,          255,        256,
					  65535, 65536, UINT32_MAX, 1ULL << 32, INTEGER_MAX };

	return test_below(seed, 3) ? test_below(seed, 4)
				   : edges[test_below(seed, ARRAY_LEN(edges))];
}

static void fill_numbers(struct event *ev, uint64_t *seed)
{
	for (unsigned f = 0; f < FIELD_COUNT; f++) {
		char *member = (char *)ev + field_rows[f].offset;

		if (!(event_rows[ev->kind].fields & 1ULL << f) || test_below(seed, 4) == 0)
			continue;
		if (field_rows[f].kind == FIELD_KIND_U64)
			*(uint64_t *)member = some_number(seed);
		else if (field_rows[f].kind == FIELD_KIND_I64)
			*(int64_t *)member =
				(int64_t)some_number(seed) * (test_below(seed, 2) ? 1 : -1);
		else if (field_rows[f].kind == FIELD_KIND_TIME)
			*(int64_t *)member = (int64_t)(test_random(seed) % 200000000000000ULL);
	}
}

static void put_row(struct event *ev, const struct edge *row)
{
	ev->kind = row->event;
	ev->from = row->from;
	ev->to = row->to;
	ev->trigger = (uint8_t)row->on;
	ev->edge = span_of(row->id);
}

/* A row of the life that begins in this state, if the dice find one. */
static void put_fitting_row(struct event *ev, const struct life *life, unsigned from,
			    uint64_t *seed)
{
	for (unsigned tries = 0; tries < 60; tries++) {
		const struct edge *row = &life->edges[test_below(seed, (unsigned)life->edge_count)];

		put_row(ev, row);
		if (row->from == from)
			return;
	}
}

/* The next step of some life, with the numbers it should have: without these, streams never get
 * anywhere. */
static void make_plausible(struct event *ev, const struct state *st, uint64_t *seed)
{
	uint32_t task = state_task(st, ev->task_id), ws = state_ws(st, ev->workstream_id);
	uint32_t worker = state_worker(st, ev->worker_id);

	switch (test_below(seed, 8)) {
	case 0:
		put_fitting_row(ev, &ws_life, ws == NO_ID ? NO_STATE : st->ws[ws].state, seed);
		break;
	case 1:
		put_fitting_row(ev, &worker_life,
				worker == NO_ID ? NO_STATE : st->workers[worker].state, seed);
		ev->incarnation = worker == NO_ID ? 1
						  : st->workers[worker].incarnation +
							    (ev->kind == EV_WORKER_SPAWNED);
		break;
	case 2:
	case 3:
		ev->kind = EV_TASK_ASSIGNED;
		ev->incarnation = worker == NO_ID ? 1 : st->workers[worker].incarnation;
		ev->attempt = task == NO_ID ? 1
					    : st->tasks[task].attempt +
						      (st->tasks[task].state == TASK_QUEUED);
		break;
	case 4:
		ev->kind = (enum event_kind)test_below(seed, EVENT_COUNT);
		break;
	default:
		put_fitting_row(ev, &task_life, task == NO_ID ? NO_STATE : st->tasks[task].state,
				seed);
	}
}

/* Anything that the record format lets through. */
static struct event random_event(const struct state *st, uint64_t *seed)
{
	struct event ev = { .kind = (enum event_kind)test_below(seed, EVENT_COUNT),
			    .seq = st->last_seq + 1 };
	static const struct life *const lives[] = { &task_life, &ws_life, &worker_life };
	const struct life *life = lives[test_below(seed, ARRAY_LEN(lives))];

	ev.from = ev.to = NO_STATE;
	ev.at_ms = (int64_t)(test_random(seed) % 200000000000000ULL);
	ev.task_id = PICK(seed, task_names);
	ev.workstream_id = PICK(seed, ws_names);
	ev.worker_id = PICK(seed, worker_names);
	ev.resource_id = PICK(seed, resource_names);
	ev.needs = test_below(seed, 3) ? SPAN_LIT("[]") : PICK(seed, need_lists);
	ev.def = PICK(seed, defs);
	ev.error = SPAN_LIT("it \"failed\"\n");
	if (test_below(seed, 8)) {
		make_plausible(&ev, st, seed);
	} else if (test_below(seed, 2)) {
		put_row(&ev, &life->edges[test_below(seed, (unsigned)life->edge_count)]);
	}
	if (test_below(seed, 8) == 0)
		fill_numbers(&ev, seed);
	if (event_rows[ev.kind].type == EVENT_TYPE_SYSTEM && ev.kind >= EV_WS_CREATED)
		ev.task_id = SPAN_NONE;
	if (ev.kind == EV_RESOURCE_LIMIT)
		ev.limit = test_below(seed, 4) ? test_below(seed, 4) : some_number(seed);
	if (ev.kind == EV_WS_ARCHIVED && test_below(seed, 8))
		ev.kind = EV_STALE_RESULT_IGNORED;
	return ev;
}

/* The document of a state made by mad events is read back, unless we would not have written it. */
static void check_document(const struct state *st)
{
	CLEANUP(state_release) struct state again;
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct snapshot_place place;
	char what[200];
	size_t at;
	int rc;

	state_init(&again);
	encode(st, &text);
	rc = state_decode((struct span){ text.p, text.len }, &again, &place, what, &at);
	assert_true(rc == 0 || rc == -SK_ECORRUPT);
	if (rc == 0)
		check_counts(&again);
}

static void mad_streams_break_nothing(void **state)
{
	unsigned rounds = test_rounds(400, 20000), applied = 0, refused = 0;

	(void)state;
	for (unsigned round = 0; round < rounds; round++) {
		CLEANUP(state_release) struct state st;
		CLEANUP(buf_release) struct buf before = BUF_INIT;
		uint64_t seed = round;

		state_init(&st);
		for (unsigned i = 0; i < 400; i++) {
			struct event ev = random_event(&st, &seed);
			bool compare = i % 16 == 0;
			char why[200] = "";

			if (compare)
				encode(&st, &before);
			if (core_apply(&st, &ev, NULL, why) == 0) {
				applied++;
				continue;
			}
			refused++;
			assert_true(why[0] != '\0');
			if (compare)
				assert_unchanged(&st, &before);
		}
		check_counts(&st);
		check_document(&st);
	}
	print_message("%u applied, %u refused\n", applied, refused);
	assert_true(applied > rounds * 20);
	assert_true(refused > rounds * 20);
}

static const struct row plan[] = {
	{ .ws = "w", .name = "a" },
	{ .ws = "w",
	  .name = "b",
	  .needs = "a",
	  .def = "{\"run\":\"true\",\"retries\":1,\"critical\":true}" },
	{ .ws = "v", .name = "c" },
	{ .ws = "v", .name = "a", .needs = "c", .left_out = true },
};

static struct act random_act(uint64_t *seed, struct span task_id)
{
	struct act act = { .kind = (enum act_kind)test_below(seed, ACT_COUNT),
			   .resource_id = PICK(seed, resource_names),
			   .need_id = PICK(seed, task_names),
			   .limit = test_below(seed, 3),
			   .timeout_ms = test_below(seed, 2) * 5000ULL,
			   .keep_completed = test_below(seed, 2),
			   .keep_retry_count = test_below(seed, 2),
			   .force = test_below(seed, 2),
			   .reassign = test_below(seed, 2),
			   .worker_id = PICK(seed, worker_names) };

	if (act.kind < ACT_WS_RETRY || test_below(seed, 2))
		act.task_id = task_id;
	if (act.kind == ACT_WS_ROLLBACK)
		act.checkpoint = PICK(seed, checkpoints);
	if (act.kind >= ACT_WS_RETRY && act.kind != ACT_WORKER_SHUTDOWN &&
	    act.kind != ACT_WORKER_RESTART)
		act.workstream_id = PICK(seed, ws_names);
	return act;
}

/* After mad history the core still takes inputs: what is decided never meets its own refusal. */
static void the_core_goes_on_after_mad_streams(void **state)
{
	unsigned rounds = test_rounds(300, 10000);

	(void)state;
	for (unsigned round = 0; round < rounds; round++) {
		uint64_t seed = 7000000 + round;
		struct world w;
		char why[200];

		world_init(&w);
		for (unsigned i = 0; i < 150; i++) {
			struct event ev = random_event(&w.st, &seed);

			ev.at_ms = WORLD_START_MS;
			core_apply(&w.st, &ev, NULL, why);
		}
		for (size_t i = 0; i < w.st.ws_count; i++)
			w.st.ws[i].active = true;
		for (unsigned i = 0; i < 30; i++) {
			struct input in = { .kind = (enum input_kind)test_below(&seed,
										IN_KIND_COUNT) };
			struct act act;

			if (in.kind == IN_SUBMIT) {
				world_submit(&w, plan, ARRAY_LEN(plan), test_below(&seed, 16));
				check_counts(&w.st);
				continue;
			}
			in.worker_id = PICK(&seed, worker_names);
			in.task_id = PICK(&seed, task_names);
			in.act = &act;
			in.live = test_below(&seed, 2);
			act = random_act(&seed, in.task_id);
			in.slots = 2;
			in.attempt = test_below(&seed, 3);
			if (state_worker(&w.st, in.worker_id) != NO_ID)
				in.incarnation =
					w.st.workers[state_worker(&w.st, in.worker_id)].incarnation;
			if (state_task(&w.st, in.task_id) != NO_ID)
				in.attempt = w.st.tasks[state_task(&w.st, in.task_id)].attempt;
			in.result.outcome = (enum outcome)test_below(&seed, OUTCOME_COUNT);
			in.result.validation = test_below(&seed, 2);
			in.result.exit_code = (int64_t)test_below(&seed, 2) << 40;
			in.result.signal = 1000;
			w.now_ms += 1000;
			world_step(&w, in);
		}
		check_counts(&w.st);
		world_release(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mad_streams_break_nothing),
		cmocka_unit_test(the_core_goes_on_after_mad_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
