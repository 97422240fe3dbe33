/*
 * An edit of the status is the same act as the command that makes the same change, so it goes
 * through the same table: a person at an editor can do nothing that the commands would refuse.
 */
#include "core/goal_edit.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/when.h"
#include "core/goal_enter.h"

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

/* The act that leads from one status to the other. */
static enum trigger act_between(const struct goal *was, unsigned to)
{
	switch (to) {
	case GOAL_ACTIVE:
		return was->status == GOAL_AWAITING_GATE ? ON_GATES_CLEARED : ON_GOAL_RESUME;
	case GOAL_PAUSED:
		return ON_EVAL_PAUSE;
	case GOAL_AWAITING_GATE:
		return ON_GATE_BLOCKS;
	case GOAL_NEEDS_HUMAN:
		return ON_VERIFY_STALLED;
	case GOAL_COMPLETED:
		return ON_EVAL_COMPLETE;
	default:
		return ON_EVAL_ABANDON;
	}
}

static int refuse_final(struct turn *t, const struct goal *was)
{
	CLEANUP(buf_release) struct buf when = BUF_INIT;

	buf_put_when(&when, was->status == GOAL_COMPLETED ? was->completed_ms : was->abandoned_ms);
	return turn_refuse(t, -SK_EUSAGE,
			   "status: the goal was %s at %s: the edit was not taken over. To start "
			   "again: sk tentacle goal init",
			   goal_state_word(was->status), when.p);
}

int goal_adopt(struct turn *t, const struct goal *was, const struct goal *edited)
{
	struct goal next = *edited;
	int rc = goal_check_words(t, edited);

	if (rc < 0)
		return rc;
	if (edited->status == was->status) {
		goal_record(t, &next, EV_GOAL_EDITED, &edited_words);
		return 0;
	}
	if (goal_state_final(was->status))
		return refuse_final(t, was);
	if (edited->status == GOAL_ACTIVE && goal_blocking_gate(edited))
		return turn_refuse(t, -SK_EUSAGE,
				   "status: gate \"%.*s\" blocks the goal: the edit was not taken "
				   "over. Try: sk tentacle goal gate approve %.*s",
				   SPAN_ARG(goal_blocking_gate(edited)->id),
				   SPAN_ARG(goal_blocking_gate(edited)->id));
	next.status = was->status;
	next.active_ms = was->active_ms;
	goal_enter(&next, edited->status, t->now_ms);
	if (edited->status == GOAL_PAUSED)
		next.pause_reason = edited->pause_reason;
	if (edited->status == GOAL_NEEDS_HUMAN)
		next.needs_human_reason = edited->needs_human_reason;
	rc = goal_move(t, &next, act_between(was, edited->status), &edited_words);
	return rc < 0 ? -SK_EUSAGE : 0;
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

	words.name = SPAN_LIT("meta.json");
	if (edited->status == was->status) {
		tentacle_record(t, &next, EV_TENTACLE_EDITED, &words);
		return 0;
	}
	if (acts[edited->status] == ON_NONE)
		return turn_refuse(t, -SK_EUSAGE,
				   "status: \"%s\" is not for people to set, only idle, active and "
				   "completed are: the edit was not taken over",
				   tentacle_state_word(edited->status));
	if (edited->status == TENTACLE_COMPLETED)
		next.completed_ms = t->now_ms;
	return tentacle_move(t, &next, acts[edited->status], &words) < 0 ? -SK_EUSAGE : 0;
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
	int rc = goal_check_words(t, found);

	if (rc < 0)
		return rc;
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
	int rc = tentacle_move(t, &next, ON_TENTACLE_CREATED, &words);

	if (rc == 0 && found->status == TENTACLE_COMPLETED)
		rc = tentacle_move(t, &next, ON_TENTACLE_COMPLETE, &words);
	else if (rc == 0 && found->status == TENTACLE_ACTIVE)
		rc = tentacle_move(t, &next, ON_TENTACLE_RESUME, &words);
	return rc;
}
