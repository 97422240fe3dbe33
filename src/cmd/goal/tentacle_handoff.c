/*
 * The last thing an agent types. What it says is recorded before the file is touched, so a kill in
 * between loses nothing; and when it says that a quota stopped the work, the work is parked at once
 * and not at some later command.
 */
#include "base/limits.h"
#include "base/when.h"
#include "cmd/home.h"
#include "cmd/kb/knowledge.h"
#include "cmd/goal/marking.h"
#include "cmd/goal/scope_look.h"
#include "cmd/goal/tentacles.h"
#include "core/handoff.h"
#include "kb/kb_entry.h"
#include "work/park.h"

#define LEARNED_TITLE_BYTES 200 /* of the text, in the title of what is learned */

static int status_of(const struct cmd_ctx *c)
{
	const char *word = options_text(c->options, "status");

	for (unsigned s = HANDOFF_NONE + 1; word && s < HANDOFF_STATE_COUNT; s++)
		if (strcmp(word, handoff_words[s]) == 0)
			return (int)s;
	return HANDOFF_NONE;
}

static int read_entry(const struct cmd_ctx *c, struct arena *arena, struct handoff_entry *out,
		      struct err *e)
{
	const struct options *o = c->options;

	*out = (struct handoff_entry){
		.at_ms = c->now_ms,
		.message = span_of(o->args[1]),
		.status = (uint8_t)status_of(c),
		.quota_reason = span_of(options_text(o, "quota-reason")),
		.retry_hint = span_of(options_text(o, "retry-hint")),
		.summary = span_of(options_text(o, "summary")),
		.next = span_of(options_text(o, "next-instructions")),
		.output = span_of(options_text(o, "output-text")),
	};
	texts_add_options(arena, &out->changed, c, "changed-file", false);
	texts_add_options(arena, &out->bridges, c, "bridge", false);
	texts_add_options(arena, &out->decisions, c, "decision", false);
	texts_add_options(arena, &out->blockers, c, "blocker", false);
	texts_add_options(arena, &out->files_read, c, "file-read", false);
	if (handoff_problem(out))
		return err_set(e, -SK_EUSAGE,
			       "hand-off: %s: nothing was recorded. Try: sk help "
			       "tentacle handoff",
			       handoff_problem(out));
	if ((out->quota_reason.len || out->retry_hint.len) && out->status != HANDOFF_BLOCKED)
		return err_set(e, -SK_EUSAGE,
			       "--quota-reason and --retry-hint tell why work is blocked: nothing "
			       "was recorded. Try: the same with --status BLOCKED");
	if (out->retry_hint.len && !park_hint_known(out->retry_hint, c->now_ms))
		return err_set(
			e, -SK_EUSAGE,
			"--retry-hint: tells no moment and no duration: nothing was "
			"recorded. Try: --retry-hint \"in 10 minutes\", 5m or a time such as "
			"18:30");
	if (out->quota_reason.len && !park_reason_known(out->quota_reason, c->now_ms))
		return err_set(
			e, -SK_EUSAGE,
			"--quota-reason: is no limit that is known: nothing was recorded. "
			"Try: --quota-reason network, rate_limit, overloaded, quota_exceeded, "
			"token_quota, daily_quota, monthly_quota, context_limit or billing");
	if ((out->summary.len || out->next.len || out->output.len || out->decisions.count ||
	     out->blockers.count) &&
	    !out->files_read.count)
		return err_set(e, -SK_EUSAGE,
			       "hand-off: one in parts names at least one file that was read: "
			       "nothing was recorded. Try: the same with --file-read FILE");
	return 0;
}

/* Whether a quota stopped the work; the reason becomes part of the hand-off. */
static bool judge(const struct tentacle *t, struct handoff_entry *entry, struct park_judgement *out)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	if (entry->status != HANDOFF_BLOCKED)
		return false;
	buf_putf(&text, "%.*s\n%.*s\n", SPAN_ARG(entry->message), SPAN_ARG(entry->summary));
	for (size_t i = 0; i < entry->blockers.count; i++)
		buf_putf(&text, "%.*s\n", SPAN_ARG(entry->blockers.v[i]));
	buf_putf(&text, "%.*s\n", SPAN_ARG(entry->output));
	if (!park_judge(t, (struct span){ text.p, text.len }, entry->quota_reason,
			entry->retry_hint, entry->at_ms, out))
		return false;
	if (!entry->quota_reason.len)
		entry->quota_reason = out->park.kind;
	return true;
}

/* Files outside of its scope, with those that this hand-off names: looked for before the store is
 * locked, for git takes its time. */
