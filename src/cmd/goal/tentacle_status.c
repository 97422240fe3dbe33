/*
 * What is in flight, after a compaction or a kill. One file that cannot be used never hides the
 * others: its line says what is wrong with it.
 */
#include "cmd/goal/tentacles.h"

#include "base/when.h"
#include "cmd/next.h"
#include "core/tentacle_run.h"
#include "core/tentacle_work.h"
#include "core/todo.h"

static enum style state_style(const struct tentacle *t)
{
	if (t->status == TENTACLE_COMPLETED)
		return handoff_needs_triage(t->terminal_status) ? STYLE_WARN : STYLE_GOOD;
	if (t->status == TENTACLE_LOST || t->status == TENTACLE_FAILED)
		return STYLE_BAD;
	return t->status == TENTACLE_PARKED ? STYLE_WARN : STYLE_PLAIN;
}

static const struct goal_file_problem *problem_of(const struct goal_store *s, struct span name)
{
	const struct goal_file_problem *all;
	size_t count = goal_store_problems(s, &all);

	for (size_t i = 0; i < count; i++)
		if (all[i].tentacle && span_is(name, all[i].subject))
			return &all[i];
	return NULL;
}

/* What a person has to know of its last agent. */
static void put_how(const struct tentacle *t, struct buf *out)
{
	if (!tentacle_put_trouble(t, out) &&
	    (t->status == TENTACLE_FAILED || t->status == TENTACLE_STOPPED ||
	     t->status == TENTACLE_AWAITING_HANDOFF))
		tentacle_run_put(t, out);
}

static void put_note(struct table *table, const struct goal_store *s, const struct tentacle *t,
		     int64_t now_ms)
{
	CLEANUP(buf_release) struct buf note = BUF_INIT, left = BUF_INIT;
	const struct goal_file_problem *problem = problem_of(s, t->name);

	if (t->status == TENTACLE_PARKED) {
		buf_putf(&note, "%.*s", SPAN_ARG(t->parked.kind));
		if (t->parked.held) {
			buf_puts(&note, ", held");
		} else if (t->parked.due_ms > now_ms) {
			buf_puts(&note, ", due in ");
			buf_put_duration(&note, t->parked.due_ms - now_ms);
		} else {
			buf_puts(&note, t->parked.due_ms ? ", due" : ", nobody knows until when");
		}
	}
	if (!note.len)
		put_how(t, &note);
	tentacle_put_left(t, &left);
	if (left.len)
		buf_putf(&note, "%s%s", note.len ? "; " : "", left.p);
	if (t->owner.pid)
		buf_putf(&note, "%sowner %s (pid %llu)", note.len ? "; " : "",
			 tentacle_owner_word(t), (unsigned long long)t->owner.pid);
	if (problem)
		buf_putf(&note, "%s%s%s", note.len ? "; " : "",
			 problem->gone ? "its folder is gone" : "unusable: ",
			 problem->gone ? "" : problem->text);
	table_span(table, problem ? STYLE_BAD : STYLE_DIM,
		   note.len ? (struct span){ note.p, note.len } : SPAN_NONE);
}

static void put_row(struct table *table, const struct goal_store *s, const struct tentacle *t,
		    int64_t now_ms)
{
	CLEANUP(buf_release) struct buf age = BUF_INIT;
	struct todo_count count = todo_count(t->todo);

	table_span(table, STYLE_PLAIN, t->name);
	table_cell(table, state_style(t), "%s", tentacle_state_word(t->status));
	table_cell(table, STYLE_PLAIN, "%zu/%zu", count.done, count.total);
	table_cell(table, STYLE_PLAIN, "%s",
		   t->terminal_status ? handoff_words[t->terminal_status]
		   : t->handoff_bytes ? "hand-off"
				      : "-");
	buf_put_duration(&age, now_ms > t->updated_ms ? now_ms - t->updated_ms : 0);
	table_cell(table, STYLE_DIM, "%s", age.p);
	put_note(table, s, t, now_ms);
}

/* Folders that could not be taken in at all. */
static void put_strangers(struct table *table, const struct goal_store *s)
{
	const struct goal_file_problem *all;
	size_t count = goal_store_problems(s, &all);

	for (size_t i = 0; i < count; i++) {
		if (!all[i].tentacle ||
		    goals_tentacle(goal_store_goals(s), span_of(all[i].subject)))
			continue;
		table_span(table, STYLE_PLAIN, span_of(all[i].subject));
		table_cell(table, STYLE_BAD, "unusable");
		table_cell(table, STYLE_PLAIN, "-");
		table_cell(table, STYLE_PLAIN, "-");
		table_cell(table, STYLE_PLAIN, "-");
		table_span(table, STYLE_BAD, span_of(all[i].text));
	}
}

/* What to type for work that waits, and for folders that somebody removed: made again, or
 * forgotten. */
