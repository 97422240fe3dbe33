/*
 * Whoever has an editor has all the rights of the person at the prompt and no more: a gate that is
 * rejected stands, and evidence comes from a run. Otherwise a goal could be declared done past
 * everything that speaks against it, and nobody would see where.
 */
#include "core/goal_edit_check.h"

#include "base/err.h"
#include "base/limits.h"
#include "core/goal_budget.h"
#include "core/scope.h"

/* The id is the first member of the types this is asked for. */
static struct span id_at(const struct doc_type *of, const struct doc_list *list, size_t at)
{
	return *(const struct span *)((const char *)list->v + at * of->bytes +
				      of->members[0].offset);
}

static int check_ids(struct turn *t, const char *member, const struct doc_type *of,
		     const struct doc_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		CLEANUP(buf_release) struct buf shown = BUF_INIT;
		struct span id = id_at(of, list, i);

		if (!id.len)
			return turn_refuse(t, -SK_EUSAGE, "%s[%zu].id: is missing or empty", member,
					   i);
		buf_put_quoted(&shown, id, NAME_BYTES_MAX);
		if (name_problem(id))
			return turn_refuse(t, -SK_EUSAGE, "%s[%zu].id: invalid name %s: %s", member,
					   i, shown.p, name_problem(id));
		for (size_t k = 0; k < i; k++)
			if (span_same_letters(id, id_at(of, list, k)))
				return turn_refuse(t, -SK_EUSAGE,
						   "%s[%zu].id: %s is the name of %s[%zu] already",
						   member, i, shown.p, member, k);
	}
	return 0;
}

/* --- gates --------------------------------------------------------------------------------- */

/* What gate approve and its like note, where the file does not say it. */
static void date_gate(struct gate *gate, int64_t now_ms)
{
	int64_t *const moments[GATE_STATE_COUNT] = { [GATE_PASSED] = &gate->approved_ms,
						     [GATE_REJECTED] = &gate->rejected_ms,
						     [GATE_FAILED] = &gate->failed_ms };
	int64_t *moment = moments[gate->status];

	if (moment && !*moment && !(gate->status == GATE_PASSED && gate->passed_ms))
		*moment = now_ms;
}

static int check_gates(struct turn *t, const struct goal *was, struct goal *next)
{
	struct gate *all = doc_list_own(&gate_type, goal_arena(t), &next->gates);
	const struct gate *before = was->gates.v;

	for (size_t i = 0; i < was->gates.count; i++)
		if (!goal_gate(next, before[i].id))
			return turn_refuse(t, -SK_EUSAGE,
					   "gates: gate \"%.*s\" is gone, and no gate is taken out",
					   SPAN_ARG(before[i].id));
	for (size_t i = 0; i < next->gates.count; i++) {
		const struct gate *old = goal_gate(was, all[i].id);

		if (old && old->status == GATE_PASSED && all[i].status != GATE_PASSED)
			return turn_refuse(t, -SK_EUSAGE,
					   "gates[%zu].status: gate \"%.*s\" has passed and is not "
					   "taken back",
					   i, SPAN_ARG(old->id));
		if (!all[i].created_ms)
			all[i].created_ms = old ? old->created_ms : t->now_ms;
		if (!old || old->status != all[i].status)
			date_gate(&all[i], t->now_ms);
	}
	return 0;
}

/* --- criteria ------------------------------------------------------------------------------ */

/* What only a run gives. */
static void forget_run(struct criterion *c)
{
	c->status = CRITERION_UNVERIFIED;
	c->verified_ms = c->failed_ms = 0;
	c->evidence = c->output_digest = c->tree = SPAN_NONE;
	c->exit_code = DOC_NO_NUMBER;
	c->duration_ms = 0;
}

/* Whether it says of its last run what `old` says, or nothing at all. */
static bool same_run(const struct criterion *c, const struct criterion *old)
{
	struct criterion blank = *c, other = *c;
	CLEANUP(buf_release) struct buf difference = BUF_INIT;

	forget_run(&blank);
	if (!doc_diff(&criterion_type, c, &blank, &difference))
		return true;
	if (!old)
		return false;
	other.status = old->status;
	other.verified_ms = old->verified_ms;
	other.failed_ms = old->failed_ms;
	other.evidence = old->evidence;
	other.output_digest = old->output_digest;
	other.tree = old->tree;
	other.exit_code = old->exit_code;
	other.duration_ms = old->duration_ms;
	return !doc_diff(&criterion_type, c, &other, &difference);
}

static int check_criteria(struct turn *t, const struct goal *was, struct goal *next)
{
	struct criterion *all = doc_list_own(&criterion_type, goal_arena(t), &next->criteria);

	for (size_t i = 0; i < next->criteria.count; i++) {
		const struct criterion *old = goal_criterion(was, all[i].id);

		if (all[i].status == CRITERION_UNVERIFIED) {
			forget_run(&all[i]); /* that is what it means, whatever else stands there */
			continue;
		}
		if (!old || old->status != all[i].status)
			return turn_refuse(t, -SK_EUSAGE,
					   "success_criteria[%zu].status: only a run of its "
					   "command (sk tentacle goal criteria check) sets \"%s\"",
					   i, criterion_words[all[i].status]);
		if (!same_run(&all[i], old))
			return turn_refuse(t, -SK_EUSAGE,
					   "success_criteria[%zu]: what a run of \"%.*s\" gave is "
					   "not for people to change",
					   i, SPAN_ARG(all[i].id));
		if (!span_eq(old->command, all[i].command))
			forget_run(&all[i]); /* another command: nothing is proved */
	}
	return 0;
}

