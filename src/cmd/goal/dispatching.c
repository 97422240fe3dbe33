/*
 * The record comes before the prompt: whoever reads one can rely on it that others see the tentacle
 * as dispatched. The marker holds commits back where the work is done; nobody here knows which
 * process will do it, so its entry is kept by whoever runs us and ends with that one, by its time,
 * by a hand-off, by complete or by delete.
 */
#include "cmd/goal/dispatching.h"

#include <stdlib.h>
#include <unistd.h>

#include "cmd/goal/marking.h"
#include "cmd/goal/scope_look.h"
#include "core/tentacle_work.h"
#include "core/todo.h"
#include "work/bundle.h"
#include "work/prompt.h"

struct sending {
	struct cmd_ctx *c;
	struct goal_store *s;
	const struct tentacle *t;
	struct buf context, work, context_path, bundle_path;
	bool bundled, marked;
};

static void sending_release(struct sending *k)
{
	buf_release(&k->context);
	buf_release(&k->work);
	buf_release(&k->context_path);
	buf_release(&k->bundle_path);
	goal_store_close(k->s);
}

static int find_place(struct sending *k, struct err *e)
{
	const struct tentacle_worktree *w = &k->t->worktree;

	if (w->prepared && w->path.len)
		buf_putf(&k->work, "%.*s", SPAN_ARG(w->path));
	if (k->work.len && access(k->work.p, X_OK) == 0)
		return 0;
	if (options_has(k->c->options, "worktree"))
		return err_set(
			e, -SK_EREFUSED,
			"tentacle \"%.*s\": has no worktree: nothing was dispatched. Try: sk "
			"tentacle worktree %.*s prepare",
			SPAN_ARG(k->t->name), SPAN_ARG(k->t->name));
	buf_truncate(&k->work, 0);
	buf_puts(&k->work, goal_store_root(k->s));
	return 0;
}

static void put_prompt(const struct sending *k, struct span only, struct buf *out)
{
	const struct prompt p = { .all = goal_store_goals(k->s),
				  .t = k->t,
				  .dir = goal_store_dir(k->s),
				  .work = k->work.p,
				  .program = "sk",
				  .context = { k->context.p, k->context.len },
				  .only = only,
				  .bundle = k->bundled };

	prompt_encode(&p, out);
}

static struct span chosen(const struct sending *k, const char *option, struct span otherwise)
{
	const char *given = options_text(k->c->options, option);

	return given ? span_of(given) : otherwise;
}

