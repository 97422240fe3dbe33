/*
 * What is in flight, after a compaction or a kill. One file that cannot be used never hides the
 * others: its line says what is wrong with it.
 */
#include "cmd/tentacles.h"

#include "base/when.h"
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

/* What to type for folders that somebody removed. */
static void put_gone(struct out *out, const struct goal_store *s)
{
	const struct goal_file_problem *all;
	size_t count = goal_store_problems(s, &all);
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		if (!all[i].gone)
			continue;
		out_putf(out,
			 "%snext: sk tentacle goal repair --tentacle %s, which makes the folder "
			 "again, or sk tentacle delete %s --yes\n",
			 any ? "" : "\n", all[i].subject, all[i].subject);
		any = true;
	}
}

/* What to type for work that waits. */
static void put_merges(struct out *out, const struct goals *all)
{
	bool any = false;

	for (size_t i = 0; i < all->tentacle_count; i++) {
		if (!tentacle_unmerged(&all->tentacles[i]))
			continue;
		out_putf(out, "%snext: sk tentacle worktree %.*s merge --commit\n", any ? "" : "\n",
			 SPAN_ARG(all->tentacles[i].name));
		any = true;
	}
}

static void print_page(struct cmd_ctx *c, const struct goal_store *s)
{
	CLEANUP(table_release) struct table table = TABLE_INIT(6);
	const struct goals *all = goal_store_goals(s);
	struct todo_count sum = { 0, 0 };

	for (size_t i = 0; i < all->tentacle_count; i++) {
		struct todo_count count = todo_count(all->tentacles[i].todo);

		put_row(&table, s, &all->tentacles[i], c->now_ms);
		sum.done += count.done;
		sum.total += count.total;
	}
	put_strangers(&table, s);
	if (!table.count) {
		out_puts(c->out, "no tentacles yet. Try: sk tentacle create NAME\n");
		return;
	}
	table_print(&table, c->out, 0);
	put_merges(c->out, all);
	put_gone(c->out, s);
	out_putf(c->out, "\n%zu tentacle%s, %zu of %zu to-do%s done\n", all->tentacle_count,
		 PLURAL(all->tentacle_count), sum.done, sum.total, PLURAL(sum.total));
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

const struct cmd cmd_tentacle_status = {
	.path = "tentacle status",
	.summary = "show what is in flight, parked or lost",
	.usage = "",
	.about = "An owner is the process that works on a tentacle; \"lost\" means that exactly "
		 "this process is gone. The age is that of the last change.",
	.example = "sk tentacle status --format json",
	.needs = NEED_GOALS,
	.run = tentacle_status_run,
};
