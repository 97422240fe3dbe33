/*
 * An edit of the status is the same act as the command that makes the same change, so it goes
 * through the same table: a person at an editor can do nothing that the commands would refuse.
 */
#include "core/goal_edit.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/when.h"
#include "core/goal_edit_check.h"
#include "core/goal_enter.h"
#include "core/goal_eval.h"
#include "core/tentacle_work.h"

static const struct goal_words edited_words = { .reason = { "edited in the file",
							    sizeof("edited in the file") - 1 } };

int goal_check_words(struct turn *t, const struct goal *g)
{
	size_t len = g->title.len + g->description.len;

	if (len > GOAL_TEXT_HARD_MAX)
		return turn_refuse(t, -SK_EUSAGE,
				   "title and description are %zu bytes together, at most %d: "
				   "nothing was changed. Try: a shorter description, and a file "
				   "that it names",
				   len, GOAL_TEXT_HARD_MAX);
	return 0;
}

/*
 * What a command said from `at` on, as words about a member: a refusal ends in what was not done
 * and what to try, and the sentence about a file has both of its own.
 */
static int about_member(struct turn *t, size_t at, const char *member)
{
	CLEANUP(buf_release) struct buf said = BUF_INIT;
	struct span words;

	if (!t->why)
		return -SK_EUSAGE;
	buf_put(&said, t->why->p + at, t->why->len - at);
	words = span_before((struct span){ said.p, said.len }, ". Try: ");
	while (words.len && words.p[words.len - 1] != ':')
		words.len--;
	buf_truncate(t->why, at);
	buf_putf(t->why, "%s: %.*s", member, (int)(words.len ? words.len - 1 : 0), said.p);
	return -SK_EUSAGE;
}

/* The act that leads from one status to the other. */
static enum trigger act_between(const struct goal *was, unsigned to)
{
	switch (to) {
	case GOAL_ACTIVE:
		return was->status == GOAL_AWAITING_GATE ? ON_GATES_CLEARED : ON_GOAL_RESUME;
	case GOAL_AWAITING_GATE:
		return ON_GATE_BLOCKS;
	default:
		return ON_VERIFY_STALLED;
	}
}

/* At its end only the words about it can still be changed, and what is not ours. */
static int check_final(struct turn *t, const struct goal *was, const struct goal *edited)
{
	CLEANUP(buf_release) struct buf when = BUF_INIT, difference = BUF_INIT;
	struct goal same = *was;

	same.title = edited->title;
	same.description = edited->description;
	same.rest = edited->rest;
	if (!doc_diff(&goal_type, &same, edited, &difference))
		return 0;
	buf_put_when(&when, was->status == GOAL_COMPLETED ? was->completed_ms : was->abandoned_ms);
	return turn_refuse(t, -SK_EUSAGE,
			   "status: the goal was %s at %s; to start again: sk tentacle goal init",
			   goal_state_word(was->status), when.p);
}

/* Pausing and both ends are what eval decides, with its checks and its note in the history. */
static int adopt_decision(struct turn *t, const struct goal *next, const struct goal *edited)
{
	const struct goal_eval ask = {
		.decision = edited->status == GOAL_PAUSED      ? DECISION_PAUSE
			    : edited->status == GOAL_COMPLETED ? DECISION_COMPLETE
							       : DECISION_ABANDON,
		.notes = edited->status == GOAL_PAUSED && edited->pause_reason.len
				 ? edited->pause_reason
				 : edited_words.reason,
	};
	size_t at = t->why ? t->why->len : 0;
	int rc = goal_eval_check(t, next, ask.decision);

	if (rc == 0)
		rc = goal_decided(t, next, &ask, &edited_words);
	return rc < 0 ? about_member(t, at, "status") : 0;
}

static int adopt_status(struct turn *t, const struct goal *was, struct goal *next,
			const struct goal *edited)
{
	const struct gate *gate = goal_blocking_gate(edited);
	size_t at = t->why ? t->why->len : 0;

	if (edited->status == GOAL_ACTIVE && gate)
		return turn_refuse(t, -SK_EUSAGE,
				   "status: gate \"%.*s\" blocks the goal; a person passes it with "
				   "sk tentacle goal gate approve",
				   SPAN_ARG(gate->id));
	if (edited->status == GOAL_AWAITING_GATE && !gate)
		return turn_refuse(t, -SK_EUSAGE, "status: there is no gate to wait for");
	goal_enter(next, edited->status, t->now_ms);
	if (edited->status == GOAL_NEEDS_HUMAN)
		next->needs_human_reason = edited->needs_human_reason.len
						   ? edited->needs_human_reason
						   : edited_words.reason;
	if (edited->status == GOAL_AWAITING_GATE) {
		next->awaiting_gate_id = gate->id;
		next->awaiting_gate_reason = gate->reason.len ? gate->reason : gate->description;
	}
	if (goal_move(t, next, act_between(was, edited->status), &edited_words) < 0)
		return about_member(t, at, "status");
	return 0;
}

