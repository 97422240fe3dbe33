/*
 * Every change is a draft handed to the one function that records it. What depends on the world
 * (files, processes, git) was looked at by the command and comes in as values.
 */
#include "core/tentacle_work.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/limits.h"
#include "core/goal_progress.h"
#include "core/state.h"
#include "core/tentacle_run.h"
#include "core/todo.h"

static const struct tentacle *get(const struct turn *t, struct span name)
{
	const struct tentacle *found = goals_tentacle(&t->st->goals, name);

	INVARIANT(found);
	return found;
}

void tentacle_put_todo(struct turn *t, struct tentacle *draft, struct span text)
{
	CLEANUP(buf_release) struct buf hex = BUF_INIT;

	buf_put_hex64(&hex, hash64(draft->todo.p, draft->todo.len, 0));
	draft->todo_was = turn_copy(t, (struct span){ hex.p, hex.len });
	draft->todo = turn_copy(t, text);
}

int tentacle_set_todo(struct turn *t, struct span name, struct span text,
		      const struct goal_words *words)
{
	struct tentacle next = *get(t, name);

	if (span_eq(next.todo, text))
		return 0;
	if (text.len > TODO_BYTES_MAX)
		return turn_refuse(t, -SK_EREFUSED,
				   "tentacles/%.*s/todo.md: would be larger than %d KiB: nothing "
				   "was changed. Try: move what is done into another file",
				   SPAN_ARG(name), TODO_BYTES_MAX / 1024);
	tentacle_put_todo(t, &next, text);
	tentacle_record(t, &next, EV_TENTACLE_TODO, words);
	return 0;
}

/* Who had it has it no more: an order that has not begun is not the newest one any longer. */
static void let_go(struct tentacle *draft)
{
	draft->owner = (struct tentacle_owner){ .pid = 0 };
	draft->task_id = SPAN_NONE;
}

static void forget_beginning(struct tentacle *draft)
{
	draft->started_from = SPAN_NONE;
	draft->changed_before = (struct texts){ NULL, 0 };
}

int tentacle_take_up(struct turn *t, struct span name, const struct goal_words *words)
{
	struct tentacle next = *get(t, name);

	if (next.status == TENTACLE_RUNNING)
		return turn_refuse(t, -SK_EREFUSED,
				   "tentacle \"%.*s\" is running under supervision: nothing was "
				   "changed. Try: sk tentacle status",
				   SPAN_ARG(name));
	let_go(&next);
	tentacle_run_forgive(&next);
	if (next.status == TENTACLE_HANDED_OFF || next.status == TENTACLE_COMPLETED)
		forget_beginning(&next);
	next.resumed_ms = t->now_ms;
	next.completed_ms = 0;
	next.terminal_status = HANDOFF_NONE;
	next.parked.kind = SPAN_NONE;
	next.parked.due_ms = 0;
	next.parked.held = false;
	return tentacle_move(t, &next, ON_TENTACLE_RESUME, words);
}

int tentacle_check_parts(struct turn *t, const struct tentacle *which)
{
	if (!tentacle_divided(&t->st->goals, which))
		return 0;
	return turn_refuse(
		t, -SK_EREFUSED,
		"tentacle \"%.*s\" is divided, and completed with its parts: nothing was "
		"started. Try: sk tentacle dispatch %.*s",
		SPAN_ARG(which->name), SPAN_ARG(which->children.v[0]));
}

struct span tentacle_waits_for(const struct goals *all, const struct tentacle *tentacle)
{
	for (size_t i = 0; i < tentacle->todo_deps.count; i++) {
		const struct tentacle *other = goals_tentacle(all, tentacle->todo_deps.v[i]);

		if (!other || !tentacle_succeeded(other))
			return tentacle->todo_deps.v[i];
	}
	return SPAN_NONE;
}

/* What a prompt would be of no use for: the goal is at its end, or its parts do the work. */
static int check_dispatch(struct turn *t, const struct tentacle *which)
{
	const struct goal *g =
		which->goal_id.len ? goals_find(&t->st->goals, which->goal_id) : NULL;

	if (g && (goal_state_final(g->status) || g->status == GOAL_NEEDS_HUMAN))
		return turn_refuse(t, -SK_EREFUSED,
				   "tentacle \"%.*s\": its goal is %s: nothing was dispatched. "
				   "Try: sk tentacle goal %s",
				   SPAN_ARG(which->name), goal_state_word(g->status),
				   goal_state_final(g->status) ? "list" : "resume");
	return tentacle_check_parts(t, which);
}

void tentacle_begins_at(struct tentacle *draft, bool here)
{
	if (draft->status == TENTACLE_HANDED_OFF || draft->here != here)
		forget_beginning(draft);
	draft->here = here;
}

