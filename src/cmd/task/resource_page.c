/* Who waits stands nowhere on disk, because it follows from the rest: a queued task that no worker
 * has and whose share does not fit. The order is that of the ready queue. */
#include "cmd/task/resource_page.h"

#include <stdlib.h>

#include "base/when.h"
#include "cmd/fit.h"
#include "cmd/next.h"
#include "cmd/task/story.h"

#define WAITERS_SHOWN 20

static const struct task_need_resource *share_of(const struct task *t, uint32_t resource)
{
	for (uint8_t i = 0; i < t->resource_count; i++)
		if (t->resources[i].resource == resource)
			return &t->resources[i];
	return NULL;
}

static int by_urgency(const void *a, const void *b, void *ctx)
{
	const struct state *st = ctx;
	const struct task *x = &st->tasks[*(const uint32_t *)a];
	const struct task *y = &st->tasks[*(const uint32_t *)b];

	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	if (x->rank_ms != y->rank_ms)
		return x->rank_ms > y->rank_ms ? -1 : 1;
	if (x->queued_ms != y->queued_ms)
		return x->queued_ms < y->queued_ms ? -1 : 1;
	return span_compare(x->id, y->id);
}

size_t resource_waiters(const struct state *st, uint32_t resource, uint32_t **out)
{
	size_t count = 0, capacity = 0;

	*out = NULL;
	for (uint32_t i = 0; i < st->task_count; i++) {
		const struct task *t = &st->tasks[i];
		const struct task_need_resource *share = share_of(t, resource);

		if (task_gone(t) || t->state != TASK_QUEUED || t->worker != NO_ID || !share ||
		    resource_fits(&st->resources[resource], share->amount))
			continue;
		mem_grow(out, &capacity, count + 1, sizeof(**out));
		(*out)[count++] = i;
	}
	if (count)
		qsort_r(*out, count, sizeof(**out), by_urgency, (void *)(uintptr_t)st);
	return count;
}

/* Since when it holds its share: from its start; before, it was only promised to it. */
static void put_holder(struct cmd_ctx *c, struct table *t, uint32_t task)
{
	CLEANUP(buf_release) struct buf since = BUF_INIT;
	const struct task *k = &c->view->st.tasks[task];

	if (k->started_ms && k->state != TASK_QUEUED) {
		buf_puts(&since, "for ");
		buf_put_duration(&since, c->now_ms - k->started_ms);
		buf_puts(&since, ", since ");
		buf_put_when(&since, k->started_ms);
		buf_puts(&since, " UTC");
	} else {
		buf_puts(&since, "given to it, not started yet");
	}
	table_cell(t, STYLE_PLAIN, "held by");
	table_span(t, STYLE_PLAIN, k->id);
	table_cell(t, story_style(k->state), "%s", task_state_word(k->state));
	table_cell(t, STYLE_PLAIN, "%s", since.p);
}

static void put_waiter(struct cmd_ctx *c, struct table *t, uint32_t task, size_t place)
{
	CLEANUP(buf_release) struct buf since = BUF_INIT;
	const struct task *k = &c->view->st.tasks[task];

	buf_put_duration(&since, c->now_ms - k->queued_ms);
	table_cell(t, STYLE_PLAIN, "%zu in line", place);
	table_span(t, STYLE_PLAIN, k->id);
	table_cell(t, story_style(k->state), "%s", task_state_word(k->state));
	table_cell(t, STYLE_PLAIN, "for %s", since.p);
}

static void put_head(struct cmd_ctx *c, const struct resource *r)
{
	CLEANUP(buf_release) struct buf since = BUF_INIT;

	out_visible(c->out, r->id);
	if (r->limit)
		out_putf(c->out, ": %llu of %u held", (unsigned long long)r->held, r->limit);
	else
		out_putf(c->out, ": %llu held, no limit", (unsigned long long)r->held);
	if (r->exhausted_ms) {
		buf_put_duration(&since, c->now_ms - r->exhausted_ms);
		out_puts(c->out, ", ");
		out_style(c->out, STYLE_BAD, "exhausted");
		out_putf(c->out, " for %s", since.p);
	}
	out_puts(c->out, "\n");
}

void resource_put_text(struct cmd_ctx *c, uint32_t resource)
{
	CLEANUP(table_release) struct table t = TABLE_INIT(4);
	CLEANUP(mem_free) uint32_t *waiters = NULL;
	const struct resource *r = &c->view->st.resources[resource];
	size_t count = resource_waiters(&c->view->st, resource, &waiters);

	put_head(c, r);
	for (size_t i = 0; i < r->holder_count; i++)
		put_holder(c, &t, r->holders[i]);
	for (size_t i = 0; i < count && i < WAITERS_SHOWN; i++)
		put_waiter(c, &t, waiters[i], i + 1);
	fit_table(&t, c->out, 2);
	if (count > WAITERS_SHOWN)
		out_putf(c->out, "  and %zu more in line: sk task list --state queued\n",
			 count - WAITERS_SHOWN);
}

static void task_json(struct json *j, const struct task *t, uint32_t resource, const char *key,
		      int64_t since_ms)
{
	const struct task_need_resource *share = share_of(t, resource);

	json_object(j, NULL);
	json_span(j, "task_id", t->id);
	json_text(j, "state", task_state_word(t->state));
	json_u64(j, "amount", share ? share->amount : 0);
	json_time(j, key, since_ms);
	json_object_end(j);
}

void resource_put_json(struct cmd_ctx *c, struct json *j, uint32_t resource)
{
	CLEANUP(mem_free) uint32_t *waiters = NULL;
	const struct state *st = &c->view->st;
	const struct resource *r = &st->resources[resource];
	size_t count = resource_waiters(st, resource, &waiters);

	json_span(j, "resource_id", r->id);
	json_u64(j, "max_holders", r->limit);
	json_u64(j, "held", r->held);
	json_time(j, "exhausted_since", r->exhausted_ms);
	json_array(j, "holders");
	for (size_t i = 0; i < r->holder_count; i++) {
		const struct task *t = &st->tasks[r->holders[i]];

		task_json(j, t, resource, "since", t->state == TASK_QUEUED ? 0 : t->started_ms);
	}
	json_array_end(j);
	json_array(j, "waiters");
	for (size_t i = 0; i < count; i++)
		task_json(j, &st->tasks[waiters[i]], resource, "queued_at",
			  st->tasks[waiters[i]].queued_ms);
	json_array_end(j);
}

void resource_put_next(const struct state *st, uint32_t resource, struct buf *commands)
{
	CLEANUP(mem_free) uint32_t *waiters = NULL;
	const struct resource *r = &st->resources[resource];

	if (!resource_waiters(st, resource, &waiters))
		return;
	next_add(commands, "sk resource limit --resource-id %.*s --max-holders %u", SPAN_ARG(r->id),
		 r->limit + 1);
	if (r->holder_count)
		next_add(commands, "sk task cancel --task-id %.*s",
			 SPAN_ARG(st->tasks[r->holders[0]].id));
}
