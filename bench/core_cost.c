/*
 * What a transition costs in a small and in a huge state, what a task occupies, and how fast a
 * snapshot is written and read. The figures are promises (docs/architecture): no cost per
 * transition that grows, 512 bytes a task, a snapshot of a million tasks within a second. usage:
 * core_cost [TASKS [TIMES]]   (with TIMES only the snapshot, read so many times more)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/decide.h"
#include "core/state_codec.h"

#define START_MS 1790000000000LL
#define WORKER SPAN_LIT("local")
#define SLOTS 16
#define DEF "{\"run\":\"/bin/true\",\"retries\":2,\"timeout_ms\":60000}"

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct run {
	struct state st;
	struct events batch;
	struct effects fx;
	int64_t now_ms;
	uint64_t transitions;
};

static void step(struct run *r, struct input in)
{
	if (core_step(&r->st, &in, r->now_ms, &r->batch, &r->fx, NULL) < 0)
		abort();
	r->transitions += r->batch.count;
	r->now_ms++;
	events_reset(&r->batch);
}

/* Layers of `width` tasks; each needs two of the layer before. */
static void submit(struct run *r, uint32_t count, uint32_t width)
{
	struct submission s = SUBMISSION_INIT;
	struct input in = { .kind = IN_SUBMIT, .submission = &s };
	char name[24];

	s.ws = mem_zalloc(sizeof(*s.ws));
	s.ws[0] = (struct ws_spec){ .name = SPAN_LIT("w"),
				    .plan = SPAN_LIT("p"),
				    .def = SPAN_LIT("{}") };
	s.tasks = mem_zalloc(count * sizeof(*s.tasks));
	s.needs = mem_alloc(2 * (size_t)count * sizeof(*s.needs));
	s.ws_count = 1;
	s.task_count = count;
	for (uint32_t i = 0; i < count; i++) {
		int len = snprintf(name, sizeof(name), "task-%07u", i);

		s.tasks[i] =
			(struct task_spec){ .name = arena_copy(&s.text,
							       (struct span){ name, (size_t)len }),
					    .def = SPAN_LIT(DEF),
					    .needs_at = s.needs_count,
					    .selected = true };
		if (i < width)
			continue;
		s.needs[s.needs_count++] = i - width;
		if (i % width) /* the neighbour to the left in the layer before */
			s.needs[s.needs_count++] = i - width - 1;
		s.tasks[i].needs_count = s.needs_count - s.tasks[i].needs_at;
	}
	step(r, in);
	submission_release(&s);
}

static void begin(struct run *r, uint32_t count)
{
	memset(r, 0, sizeof(*r));
	state_init(&r->st);
	r->batch = (struct events)EVENTS_INIT;
	r->fx = (struct effects)EFFECTS_INIT;
	r->now_ms = START_MS;
	submit(r, count, count / 4);
	step(r, (struct input){ .kind = IN_WORKER_SPAWNED, .worker_id = WORKER });
	step(r, (struct input){ .kind = IN_WORKER_REGISTERED,
				.worker_id = WORKER,
				.incarnation = 1,
				.slots = SLOTS });
}

/* Whatever was assigned is started and finished; returns how many tasks that were. */
static uint32_t round_of_work(struct run *r)
{
	struct effects todo = EFFECTS_INIT;

	step(r, (struct input){ .kind = IN_SCHEDULE });
	for (size_t i = 0; i < r->fx.count; i++)
		effects_add(&todo, r->fx.v[i]);
	r->fx.count = 0;
	for (size_t i = 0; i < todo.count; i++) {
		struct input in = { .kind = IN_STARTED,
				    .worker_id = WORKER,
				    .incarnation = 1,
				    .task_id = r->st.tasks[todo.v[i].task].id,
				    .attempt = todo.v[i].attempt };

		step(r, in);
		in.kind = IN_FINISHED;
		in.result.outcome = OUTCOME_EXIT;
		step(r, in);
	}
	effects_release(&todo);
	return (uint32_t)(r->st.ws[0].by_state[TASK_COMPLETED]);
}

static void end(struct run *r)
{
	state_release(&r->st);
	events_release(&r->batch);
	effects_release(&r->fx);
}

/* ns a transition over `tasks` tasks of a state of `count`. */
static double cost(uint32_t count, uint32_t tasks)
{
	struct run r;
	double before;
	uint64_t first;

	begin(&r, count);
	round_of_work(&r);
	first = r.transitions;
	before = seconds();
	while (round_of_work(&r) < tasks)
		;
	before = (seconds() - before) / (double)(r.transitions - first);
	end(&r);
	return before * 1e9;
}

/* Written once, read 1 + `times` times. */
static void snapshot(struct run *r, int times)
{
	const struct snapshot_place place = { 1, 2, 3 };
	struct snapshot_place found;
	struct buf text = BUF_INIT;
	struct state again;
	double start = seconds(), middle, stop;
	char what[200] = "";
	size_t at;

	state_encode(&r->st, &place, r->now_ms, &text);
	middle = seconds();
	state_init(&again);
	if (state_decode((struct span){ text.p, text.len }, &again, &found, what, &at) < 0)
		abort();
	stop = seconds();
	for (int i = 0; i < times; i++) {
		state_release(&again);
		if (state_decode((struct span){ text.p, text.len }, &again, &found, what, &at) < 0)
			abort();
	}
	if (times)
		printf("read again: %.2f s\n", (seconds() - stop) / times);
	printf("snapshot of %zu tasks: %.0f MB, written in %.2f s, read in %.2f s, %.0f bytes a "
	       "task after\n",
	       r->st.task_count, (double)text.len / 1e6, middle - start, stop - middle,
	       (double)state_bytes(&again) / (double)again.task_count);
	state_release(&again);
	buf_release(&text);
}

int main(int argc, char **argv)
{
	uint32_t count = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000000;
	double small = 1e9, large = 1e9;
	struct run r;
	double start;

	if (count < 1000)
		return 2;
	if (argc > 2) {
		begin(&r, count);
		snapshot(&r, (int)strtol(argv[2], NULL, 10));
		end(&r);
		return 0;
	}
	for (int i = 0; i < 20; i++) {
		double ns = cost(1000, 900);

		small = ns < small ? ns : small;
	}
	for (int i = 0; i < 2; i++) {
		double ns = cost(count, 50000);

		large = ns < large ? ns : large;
	}
	printf("a transition: %.0f ns among 1000 tasks, %.0f ns among %u (x %.2f)\n", small, large,
	       count, large / small);
	start = seconds();
	begin(&r, count);
	printf("submitted in %.2f s, %.0f bytes a task\n", seconds() - start,
	       (double)state_bytes(&r.st) / count);
	while (round_of_work(&r) < count / 2)
		;
	printf("half done after %.2f s, %.0f bytes a task\n", seconds() - start,
	       (double)state_bytes(&r.st) / count);
	snapshot(&r, 0);
	end(&r);
	return 0;
}