static int look_outside(struct cmd_ctx *c, const struct handoff_entry *entry, struct arena *arena,
			struct texts *outside, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	struct err problem = ERR_INIT;
	const struct tentacle *t;
	struct tentacle told;
	int rc;

	if (entry->status == HANDOFF_NONE) /* a note: the work goes on */
		return 0;
	rc = tentacles_open(c, 0, &s, &t, e);
	if (rc < 0)
		return rc;
	told = *t;
	for (size_t i = 0; i < entry->changed.count; i++)
		texts_add(arena, &told.changed_files, entry->changed.v[i]);
	(void)scope_look(goal_store_goals(s), &told, goal_store_root(s), arena, outside, &problem);
	if (problem.code)
		print_problem(problem.text);
	return 0;
}

static void say_outside(const struct texts *outside)
{
	for (size_t i = 0; i < outside->count; i++) {
		CLEANUP(buf_release) struct buf line = BUF_INIT;

		buf_puts(&line, "changed outside of its scope: ");
		buf_put_quoted(&line, outside->v[i], 200);
		print_problem(line.p);
	}
}

static void say_parked(struct cmd_ctx *c, const struct tentacle *t)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;

	buf_putf(&line, "parked: %.*s", SPAN_ARG(t->parked.kind));
	if (t->parked.held) {
		buf_puts(&line, ", until a person releases it");
	} else {
		buf_puts(&line, ", due in ");
		buf_put_duration(&line, t->parked.due_ms - c->now_ms);
	}
	out_putf(c->out, "%s\nnext: sk retry-queue list\n", line.p);
}

/* The hand-off is recorded whatever becomes of this, so a failure is told and changes nothing. */
static void learn(struct cmd_ctx *c, const struct tentacle *t, const struct handoff_entry *entry)
{
	CLEANUP(kb_close) struct kb *kb = NULL;
	CLEANUP(buf_release) struct buf title = BUF_INIT;
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	const char *end = memchr(entry->message.p, '\n', entry->message.len);
	size_t line = end ? (size_t)(end - entry->message.p) : entry->message.len;
	struct kb_lesson lesson = { .category = SPAN_LIT("discovery"),
				    .session_id = cmd_session(),
				    .task_id = t->name,
				    .files = entry->changed.v,
				    .file_count = entry->changed.count,
				    .confidence = -1,
				    .now_ms = c->now_ms };
	struct kb_learned done;
	struct err e = ERR_INIT;
	int rc = knowledge_open(NULL, "sk tentacle handoff", c->now_ms, &kb, &e);

	if (line > LEARNED_TITLE_BYTES)
		line = LEARNED_TITLE_BYTES;
	/* Not in the middle of a character. */
	while (line > 0 && line < entry->message.len &&
	       ((unsigned char)entry->message.p[line] & 0xc0) == 0x80)
		line--;
	buf_putf(&title, "%.*s: %.*s", SPAN_ARG(t->name), (int)line, entry->message.p);
	buf_putf(&text, "%.*s%s%.*s", SPAN_ARG(entry->message), entry->summary.len ? "\n\n" : "",
		 SPAN_ARG(entry->summary));
	lesson.title = (struct span){ title.p, title.len };
	lesson.content = (struct span){ text.p, text.len };
	if (rc == 0)
		rc = kb_entry_learn(kb, &lesson, &done, &e);
	if (rc == 0)
		return;
	buf_truncate(&text, 0);
	buf_putf(&text, "--learn: the hand-off is recorded, but: %s", e.text);
	print_problem(text.p);
}

static int report(struct cmd_ctx *c, const struct tentacle *t, const struct handoff_entry *entry)
{
	bool parked = t->status == TENTACLE_PARKED && entry->status == HANDOFF_BLOCKED;

	if (options_has(c->options, "learn"))
		learn(c, t, entry);
	if (!parked && handoff_needs_triage(entry->status)) {
		CLEANUP(buf_release) struct buf line = BUF_INIT;

		buf_putf(&line,
			 "%s: somebody has to decide how it goes on. Try: sk tentacle show "
			 "%.*s",
			 handoff_words[entry->status], SPAN_ARG(t->name));
		print_problem(line.p);
	}
	if (c->json) {
		tentacle_print_json(c, t);
	} else {
		out_putf(c->out, "%s recorded for tentacle %.*s (%s)\n",
			 entry->status ? "hand-off" : "note", SPAN_ARG(t->name),
			 tentacle_state_word(t->status));
		if (parked)
			say_parked(c, t);
	}
	if (!parked)
		return EXIT_DONE;
	return t->parked.held ? EXIT_NEEDS_HUMAN : EXIT_PARKED;
}

