/*
 * The order of the questions matters: what only a person can change comes first (something failed,
 * no worker can do it), then what passes by itself. A reader acts on the first thing that is said.
 */
#include "cmd/task/story.h"

#include "base/when.h"
#include "core/decide.h"
#include "core/link.h"
#include "core/schedule.h"

#define BAD_OUTPUT "exit code 65: SK_OUTPUT: " /* recorded when SK_OUTPUT cannot be used */
#define BAD_OUTPUT_AT strlen("exit code 65: ")
#define NAMES_MAX 3 /* named one by one; then "and 4 more" */

const char *story_cause_word(enum story_cause cause)
{
	static const char *const words[] = { "none",       "task",   "blocked", "resource",
					     "capability", "slot",   "run",     "retry_at",
					     "cycle",      "paused", "ended" };

	return words[cause];
}

enum style story_style(unsigned state)
{
	switch (state) {
	case TASK_COMPLETED:
		return STYLE_GOOD;
	case TASK_FAILED:
		return STYLE_BAD;
	case TASK_RETRYING:
	case TASK_CANCELLED:
		return STYLE_WARN;
	default:
		return STYLE_PLAIN;
	}
}

static bool lost(const struct task *t)
{
	return t->state == TASK_FAILED || t->state == TASK_CANCELLED;
}

uint32_t story_root(const struct state *st, uint32_t task)
{
	for (size_t steps = 0; steps < st->task_count; steps++) {
		const struct task *t = &st->tasks[task];
		uint32_t next = NO_ID;

		for (uint32_t i = 0; i < t->needs_count; i++) {
			uint32_t need = t->needs[i] & ~WAIVED;

			if (need_met(st, t->needs[i]))
				continue;
			if (lost(&st->tasks[need]))
				return need;
			if (st->tasks[need].flags & TASK_BLOCKED)
				next = need;
		}
		if (next == NO_ID)
			return NO_ID;
		task = next;
	}
	return NO_ID;
}

/* The unmet need that says most: one that will not come by itself, then one that runs. */
static uint32_t telling_need(const struct state *st, const struct task *t)
{
	static const uint8_t rank[TASK_STATE_COUNT] = {
		[TASK_CANCELLED] = 5, [TASK_RUNNING] = 4, [TASK_VALIDATING] = 4,
		[TASK_RETRYING] = 3,  [TASK_QUEUED] = 2,  [TASK_PENDING] = 1
	};
	uint32_t best = NO_ID;

	for (uint32_t i = 0; i < t->needs_count; i++) {
		uint32_t need = t->needs[i] & ~WAIVED;

		if (need_met(st, t->needs[i]))
			continue;
		if (best == NO_ID || rank[st->tasks[need].state] > rank[st->tasks[best].state])
			best = need;
	}
	return best;
}

static struct story pending_story(const struct state *st, uint32_t task)
{
	const struct task *t = &st->tasks[task];
	uint32_t other;

	if (t->flags & TASK_BLOCKED) {
		other = story_root(st, task);
		return (struct story){ CAUSE_BLOCKED, other, SPAN_NONE };
	}
	if (st->ws[t->ws].flags & WSF_HALTED)
		return (struct story){ CAUSE_HALTED, NO_ID, SPAN_NONE };
	other = telling_need(st, t);
	if (other != NO_ID)
		return (struct story){ lost(&st->tasks[other]) ? CAUSE_BLOCKED : CAUSE_TASK, other,
				       SPAN_NONE };
	return (struct story){ CAUSE_RUN, NO_ID, SPAN_NONE };
}

static struct story cancelled_story(const struct state *st, const struct task *t)
{
	uint32_t first = span_is(t->reason, CRITICAL_FAILED_REASON)
				 ? story_fatal(st, &st->ws[t->ws])
				 : NO_ID;

	return (struct story){ first == NO_ID ? CAUSE_NONE : CAUSE_ENDED, first, SPAN_NONE };
}

