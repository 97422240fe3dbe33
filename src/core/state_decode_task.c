/*
 * One task of a snapshot. It is refused when its words contradict each other, because a state that
 * no life can be in would be refused much later, when something happens to it.
 */
#include "base/limits.h"
#include "core/state_read.h"
#include "core/task_define.h"

enum task_key {
	K_WS,
	K_NAME,
	K_STATE,
	K_NEEDS,
	K_WAIVED,
	K_ATTEMPT,
	K_RETRIES,
	K_REASSIGNS,
	K_CREATED,
	K_QUEUED,
	K_STARTED,
	K_ENDED,
	K_RETRY_AT,
	K_TIMEOUT,
	K_WORKER,
	K_SKIPPED,
	K_BLOCKED,
	K_CANCELLING,
	K_RESTORING,
	K_WAIVES,
	K_DROPPED,
	K_FATAL,
	K_REASON,
	K_ERROR,
	K_EXIT,
	K_SIGNAL,
	K_DURATION,
	K_CPU,
	K_PEAK,
	K_OUTPUTS,
	K_SEQ,
	K_DEF,
	K_COUNT
};

_Static_assert(K_COUNT == TASK_MEMBERS, "the decoder has room for each");

static const struct member task_members[K_COUNT] = {
	MEMBER("workstream_id", TEXT),
	MEMBER("name", TEXT),
	MEMBER("state", TEXT),
	MEMBER("dependencies", RAW),
	MEMBER("waived_dependencies", RAW),
	MEMBER("attempt", U32),
	MEMBER("retry_count", U16),
	MEMBER("reassign_count", U16),
	MEMBER("created_at", TIME),
	MEMBER("queued_at", TIME),
	MEMBER("started_at", TIME),
	MEMBER("ended_at", TIME),
	MEMBER("retry_at", TIME),
	MEMBER("timeout_ms", U32),
	MEMBER("assigned_worker", TEXT),
	MEMBER("skipped", BOOL),
	MEMBER("blocked", BOOL),
	MEMBER("cancelling", BOOL),
	MEMBER("restoring", BOOL),
	MEMBER("waives", BOOL),
	MEMBER("dropped", BOOL),
	MEMBER("fatal", BOOL),
	MEMBER("reason", TEXT),
	MEMBER("last_error", TEXT),
	MEMBER("last_exit_code", I32),
	MEMBER("last_signal", U8),
	MEMBER("duration_ms", U32),
	MEMBER("cpu_ms", U32),
	MEMBER("peak_kb", U32),
	MEMBER("outputs", RAW),
	MEMBER("seq", NUMBER),
	MEMBER("def", RAW),
};

static uint16_t task_flag_bits(const struct value *v)
{
	return (uint16_t)((v[K_SKIPPED].number ? TASK_SKIPPED : 0) |
			  (v[K_CANCELLING].number ? TASK_CANCELLING : 0) |
			  (v[K_RESTORING].number ? TASK_RESTORE : 0) |
			  (v[K_WAIVES].number ? TASK_WAIVES : 0) |
			  (v[K_DROPPED].number ? TASK_DROPPED : 0) |
			  (v[K_FATAL].number ? TASK_FATAL : 0));
}

static void put_numbers(struct task *t, const struct value *v)
{
	t->attempt = (uint32_t)v[K_ATTEMPT].number;
	t->retry_count = (uint16_t)v[K_RETRIES].number;
	t->reassign_count = (uint16_t)v[K_REASSIGNS].number;
	t->created_ms = v[K_CREATED].number;
	t->queued_ms = v[K_QUEUED].number;
	t->started_ms = v[K_STARTED].number;
	t->ended_ms = v[K_ENDED].number;
	t->retry_at_ms = v[K_RETRY_AT].number;
	t->exit_code = (int32_t)v[K_EXIT].number;
	t->signal = (uint8_t)v[K_SIGNAL].number;
	t->duration_ms = (uint32_t)v[K_DURATION].number;
	t->cpu_ms = (uint32_t)v[K_CPU].number;
	t->peak_kb = (uint32_t)v[K_PEAK].number;
	t->last_seq = (uint64_t)v[K_SEQ].number;
}

/* What no life can be: apply would trip over it later. Returns NULL, or what contradicts. */
static const char *task_contradiction(const struct state *st, const struct task *t, uint32_t worker)
{
	bool with_worker =
		t->state == TASK_QUEUED || t->state == TASK_RUNNING || t->state == TASK_VALIDATING;
	bool unlinked = st->ws[t->ws].state == WS_PLANNED;

	if (worker == NO_ID ? t->state == TASK_RUNNING
			    : !with_worker || st->workers[worker].state == WORKER_SHUTDOWN)
		return "state and worker contradict each other for task";
	if (t->flags & (TASK_CANCELLING | TASK_RESTORE) && worker == NO_ID)
		return "nobody is left to end task";
	if (t->flags & TASK_WAIVES && t->state != TASK_CANCELLED && !(t->flags & TASK_CANCELLING))
		return "waives without being cancelled: task";
	if (t->flags & TASK_FATAL && t->state != TASK_FAILED)
		return "fatal without having failed: task";
	if (unlinked && t->state != TASK_PENDING && t->state != TASK_CANCELLED &&
	    t->state != TASK_COMPLETED)
		return "at work before its workstream is ready: task";
	return NULL;
}

