/* The folder is taken aside before the record and removed behind it, so a kill leaves the tentacle
 * whole or gone. Its worktree is never left behind: it has to be cleaned up first. */
#include <unistd.h>

#include "cmd/goal/marking.h"
#include "core/tentacle_work.h"

static int check(const struct cmd_ctx *c, const struct tentacle *t, struct err *e)
{
	CLEANUP(mem_free) char *path = span_dup(t->worktree.path);

	if (t->worktree.prepared && path[0] && access(path, F_OK) == 0)
		return err_set(e, -SK_EREFUSED,
			       "tentacle \"%.*s\": has a worktree (%s), which may hold work: "
			       "nothing was removed. Try: sk tentacle worktree %.*s cleanup",
			       SPAN_ARG(t->name), path, SPAN_ARG(t->name));
	if (!options_has(c->options, "yes"))
		return err_set(e, -SK_ECONFIRM,
			       "tentacle \"%.*s\": deleting it removes its folder with context, "
			       "to-dos and hand-offs: nothing was removed. Try: sk tentacle delete "
			       "%.*s --yes",
			       SPAN_ARG(t->name), SPAN_ARG(t->name));
	return 0;
}

/* Others that wait for it will wait for ever. */
static void warn_dependents(const struct goals *all, struct span name)
{
	for (size_t i = 0; i < all->tentacle_count; i++) {
		CLEANUP(buf_release) struct buf line = BUF_INIT;

		if (!texts_have(&all->tentacles[i].todo_deps, name))
			continue;
		buf_putf(&line, "tentacle \"%.*s\" waits for it: edit todo_deps in its meta.json",
			 SPAN_ARG(all->tentacles[i].name));
		print_problem(line.p);
	}
}

static int tentacle_delete_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	CLEANUP(mem_free) char *id = NULL;
	struct span name = tentacles_name(c);
	struct goal_actor actor;
	const struct goal_words words = goals_words(c, &actor);
	const struct tentacle *t;
	struct json j;
	int rc = tentacles_open(c, GOALS_WRITE | GOALS_GONE, &s, &t, e);

	if (rc == 0)
		rc = check(c, t, e);
	if (rc < 0)
		return rc;
	id = span_dup(t->id);
	rc = tentacle_delete(goal_store_turn(s), name, &words);
	if (rc < 0)
		return goal_store_refused(s, rc, e);
	rc = tentacle_put_away(s, name, e);
	if (rc == 0)
		rc = goal_store_commit(s, e);
	if (rc < 0)
		return rc;
	marking_clear(c, span_of(id));
	warn_dependents(goal_store_goals(s), name);
	if (c->json) {
		json_open(&j, c->out, "tentacle_deleted");
		json_span(&j, "tentacle", name);
		json_close(&j);
	} else {
		out_putf(c->out, "tentacle %.*s deleted\n", SPAN_ARG(name));
	}
	return EXIT_DONE;
}

static const struct option_row tentacle_delete_options[] = {
	{ .name = "yes", .kind = OPTION_FLAG, .summary = "really" },
	OPERATOR_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_delete = {
	.path = "tentacle delete",
	.summary = "remove a tentacle and its folder",
	.usage = "NAME --yes",
	.about = "The journal keeps what happened to it. Refused while its agent runs, and while "
		 "it has a worktree.",
	.example = "sk tentacle delete port-parser --yes",
	.options = tentacle_delete_options,
	.needs = NEED_GOALS,
	.args = ARG_TENTACLE,
	.args_min = 1,
	.args_max = 1,
	.run = tentacle_delete_run,
};