int goal_adopt(struct turn *t, const struct goal *was, const struct goal *edited)
{
	struct goal next = *edited;
	size_t at = t->why ? t->why->len : 0;

	if (goal_check_words(t, edited) < 0)
		return about_member(t, at, "description");
	if (goal_state_final(was->status) && check_final(t, was, edited) < 0)
		return -SK_EUSAGE;
	if (goal_check_edit(t, was, &next) < 0)
		return -SK_EUSAGE;
	if (edited->status == was->status) {
		goal_record(t, &next, EV_GOAL_EDITED, &edited_words);
		return 0;
	}
	next.status = was->status;
	next.active_ms = was->active_ms;
	if (goal_state_final(edited->status) || edited->status == GOAL_PAUSED)
		return adopt_decision(t, &next, edited);
	return adopt_status(t, was, &next, edited);
}

int tentacle_adopt(struct turn *t, const struct tentacle *was, const struct tentacle *edited)
{
	static const enum trigger acts[TENTACLE_STATE_COUNT] = {
		[TENTACLE_IDLE] = ON_TENTACLE_RESET,
		[TENTACLE_ACTIVE] = ON_TENTACLE_RESUME,
		[TENTACLE_COMPLETED] = ON_TENTACLE_COMPLETE,
	};
	struct tentacle next = *edited;
	struct goal_words words = edited_words;
	size_t at = t->why ? t->why->len : 0;

	words.name = SPAN_LIT("meta.json");
	if (tentacle_check_edit(t, was, edited) < 0)
		return -SK_EUSAGE;
	if (edited->status == was->status) {
		tentacle_record(t, &next, EV_TENTACLE_EDITED, &words);
		return 0;
	}
	if (acts[edited->status] == ON_NONE)
		return turn_refuse(t, -SK_EUSAGE,
				   "status: \"%s\" is not for people to set, only idle, active and "
				   "completed are",
				   tentacle_state_word(edited->status));
	if (edited->status == TENTACLE_COMPLETED && tentacle_may_complete(t, was) < 0)
		return about_member(t, at, "status");
	if (edited->status == TENTACLE_COMPLETED)
		next.completed_ms = t->now_ms;
	if (tentacle_move(t, &next, acts[edited->status], &words) < 0)
		return about_member(t, at, "status");
	return 0;
}

int tentacle_adopt_todo(struct turn *t, const struct tentacle *was, struct span text,
			struct span was_hash)
{
	struct tentacle next = *was;
	struct goal_words words = edited_words;

	words.name = SPAN_LIT("todo.md");
	next.todo = text;
	next.todo_was = was_hash;
	tentacle_record(t, &next, EV_TENTACLE_EDITED, &words);
	return 0;
}

int goal_import(struct turn *t, const struct goal *found)
{
	struct goal next = *found;
	size_t at = t->why ? t->why->len : 0;

	if (goal_check_words(t, found) < 0)
		return about_member(t, at, "description");
	if (goal_check_edit(t, NULL, &next) < 0)
		return -SK_EUSAGE;
	if (next.status == GOAL_ACTIVE && !next.active_since_ms)
		next.active_since_ms = t->now_ms;
	goal_record(t, &next, EV_GOAL_IMPORTED, NULL);
	return 0;
}

/* It begins idle, as every one does; what an earlier program knew of a running agent is no proof.
 */
int tentacle_import(struct turn *t, const struct tentacle *found)
{
	struct goal_words words = { .reason = { "found in the folder",
						sizeof("found in the folder") - 1 } };
	struct tentacle next = *found;
	int rc = tentacle_check_edit(t, NULL, found);

	if (rc < 0)
		return rc;
	rc = tentacle_move(t, &next, ON_TENTACLE_CREATED, &words);

	if (rc == 0 && found->status == TENTACLE_COMPLETED)
		rc = tentacle_move(t, &next, ON_TENTACLE_COMPLETE, &words);
	else if (rc == 0 && found->status == TENTACLE_ACTIVE)
		rc = tentacle_move(t, &next, ON_TENTACLE_RESUME, &words);
	else if (rc == 0 && found->status == TENTACLE_HANDED_OFF)
		rc = tentacle_move(t, &next, ON_HANDED_OFF, &words);
	else if (rc == 0 && found->status == TENTACLE_PARKED && found->parked.kind.len)
		rc = tentacle_move(t, &next, ON_QUOTA_HIT, &words);
	return rc;
}