/* What no live worker offers of what the task wants, or SPAN_NONE. */
static struct span nobody_offers(const struct state *st, const struct task *t)
{
	struct span missing = SPAN_NONE;

	if (!(t->flags & TASK_NEEDS_CAPABILITY))
		return SPAN_NONE;
	for (size_t i = 0; i < st->worker_count; i++) {
		if (st->workers[i].state == WORKER_SHUTDOWN)
			continue;
		missing = capability_missing(st->workers[i].capabilities, t->def);
		if (!missing.len)
			return SPAN_NONE;
	}
	return missing.len ? missing : capability_missing(SPAN_LIT("[]"), t->def);
}

static struct story queued_story(const struct view *v, uint32_t task)
{
	const struct state *st = &v->st;
	const struct task *t = &st->tasks[task];
	struct span missing;

	if (t->worker != NO_ID &&
	    (v->alive || view_worker_life(&st->workers[t->worker]) != WORKER_GONE))
		return (struct story){ CAUSE_SLOT, NO_ID, SPAN_NONE };
	if (!v->alive)
		return (struct story){ CAUSE_RUN, NO_ID, SPAN_NONE };
	missing = nobody_offers(st, t);
	if (missing.len)
		return (struct story){ CAUSE_CAPABILITY, NO_ID, missing };
	for (uint8_t i = 0; i < t->resource_count; i++)
		if (!resource_fits(&st->resources[t->resources[i].resource],
				   t->resources[i].amount))
			return (struct story){ CAUSE_RESOURCE, t->resources[i].resource,
					       SPAN_NONE };
	return (struct story){ CAUSE_SLOT, NO_ID, SPAN_NONE };
}

static struct story waiting_story(const struct view *v, uint32_t task)
{
	switch (v->st.tasks[task].state) {
	case TASK_PENDING:
		return pending_story(&v->st, task);
	case TASK_QUEUED:
		return queued_story(v, task);
	default:
		return (struct story){ v->alive ? CAUSE_TIME : CAUSE_RUN, NO_ID, SPAN_NONE };
	}
}

struct story story_find(const struct view *v, uint32_t task)
{
	struct story s;

	switch (v->st.tasks[task].state) {
	case TASK_PENDING:
	case TASK_QUEUED:
	case TASK_RETRYING:
		s = waiting_story(v, task);
		if (view_paused(v) &&
		    (s.cause == CAUSE_SLOT || s.cause == CAUSE_RUN || s.cause == CAUSE_TIME))
			s = (struct story){ CAUSE_PAUSED, NO_ID, SPAN_NONE };
		return s;
	case TASK_CANCELLED:
		return cancelled_story(&v->st, &v->st.tasks[task]);
	default:
		return (struct story){ CAUSE_NONE, NO_ID, SPAN_NONE };
	}
}

struct span story_error_head(struct span error, struct span *rest)
{
	static const char *const kinds[] = { "exit code ", "killed by ", "timed out " };
	const char *colon = error.len ? memmem(error.p, error.len, ": ", 2) : NULL;
	size_t len = colon ? (size_t)(colon - error.p) : error.len;

	*rest = SPAN_NONE;
	/* The command did its part; only what it left behind was wrong. */
	if (span_starts(error, BAD_OUTPUT))
		return (struct span){ error.p + BAD_OUTPUT_AT, error.len - BAD_OUTPUT_AT };
	for (size_t i = 0; colon && i < ARRAY_LEN(kinds); i++) {
		if (!span_starts(error, kinds[i]))
			continue;
		*rest = (struct span){ colon + 2, error.len - len - 2 };
		return (struct span){ error.p, len };
	}
	return error;
}

void story_put_outcome(struct span error, int64_t exit_code, uint64_t signal, struct buf *out)
{
	struct span rest;

	if (error.len)
		story_put_first_line(story_error_head(error, &rest), out);
	else if (signal)
		buf_putf(out, "killed by signal %u", (unsigned)signal);
	else if (exit_code)
		buf_putf(out, "exit code %lld", (long long)exit_code);
	else
		buf_puts(out, "no reason was recorded");
}

