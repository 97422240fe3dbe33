/* The first thing to type after an interruption. It never runs a criterion: going on must be cheap
 * and certain, checking is a decision of its own. */
#include "cmd/goal/goal_change.h"
#include "cmd/goal/goal_page.h"
#include "cmd/hint.h"
#include "core/goal_resume.h"
#include "work/breadcrumb.h"

static void put_resets(const struct texts *names, bool dry, struct buf *out)
{
	if (!names->count)
		return;
	buf_putf(out, "%zu tentacle%s %sput back to the start:", names->count, PLURAL(names->count),
		 dry ? "would be " : "");
	for (size_t i = 0; i < names->count; i++)
		buf_putf(out, "%s %.*s", i ? "," : "", SPAN_ARG(names->v[i]));
	buf_putc(out, '\n');
	if (!dry)
		buf_puts(out,
			 "hand-offs, worktrees and to-dos are as they were; sk tentacle complete "
			 "NAME closes one again\n");
}

static void print_resumed(struct cmd_ctx *c, const struct goal *g, const struct goal_resumed *done,
			  const struct buf *resets)
{
	CLEANUP(buf_release) struct buf next = BUF_INIT;

	if (c->json) {
		goal_json(c, g);
		return;
	}
	goal_put_line(c->out, g);
	if (!done->moved)
		out_puts(c->out, "it was active already\n");
	else
		out_putf(c->out, "it was %s\n", goal_state_word(done->was));
	if (done->rewound)
		out_putf(c->out, "back at the beginning of iteration %llu\n",
			 (unsigned long long)g->iteration);
	if (resets->len)
		out_puts(c->out, resets->p);
	goal_put_next(g, &next);
	out_next(c->out, &next);
}

/* What would be: decided like the act, and not committed. */
static int print_dry(struct cmd_ctx *c, const struct goal_resumed *done, const struct buf *resets)
{
	struct json j;

	if (c->json) {
		json_open(&j, c->out, "goal_resume");
		json_bool(&j, "dry_run", true);
		json_array(&j, "resets");
		for (size_t i = 0; i < done->resets.count; i++)
			json_span(&j, NULL, done->resets.v[i]);
		json_array_end(&j);
		json_close(&j);
		return EXIT_DONE;
	}
	if (done->rewound)
		out_putf(c->out, "would be back at the beginning of iteration %llu\n",
			 (unsigned long long)options_number(c->options, "from-iteration", 0));
	out_puts(c->out, resets->len ? resets->p : "no tentacle would be put back\n");
	return EXIT_DONE;
}

static int tentacle_goal_resume_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goal_change_release) struct goal_change x = GOAL_CHANGE_INIT;
	CLEANUP(buf_release) struct buf resets = BUF_INIT;
	bool dry = options_has(c->options, "dry-run");
	struct goal_resume ask = { .reset_failed = options_has(c->options, "reset-failed"),
				   .from_iteration =
					   options_number(c->options, "from-iteration", 0) };
	struct goal_resumed done;
	int decided, rc = goal_change_begin(&x, c, 0, e);

	if (rc < 0)
		return rc;
	decided = goal_resume(x.turn, x.g, &ask, &x.words, &done);
	if (decided == 0)
		put_resets(&done.resets, dry, &resets);
	if (decided == 0 && dry)
		return print_dry(c, &done, &resets);
	rc = goal_change_end(&x, decided, e);
	if (rc < 0)
		return rc;
	/* It told the next session to do what was done now. */
	if (x.g->status == GOAL_ACTIVE && x.g == goals_chosen(goal_store_goals(x.s)))
		breadcrumb_remove(goal_store_vfs(x.s));
	goals_warn(x.s);
	print_resumed(c, x.g, &done, &resets);
	return done.gated ? EXIT_AWAITING_GATE : EXIT_DONE;
}

static const struct option_row tentacle_goal_resume_options[] = {
	{ .name = "reset-failed",
	  .kind = OPTION_FLAG,
	  .summary = "put tentacles of this iteration back that are blocked, parked or lost" },
	{ .name = "from-iteration",
	  .kind = OPTION_NUMBER,
	  .value = "N",
	  .min = 1,
	  .summary = "begin this iteration again; all tentacles from there on are put back" },
	{ .name = "dry-run",
	  .letter = 'n',
	  .kind = OPTION_FLAG,
	  .summary = "name what would be put back; change nothing" },
	{ .name = "reason",
	  .kind = OPTION_TEXT,
	  .value = "TEXT",
	  .summary = "why, for the record" },
	GOAL_OPTION,
	OPERATOR_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_goal_resume = {
	.path = "tentacle goal resume",
	.summary = "go on with a goal that was stopped",
	.usage = "[--reset-failed] [--from-iteration N] [--dry-run]",
	.about = "No criterion is run. While a gate blocks the goal waits for it (exit 10). A goal "
		 "that is completed or abandoned stays so (exit 4). A tentacle whose agent runs is "
		 "not put back: nothing is changed then. --from-iteration names what it puts back, "
		 "also "
		 "completed work; hand-offs, worktrees and to-dos stay, and complete closes it "
		 "again. The budget gets no iterations "
		 "back: they were opened.",
	.example = "sk tentacle goal resume\nsk tentacle goal resume --reset-failed\n"
		   "sk tentacle goal resume --from-iteration 2",
	.options = tentacle_goal_resume_options,
	.needs = NEED_GOALS,
	.run = tentacle_goal_resume_run,
};
