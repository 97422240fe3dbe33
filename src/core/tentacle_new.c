/*
 * A tentacle's name is the name of a folder, a branch and a record, so it is checked once, here,
 * and two names that only capital letters tell apart are refused: some file systems would take them
 * for one.
 */
#include "core/tentacle_new.h"

#include "base/err.h"
#include "base/limits.h"
#include "core/goal_resume.h"
#include "core/scope.h"
#include "core/state.h"
#include "core/tentacle_work.h"
#include "core/todo.h"

int tentacle_check_name(struct turn *t, struct span name, const char *what)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;
	const struct goals *all = &t->st->goals;

	buf_put_quoted(&shown, name, 80);
	if (name_problem(name))
		return turn_refuse(t, -SK_EUSAGE,
				   "invalid name %s: %s: %s. Try: a name such as port-parser",
				   shown.p, name_problem(name), what);
	for (size_t i = 0; i < all->tentacle_count; i++) {
		const struct tentacle *other = &all->tentacles[i];

		if (span_eq(other->name, name))
			return turn_refuse(t, -SK_EREFUSED,
					   "tentacle %s: exists already (%s): %s. Try: sk tentacle "
					   "show %.*s, or another name",
					   shown.p, tentacle_state_word(other->status), what,
					   SPAN_ARG(name));
		if (span_same_letters(other->name, name))
			return turn_refuse(t, -SK_EUSAGE,
					   "name %s collides with \"%.*s\", from which only "
					   "capital letters tell it apart: %s. Try: another name",
					   shown.p, SPAN_ARG(other->name), what);
	}
	if (all->tentacle_count >= TENTACLES_MAX)
		return turn_refuse(t, -SK_EREFUSED,
				   "tentacle %s: there are %d already: %s. Try: sk tentacle delete "
				   "NAME --yes for one that is done with",
				   shown.p, TENTACLES_MAX, what);
	return 0;
}

/* The entries as they were understood, each once. */
static int read_scope(struct turn *t, const struct texts *typed, struct texts *out)
{
	CLEANUP(scope_release) struct scope scope = SCOPE_INIT;

	for (size_t i = 0; i < typed->count; i++) {
		CLEANUP(buf_release) struct buf shown = BUF_INIT;
		const char *wrong = scope_add(&scope, typed->v[i]);

		buf_put_quoted(&shown, typed->v[i], 80);
		if (wrong)
			return turn_refuse(t, -SK_EUSAGE,
					   "scope %s: %s: no tentacle was made. Try: --scope "
					   "src/core,docs with paths inside of the repository",
					   shown.p, wrong);
		if (scope.count > SCOPE_ENTRIES_MAX)
			return turn_refuse(t, -SK_EUSAGE,
					   "scope: more than %d entries: no tentacle was made. "
					   "Try: folders or patterns in place of single files",
					   SCOPE_ENTRIES_MAX);
		texts_add(goal_arena(t), out, typed->v[i]);
	}
	return 0;
}

static int check_depends(struct turn *t, const struct tentacle_new *fresh)
{
	for (size_t i = 0; i < fresh->depends_on.count; i++) {
		CLEANUP(buf_release) struct buf shown = BUF_INIT;
		struct span name = fresh->depends_on.v[i];

		buf_put_quoted(&shown, name, 80);
		if (span_eq(name, fresh->name))
			return turn_refuse(t, -SK_EUSAGE,
					   "tentacle %s: cannot wait for itself: no tentacle was "
					   "made. Try: --depends-on with another one",
					   shown.p);
		if (!goals_tentacle(&t->st->goals, name))
			return turn_refuse(t, -SK_ENOTFOUND,
					   "--depends-on %s: there is no tentacle of that name: no "
					   "tentacle was made. Try: sk tentacle list",
					   shown.p);
	}
	return 0;
}

/* The goal it is to be linked to, if any: in its present iteration, for the others are closed. */
static int find_goal(struct turn *t, const struct tentacle_new *fresh, const struct goal **out)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;
	uint64_t number = fresh->iteration;

	*out = NULL;
	if (!fresh->goal_id.len)
		return 0;
	*out = goals_find(&t->st->goals, fresh->goal_id);
	buf_put_quoted(&shown, fresh->goal_id, 80);
	if (!*out)
		return turn_refuse(t, -SK_ENOTFOUND,
				   "goal %s: there is none of that id: no tentacle was made. Try: "
				   "sk tentacle goal list",
				   shown.p);
	if (number && !goal_iteration(*out, number))
		return turn_refuse(t, -SK_ENOTFOUND,
				   "iteration %llu: the goal has iterations 1..%llu: no tentacle "
				   "was made. Try: --iteration %llu",
				   (unsigned long long)number,
				   (unsigned long long)(*out)->iteration,
				   (unsigned long long)(*out)->iteration);
	if (number && number != (*out)->iteration)
		return turn_refuse(
			t, -SK_EREFUSED,
			"iteration %llu is closed, the goal is at %llu: no tentacle was "
			"made. Try: --iteration %llu, or sk tentacle goal resume "
			"--from-iteration %llu",
			(unsigned long long)number, (unsigned long long)(*out)->iteration,
			(unsigned long long)(*out)->iteration, (unsigned long long)number);
	return 0;
}