static int hand_off(struct cmd_ctx *c, struct arena *arena, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	CLEANUP(buf_release) struct buf before = BUF_INIT;
	CLEANUP(buf_release) struct buf section = BUF_INIT;
	struct goal_actor actor;
	const struct goal_words words = goals_words(c, &actor);
	struct park_judgement judged;
	struct texts outside = { NULL, 0 };
	struct handoff_given given = { .park = NULL, .outside = &outside };
	struct handoff_entry entry;
	const struct tentacle *t;
	int rc = read_entry(c, arena, &entry, e);

	if (rc == 0)
		rc = look_outside(c, &entry, arena, &outside, e);
	if (rc == 0)
		rc = tentacles_open(c, GOALS_WRITE, &s, &t, e);
	if (rc == 0)
		rc = tentacle_handoff_text(s, t, &before, e);
	if (rc < 0)
		return rc;
	if (judge(t, &entry, &judged))
		given.park = &judged.park;
	given.before = (struct span){ before.p, before.len };
	handoff_encode(&entry, given.before, &section);
	given.entry = (struct span){ section.p, section.len };
	rc = tentacle_hand_off(goal_store_turn(s), tentacles_name(c), &given, &words);
	if (rc < 0)
		return goal_store_refused(s, rc, e);
	rc = tentacles_commit(s, tentacles_name(c), &t, e);
	if (rc < 0)
		return rc;
	if (entry.status != HANDOFF_NONE)
		marking_handed_off(c, t->id);
	say_outside(&outside);
	return report(c, t, &entry);
}

static int tentacle_handoff_run(struct cmd_ctx *c, struct err *e)
{
	struct arena arena = ARENA_INIT;
	int rc = hand_off(c, &arena, e);

	arena_release(&arena);
	return rc;
}

static const struct option_row tentacle_handoff_options[] = {
	{ .name = "status",
	  .kind = OPTION_CHOICE,
	  .value = "DONE|BLOCKED|TOO_BIG|AMBIGUOUS|REGRESSED|SCOPE_ESCALATION|SCOPE_REDUCTION",
	  .summary = "how the work ended; without it this is a note" },
	{ .name = "changed-file",
	  .kind = OPTION_TEXT,
	  .value = "FILE",
	  .repeats = true,
	  .summary = "a file that was changed" },
	{ .name = "bridge",
	  .kind = OPTION_TEXT,
	  .value = "ID",
	  .repeats = true,
	  .summary = "a criterion of the goal that is met by this" },
	{ .name = "quota-reason",
	  .kind = OPTION_TEXT,
	  .value = "REASON",
	  .summary = "with BLOCKED: what was exhausted (found in the text)" },
	{ .name = "retry-hint",
	  .kind = OPTION_TEXT,
	  .value = "TIME",
	  .summary = "with BLOCKED: when to come back, as the service said it" },
	{ .name = "summary", .kind = OPTION_TEXT, .value = "TEXT", .summary = "what was done" },
	{ .name = "decision",
	  .kind = OPTION_TEXT,
	  .value = "TEXT",
	  .repeats = true,
	  .summary = "what was decided, and why" },
	{ .name = "blocker",
	  .kind = OPTION_TEXT,
	  .value = "TEXT",
	  .repeats = true,
	  .summary = "what is in the way" },
	{ .name = "file-read",
	  .kind = OPTION_TEXT,
	  .value = "FILE",
	  .repeats = true,
	  .summary = "a file that was read" },
	{ .name = "next-instructions",
	  .kind = OPTION_TEXT,
	  .value = "TEXT",
	  .summary = "what the next agent should do" },
	{ .name = "output-text",
	  .kind = OPTION_TEXT,
	  .value = "TEXT",
	  .summary = "what was printed that matters" },
	{ .name = "learn",
	  .kind = OPTION_FLAG,
	  .summary = "write it down as a discovery in the knowledge database as well" },
	OPERATOR_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_handoff = {
	.path = "tentacle handoff",
	.summary = "leave a note, or hand the work off",
	.usage = "NAME TEXT [--status DONE|BLOCKED|...] [--changed-file FILE]",
	.about = "Appends a section to the tentacle's handoff.md. BLOCKED by a quota or a rate "
		 "limit parks the work: it stands in the retry queue with the time of the next "
		 "try, which costs no attempt. Exit code 75 then, or 11 when waiting does not "
		 "help. Agents may as well append a section with a line STATUS: to the file.",
	.example = "sk tentacle handoff parser \"it works\" --status DONE "
		   "--changed-file parse.c\n"
		   "sk tentacle handoff parser \"Quota exhausted\" --status BLOCKED",
	.options = tentacle_handoff_options,
	.needs = NEED_GOALS,
	.args = ARG_TENTACLE,
	.args_then = ARG_TEXT,
	.args_min = 2,
	.args_max = 2,
	.run = tentacle_handoff_run,
};
