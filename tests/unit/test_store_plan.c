/*
 * A real plan through a real store: whatever was submitted, started, failed and finished, the state
 * that is read back after a restart, from snapshot, journal or the head of a rotated journal, is
 * the state that was live.
 */
#include "store_world.h"

#include "core/decide.h"
#include "core/state_codec.h"

#define TASKS 30

struct plan {
	struct world w;
	struct events batch;
	struct effects fx;
	uint32_t todo[TASKS * 8];
	size_t todo_count;
	uint64_t seed;
};

static void plan_release(struct plan *p)
{
	events_release(&p->batch);
	effects_release(&p->fx);
	world_release(&p->w);
}

static void step(struct plan *p, struct input in)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	struct user *u = &p->w.user;

	u->now_ms += 7;
	if (core_step(&u->st, &in, u->now_ms, &p->batch, &p->fx, &why) < 0)
		fail_msg("refused: %s", why.p);
	for (size_t i = 0; i < p->fx.count; i++) {
		if (p->fx.v[i].kind != FX_ASSIGN)
			continue;
		assert_true(p->todo_count < ARRAY_LEN(p->todo));
		p->todo[p->todo_count++] = p->fx.v[i].task;
	}
	p->fx.count = 0;
}

static void commit(struct plan *p)
{
	if (store_commit(p->w.user.store, &p->batch, p->w.user.st.epoch, &p->w.user.e) < 0)
		fail_msg("%s", p->w.user.e.text);
	events_reset(&p->batch);
}

/* Tasks that need up to two of those before them; text that has to be escaped. */
static void submit(struct plan *p)
{
	struct submission s = SUBMISSION_INIT;
	char text[64];

	s.ws = mem_zalloc(sizeof(*s.ws));
	s.ws[0] = (struct ws_spec){ .name = SPAN_LIT("nightly"),
				    .plan = SPAN_LIT("a \"plan\"\t.yaml"),
				    .def = SPAN_LIT("{\"cwd\":\"/tmp\"}") };
	s.ws_count = 1;
	s.tasks = mem_zalloc(TASKS * sizeof(*s.tasks));
	s.needs = mem_zalloc(2 * TASKS * sizeof(*s.needs));
	for (uint32_t i = 0; i < TASKS; i++) {
		struct task_spec *t = &s.tasks[s.task_count++];
		int len = snprintf(text, sizeof(text), "task-%02u", i);

		t->name = arena_copy(&s.text, (struct span){ text, (size_t)len });
		t->def = SPAN_LIT(
			"{\"run\":\"echo \\\"\\u00e9\\\"\",\"retries\":1,\"backoff_ms\":1}");
		t->selected = true;
		t->needs_at = s.needs_count;
		if (i >= 4 && test_below(&p->seed, 2)) {
			s.needs[s.needs_count++] = test_below(&p->seed, i / 2);
			s.needs[s.needs_count++] = i / 2 + test_below(&p->seed, i / 2);
			t->needs_count = 2;
		}
	}
	step(p, (struct input){ .kind = IN_SUBMIT, .submission = &s });
	commit(p);
	submission_release(&s);
}

static void report(struct plan *p, uint32_t task)
{
	const struct state *st = &p->w.user.st;
	struct input in = { .kind = IN_STARTED,
			    .worker_id = st->workers[0].id,
			    .task_id = st->tasks[task].id,
			    .attempt = st->tasks[task].attempt,
			    .incarnation = 1,
			    .pid = 100 + task };

	step(p, in);
	in.kind = IN_FINISHED;
	in.result.exit_code = test_below(&p->seed, 4) == 0;
	in.result.error = in.result.exit_code ? SPAN_LIT("line one\nline \"two\"\xff") : SPAN_NONE;
	in.result.duration_ms = test_below(&p->seed, 1000);
	if (test_below(&p->seed, 3) == 0)
		in.result.outputs = SPAN_LIT("{\"version\":\"1.2\"}");
	step(p, in);
}