int tentacle_begin(struct turn *t, const struct tentacle_new *fresh, const struct goal_words *words)
{
	const struct goal *goal = NULL;
	struct tentacle draft;
	int rc = tentacle_check_name(t, fresh->name, "no tentacle was made");

	doc_clear(&tentacle_type, &draft);
	if (rc == 0)
		rc = read_scope(t, &fresh->scope, &draft.scope);
	if (rc == 0)
		rc = check_depends(t, fresh);
	if (rc == 0)
		rc = find_goal(t, fresh, &goal);
	if (rc < 0)
		return rc;
	draft.name = fresh->name;
	draft.id = fresh->id;
	draft.description = fresh->description;
	draft.agent = fresh->agent;
	draft.model = fresh->model;
	draft.skills = fresh->skills;
	draft.todo_deps = fresh->depends_on;
	draft.parent = fresh->parent;
	draft.created_ms = t->now_ms;
	draft.todo = fresh->todo.len ? fresh->todo : SPAN_LIT("# Todo\n\n");
	rc = tentacle_move(t, &draft, ON_TENTACLE_CREATED, words);
	if (rc == 0 && goal)
		rc = goal_link(t, goal, fresh->name, false, words);
	return rc;
}

/*
 * The lines of the to-dos that fall to child `number`: open ones are counted where they are not
 * nested below another open one, which takes them along.
 */
static struct span share_of(struct turn *t, struct span text, size_t number, size_t children)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	struct todo_item item, head = { .depth = 0 };
	bool below = false, mine = false;
	size_t at = 0, count = 0;

	buf_puts(&out, "# Todo\n\n");
	while (todo_next(text, &at, &item)) {
		if (item.done)
			continue;
		if (!below || item.depth <= head.depth) {
			head = item;
			below = true;
			mine = count++ % children == number;
		}
		if (mine)
			buf_putf(&out, "%*s- [ ] %.*s\n", (int)(item.depth - head.depth), "",
				 SPAN_ARG(item.text));
	}
	return turn_copy(t, (struct span){ out.p, out.len });
}

/* To-dos that can be given away: open, and not below an open one. */
static size_t heads_of(struct span text)
{
	struct todo_item item;
	bool below = false;
	unsigned depth = 0;
	size_t at = 0, count = 0;

	while (todo_next(text, &at, &item)) {
		if (item.done || (below && item.depth > depth))
			continue;
		below = true;
		depth = item.depth;
		count++;
	}
	return count;
}

static int check_split(struct turn *t, const struct tentacle *parent, const struct texts *children)
{
	struct span name = parent->name;
	size_t heads = heads_of(parent->todo);

	if (parent->status == TENTACLE_RUNNING || tentacle_state_final(parent->status))
		return turn_refuse(t, -SK_EREFUSED,
				   "tentacle \"%.*s\" is %s: nothing was divided. Try: sk tentacle "
				   "status",
				   SPAN_ARG(name), tentacle_state_word(parent->status));
	if (parent->children.count)
		return turn_refuse(t, -SK_EREFUSED,
				   "tentacle \"%.*s\" is divided already, into %zu: nothing was "
				   "divided. Try: sk tentacle split with one of its children",
				   SPAN_ARG(name), parent->children.count);
	if (heads < children->count)
		return turn_refuse(t, -SK_EREFUSED,
				   "tentacle \"%.*s\" has %zu open to-do%s for %zu children: "
				   "nothing was divided. Try: sk tentacle todo %.*s add TEXT",
				   SPAN_ARG(name), heads, heads == 1 ? "" : "s", children->count,
				   SPAN_ARG(name));
	return 0;
}

/* The goal that children work for as well, unless it is at its end. */
static struct span goal_of(const struct turn *t, const struct tentacle *parent)
{
	const struct goal *g =
		parent->goal_id.len ? goals_find(&t->st->goals, parent->goal_id) : NULL;

	return g && !goal_state_final(g->status) ? parent->goal_id : SPAN_NONE;
}

int tentacle_split(struct turn *t, struct span name, const struct texts *children,
		   const struct span *ids, const struct goal_words *words)
{
	CLEANUP(buf_release) struct buf given = BUF_INIT;
	const struct tentacle *found = goals_tentacle(&t->st->goals, name);
	struct tentacle parent;
	int rc;

	INVARIANT(found);
	parent = *found;
	rc = check_split(t, &parent, children);
	for (size_t i = 0; rc == 0 && i < children->count; i++) {
		struct tentacle_new child = { .name = children->v[i],
					      .id = ids[i],
					      .description = parent.description,
					      .agent = parent.agent,
					      .model = parent.model,
					      .scope = parent.scope,
					      .skills = parent.skills,
					      .goal_id = goal_of(t, &parent),
					      .parent = parent.name };

		child.todo = share_of(t, parent.todo, i, children->count);
		rc = tentacle_begin(t, &child, words);
	}
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < children->count; i++)
		texts_add(goal_arena(t), &parent.children, children->v[i]);
	todo_drop_open(parent.todo, &given);
	tentacle_put_todo(t, &parent, (struct span){ given.p, given.len });
	tentacle_record(t, &parent, EV_TENTACLE_UPDATED, words);
	return 0;
}