/* Its sentence up to what was not done, which an edit says in its own words. */
static int check_budget(struct turn *t, const struct goal *next)
{
	size_t at = t->why ? t->why->len : 0;
	int rc = goal_budget_check(t, &next->budget);

	if (rc < 0 && t->why) {
		struct span said = { t->why->p + at, t->why->len - at };

		buf_truncate(t->why, at + span_before(said, ": nothing was").len);
	}
	return rc;
}

int goal_check_edit(struct turn *t, const struct goal *was, struct goal *next)
{
	int rc = check_ids(t, "gates", &gate_type, &next->gates);

	if (rc == 0)
		rc = check_ids(t, "success_criteria", &criterion_type, &next->criteria);
	if (rc == 0)
		rc = check_budget(t, next);
	if (rc < 0 || !was)
		return rc;
	if (next->iteration != was->iteration)
		return turn_refuse(
			t, -SK_EUSAGE,
			"iteration: the goal is at %llu; sk tentacle goal eval opens the "
			"next one, sk tentacle goal resume --from-iteration goes back",
			(unsigned long long)was->iteration);
	if (!next->title.len && was->title.len)
		return turn_refuse(t, -SK_EUSAGE, "title: is missing or empty");
	rc = check_gates(t, was, next);
	return rc < 0 ? rc : check_criteria(t, was, next);
}

/* --- tentacles ----------------------------------------------------------------------------- */

static int check_scope(struct turn *t, const struct texts *typed)
{
	CLEANUP(scope_release) struct scope scope = SCOPE_INIT;

	for (size_t i = 0; i < typed->count; i++) {
		CLEANUP(buf_release) struct buf shown = BUF_INIT;
		const char *wrong = scope_add(&scope, typed->v[i]);

		if (!wrong && scope.count > SCOPE_ENTRIES_MAX)
			return turn_refuse(t, -SK_EUSAGE, "scope: more than %d entries",
					   SCOPE_ENTRIES_MAX);
		if (!wrong)
			continue;
		buf_put_quoted(&shown, typed->v[i], 80);
		return turn_refuse(t, -SK_EUSAGE, "scope[%zu]: %s %s", i, shown.p, wrong);
	}
	return 0;
}

/* Marks who is needed, directly and by others, and by whom it was found first: one walk, however
 * long the chain is. */
struct needs {
	const struct goals *all;
	struct span root;
	size_t *by;    /* of a tentacle: index of the one that needs it, count for the root */
	size_t *queue; /* found, not looked at yet */
	size_t found;
};

#define NEED_UNKNOWN SIZE_MAX

/* Returns whether one of them needs the root. */
static bool need_all(struct needs *n, const struct texts *names, size_t by)
{
	for (size_t i = 0; i < names->count; i++) {
		const struct tentacle *need = goals_tentacle(n->all, names->v[i]);
		size_t at = need ? (size_t)(need - n->all->tentacles) : 0;

		if (span_eq(names->v[i], n->root))
			return true;
		if (!need || n->by[at] != NEED_UNKNOWN)
			continue;
		n->by[at] = by;
		n->queue[n->found++] = at;
	}
	return false;
}

/* "a -> b -> a", from the one that needs the root back to it. */
static int refuse_circle(struct turn *t, const struct needs *n, size_t last)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	size_t *way = mem_zalloc((n->found + 1) * sizeof(*way));
	size_t count = 0;

	for (size_t at = last; at != n->all->tentacle_count; at = n->by[at])
		way[count++] = at;
	buf_put(&path, n->root.p, n->root.len);
	for (size_t i = count; i-- > 0;)
		buf_putf(&path, " \xe2\x86\x92 %.*s", SPAN_ARG(n->all->tentacles[way[i]].name));
	mem_free(&way);
	return turn_refuse(t, -SK_EUSAGE, "todo_deps: dependency cycle: %s \xe2\x86\x92 %.*s",
			   path.p, SPAN_ARG(n->root));
}

static int check_circle(struct turn *t, const struct tentacle *next)
{
	const struct goals *all = &t->st->goals;
	struct needs n = { .all = all, .root = next->name };
	size_t none = all->tentacle_count;
	bool circle;
	int rc = 0;

	n.by = mem_zalloc((none + 1) * sizeof(*n.by));
	n.queue = mem_zalloc((none + 1) * sizeof(*n.queue));
	for (size_t i = 0; i < none; i++)
		n.by[i] = NEED_UNKNOWN;
	circle = need_all(&n, &next->todo_deps, none);
	if (circle)
		rc = refuse_circle(t, &n, none);
	for (size_t i = 0; i < n.found && rc == 0; i++)
		if (need_all(&n, &all->tentacles[n.queue[i]].todo_deps, n.queue[i]))
			rc = refuse_circle(t, &n, n.queue[i]);
	mem_free(&n.by);
	mem_free(&n.queue);
	return rc;
}

int tentacle_check_edit(struct turn *t, const struct tentacle *was, const struct tentacle *next)
{
	int rc = check_scope(t, &next->scope);

	for (size_t i = 0; i < next->todo_deps.count && rc == 0; i++) {
		CLEANUP(buf_release) struct buf shown = BUF_INIT;
		struct span name = next->todo_deps.v[i];

		buf_put_quoted(&shown, name, 80);
		if (span_eq(name, next->name))
			rc = turn_refuse(t, -SK_EUSAGE, "todo_deps[%zu]: %s cannot wait for itself",
					 i, shown.p);
		else if (was && !texts_have(&was->todo_deps, name) &&
			 !goals_tentacle(&t->st->goals, name))
			rc = turn_refuse(t, -SK_EUSAGE,
					 "todo_deps[%zu]: there is no tentacle %s to wait for", i,
					 shown.p);
	}
	return rc < 0 ? rc : check_circle(t, next);
}
