/*
 * The whole text is not kept: it may be half a megabyte a tentacle, and every command replays the
 * journal. Digests say whether the file is what we knew, and the one section that may be missing
 * from it after a crash is kept.
 */
#include "core/tentacle_handoff.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/limits.h"
#include "core/handoff.h"
#include "core/tentacle_run.h"

static struct span digest_of(struct turn *t, struct span text)
{
	CLEANUP(buf_release) struct buf hex = BUF_INIT;

	buf_put_hex64(&hex, hash64(text.p, text.len, 0));
	return turn_copy(t, (struct span){ hex.p, hex.len });
}

/* The file is `before` and, behind it, `last`. */
static void know_file(struct turn *t, struct tentacle *draft, struct span before, struct span last)
{
	CLEANUP(buf_release) struct buf whole = BUF_INIT;

	buf_put(&whole, before.p, before.len);
	buf_put(&whole, last.p, last.len);
	draft->handoff_bytes = whole.len;
	draft->handoff_digest =
		whole.len ? digest_of(t, (struct span){ whole.p, whole.len }) : SPAN_NONE;
	draft->handoff_last = turn_copy(t, last);
	draft->handoff_was = last.len ? digest_of(t, before) : SPAN_NONE;
}

static void add_texts(struct turn *t, struct texts *to, const struct texts *more)
{
	for (size_t i = 0; i < more->count && to->count < DOC_ENTRIES_MAX; i++)
		texts_add(goal_arena(t), to, more->v[i]);
}

static void park(struct turn *t, struct tentacle *draft, const struct quota_park *p)
{
	draft->parked = (struct parked){ .kind = turn_copy(t, p->kind),
					 .provider = turn_copy(t, p->provider),
					 .hint = turn_copy(t, p->hint),
					 .since_ms = t->now_ms,
					 .due_ms = p->due_ms,
					 .held = p->held,
					 .times = draft->parked.times + 1 };
	if (draft->status == TENTACLE_RUNNING && draft->attempts)
		draft->attempts--; /* it was not its fault */
}

/* Records the draft with what a section says. */
static int record(struct turn *t, struct tentacle *draft, const struct handoff_facts *facts,
		  const struct quota_park *stopped, const struct goal_words *words)
{
	add_texts(t, &draft->changed_files, &facts->changed);
	add_texts(t, &draft->bridge_links, &facts->bridges);
	if (facts->status == HANDOFF_NONE) {
		tentacle_record(t, draft, EV_TENTACLE_NOTE, words);
		return 0;
	}
	draft->terminal_status = facts->status;
	draft->handed_off_ms = t->now_ms;
	draft->worktree.unmerged = draft->worktree.prepared && !draft->here;
	tentacle_run_forgive(draft);
	if (stopped && facts->status == HANDOFF_BLOCKED) {
		park(t, draft, stopped);
		return tentacle_move(t, draft, ON_QUOTA_HIT, words);
	}
	draft->parked = (struct parked){ .kind = SPAN_NONE };
	return tentacle_move(t, draft, ON_HANDED_OFF, words);
}

int tentacle_hand_off(struct turn *t, struct span name, const struct handoff_given *given,
		      const struct goal_words *words)
{
	struct tentacle next = *goals_tentacle(&t->st->goals, name);
	struct handoff_facts facts;

	handoff_read(given->entry, goal_arena(t), &facts);
	if (given->before.len + given->entry.len > HANDOFF_BYTES_MAX)
		return turn_refuse(
			t, -SK_EREFUSED,
			"tentacles/%.*s/handoff.md: would be larger than %d KiB: nothing "
			"was recorded. Try: move its older sections into another file",
			SPAN_ARG(name), HANDOFF_BYTES_MAX / 1024);
	if (given->entry.len > HANDOFF_ENTRY_BYTES_MAX)
		return turn_refuse(
			t, -SK_EREFUSED,
			"hand-off: %zu bytes, at most %d: nothing was recorded. Try: put "
			"the long parts into a file, and name it",
			given->entry.len, HANDOFF_ENTRY_BYTES_MAX);
	if (facts.status != HANDOFF_NONE && next.status == TENTACLE_COMPLETED)
		return turn_refuse(t, -SK_EREFUSED,
				   "tentacle \"%.*s\" is completed: nothing was recorded. Try: sk "
				   "tentacle resume %.*s, or the same without --status as a note",
				   SPAN_ARG(name), SPAN_ARG(name));
	if (given->outside && facts.status != HANDOFF_NONE)
		next.outside_scope = *given->outside;
	know_file(t, &next, given->before, given->entry);
	return record(t, &next, &facts, given->park, words);
}

void tentacle_adopt_handoff(struct turn *t, struct span name, enum handoff_change change,
			    struct span text, struct span fresh, struct span ours,
			    const struct quota_park *stopped)
{
	struct tentacle next = *goals_tentacle(&t->st->goals, name);
	struct goal_words words = { .name = SPAN_LIT("handoff.md") };
	struct handoff_facts facts;

	know_file(t, &next, text, ours);
	if (change == HANDOFF_EDITED) {
		words.reason = SPAN_LIT("edited in the file");
		handoff_read(text, goal_arena(t), &facts);
		if (next.terminal_status != HANDOFF_NONE && facts.status != HANDOFF_NONE)
			next.terminal_status = facts.status;
		add_texts(t, &next.changed_files, &facts.changed);
		add_texts(t, &next.bridge_links, &facts.bridges);
		tentacle_record(t, &next, EV_TENTACLE_EDITED, &words);
		return;
	}
	words.reason = SPAN_LIT("appended to the file");
	handoff_read(fresh, goal_arena(t), &facts);
	if (next.status == TENTACLE_COMPLETED)
		facts.status = HANDOFF_NONE;             /* closed: kept as a note */
	(void)record(t, &next, &facts, stopped, &words); /* every other state has the row */
}

int tentacle_park_imported(struct turn *t, struct span name, const struct quota_park *stopped,
			   int64_t since_ms)
{
	const struct goal_words words = { .reason = SPAN_LIT("in the retry queue of goal.json") };
	struct tentacle next = *goals_tentacle(&t->st->goals, name);
	int rc = 0;

	if (next.status == TENTACLE_PARKED)
		return 0;
	if (next.status == TENTACLE_COMPLETED && next.terminal_status != HANDOFF_BLOCKED)
		return turn_refuse(t, -SK_EREFUSED, "tentacle \"%.*s\" is completed: not parked",
				   SPAN_ARG(name));
	if (next.status == TENTACLE_COMPLETED) {
		next.completed_ms = 0;
		rc = tentacle_move(t, &next, ON_TENTACLE_RESUME, &words);
		next = *goals_tentacle(&t->st->goals, name);
	}
	if (rc < 0)
		return rc;
	park(t, &next, stopped);
	next.parked.since_ms = since_ms;
	return tentacle_move(t, &next, ON_QUOTA_HIT, &words);
}

int tentacle_hold(struct turn *t, struct span name, bool held, const struct goal_words *words)
{
	struct tentacle next = *goals_tentacle(&t->st->goals, name);

	if (next.status != TENTACLE_PARKED)
		return turn_refuse(t, -SK_EREFUSED,
				   "tentacle \"%.*s\" is %s, not parked: nothing was changed. Try: "
				   "sk retry-queue list",
				   SPAN_ARG(name), tentacle_state_word(next.status));
	next.parked.held = held;
	tentacle_record(t, &next, EV_TENTACLE_UPDATED, words);
	return 0;
}