void tentacle_begins_from(struct turn *t, struct tentacle *draft, const struct tentacle_begin *from)
{
	if (!draft->here || draft->started_from.len || !from->commit.len)
		return;
	draft->started_from = turn_copy(t, from->commit);
	for (size_t i = 0; i < from->changed.count; i++)
		texts_add(goal_arena(t), &draft->changed_before, from->changed.v[i]);
}

int tentacle_dispatch(struct turn *t, struct span name, bool anyway,
		      const struct tentacle_begin *from, const struct goal_words *words)
{
	struct tentacle next = *get(t, name);
	struct span waits = tentacle_waits_for(&t->st->goals, &next);

	if (check_dispatch(t, &next) < 0)
		return -SK_EREFUSED;
	if (next.status == TENTACLE_PARKED)
		return turn_refuse(t, -SK_EPARKED,
				   "tentacle \"%.*s\" is parked (%.*s): nothing was dispatched. "
				   "Try: sk retry-queue release %.*s",
				   SPAN_ARG(name), SPAN_ARG(next.parked.kind), SPAN_ARG(name));
	if (next.status == TENTACLE_RUNNING || next.status == TENTACLE_COMPLETED)
		return turn_refuse(t, -SK_EREFUSED,
				   "tentacle \"%.*s\" is %s: nothing was dispatched. Try: sk "
				   "tentacle %s %.*s",
				   SPAN_ARG(name), tentacle_state_word(next.status),
				   next.status == TENTACLE_RUNNING ? "show" : "resume",
				   SPAN_ARG(name));
	if (waits.len && !anyway)
		return turn_refuse(t, -SK_EREFUSED,
				   "tentacle \"%.*s\" waits for \"%.*s\", which has not succeeded: "
				   "nothing was dispatched. Try: sk tentacle status, or --force",
				   SPAN_ARG(name), SPAN_ARG(waits));
	tentacle_begins_at(&next, !next.worktree.prepared);
	if (from)
		tentacle_begins_from(t, &next, from);
	next.dispatched_ms = t->now_ms;
	tentacle_run_forgive(&next);
	next.terminal_status = HANDOFF_NONE;
	let_go(&next);
	return tentacle_move(t, &next, ON_DISPATCHED, words);
}

static bool blocks(const struct verification *v)
{
	return (v->severity == CHECK_CRITICAL || v->severity == CHECK_HIGH) &&
	       !span_is(v->source, "auto_verify");
}

/* Whether a later result settles an earlier failure: the same check passed, or failed once more and
 * weighs as much. One that weighs less is no answer: repeating a check must not lift it. */
static bool supersedes(const struct verification *later, const struct verification *v)
{
	bool same_command = span_eq(later->command, v->command);

	if (later->exit_code == 0)
		return same_command || (v->label.len && span_eq(later->label, v->label));
	return same_command && (blocks(later) || !blocks(v));
}

/* A failure that is repeated weighs as much as the heaviest one that is open: who says LOW behind a
 * HIGH one that fails has not mended it. */
static uint8_t weight_so_far(const struct tentacle *was, const struct verification *v)
{
	const struct verification *failing;
	uint8_t most = v->severity;
	size_t at = 0;

	while ((failing = tentacle_failing(was, &at)) != NULL)
		if (span_eq(failing->command, v->command) && failing->severity < most &&
		    !span_is(failing->source, "auto_verify"))
			most = failing->severity;
	return most;
}

void tentacle_verified(struct turn *t, struct span name, const struct verification *v,
		       const struct goal_words *words)
{
	struct tentacle next = *get(t, name);
	struct verification *fresh =
		doc_list_add(&verification_type, goal_arena(t), &next.verifications);
	struct goal_words named = *words;
	const struct tentacle *was = get(t, name);

	*fresh = *v;
	if (v->exit_code != 0)
		fresh->severity = weight_so_far(was, v);
	named.name = v->label;
	tentacle_record(t, &next, EV_TENTACLE_VERIFIED, &named);
}

const struct verification *tentacle_failing(const struct tentacle *tentacle, size_t *at)
{
	const struct verification *all = tentacle->verifications.v;
	size_t count = tentacle->verifications.count;

	while (*at < count) {
		const struct verification *v = &all[(*at)++];
		bool open = v->exit_code != 0;

		for (size_t i = *at; i < count && open; i++)
			open = !supersedes(&all[i], v);
		if (open)
			return v;
	}
	return NULL;
}