void story_put_first_line(struct span text, struct buf *out)
{
	size_t len = 0;

	while (len < text.len && text.p[len] != '\n')
		len++;
	buf_put_visible(out, (struct span){ text.p, len });
}

void story_put_attempt(const struct task *t, struct buf *out)
{
	uint32_t most = 1u + t->retries + t->reassign_count;

	/* An operator's retry begins to count anew, but attempts keep their numbers. */
	if (t->attempt > most)
		buf_putf(out, "attempt %u", t->attempt);
	else
		buf_putf(out, "attempt %u of %u", t->attempt, most);
}

static void put_names(const struct state *st, const struct task *t, struct buf *out)
{
	unsigned unmet = 0, named = 0;

	for (uint32_t i = 0; i < t->needs_count; i++)
		unmet += !need_met(st, t->needs[i]);
	for (uint32_t i = 0; i < t->needs_count && named < NAMES_MAX; i++) {
		if (need_met(st, t->needs[i]))
			continue;
		if (named)
			buf_puts(out, named + 1 == unmet ? " and " : ", ");
		buf_put(out, st->tasks[t->needs[i] & ~WAIVED].id.p,
			st->tasks[t->needs[i] & ~WAIVED].id.len);
		named++;
	}
	if (unmet > named)
		buf_putf(out, " and %u more", unmet - named);
}

static void put_resource(const struct state *st, uint32_t index, int64_t now_ms, struct buf *out)
{
	const struct resource *r = &st->resources[index];
	const struct task *holder;

	buf_putf(out, "waits for %.*s", SPAN_ARG(r->id));
	if (r->holder_count == 0)
		return;
	holder = &st->tasks[r->holders[0]];
	buf_putf(out, ", held by %.*s", SPAN_ARG(holder->id));
	if (r->holder_count > 1)
		buf_putf(out, " and %zu more", r->holder_count - 1);
	if (holder->started_ms && holder->state == TASK_RUNNING) {
		buf_puts(out, " for ");
		buf_put_duration(out, now_ms - holder->started_ms);
	}
}

static void put_slot(const struct state *st, const struct task *t, struct buf *out)
{
	const struct workstream *w = &st->ws[t->ws];

	if (t->worker != NO_ID)
		buf_putf(out, "next in line at worker %.*s", SPAN_ARG(st->workers[t->worker].id));
	else if (w->max_parallel && w->assigned >= w->max_parallel)
		buf_putf(out, "waits for a free slot: %.*s runs at most %u at once",
			 SPAN_ARG(w->id), w->max_parallel);
	else
		buf_puts(out, "waits for a free slot");
}

static void put_blocked(const struct view *v, uint32_t root, struct buf *out)
{
	const struct state *st = &v->st;

	if (root == NO_ID)
		buf_puts(out, "cannot run: something it needs did not succeed");
	else
		buf_putf(out, "%s %.*s, which %s",
			 !v->alive && st->tasks[root].state == TASK_CANCELLED ? "waits for"
									      : "cannot run: needs",
			 SPAN_ARG(st->tasks[root].id),
			 st->tasks[root].state == TASK_FAILED ? "failed" : "was cancelled");
}

static void put_waiting(const struct view *v, uint32_t task, int64_t now_ms, struct buf *out)
{
	const struct state *st = &v->st;
	const struct task *t = &st->tasks[task];
	struct story s = story_find(v, task);

	switch (s.cause) {
	case CAUSE_BLOCKED:
		put_blocked(v, s.other, out);
		break;
	case CAUSE_TASK:
		buf_puts(out, "waits for ");
		put_names(st, t, out);
		break;
	case CAUSE_RESOURCE:
		put_resource(st, s.other, now_ms, out);
		break;
	case CAUSE_CAPABILITY:
		buf_puts(out, "no worker offers ");
		buf_put_visible(out, s.detail);
		break;
	case CAUSE_SLOT:
		put_slot(st, t, out);
		break;
	case CAUSE_PAUSED:
		buf_puts(out, "the orchestrator is paused until: sk daemon release");
		break;
	case CAUSE_HALTED:
		buf_puts(out, "cannot run: its workstream has a dependency cycle");
		break;
	case CAUSE_RUN:
	case CAUSE_TIME:
	case CAUSE_ENDED:
	case CAUSE_NONE:
		/* A run starts what was handed to it; what an earlier one left waits for its own.
		 */
		buf_puts(out, v->alive && strcmp(v->holder.command, "sk run") != 0
				      ? "waits for its turn"
				      : "waits for the plan to be run again");
		break;
	}
}

