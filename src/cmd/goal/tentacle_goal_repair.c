/*
 * The way out when a file cannot be used: it is put aside, never thrown away, and the last good
 * version is written again from the journal. What the refused file says is for a person to look at.
 * Where it is the journal that cannot be used, a person says from what to go on: both ways give
 * something up, and only who knows the work knows what is worth more.
 */
#include <errno.h>

#include "cmd/goal/goals.h"
#include "cmd/hint.h"
#include "cmd/state/restore_page.h"
#include "work/goal_mend.h"

/* Whether the problem is one that was asked for: without a name all are. */
static bool asked(const struct goal_file_problem *p, const char *tentacle, const char *goal)
{
	if (tentacle)
		return p->tentacle && strcmp(p->subject, tentacle) == 0;
	return !goal || (!p->tentacle && strncmp(p->subject, goal, strlen(goal)) == 0);
}

static size_t count_asked(const struct goal_store *s, const char *tentacle, const char *goal)
{
	const struct goal_file_problem *all;
	size_t count = goal_store_problems(s, &all), found = 0;

	for (size_t i = 0; i < count; i++)
		found += asked(&all[i], tentacle, goal);
	return found;
}

/* One file, and what becomes of it. */
static void print_problem_text(struct cmd_ctx *c, const struct goal_store *s,
			       const struct goal_file_problem *p, bool done)
{
	char aside[GOAL_ASIDE_BYTES];

	goal_store_aside(s, p->path, aside);
	out_visible(c->out, span_of(p->text));
	if (p->gone) {
		out_putf(c->out,
			 "\n  %s made again from what is recorded; what lay in it beside that "
			 "(CONTEXT.md, logs, older hand-offs) is lost\n",
			 done ? "it is" : "it would be");
		return;
	}
	if (done)
		out_putf(c->out, "\n  put aside as %s; ", aside);
	else
		out_puts(c->out, "\n  would be put aside, with .refused- and the time behind its "
				 "name; ");
	if (!p->known)
		out_puts(c->out, "no good version is known, so none is written in its place\n");
	else
		out_putf(c->out, "the last good version %s written again\n",
			 done ? "is" : "would be");
}

static void print_problems(struct cmd_ctx *c, const struct goal_store *s, const char *tentacle,
			   const char *goal, bool done)
{
	const struct goal_file_problem *all;
	size_t count = goal_store_problems(s, &all);
	struct json j;

	if (c->json) {
		json_open(&j, c->out, "goal_repair");
		json_bool(&j, "repaired", done);
		json_array(&j, "problems");
	}
	for (size_t i = 0; i < count; i++) {
		if (!asked(&all[i], tentacle, goal))
			continue;
		if (!c->json) {
			print_problem_text(c, s, &all[i], done);
			continue;
		}
		json_object(&j, NULL);
		json_text(&j, "path", all[i].path);
		json_text(&j, "subject", all[i].subject);
		json_bool(&j, "tentacle", all[i].tentacle);
		json_bool(&j, "stale", all[i].stale);
		json_bool(&j, "gone", all[i].gone);
		json_bool(&j, "good_version_known", all[i].known);
		json_text(&j, "problem", all[i].text);
		json_object_end(&j);
	}
	if (!c->json)
		return;
	json_array_end(&j);
	json_close(&j);
}

/* Each subject once: a tentacle may have several files that cannot be used. */
static int repair(struct goal_store *s, const char *tentacle, const char *goal, struct err *e)
{
	const struct goal_file_problem *all;

	while (count_asked(s, tentacle, goal)) {
		CLEANUP(mem_free) char *subject = NULL;
		size_t count = goal_store_problems(s, &all);
		int rc;

		for (size_t i = 0; i < count && !subject; i++)
			if (asked(&all[i], tentacle, goal))
				subject = mem_strdup(all[i].subject);
		rc = goal_store_repair(s, subject, e);
		if (rc < 0)
			return rc;
	}
	return goal_store_commit(s, e);
}

/* --- the journal --------------------------------------------------------------------------- */

static void put_aside_text(struct cmd_ctx *c, const struct goal_mend *m)
{
	struct span left = { m->aside.p, m->aside.len };

	while (left.len) {
		struct span line = span_before(left, "\n"), old = span_before(line, "\t");

		out_putf(c->out, "  %.*s %s%.*s\n", SPAN_ARG(old),
			 old.len + 1 < line.len ? "is kept as "
						: "would be kept under another name",
			 (int)(line.len - old.len - 1), old.p + old.len + 1);
		left = (struct span){ left.p + line.len + 1, left.len - line.len - 1 };
	}
}