static int check_verifications(struct turn *t, const struct tentacle *tentacle)
{
	CLEANUP(buf_release) struct buf command = BUF_INIT;
	const struct verification *v;
	size_t at = 0;

	while ((v = tentacle_failing(tentacle, &at)) != NULL) {
		if (!blocks(v))
			continue;
		buf_put_quoted(&command, v->command, 200);
		return turn_refuse(t, -SK_EWORK,
				   "tentacle \"%.*s\": verification %s failed (%s, exit %lld): it "
				   "was not completed. Try: mend it, then sk tentacle verify %.*s "
				   "with the same command",
				   SPAN_ARG(tentacle->name), command.p,
				   check_severity_words[v->severity], (long long)v->exit_code,
				   SPAN_ARG(tentacle->name));
	}
	return 0;
}

static bool children_succeeded(const struct goals *all, const struct tentacle *parent)
{
	for (size_t i = 0; i < parent->children.count; i++) {
		const struct tentacle *child = goals_tentacle(all, parent->children.v[i]);

		if (child && !tentacle_succeeded(child))
			return false;
	}
	return parent->children.count > 0;
}

/* Whatever is above it and has nothing left to wait for. */
static void complete_parents(struct turn *t, struct span name, const struct goal_words *words)
{
	for (int i = 0; i < TENTACLE_PARENTS_MAX; i++) {
		struct span above = get(t, name)->parent;
		const struct tentacle *parent =
			above.len ? goals_tentacle(&t->st->goals, above) : NULL;
		struct tentacle next;

		if (!parent || tentacle_state_final(parent->status) ||
		    parent->status == TENTACLE_RUNNING || parent->status == TENTACLE_PARKED ||
		    !children_succeeded(&t->st->goals, parent))
			return;
		next = *parent;
		next.completed_ms = t->now_ms;
		if (tentacle_move(t, &next, ON_TENTACLE_COMPLETE, words) < 0)
			return;
		name = turn_copy(t, next.name);
	}
}

bool tentacle_unmerged(const struct tentacle *tentacle)
{
	return tentacle->worktree.prepared && tentacle->worktree.unmerged &&
	       (tentacle->status == TENTACLE_HANDED_OFF || tentacle->status == TENTACLE_COMPLETED);
}

int tentacle_may_complete(struct turn *t, const struct tentacle *which)
{
	struct span name = which->name;

	if (which->status == TENTACLE_PARKED)
		return turn_refuse(t, -SK_EPARKED,
				   "tentacle \"%.*s\" is parked (%.*s): it was not completed. Try: "
				   "sk retry-queue release %.*s",
				   SPAN_ARG(name), SPAN_ARG(which->parked.kind), SPAN_ARG(name));
	if (which->status == TENTACLE_COMPLETED)
		return turn_refuse(t, -SK_EREFUSED,
				   "tentacle \"%.*s\" is completed already: nothing was changed. "
				   "Try: sk tentacle show %.*s",
				   SPAN_ARG(name), SPAN_ARG(name));
	return check_verifications(t, which);
}

int tentacle_complete(struct turn *t, struct span name, unsigned flags, const struct texts *outside,
		      const struct goal_words *words)
{
	CLEANUP(buf_release) struct buf todo = BUF_INIT;
	struct tentacle next = *get(t, name);
	struct todo_count count = todo_count(next.todo);
	int rc = tentacle_may_complete(t, &next);

	if (rc < 0)
		return rc;
	if (count.done < count.total && !(flags & COMPLETE_STRICT)) {
		todo_mark_all(next.todo, &todo);
		tentacle_put_todo(t, &next, (struct span){ todo.p, todo.len });
	}
	next.completed_ms = t->now_ms;
	if (next.worktree.prepared && !next.here && !next.worktree.merged_ms &&
	    next.terminal_status == HANDOFF_NONE)
		next.worktree.unmerged = true; /* completed without a hand-off */
	next.outside_scope = *outside;
	tentacle_run_forgive(&next);
	next.parked = (struct parked){ .kind = SPAN_NONE };
	rc = tentacle_move(t, &next, ON_TENTACLE_COMPLETE, words);
	if (rc == 0)
		complete_parents(t, name, words);
	return rc;
}

int tentacle_delete(struct turn *t, struct span name, const struct goal_words *words)
{
	const struct tentacle *which = get(t, name);
	struct span above = turn_copy(t, which->parent);
	const struct tentacle *parent;

	if (which->status == TENTACLE_RUNNING)
		return turn_refuse(t, -SK_EREFUSED,
				   "tentacle \"%.*s\" is running under supervision: nothing was "
				   "removed. Try: sk tentacle status",
				   SPAN_ARG(name));
	tentacle_forget(t, which, words);
	parent = above.len ? goals_tentacle(&t->st->goals, above) : NULL;
	if (parent) {
		struct tentacle next = *parent;

		texts_remove(goal_arena(t), &next.children, name);
		tentacle_record(t, &next, EV_TENTACLE_UPDATED, words);
	}
	return 0;
}