static void put_next(struct out *out, const struct goal_store *s)
{
	CLEANUP(buf_release) struct buf next = BUF_INIT;
	const struct goals *all = goal_store_goals(s);
	const struct goal_file_problem *problems;
	size_t count = goal_store_problems(s, &problems);

	for (size_t i = 0; i < all->tentacle_count; i++)
		if (tentacle_unmerged(&all->tentacles[i]))
			next_add(&next, "sk tentacle worktree %.*s merge --commit",
				 SPAN_ARG(all->tentacles[i].name));
	for (size_t i = 0; i < count; i++) {
		if (!problems[i].gone)
			continue;
		next_add(&next, "sk tentacle goal repair --tentacle %s", problems[i].subject);
		next_add(&next, "sk tentacle delete %s --yes", problems[i].subject);
	}
	out_next(out, &next);
}

/* Whether it belongs to a goal that is at its end: history, not what is in flight. */
static bool belongs_to_history(const struct goals *all, const struct tentacle *t)
{
	const struct goal *g = t->goal_id.len ? goals_find(all, t->goal_id) : NULL;

	return g && goal_state_final(g->status) && tentacle_state_final(t->status);
}

static void put_head(struct table *table)
{
	static const char *const words[] = { "tentacle", "state",   "to-dos",
					     "hand-off", "changed", "" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		table_cell(table, STYLE_DIM, "%s", words[i]);
}

static void print_page(struct cmd_ctx *c, const struct goal_store *s)
{
	CLEANUP(table_release) struct table table = TABLE_INIT(6);
	const struct goals *all = goal_store_goals(s);
	struct todo_count sum = { 0, 0 };
	size_t shown = 0, head;

	put_head(&table);
	head = table.count;
	for (size_t i = 0; i < all->tentacle_count; i++) {
		struct todo_count count = todo_count(all->tentacles[i].todo);

		if (!options_has(c->options, "all") && belongs_to_history(all, &all->tentacles[i]))
			continue;
		put_row(&table, s, &all->tentacles[i], c->now_ms);
		sum.done += count.done;
		sum.total += count.total;
		shown++;
	}
	put_strangers(&table, s);
	if (table.count > head)
		table_print(&table, c->out, 0);
	else if (!all->tentacle_count)
		out_puts(c->out, "no tentacles yet. Try: sk tentacle create NAME\n");
	if (shown)
		out_putf(c->out, "\n%zu tentacle%s, %zu of %zu to-do%s done\n", shown,
			 PLURAL(shown), sum.done, sum.total, PLURAL(sum.total));
	if (shown < all->tentacle_count)
		out_putf(c->out,
			 "%zu of goals at their end not shown. Try: sk tentacle status --all\n",
			 all->tentacle_count - shown);
	put_next(c->out, s);
}

static void print_json(struct cmd_ctx *c, const struct goal_store *s)
{
	const struct goal_file_problem *problems;
	const struct goals *all = s ? goal_store_goals(s) : NULL;
	size_t count = s ? goal_store_problems(s, &problems) : 0;
	struct json j;

	json_open(&j, c->out, "tentacles");
	json_array(&j, "tentacles");
	for (size_t i = 0; all && i < all->tentacle_count; i++) {
		const struct goal_file_problem *problem = problem_of(s, all->tentacles[i].name);

		json_object(&j, NULL);
		tentacle_put_json(&j, &all->tentacles[i], c->now_ms);
		json_text(&j, "problem", problem ? problem->text : NULL);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_array(&j, "problems");
	for (size_t i = 0; i < count; i++) {
		json_object(&j, NULL);
		json_text(&j, "subject", problems[i].subject);
		json_text(&j, "path", problems[i].path);
		json_text(&j, "problem", problems[i].text);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_close(&j);
}

static int tentacle_status_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	int rc = tentacles_open_store(c, 0, &s, e);

	if (rc == -SK_ENOTFOUND)
		err_clear(e);
	else if (rc < 0)
		return rc;
	if (c->json)
		print_json(c, s);
	else if (s)
		print_page(c, s);
	else
		out_puts(c->out, "no tentacles yet. Try: sk tentacle create NAME\n");
	return EXIT_DONE;
}

static const struct option_row tentacle_status_options[] = {
	{ .name = "all",
	  .letter = 'a',
	  .kind = OPTION_FLAG,
	  .summary = "also those of goals that are at their end" },
	{ .name = NULL },
};

const struct cmd cmd_tentacle_status = {
	.path = "tentacle status",
	.summary = "show what is in flight, parked or lost",
	.usage = "[--all]",
	.about = "An owner is the process that works on a tentacle; \"lost\" means that exactly "
		 "this process is gone. The age is that of the last change.",
	.example = "sk tentacle status\nsk tentacle status --format json",
	.options = tentacle_status_options,
	.needs = NEED_GOALS,
	.run = tentacle_status_run,
};