static void put_retrying(const struct view *v, const struct task *t, int64_t now_ms,
			 struct buf *out)
{
	story_put_outcome(t->error, t->exit_code, t->signal, out);
	if (view_paused(v)) {
		buf_puts(out, "; tries again behind: sk daemon release");
	} else if (!v->alive) {
		buf_puts(out, "; tries again when the plan is run again");
	} else {
		buf_puts(out, "; tries again in ");
		buf_put_duration(out, t->retry_at_ms > now_ms ? t->retry_at_ms - now_ms : 0);
	}
	buf_putf(out, " (retry %u of %u)", t->retry_count, t->retries);
}

static void put_running(const struct view *v, const struct task *t, int64_t now_ms, struct buf *out)
{
	bool gone =
		t->worker != NO_ID && view_worker_life(&v->st.workers[t->worker]) == WORKER_GONE;

	if (gone && !v->alive) {
		buf_puts(out, "its worker ended; runs again with the plan, no retry used");
		return;
	}
	buf_puts(out, t->flags & TASK_CANCELLING ? "is being ended, " : "");
	buf_puts(out, "for ");
	buf_put_duration(out, now_ms - t->started_ms);
	buf_puts(out, ", ");
	story_put_attempt(t, out);
}

static void put_cancelled(const struct state *st, const struct task *t, struct buf *out)
{
	struct story s = cancelled_story(st, t);

	if (t->flags & TASK_DROPPED)
		buf_puts(out, "no longer in the plan");
	if (s.other != NO_ID) {
		story_put_fatal(&st->tasks[s.other], out);
		return;
	}
	if (t->reason.len) {
		buf_puts(out, t->flags & TASK_DROPPED ? ": " : "");
		story_put_first_line(t->reason, out);
	}
}

static void put_ended(const struct task *t, struct buf *out)
{
	if (t->state == TASK_COMPLETED && t->flags & TASK_SKIPPED) {
		buf_puts(out, "skipped by an operator");
	} else if (t->state == TASK_COMPLETED) {
		buf_puts(out, "took ");
		buf_put_duration(out, t->duration_ms);
		if (t->attempt > 1)
			buf_putf(out, ", %u attempts", t->attempt);
	} else if (t->state == TASK_FAILED) {
		story_put_outcome(t->error, t->exit_code, t->signal, out);
		if (t->attempt > 1)
			buf_putf(out, ", %u attempts", t->attempt);
	}
	if (t->reason.len && t->flags & TASK_SKIPPED) {
		buf_puts(out, ": ");
		story_put_first_line(t->reason, out);
	}
}

void story_put(const struct view *v, uint32_t task, int64_t now_ms, struct buf *out)
{
	const struct task *t = &v->st.tasks[task];

	switch (t->state) {
	case TASK_PENDING:
	case TASK_QUEUED:
		put_waiting(v, task, now_ms, out);
		break;
	case TASK_RUNNING:
		put_running(v, t, now_ms, out);
		break;
	case TASK_VALIDATING:
		buf_puts(out, "done, its checks run");
		break;
	case TASK_RETRYING:
		put_retrying(v, t, now_ms, out);
		break;
	case TASK_CANCELLED:
		put_cancelled(&v->st, t, out);
		break;
	default:
		put_ended(t, out);
	}
}