/* Where the task stands with a worker and with resources. */
static void place_task(struct decoder *d, uint32_t task, struct span worker_id)
{
	struct state *st = d->st;
	struct task *t = &st->tasks[task];
	uint32_t worker = state_worker(st, worker_id);
	const char *problem = task_contradiction(st, t, worker);
	struct worker *w;

	if (worker_id.len && worker == NO_ID)
		problem = "unknown worker of task";
	if (problem) {
		decoder_fail(d, problem, t->id);
		return;
	}
	if (worker == NO_ID && t->state != TASK_VALIDATING)
		return;
	for (uint8_t i = 0; i < t->resource_count; i++) {
		struct resource *r = &st->resources[t->resources[i].resource];

		mem_grow(&r->holders, &r->holder_capacity, r->holder_count + 1,
			 sizeof(*r->holders));
		r->holders[r->holder_count++] = task;
		r->held += resource_amount(r, t->resources[i].amount);
	}
	if (worker == NO_ID)
		return;
	w = &st->workers[worker];
	mem_grow(&w->tasks, &w->task_capacity, w->assigned + 1u, sizeof(*w->tasks));
	w->tasks[w->assigned++] = task;
	t->worker = worker;
	st->ws[t->ws].assigned++;
}

void read_task(struct decoder *d, struct span id)
{
	struct task t = { .worker = NO_ID, .heap_at = NO_ID, .waits_for = NO_RESOURCE };
	const struct value *v = d->task;
	struct state *st = d->st;
	struct workstream *w;
	char why[200] = "";
	uint32_t index = (uint32_t)st->task_count;
	int state;

	t.id = arena_copy(&st->text, id);
	map_prefetch(&st->task_ids, id); /* needed after the members, which take longer to read */
	read_members_again(d, task_members, K_COUNT, d->task, &d->task_filled);
	if (d->s.error)
		return;
	t.ws = state_ws(st, v[K_WS].text.raw);
	state = task_state_decode(v[K_STATE].text.raw);
	if (t.ws == NO_ID || state < 0 || !id_valid(id) || index == TASKS_MAX ||
	    !map_add(&st->task_ids, t.id, index)) {
		decoder_fail(d, "unusable, unknown workstream or state of, or second, task", id);
		return;
	}
	if (task_define(st, &t, v[K_DEF].text.raw, why) < 0) {
		decoder_fail(d, why, id);
		return;
	}
	if (needs_check(v[K_NEEDS].text.raw) < 0) {
		decoder_fail(d, "unreadable or repeated needs of task", id);
		return;
	}
	t.state = (uint8_t)state;
	t.name = v[K_NAME].text.raw.p ? keep_text(d, v[K_NAME].text) : t.id;
	t.needs_raw = v[K_NEEDS].text.raw.p ? v[K_NEEDS].text.raw : SPAN_LIT("[]");
	if (st->ws[t.ws].state == WS_PLANNED) /* others are linked before the text goes away */
		t.needs_raw = arena_copy(&st->text, t.needs_raw);
	t.flags |= task_flag_bits(v);
	if (v[K_TIMEOUT].number) {
		t.timeout_ms = (uint32_t)v[K_TIMEOUT].number;
		t.flags |= TASK_TIMEOUT_SET;
	}
	put_numbers(&t, v);
	t.reason = keep_text(d, v[K_REASON].text);
	t.error = keep_text(d, v[K_ERROR].text);
	t.outputs = arena_copy(&st->text, v[K_OUTPUTS].text.raw);
	st->outputs_bytes += t.outputs.len;
	mem_grow(&st->tasks, &st->task_capacity, st->task_count + 1, sizeof(t));
	memcpy(&st->tasks[st->task_count++], &t, sizeof(t));
	w = &st->ws[t.ws];
	mem_grow(&w->tasks, &w->task_capacity, w->task_count + 1, sizeof(*w->tasks));
	w->tasks[w->task_count++] = index;
	w->by_state[t.state]++;
	w->critical_failed += (t.flags & TASK_FATAL) != 0;
	w->waived += t.state == TASK_CANCELLED && t.flags & TASK_WAIVES;
	place_task(d, index, v[K_WORKER].text.raw);
	if (v[K_WAIVED].text.raw.p) {
		mem_grow(&d->waived, &d->waived_capacity, d->waived_count + 1, sizeof(*d->waived));
		d->waived[d->waived_count++] = (struct waived_list){ index, v[K_WAIVED].text.raw };
	}
}
