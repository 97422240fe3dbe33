/*
 * A task whose check failed: was it mended? The worker stops at the first rule that fails, so all
 * rules of that phase are run again: a mended first one may have hidden a second. What they do
 * happens outside of the state, and the task stays failed until someone retries it.
 */
#include "cmd/cmd.h"

#include "base/limits.h"
#include "cmd/task/by_hand.h"
#include "cmd/task/diary.h"
#include "cmd/task/fault.h"
#include "cmd/next.h"
#include "cmd/task/task_page.h"
#include "cmd/task/thing.h"

#define COMMAND_SHOWN_MAX 200

struct checked {
	struct command_def rule, fix;
	bool has_fix, fixed; /* fixed: the fix was run */
	bool passes;         /* in the end */
	struct by_hand_end before, fixing, after;
};

struct fixing {
	struct cmd_ctx *c;
	const struct task *t;
	const char *phase;
	struct by_hand hand;
	struct checked rules[RULES_MAX];
	unsigned count, failing;
	bool automatic, dry_run;
	struct buf next, story; /* story: one line for the diary */
};

static void fixing_release(struct fixing *f)
{
	for (unsigned i = 0; i < f->count; i++) {
		buf_release(&f->rules[i].before.problem);
		buf_release(&f->rules[i].fixing.problem);
		buf_release(&f->rules[i].after.problem);
	}
	by_hand_release(&f->hand);
	buf_release(&f->next);
	buf_release(&f->story);
}

/* A line as soon as it is known: a rule may take long. */
static void say(struct fixing *f, const struct command_def *def, const char *what,
		const struct by_hand_end *end)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct out *out = f->c->out;

	if (end)
		by_hand_put_end(end, &text);
	else
		command_put_shown(&text, def, COMMAND_SHOWN_MAX);
	if (!f->c->json) {
		out_puts(out, "  ");
		out_visible(out, def->name);
		out_putf(out, "  %s", what);
		if (end)
			out_style(out, by_hand_passed(end) ? STYLE_GOOD : STYLE_BAD, text.p);
		else
			out_puts(out, text.p);
		out_puts(out, "\n");
		out_flush(out);
	}
	buf_putf(&f->story, "%s%.*s %s%s", f->story.len ? "; " : "", SPAN_ARG(def->name), what,
		 text.p);
}

static int run_rule(struct fixing *f, struct checked *r, struct err *e)
{
	int rc = by_hand_run(&f->hand, &r->rule, &r->before, e);

	if (rc < 0)
		return rc;
	r->passes = by_hand_passed(&r->before);
	say(f, &r->rule, "", &r->before);
	if (r->passes || !f->automatic || !r->has_fix)
		return 0;
	r->fixed = true;
	say(f, &r->fix, "fix: ", NULL);
	rc = by_hand_run(&f->hand, &r->fix, &r->fixing, e);
	if (rc < 0)
		return rc;
	if (!by_hand_passed(&r->fixing)) {
		say(f, &r->fix, "the fix failed: ", &r->fixing);
		return 0;
	}
	rc = by_hand_run(&f->hand, &r->rule, &r->after, e);
	if (rc < 0)
		return rc;
	r->passes = by_hand_passed(&r->after);
	say(f, &r->rule, "checked again: ", &r->after);
	return 0;
}

/* Reads the rules of the phase and, unless it is only to be shown, runs them. */
static int run_rules(struct fixing *f, struct err *e)
{
	int rc = 0;

	while (rc == 0 && f->count < RULES_MAX) {
		struct checked *r = &f->rules[f->count];

		if (task_def_command(f->t->def, f->phase, f->count, &r->rule) != 1)
			break;
		f->count++;
		r->has_fix = task_def_fix(&r->rule, &r->fix) == 1;
		if (!f->dry_run) {
			rc = run_rule(f, r, e);
			f->failing += !r->passes;
			continue;
		}
		say(f, &r->rule, "would run: ", NULL);
		if (r->has_fix && f->automatic)
			say(f, &r->fix, "and if that fails: ", NULL);
	}
	return rc;
}

static void find_next(struct fixing *f)
{
	bool fixable = false;

	for (unsigned i = 0; i < f->count; i++)
		fixable |= !f->rules[i].passes && f->rules[i].has_fix && !f->rules[i].fixed;
	if (f->dry_run || (f->failing && fixable))
		next_add(&f->next, "sk task fix-validation --task-id %.*s --auto",
			 SPAN_ARG(f->t->id));
	else if (f->failing)
		next_add(&f->next, "sk task debug --task-id %.*s", SPAN_ARG(f->t->id));
	else
		next_add(&f->next, "sk task retry --task-id %.*s", SPAN_ARG(f->t->id));
}

static void end_json(struct json *j, const char *key, const struct by_hand_end *end, bool ran)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	by_hand_put_end(end, &text);
	json_text(j, key, ran ? text.p : NULL);
}

