/*
 * What a step of the loop finds, and what it sets going. Which agents are at work is asked of the
 * store at each step, by identity, so an agent is never started twice, neither by two loops (there
 * is one lock) nor by one that was killed and begun again. The store is closed while an agent
 * starts.
 */
#include "cmd/goal/goal_loop_impl.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/when.h"
#include "core/agent_turn.h"
#include "core/goal_progress.h"
#include "core/tentacle_run.h"
#include "core/tentacle_work.h"
#include "core/todo.h"
#include "os/clock.h"

int goal_loop_open(struct goal_loop *l, unsigned flags, struct goal_store **s,
		   const struct goal **g, struct err *e)
{
	int rc;

	l->c->now_ms = clock_wall_ms(&clock_real);
	rc = goals_open(l->c, flags, s, e);
	return rc < 0 ? rc : goal_store_goal(*s, l->goal_id, g, e);
}

/* One that was ordered and has not begun: its task may wait, or was never handed over. */
static bool ordered(const struct tentacle *t)
{
	return t->status == TENTACLE_DISPATCHED && t->owner.nonce.len;
}

/* Its task may be run again by itself: when the worker was what died. */
static bool lost(const struct tentacle *t)
{
	return t->status == TENTACLE_LOST && t->owner.nonce.len;
}

/* Its hand-off is there, and its agent has not ended yet. */
static bool ending(const struct tentacle *t)
{
	return t->owner.nonce.len &&
	       (t->status == TENTACLE_HANDED_OFF || t->status == TENTACLE_PARKED ||
		t->status == TENTACLE_COMPLETED);
}

static void trouble(struct goal_loop *l, const struct tentacle *t, const char *what)
{
	buf_putf(&l->trouble, "tentacle \"%.*s\": %s%c", SPAN_ARG(t->name), what, 0);
}

/* Whether its agent is a process of ours, or will be. */
static bool watched_over(const struct tentacle *t)
{
	return t->status == TENTACLE_RUNNING || ordered(t) || ending(t);
}

static void name_it(struct buf *names, struct span name)
{
	buf_putf(names, "%.*s%c", SPAN_ARG(name), 0);
}

static void tell_parked(struct goal_loop *l, const struct tentacle *t)
{
	CLEANUP(buf_release) struct buf when = BUF_INIT;

	if (t->parked.held || !t->parked.due_ms) {
		goal_loop_tell(l, t->name,
			       "parked (%.*s) until a person releases it: sk retry-queue release "
			       "%.*s",
			       SPAN_ARG(t->parked.kind), SPAN_ARG(t->name));
		return;
	}
	buf_put_when(&when, t->parked.due_ms);
	goal_loop_tell(l, t->name, "parked (%.*s) until %s UTC", SPAN_ARG(t->parked.kind), when.p);
}

/* Counts one tentacle by who works on it. */
static void count(struct goal_loop *l, const struct tentacle *t, enum standing s)
{
	bool resolved = t->status == TENTACLE_HANDED_OFF && s == STANDING_RESOLVED;

	l->open += !standing_closes(s) || resolved; /* one that is resolved is completed next */
	l->parked += s == STANDING_PARKED;
	l->unrecorded |= resolved && !t->owner.nonce.len && !(l->merges && tentacle_unmerged(t));
	if (s == STANDING_PARKED)
		tell_parked(l, t);
	if (watched_over(t)) {
		if (!l->looked && t->status == TENTACLE_RUNNING)
			goal_loop_tell(l, t->name, "goes on (sk logs -f %.*s)",
				       SPAN_ARG(t->task_id));
		l->at_work++;
		name_it(&l->agents_at_work, t->name);
	} else if (s == STANDING_ACTIVE || s == STANDING_DISPATCHED) {
		l->by_hand++;
		name_it(&l->hands, t->name);
		goal_loop_tell(l, t->name,
			       "%s: it is in somebody's hands, the loop waits for the hand-off",
			       tentacle_state_word(t->status));
	}
}

/* One whose agent failed: at once, or when its pause is over. */
static void again(struct goal_loop *l, const struct tentacle *t, struct buf *ready)
{
	CLEANUP(buf_release) struct buf how = BUF_INIT, when = BUF_INIT;
	int64_t at_ms = tentacle_run_again(t, l->pause_ms);

	tentacle_run_put(t, &how);
	if (at_ms > l->c->now_ms) {
		buf_put_when(&when, at_ms);
		if (!l->again_ms || at_ms < l->again_ms)
			l->again_ms = at_ms;
	} else {
		name_it(ready, t->name);
	}
	if (t->run.failures)
		goal_loop_tell(l, t->name, "%s (%llu of %d)%s%s%s", how.p,
			       (unsigned long long)t->run.failures, AGENT_ATTEMPTS_MAX,
			       when.len ? "; it starts again at " : "", when.len ? when.p : "",
			       when.len ? " UTC" : "");
}

