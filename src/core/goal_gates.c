/*
 * A gate is a person's word, so what was approved is not taken back in passing and what was
 * rejected is approved by name. "failed" is a note about a check: it tells, and blocks nobody.
 */
#include "core/goal_gates.h"

#include "base/err.h"
#include "base/limits.h"
#include "core/goal_enter.h"

/* The id is the first member of the types it is asked for. */
static struct span id_at(const struct doc_type *of, const struct doc_list *list, size_t at)
{
	return *(const struct span *)((const char *)list->v + at * of->bytes +
				      of->members[0].offset);
}

int goal_check_name(struct turn *t, const char *what, struct span id, const struct doc_type *of,
		    const struct doc_list *list)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;
	const char *problem = name_problem(id);

	buf_put_quoted(&shown, id, NAME_BYTES_MAX);
	if (problem)
		return turn_refuse(t, -SK_EUSAGE,
				   "invalid name %s of a %s: %s: nothing was changed", shown.p,
				   what, problem);
	for (size_t i = 0; i < list->count; i++) {
		struct span other = id_at(of, list, i);

		if (span_same_letters(other, id) && !span_eq(other, id))
			return turn_refuse(t, -SK_EUSAGE,
					   "name %s collides with %s \"%.*s\": nothing was changed",
					   shown.p, what, SPAN_ARG(other));
	}
	if (list->count >= DOC_ENTRIES_MAX)
		return turn_refuse(t, -SK_EUSAGE,
				   "%s %s: the goal has %d of them, which is the most: nothing was "
				   "changed",
				   what, shown.p, DOC_ENTRIES_MAX);
	return 0;
}

int goal_no_such(struct turn *t, const char *what, struct span id, const struct doc_type *of,
		 const struct doc_list *list)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;
	struct span near = SPAN_NONE;
	unsigned best = 4;
	const char *list_command = of == &gate_type ? "gate list" : "criteria list";

	for (size_t i = 0; i < list->count; i++) {
		unsigned distance = word_distance(id, id_at(of, list, i), best);

		if (distance < best) {
			best = distance;
			near = id_at(of, list, i);
		}
	}
	buf_put_quoted(&shown, id, NAME_BYTES_MAX);
	if (near.len)
		return turn_refuse(
			t, -SK_ENOTFOUND,
			"%s %s: there is none of that name: nothing was changed. Did you "
			"mean %.*s? Try: sk tentacle goal %s",
			what, shown.p, SPAN_ARG(near), list_command);
	return turn_refuse(t, -SK_ENOTFOUND,
			   "%s %s: there is none of that name: nothing was changed. Try: sk "
			   "tentacle goal %s",
			   what, shown.p, list_command);
}

static int check(struct turn *t, const struct goal *g, const struct gate_ask *ask)
{
	const struct gate *gate = goal_gate(g, ask->id);

	if (goal_state_final(g->status))
		return turn_refuse(t, -SK_EREFUSED,
				   "goal \"%.*s\" is %s: nothing was changed. Try: sk tentacle "
				   "goal init --title TEXT to start again",
				   SPAN_ARG(g->title), goal_state_word(g->status));
	if (!gate && (ask->act == GATE_ACT_APPROVE || ask->act == GATE_ACT_REJECT))
		return goal_no_such(t, "gate", ask->id, &gate_type, &g->gates);
	if (!gate)
		return goal_check_name(t, "gate", ask->id, &gate_type, &g->gates);
	if (gate->status == GATE_PASSED && ask->act == GATE_ACT_REJECT)
		return turn_refuse(t, -SK_EREFUSED,
				   "gate \"%.*s\" has passed and is not taken back: nothing was "
				   "changed. Try: sk tentacle goal gate add with another name",
				   SPAN_ARG(gate->id));
	return 0;
}

static struct gate *find_or_add(struct turn *t, struct goal *next, struct span id)
{
	struct gate *gate;

	if (goal_gate(next, id)) {
		doc_list_own(&gate_type, goal_arena(t), &next->gates);
		return goal_gate(next, id);
	}
	gate = doc_list_add(&gate_type, goal_arena(t), &next->gates);
	gate->id = id;
	gate->created_ms = t->now_ms;
	return gate;
}

static void change(struct gate *gate, const struct gate_ask *ask, int64_t now_ms)
{
	static const uint8_t states[] = { GATE_PENDING, GATE_PASSED, GATE_REJECTED, GATE_PASSED,
					  GATE_FAILED };

	if (ask->description.len)
		gate->description = ask->description;
	if (ask->act == GATE_ACT_ADD || gate->status == states[ask->act])
		return;
	gate->status = states[ask->act];
	gate->reason = ask->reason;
	gate->approved_ms = ask->act == GATE_ACT_APPROVE ? now_ms : 0;
	gate->rejected_ms = ask->act == GATE_ACT_REJECT ? now_ms : 0;
	gate->passed_ms = ask->act == GATE_ACT_PASS ? now_ms : 0;
	gate->failed_ms = ask->act == GATE_ACT_FAIL ? now_ms : 0;
}

/* What the gates mean for the goal now. */
static int follow(struct turn *t, struct span id, const struct gate_ask *ask,
		  const struct goal_words *words, bool *moved)
{
	const struct goal *g = goals_find(&t->st->goals, id);
	const struct gate *blocks = goal_blocking_gate(g);
	struct goal next = *g;

	if (g->status == GOAL_ACTIVE && ask->act == GATE_ACT_REJECT) {
		goal_enter(&next, GOAL_AWAITING_GATE, t->now_ms);
		next.awaiting_gate_id = ask->id;
		next.awaiting_gate_reason = ask->reason;
		*moved = true;
		return goal_move(t, &next, ON_GATE_BLOCKS, words);
	}
	if (g->status == GOAL_AWAITING_GATE && !blocks) {
		goal_enter(&next, GOAL_ACTIVE, t->now_ms);
		*moved = true;
		return goal_move(t, &next, ON_GATES_CLEARED, words);
	}
	if (g->status == GOAL_AWAITING_GATE && !span_eq(g->awaiting_gate_id, blocks->id)) {
		next.awaiting_gate_id = blocks->id;
		next.awaiting_gate_reason =
			blocks->reason.len ? blocks->reason : blocks->description;
		goal_record(t, &next, EV_GOAL_GATE, words);
	}
	return 0;
}

int goal_gate_act(struct turn *t, const struct goal *g, const struct gate_ask *ask,
		  const struct goal_words *words, struct gate_done *out)
{
	struct goal_words named = words ? *words : (struct goal_words){ .attempt = 0 };
	struct span id = turn_copy(t, g->id);
	struct goal next = *g;
	size_t before = t->batch->count;
	int rc = check(t, g, ask);

	*out = (struct gate_done){ false, false };
	if (rc < 0)
		return rc;
	named.name = ask->id;
	change(find_or_add(t, &next, ask->id), ask, t->now_ms);
	goal_record(t, &next, EV_GOAL_GATE, &named);
	out->changed = t->batch->count > before;
	return follow(t, id, ask, &named, &out->moved);
}