static void print_json(struct fixing *f)
{
	struct json j;

	json_open(&j, f->c->out, "fix_validation");
	json_span(&j, "task_id", f->t->id);
	json_text(&j, "phase", f->phase);
	json_bool(&j, "dry_run", f->dry_run);
	json_array(&j, "rules");
	for (unsigned i = 0; i < f->count; i++) {
		struct checked *r = &f->rules[i];

		json_object(&j, NULL);
		json_span(&j, "rule", r->rule.name);
		json_bool(&j, "passes", r->passes);
		json_bool(&j, "has_fix", r->has_fix);
		end_json(&j, "result", &r->before, !f->dry_run);
		end_json(&j, "fix_result", &r->fixing, r->fixed);
		end_json(&j, "result_after_fix", &r->after, r->fixed && by_hand_passed(&r->fixing));
		json_object_end(&j);
	}
	json_array_end(&j);
	json_bool(&j, "passed", !f->dry_run && !f->failing);
	json_next(&j, &f->next);
	json_close(&j);
}

static int find_phase(struct fixing *f, struct err *e)
{
	enum fault fault = fault_of(f->t);

	if (fault == FAULT_VALIDATION || fault == FAULT_PRECHECK) {
		f->phase = fault == FAULT_VALIDATION ? "after" : "before";
		return 0;
	}
	return err_set(
		e, -SK_EREFUSED,
		"task \"%.*s\": no rule of it has failed (it is %s): nothing was run. Try: sk "
		"task show %.*s",
		SPAN_ARG(f->t->id), task_state_word(f->t->state), SPAN_ARG(f->t->id));
}

static int fix(struct fixing *f, struct err *e)
{
	int rc = find_phase(f, e);

	if (rc == 0 && !f->c->json) {
		out_visible(f->c->out, f->t->id);
		out_putf(f->c->out, ": rules %s the command\n", f->phase);
	}
	if (rc == 0)
		rc = run_rules(f, e);
	if (rc < 0)
		return rc;
	find_next(f);
	if (f->c->json) {
		print_json(f);
		return 0;
	}
	if (!f->dry_run && f->failing)
		out_putf(f->c->out, "%u of %u rule%s still fail%s.\n", f->failing, f->count,
			 PLURAL(f->count), f->failing == 1 ? "s" : "");
	else if (!f->dry_run)
		out_putf(f->c->out, "%s now; the task itself stays as it is.\n",
			 f->count == 1 ? "The rule passes" : "All rules pass");
	out_next(f->c->out, &f->next);
	return 0;
}

static int task_fix_validation_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(fixing_release)
	struct fixing f = { .c = c,
			    .hand = BY_HAND_INIT,
			    .automatic = options_has(c->options, "auto"),
			    .dry_run = options_has(c->options, "dry-run") };
	struct err diary = ERR_INIT;
	uint32_t task;
	int rc = thing_task(c, &task, e), wrote;

	if (rc < 0)
		return rc;
	f.t = &c->view->st.tasks[task];
	rc = by_hand_open(&f.hand, c->view, task, e);
	if (rc == 0)
		rc = fix(&f, e);
	if (f.dry_run)
		return rc < 0 ? rc : EXIT_DONE;
	wrote = diary_task(c, f.t->id, rc,
			   rc < 0      ? e->text
			   : f.story.p ? f.story.p
				       : "no rules",
			   &diary);
	if (rc == 0 && wrote < 0)
		return err_set(e, wrote, "it was done, but %s", diary.text);
	return rc < 0 ? rc : f.failing ? EXIT_WORK_FAILED : EXIT_DONE;
}

static const struct option_row task_fix_validation_options[] = {
	TASK_ID_OPTION,
	{ .name = "auto",
	  .kind = OPTION_FLAG,
	  .summary = "run the fix of each rule that fails, then the rule again" },
	{ .name = "dry-run",
	  .letter = 'n',
	  .kind = OPTION_FLAG,
	  .summary = "show what would be run; run nothing" },
	DIARY_OPTIONS,
	{ .name = NULL },
};

const struct cmd cmd_task_fix_validation = {
	.path = "task fix-validation",
	.alias = "fix_validation",
	.summary = "run the checks that failed again; --auto mends",
	.usage = "[--auto] TASK",
	.about = "Runs all rules of the phase in which one failed, in the folder and with the "
		 "variables of the task; what they print goes to stderr. With --auto the fix that "
		 "the plan names for a rule (rules: {style: {run: make check-style, fix: make "
		 "style}}) is run when the rule fails, and then the rule again. The exit code is 0 "
		 "when all pass now, else 1. The state of the task never changes here: retry it "
		 "when its rules pass.",
	.example = "sk task fix-validation unit\nsk task fix-validation --task-id unit --auto",
	.options = task_fix_validation_options,
	.needs = NEED_VIEW,
	.args = ARG_TASK,
	.args_max = 1,
	.run = task_fix_validation_run,
};