static void print_mended(struct cmd_ctx *c, const struct goal_mend *m, bool files, bool done)
{
	CLEANUP(buf_release) struct buf loss = BUF_INIT;
	const struct restore_plan lost = { .loss = m->loss, .loses = true };
	struct json j;

	restore_put_loss(&lost, &loss);
	if (c->json) {
		json_open(&j, c->out, "goal_repair");
		json_bool(&j, "repaired", done);
		json_text(&j, "problem", m->problem[0] ? m->problem : NULL);
		json_text(&j, "from", files ? "files" : "journal");
		json_text(&j, "source", m->source[0] ? m->source : NULL);
		json_u64(&j, "seq", m->seq);
		json_text(&j, "lost", loss.len ? loss.p : NULL);
		json_close(&j);
		return;
	}
	if (!m->problem[0]) {
		out_puts(c->out, "nothing to repair: the journal is whole, and the files fit it\n");
		return;
	}
	out_visible(c->out, span_of(m->problem));
	out_puts(c->out, "\n");
	if (files)
		out_putf(c->out,
			 "%s from goal.json and the folders of the tentacles, with a new "
			 "journal; the history of before %s only in the old one\n",
			 done ? "gone on" : "would go on", done ? "is" : "would be");
	else
		out_putf(c->out, "%s as it was behind seq %llu, from %s; %s: %s\n",
			 done ? "gone on" : "would go on", (unsigned long long)m->seq, m->source,
			 done ? "given up" : "would be given up", loss.len ? loss.p : "nothing");
	put_aside_text(c, m);
	if (done)
		out_puts(c->out, "Next: sk tentacle goal status\n");
}

static int mend(struct cmd_ctx *c, const char *word, bool dry, struct err *e)
{
	CLEANUP(goal_mend_release) struct goal_mend m = { .seq = 0 };
	enum goal_mend_from from = strcmp(word, "files") == 0 ? MEND_FROM_FILES : MEND_FROM_JOURNAL;
	bool act = !dry && options_has(c->options, "yes");
	struct goal_actor actor;
	const struct goal_words words = goals_words(c, &actor);
	const struct restore_by by = { words.operator_name, words.reason, c->now_ms };
	int rc = goal_store_mend(c->goal_paths, "sk tentacle goal repair", from, &by, act, &m, e);

	if (rc == -ENOENT)
		return err_set(e, -SK_ENOTFOUND,
			       "there is no goal here yet: no %s. Try: sk tentacle goal init "
			       "--title TEXT",
			       c->goal_paths->state_dir);
	if (rc < 0)
		return rc;
	if (m.problem[0] && !act && !dry)
		return err_set(e, -SK_ECONFIRM,
			       "%s: going on from the %s gives something up: nothing was changed. "
			       "Try: sk tentacle goal repair --from %s --dry-run, or --yes",
			       m.problem, word, word);
	if (act && m.problem[0])
		done_elsewhere(c->done, "the journal begins anew", "tentacle goal status");
	print_mended(c, &m, from == MEND_FROM_FILES, act && m.problem[0]);
	return EXIT_DONE;
}

static int tentacle_goal_repair_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	const char *tentacle = options_text(c->options, "tentacle");
	const char *goal = options_text(c->options, "goal");
	const char *from = options_text(c->options, "from");
	bool explain = options_has(c->options, "explain") || options_has(c->options, "dry-run");
	const struct tentacle *t;
	size_t at;
	int rc;

	if (from)
		return mend(c, from, explain, e);
	rc = goals_open(c, explain ? 0 : GOALS_WRITE, &s, e);
	if (rc < 0)
		return rc;
	if (!count_asked(s, tentacle, goal)) {
		if (tentacle && goal_store_tentacle(s, tentacle, &t, e) < 0)
			return e->code;
		if (!c->json)
			out_puts(c->out, "nothing to repair: every file asked for can be used\n");
		else
			print_problems(c, s, tentacle, goal, false);
		return EXIT_DONE;
	}
	at = c->out->buf.len;
	print_problems(c, s, tentacle, goal, !explain);
	rc = explain ? EXIT_DONE : repair(s, tentacle, goal, e);
	if (rc < 0)
		buf_truncate(&c->out->buf, at); /* it did not happen */
	return rc;
}

static const struct option_row tentacle_goal_repair_options[] = {
	{ .name = "tentacle",
	  .kind = OPTION_TEXT,
	  .completes = ARG_TENTACLE,
	  .value = "NAME",
	  .summary = "the files of this tentacle, in the place of the goal's" },
	{ .name = "from",
	  .kind = OPTION_CHOICE,
	  .value = "files|journal",
	  .summary = "where the journal is damaged or gone: go on from this" },
	{ .name = "explain",
	  .kind = OPTION_FLAG,
	  .summary = "say what is wrong and what would be done; change nothing" },
	{ .name = "dry-run", .letter = 'n', .kind = OPTION_FLAG, .summary = "the same" },
	{ .name = "yes",
	  .letter = 'y',
	  .kind = OPTION_FLAG,
	  .summary = "it is meant: with --from something is given up" },
	OPERATOR_OPTION,
	GOAL_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_goal_repair = {
	.path = "tentacle goal repair",
	.summary = "put unusable files aside, write good ones",
	.usage = "[--tentacle NAME] [--from files|journal] [--dry-run] [--yes]",
	.about = "A file that cannot be used is renamed, never removed, and the last good version "
		 "is written from the journal. Without an option all of them are looked at. A "
		 "journal that is damaged, gone or behind its files is never mended by itself: "
		 "--from files begins a new one with what goal.json and the folders of the "
		 "tentacles say, without the history; --from journal takes the newest good backup "
		 "and what the journal tells behind it, or its good part, and puts files aside "
		 "that say more. The old journal is kept under another name.",
	.example = "sk tentacle goal repair --explain\nsk tentacle goal repair\nsk tentacle goal "
		   "repair --from files --dry-run",
	.options = tentacle_goal_repair_options,
	.needs = NEED_GOALS,
	.run = tentacle_goal_repair_run,
};