/* What is to be started is named in *ready, with a NUL behind it; what needs a person in
 * l->trouble. */
static void look_at(struct goal_loop *l, const struct goals *all, struct span name,
		    struct buf *ready)
{
	const struct tentacle *t = goals_tentacle(all, name);
	enum standing s = tentacle_standing(all, name);
	CLEANUP(buf_release) struct buf why = BUF_INIT;

	if (!t)
		return;
	count(l, t, s);
	if (tentacle_put_trouble(t, &why))
		trouble(l, t, why.p);
	else if (s == STANDING_FAILED_NEEDS)
		trouble(l, t, "what it depends on did not succeed");
	else if (s == STANDING_STOPPED && t->ended_ms >= l->begun_ms)
		trouble(l, t, "somebody ended its agent");
	else if (s == STANDING_READY)
		name_it(ready, name);
	else if (s == STANDING_AWAITING_HANDOFF || s == STANDING_FAILED || s == STANDING_STOPPED ||
		 (s == STANDING_LOST && !t->owner.nonce.len))
		again(l, t, ready);
}

static void begin_counting(struct goal_loop *l)
{
	l->at_work = l->by_hand = l->parked = l->open = 0;
	l->unrecorded = false;
	l->again_ms = 0;
	l->unmerged = false;
	buf_truncate(&l->trouble, 0);
	buf_put(&l->trouble, l->stuck_why.p, l->stuck_why.len);
	buf_truncate(&l->hands, 0);
	buf_truncate(&l->agents_at_work, 0);
}

static bool unmerged(const struct goal_loop *l, const struct goals *all, const struct goal *g)
{
	const struct iteration *its = g->iterations.v;

	for (size_t i = 0; i < g->iterations.count; i++)
		for (size_t k = 0; k < its[i].tentacles.count; k++) {
			const struct tentacle *t = goals_tentacle(all, its[i].tentacles.v[k]);

			if (t && goal_loop_may_merge(l, t))
				return true;
		}
	return false;
}

/* What there is: fills the counts and the names that may be started. */
int goal_loop_look(struct goal_loop *l, struct buf *ready, struct buf *watched, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	const struct goals *all;
	const struct iteration *now;
	const struct goal *g;
	int rc = goal_loop_open(l, 0, &s, &g, e);

	if (rc < 0)
		return rc;
	all = goal_store_goals(s);
	now = goal_iteration(g, g->iteration);
	begin_counting(l);
	for (size_t i = 0; now && i < now->tentacles.count; i++) {
		const struct tentacle *t = goals_tentacle(all, now->tentacles.v[i]);

		look_at(l, all, now->tentacles.v[i], ready);
		if (t && (t->status == TENTACLE_RUNNING || ordered(t) ||
			  (lost(t) && !tentacle_run_given_up(t))))
			name_it(watched, t->name);
	}
	l->unmerged = l->merges && unmerged(l, all, g);
	l->looked = true;
	l->due = agent_due(all, l->c->now_ms, &l->due_ms) != NULL;
	l->over = agent_budget_spent(g, l->c->now_ms);
	l->seq = goal_store_state(s)->last_seq;
	return g->status;
}

static int receipt_of(struct goal_loop *l, const char *name, struct agent_receipt *r, bool *gone,
		      bool *waits, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	const struct tentacle *t;
	int rc = goals_open(l->c, 0, &s, e);

	if (rc == 0)
		rc = goal_store_tentacle(s, name, &t, e);
	if (rc < 0)
		return rc;
	snprintf(r->nonce, sizeof(r->nonce), "%.*s", SPAN_ARG(t->owner.nonce));
	agent_task_name(t->name, r->task);
	*gone = lost(t);
	*waits = ordered(t);
	return 0;
}

/*
 * Whether the tasks go on is asked at each step, for the orchestrator may have been killed. One
 * that is lost and does not begin again by itself is ready; so is an order whose task nobody has.
 */