static void print_json(const struct sending *k)
{
	CLEANUP(buf_release) struct buf prompt = BUF_INIT;
	const struct tentacle_worktree *w = &k->t->worktree;
	struct todo_item item;
	struct json j;
	size_t at = 0;

	put_prompt(k, SPAN_NONE, &prompt);
	json_open(&j, k->c->out, "dispatch");
	json_span(&j, "tentacle", k->t->name);
	json_span(&j, "tentacle_id", k->t->id);
	json_text(&j, "status", tentacle_state_word(k->t->status));
	json_span(&j, "agent_type", chosen(k, "agent-type", k->t->agent));
	json_span(&j, "model", chosen(k, "model", k->t->model));
	json_text(&j, "context_file", k->context_path.p);
	json_array(&j, "pending_todos");
	for (size_t i = 0; todo_next(k->t->todo, &at, &item); i++) {
		if (item.done)
			continue;
		json_object(&j, NULL);
		json_u64(&j, "index", i);
		json_span(&j, "text", item.text);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_text(&j, "execution_guidance",
		  "give the prompt to one agent, which hands off when it ends");
	json_text(&j, "marker_state", k->marked ? "active" : "none");
	json_text(&j, "bundle_path", k->bundled ? k->bundle_path.p : NULL);
	json_text(&j, "worktree_path", w->prepared ? k->work.p : NULL);
	json_span(&j, "prompt", (struct span){ prompt.p, prompt.len });
	json_close(&j);
}

/* Prompts are for programs: they are printed as they are. */
static void print_prompts(const struct sending *k, enum dispatch_form form)
{
	CLEANUP(buf_release) struct buf prompt = BUF_INIT;
	struct todo_item item;
	size_t at = 0;

	if (form == DISPATCH_PROMPT || !todo_count(k->t->todo).total) {
		put_prompt(k, SPAN_NONE, &prompt);
		out_put(k->c->out, prompt.p, prompt.len);
		return;
	}
	for (size_t i = 0; todo_next(k->t->todo, &at, &item); i++) {
		if (item.done)
			continue;
		buf_truncate(&prompt, 0);
		put_prompt(k, item.text, &prompt);
		out_putf(k->c->out, "----- agent for to-do %zu -----\n", i);
		out_put(k->c->out, prompt.p, prompt.len);
	}
}

/* Bundle and marker help, and their failure is no reason not to dispatch. */
static void prepare(struct sending *k)
{
	struct err problem = ERR_INIT;

	if (!options_has(k->c->options, "no-bundle")) {
		k->bundled = bundle_make(k->s, k->t, k->c->now_ms, &problem) == 0;
		if (!k->bundled)
			print_problem(problem.text);
	}
	k->marked = marking_add(k->c, k->s, k->t, MARKING_DISPATCHER);
	buf_putf(&k->context_path, "%s/" TENTACLES_DIR "/%.*s/" CONTEXT_FILE, goal_store_dir(k->s),
		 SPAN_ARG(k->t->name));
	buf_putf(&k->bundle_path, "%s/" TENTACLES_DIR "/%.*s/" BUNDLE_DIR, goal_store_dir(k->s),
		 SPAN_ARG(k->t->name));
}

static int record(struct sending *k, struct err *e)
{
	struct goal_actor actor;
	const struct goal_words words = goals_words(k->c, &actor);
	struct tentacle_begin from;
	int rc;

	/* In a worktree of its own, or without a scope, nobody will ask. */
	if (k->t->worktree.prepared || !k->t->scope.count)
		from.commit = SPAN_NONE;
	else
		scope_begin(k->work.p, goal_arena(goal_store_turn(k->s)), &from);
	rc = tentacle_dispatch(goal_store_turn(k->s), tentacles_name(k->c),
			       options_has(k->c->options, "force"), &from, &words);

	if (rc < 0)
		return goal_store_refused(k->s, rc, e);
	return tentacles_commit(k->s, tentacles_name(k->c), &k->t, e);
}

/* When all to-dos are done there is nothing to hand out; it says so. Without any its description is
 * the work. */
static bool nothing_open(struct sending *k)
{
	struct todo_count count = todo_count(k->t->todo);

	if (count.done != count.total || !count.total)
		return false;
	if (k->c->json)
		tentacle_print_json(k->c, k->t);
	else
		out_putf(
			k->c->out,
			"tentacle %.*s has no open to-do: nothing was dispatched. Try: sk tentacle "
			"complete %.*s\n",
			SPAN_ARG(k->t->name), SPAN_ARG(k->t->name));
	return true;
}

static int send(struct sending *k, enum dispatch_form form, struct err *e)
{
	int rc = tentacles_open(k->c, GOALS_WRITE, &k->s, &k->t, e);

	if (rc < 0)
		return rc;
	if (nothing_open(k))
		return EXIT_DONE;
	rc = find_place(k, e);
	if (rc == 0)
		rc = context_read(k->s, k->t, &k->context, e);
	if (rc == 0)
		rc = record(k, e);
	if (rc < 0)
		return rc;
	prepare(k);
	if (options_has(k->c->options, "briefing"))
		print_problem("--briefing: there is no knowledge base yet: nothing was recalled");
	if (form == DISPATCH_JSON || k->c->json)
		print_json(k);
	else
		print_prompts(k, form);
	return EXIT_DONE;
}

/* The agent runs here. */
static int supervise(struct sending *k, struct err *e)
{
	int rc = tentacles_open(k->c, 0, &k->s, &k->t, e);

	if (rc < 0)
		return rc;
	if (nothing_open(k))
		return EXIT_DONE;
	goal_store_close(k->s);
	k->s = NULL;
	return agent_supervise(k->c, k->c->options->args[0], e);
}

int dispatching(struct cmd_ctx *c, enum dispatch_form form, struct err *e)
{
	CLEANUP(sending_release) struct sending k = { .c = c };
	const struct options *o = c->options;

	if (options_has(o, "run"))
		return supervise(&k, e);
	if (options_has(o, "agent") || options_has(o, "timeout") || options_has(o, "detach") ||
	    options_has(o, "here"))
		return err_set(e, -SK_EUSAGE,
			       "--agent, --timeout, --detach and --here are for an agent that is "
			       "run: nothing was dispatched. Try: the same with --run");
	return send(&k, form, e);
}
