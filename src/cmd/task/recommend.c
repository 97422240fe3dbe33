/*
 * The decision trees of the procedures, walked by a program instead of by someone who was just
 * woken up. It advises and changes nothing. A damaged state is a finding like others: it is the
 * night on which advice is wanted most.
 */
#include "cmd/cmd.h"

#include "base/limits.h"
#include "base/when.h"
#include "cmd/task/finding.h"
#include "cmd/fit.h"
#include "cmd/hint.h"
#include "cmd/run/served.h"
#include "ctl/control_ask.h"

#define PATIENCE_MS 1000 /* a turn takes milliseconds */

static enum style severity_style(enum severity severity)
{
	return severity >= SEVERITY_ERROR     ? STYLE_BAD
	       : severity == SEVERITY_WARNING ? STYLE_WARN
					      : STYLE_PLAIN;
}

static void put_evidence(const struct finding *one, struct table *t)
{
	CLEANUP(buf_release) struct buf when = BUF_INIT;

	if (!one->seq)
		return;
	if (one->at_ms) {
		buf_put_when(&when, one->at_ms);
		fit_row(t, "evidence", "record %llu, %s UTC: %s", (unsigned long long)one->seq,
			when.p, one->evidence.p ? one->evidence.p : "");
	} else {
		fit_row(t, "evidence", "record %llu, in the archive", (unsigned long long)one->seq);
	}
}

static void put_commands(const struct finding *one, struct table *t)
{
	const char *line = one->next.p ? one->next.p : "";
	const char *name = "next";

	for (; *line; line += strcspn(line, "\n") + 1, name = "")
		fit_row(t, name, "%.*s", (int)strcspn(line, "\n"), line);
}

static void print_finding(struct cmd_ctx *c, const struct finding *one)
{
	CLEANUP(table_release) struct table t = TABLE_INIT(2);

	out_puts(c->out, "\n");
	out_style(c->out, severity_style(one->severity), severity_word(one->severity));
	out_puts(c->out, "  ");
	if (one->id.len)
		out_visible(c->out, one->id);
	else
		out_puts(c->out, "the state");
	out_puts(c->out, "\n");
	fit_row(&t, "what", "%s", one->text.p);
	fit_row(&t, "who acts", "level %d, %s; urgency %s", one->level,
		finding_level_word(one->level), urgency_word(one->urgency));
	put_evidence(one, &t);
	put_commands(one, &t);
	fit_table(&t, c->out, 2);
}

static void print_text(struct cmd_ctx *c, const struct findings *f)
{
	size_t automatic = 0, hidden = 0;

	for (size_t i = 0; i < f->count; i++)
		automatic += f->v[i].level == LEVEL_AUTOMATIC;
	for (int k = 0; k < FINDING_COUNT; k++)
		if (f->of_kind[k] > FINDINGS_KIND_MAX)
			hidden += f->of_kind[k] - FINDINGS_KIND_MAX;
	if (!f->count) {
		out_puts(c->out, "Nothing to do: nothing failed, nothing waits for a person.\n");
		return;
	}
	if (f->count == automatic)
		out_putf(c->out, "Nothing to do: %zu finding%s that mend%s by %s.\n", f->count,
			 PLURAL(f->count), f->count == 1 ? "s" : "",
			 f->count == 1 ? "itself" : "themselves");
	else
		out_putf(c->out, "%zu finding%s%s.\n", f->count, PLURAL(f->count),
			 f->count == 1 ? "" : ", the most severe first");
	for (size_t i = 0; i < f->count; i++)
		print_finding(c, &f->v[i]);
	if (hidden)
		out_putf(c->out, "\nand %zu more of the same kinds: sk task list --state failed\n",
			 hidden);
}

static void finding_json(struct json *j, const struct finding *one)
{
	json_object(j, NULL);
	json_text(j, "finding", finding_word(one->kind));
	json_u64(j, "level", (uint64_t)one->level);
	json_text(j, "level_name", finding_level_word(one->level));
	json_text(j, "urgency", urgency_word(one->urgency));
	json_text(j, "severity", severity_word(one->severity));
	json_text(j, "entity_type", one->entity_type);
	json_span(j, "entity_id", one->id.len ? one->id : SPAN_LIT("system"));
	json_text(j, "text", one->text.p);
	if (one->seq) {
		json_object(j, "evidence");
		json_u64(j, "seq", one->seq);
		json_time(j, "timestamp", one->at_ms);
		json_text(j, "text", one->evidence.p);
		json_object_end(j);
	} else {
		json_null(j, "evidence");
	}
	json_next(j, &one->next);
	json_object_end(j);
}

static void print_json(struct cmd_ctx *c, const struct findings *f)
{
	struct json j;

	json_open(&j, c->out, "recommendations");
	json_array(&j, "findings");
	for (size_t i = 0; i < f->count; i++)
		finding_json(&j, &f->v[i]);
	json_array_end(&j);
	json_object(&j, "found");
	for (int k = 0; k < FINDING_COUNT; k++)
		json_u64(&j, finding_word((enum finding_kind)k), f->of_kind[k]);
	json_object_end(&j);
	json_close(&j);
}

/* Who shows us its own state is at it. Who only holds the lock for a moment listens to nobody. */
static void ask_whether_it_hangs(const struct cmd_ctx *c, struct findings *f)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT, scratch = BUF_INIT;
	const struct control_request request = { .kind = CONTROL_PING };
	struct err ignored = ERR_INIT;
	struct control_reply reply;

	if (c->view->lent || !c->view->alive)
		return;
	if (control_ask(c->view->dir, &request, PATIENCE_MS, &line, &scratch, &reply, &ignored) ==
	    -SK_EBUSY)
		findings_hung(f, c->view->holder.who.pid);
}

static int recommend_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(findings_release) struct findings f = FINDINGS_INIT;
	struct view *own = NULL; /* damage is a finding here, so nobody opens it before us */
	int rc = 0, code = EXIT_DONE;

	if (!c->view) {
		rc = served_aside(c, &(struct served_wish){ 0 }, &code, e);
		if (rc != 0)
			return rc < 0 ? rc : code;
		rc = view_open(c->paths, c->now_ms, &own, e);
	}
	if (own)
		c->view = own;
	if (rc == 0 && !c->view)
		return view_missing(c->paths, e);
	if (rc == 0)
		rc = findings_make(c, &f, e);
	if (rc == 0)
		ask_whether_it_hangs(c, &f);
	if (rc == -SK_ECORRUPT) {
		findings_release(&f);
		findings_damage(&f, e);
		err_clear(e);
		code = EXIT_DAMAGED;
		rc = 0;
	}
	if (rc == 0 && c->json)
		print_json(c, &f);
	else if (rc == 0)
		print_text(c, &f);
	findings_release(&f);
	if (own)
		c->view = NULL;
	view_free(own);
	return rc < 0 ? rc : code;
}

const struct cmd cmd_recommend = {
	.path = "recommend",
	.summary = "say what to do now, most severe first",
	.usage = "",
	.about =
		"Walks the three decision trees (a task failed, a workstream failed, a worker does "
		"not answer) over the recorded state, looks for exhausted resources, cycles and "
		"broken rules, and names for each finding the record that shows it and the next "
		"command.\n\n"
		"Levels: 1 it happens by itself; 2 one command; 3 look first; 4 the program itself "
		"is wrong. The exit code is 0 whatever was found, and 7 when the state is damaged.",
	.example = "sk recommend\nsk recommend --format json",
	.needs = NEED_STATE | CMD_ASIDE,
	.run = recommend_run,
};