int goal_loop_watch(struct goal_loop *l, const struct buf *watched, struct buf *ready,
		    struct err *e)
{
	for (size_t at = 0; at < watched->len; at += strlen(watched->p + at) + 1) {
		struct agent_receipt r = { .again = true };
		unsigned before = l->handed;
		bool gone, waits;
		int rc = receipt_of(l, watched->p + at, &r, &gone, &waits, e);

		if (rc == 0)
			rc = agent_look(l->c, watched->p + at, &r, &l->handed, e);
		if (rc > 0 && l->handed == before)
			l->handed = 0; /* somebody is at work */
		if (rc < 0)
			return rc;
		if (rc > 0 && gone) {
			l->at_work++;
			name_it(&l->agents_at_work, span_of(watched->p + at));
		}
		if (rc > 0 || (!gone && !waits))
			continue;
		l->at_work -= waits;
		buf_putf(ready, "%s%c", watched->p + at, 0);
	}
	return 0;
}

/* A refusal that time or another agent takes away, or that the next step tells better. */
static bool passes(int rc)
{
	return rc == -SK_EBUSY || rc == -SK_EPARKED || rc == -SK_EBUDGET;
}

int goal_loop_start(struct goal_loop *l, const struct buf *ready, struct err *e)
{
	buf_truncate(&l->blocked, 0);
	l->ready = 0;
	for (size_t at = 0; at < ready->len; at += strlen(ready->p + at) + 1) {
		const struct agent_wish wish = { .name = ready->p + at, .here = l->here };
		struct agent_receipt receipt;
		struct err refused = ERR_INIT;
		int rc;

		l->ready++;
		if (!l->orders || l->at_work >= l->concurrency)
			continue;
		rc = agent_order(l->c, &l->agents, &wish, &receipt, &refused);
		if (rc == 0) {
			l->at_work++;
			name_it(&l->agents_at_work, span_of(wish.name));
			goal_loop_say("%s: started (sk logs -f %s)", wish.name, receipt.task);
		} else if (passes(rc)) {
			buf_truncate(&l->blocked, 0);
			buf_puts(&l->blocked, refused.text);
		} else if (rc == -SK_EREFUSED) {
			buf_putf(&l->trouble, "%s%c", refused.text, 0); /* others go on */
			l->ready--;
		} else {
			return err_set(e, rc, "%s", refused.text);
		}
	}
	return 0;
}

/* What a verification or a parent has against it, a person has to hear of. */
static int complete_one(struct goal_loop *l, struct goal_store *s, struct span name, struct err *e)
{
	const struct texts none = { NULL, 0 };
	struct todo_count count = todo_count(goals_tentacle(goal_store_goals(s), name)->todo);
	size_t open = count.total - count.done;
	int rc = tentacle_complete(goal_store_turn(s), name, 0, &none, &l->words);

	if (rc < 0)
		return goal_store_refused(s, rc == -SK_EWORK ? -SK_EHUMAN : rc, e);
	if (open)
		goal_loop_say("%.*s: done; %zu to-do%s that it left open %s ticked off",
			      SPAN_ARG(name), open, PLURAL(open), open == 1 ? "is" : "are");
	else
		goal_loop_say("%.*s: done", SPAN_ARG(name));
	return 0;
}

/* What was handed off well is completed: its dependents may begin. */
int goal_loop_complete(struct goal_loop *l, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	const struct iteration *now;
	const struct goal *g;
	int rc = goal_loop_open(l, GOALS_WRITE, &s, &g, e);

	if (rc < 0)
		return rc;
	now = goal_iteration(g, g->iteration);
	for (size_t i = 0; rc == 0 && now && i < now->tentacles.count; i++) {
		const struct tentacle *t = goals_tentacle(goal_store_goals(s), now->tentacles.v[i]);

		if (t && t->status == TENTACLE_HANDED_OFF && tentacle_succeeded(t) &&
		    !t->owner.nonce.len && !(l->merges && tentacle_unmerged(t)))
			rc = complete_one(l, s, t->name, e);
	}
	return rc < 0 ? rc : goal_store_commit(s, e);
}

/* Lets one go whose time has come; what comes of it decides about the next. */
int goal_loop_free(struct goal_loop *l, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	CLEANUP(buf_release) struct buf name = BUF_INIT;
	const struct goal *g;
	int rc = goal_loop_open(l, GOALS_WRITE, &s, &g, e);

	if (rc == 0)
		rc = goals_release_due(s, l->c->now_ms, &l->words, &name, &l->due_ms, e);
	if (rc <= 0)
		return rc;
	goal_loop_say("%s: its time has come, it is released", name.p);
	return 0;
}