static int compare_bytes(const void *a, const void *b)
{
	return *(const unsigned char *)a - *(const unsigned char *)b;
}

/* A worker's tasks stand in no order: compare what is in the list, not where. */
static void forget_order(struct buf *document)
{
	static const char list[] = "\"active\":[";
	char *at = strstr(document->p, list);

	for (; at; at = strstr(at, list)) {
		at += sizeof(list) - 1;
		qsort(at, strcspn(at, "]"), 1, compare_bytes);
	}
}

static void photograph(const struct state *st, struct buf *out)
{
	static const struct snapshot_place nowhere = { 1, 0, 0 };

	buf_truncate(out, 0);
	state_encode(st, &nowhere, 0, out);
	forget_order(out);
}

/* Says from where on two documents differ. */
static void assert_same(const struct buf *live, const struct buf *found, unsigned way)
{
	size_t at = 0, from;

	while (at < live->len && live->p[at] == found->p[at])
		at++;
	from = at < 100 ? 0 : at - 100;
	if (live->len != found->len || at < live->len)
		fail_msg("way %u: live \"%.200s\", found \"%.200s\"", way, live->p + from,
			 found->p + from);
}

/* Restarts in one of the ways there are; the state must be the same afterwards. */
static void restart(struct plan *p)
{
	CLEANUP(buf_release) struct buf live = BUF_INIT, found = BUF_INIT;
	unsigned way = test_below(&p->seed, 4);
	bool connected = p->w.user.st.workers[0].connected;
	uint32_t ahead = p->w.user.st.workers[0].ahead;

	if (way == 1)
		assert_int_equal(user_snapshot(&p->w.user), 0);
	if (way >= 2)
		assert_int_equal(user_rotate(&p->w.user), 0);
	if (way == 3)
		p->w.disk.vfs.remove(p->w.disk.vfs.ctx, SNAPSHOT_FILE);
	photograph(&p->w.user.st, &live);
	if (user_open(&p->w.user, 0) < 0)
		fail_msg("%s", p->w.user.e.text);
	photograph(&p->w.user.st, &found);
	assert_same(&live, &found, way);
	p->w.user.st.workers[0].connected = connected;
	p->w.user.st.workers[0].ahead = ahead;
}

static unsigned run_plan(uint64_t seed)
{
	CLEANUP(plan_release)
	struct plan p = { .batch = EVENTS_INIT, .fx = EFFECTS_INIT, .seed = seed };
	unsigned restarts = 0;

	world_with_turns(&p.w, 1);
	step(&p, (struct input){
			 .kind = IN_ORCHESTRATOR_STARTED, .pid = 1, .boot_id = SPAN_LIT("boot") });
	submit(&p);
	step(&p, (struct input){ .kind = IN_WORKER_SPAWNED, .worker_id = SPAN_LIT("w1") });
	step(&p, (struct input){ .kind = IN_WORKER_REGISTERED,
				 .worker_id = SPAN_LIT("w1"),
				 .incarnation = 1,
				 .slots = 3 });
	step(&p, (struct input){ .kind = IN_SCHEDULE });
	commit(&p);
	for (int turn = 0; turn < 200 && p.todo_count + (turn < 150); turn++) {
		if (p.todo_count)
			report(&p, p.todo[--p.todo_count]);
		step(&p, (struct input){ .kind = IN_TIME });
		step(&p, (struct input){ .kind = IN_SCHEDULE });
		commit(&p);
		if (test_below(&p.seed, 4) == 0) {
			restart(&p);
			restarts++;
		}
	}
	return restarts;
}

static void a_plan_survives_restarts(void **state)
{
	unsigned restarts = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= test_rounds(20, 1000); seed++)
		restarts += run_plan(seed);
	assert_true(restarts > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plan_survives_restarts),
	};

	return cmocka_run_group_tests_name("store_plan", tests, NULL, NULL);
}
