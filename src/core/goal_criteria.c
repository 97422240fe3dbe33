/*
 * A result belongs to the command that gave it: when somebody changed the criterion meanwhile, what
 * the old command said proves nothing about the new one.
 */
#include "core/goal_criteria.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/limits.h"
#include "core/goal_enter.h"
#include "core/goal_gates.h"

static int refuse_final(struct turn *t, const struct goal *g)
{
	return turn_refuse(t, -SK_EREFUSED,
			   "goal \"%.*s\" is %s: nothing was changed. Try: sk tentacle goal init "
			   "--title TEXT to start again",
			   SPAN_ARG(g->title), goal_state_word(g->status));
}

/* sc-1, or the first number behind the last one that is free. */
static struct span next_id(struct turn *t, const struct goal *g)
{
	for (size_t n = g->criteria.count + 1;; n++) {
		struct span id = turn_text(t, "sc-%zu", n);

		if (!goal_criterion(g, id))
			return id;
	}
}

int goal_criterion_draft(struct turn *t, struct goal *draft, const struct criterion *fresh,
			 struct span *id)
{
	struct criterion *c;
	int rc;

	*id = fresh->id.len ? fresh->id : next_id(t, draft);
	if (goal_criterion(draft, *id))
		return turn_refuse(t, -SK_EREFUSED,
				   "criterion \"%.*s\" is there already: nothing was changed. Try: "
				   "sk tentacle goal criteria remove %.*s, or another --id",
				   SPAN_ARG(*id), SPAN_ARG(*id));
	rc = goal_check_name(t, "criterion", *id, &criterion_type, &draft->criteria);
	if (rc < 0)
		return rc;
	c = doc_list_add(&criterion_type, goal_arena(t), &draft->criteria);
	c->id = *id;
	c->description = fresh->description;
	c->command = fresh->command;
	c->timeout_s = fresh->timeout_s;
	return 0;
}

int goal_criterion_add(struct turn *t, const struct goal *g, const struct criterion *fresh,
		       const struct goal_words *words, struct span *id)
{
	struct goal_words named = words ? *words : (struct goal_words){ .attempt = 0 };
	struct goal next = *g;
	int rc;

	if (goal_state_final(g->status))
		return refuse_final(t, g);
	rc = goal_criterion_draft(t, &next, fresh, id);
	if (rc < 0)
		return rc;
	*id = named.name = turn_copy(t, *id);
	goal_record(t, &next, EV_GOAL_CRITERION, &named);
	return 0;
}

int goal_criterion_remove(struct turn *t, const struct goal *g, struct span id,
			  const struct goal_words *words)
{
	struct goal_words named = words ? *words : (struct goal_words){ .attempt = 0 };
	const struct criterion *c = goal_criterion(g, id);
	struct goal next = *g;

	if (goal_state_final(g->status))
		return refuse_final(t, g);
	if (!c)
		return goal_no_such(t, "criterion", id, &criterion_type, &g->criteria);
	named.name = id;
	doc_list_remove(&criterion_type, goal_arena(t), &next.criteria,
			(size_t)(c - (const struct criterion *)g->criteria.v));
	goal_record(t, &next, EV_GOAL_CRITERION, &named);
	return 0;
}

int goal_criterion_result(struct turn *t, const struct goal *g, const struct criterion_outcome *o,
			  const struct goal_words *words)
{
	struct goal_words named = words ? *words : (struct goal_words){ .attempt = 0 };
	const struct criterion *was = goal_criterion(g, o->id);
	struct goal next = *g;
	struct criterion *c;
	bool passed = o->exit_code == 0;

	if (goal_state_final(g->status) || !was || !span_eq(was->command, o->command))
		return 0;
	doc_list_own(&criterion_type, goal_arena(t), &next.criteria);
	c = goal_criterion(&next, o->id);
	c->status = passed ? CRITERION_VERIFIED : CRITERION_FAILED;
	c->verified_ms = passed ? t->now_ms : c->verified_ms;
	c->failed_ms = passed ? 0 : t->now_ms;
	c->exit_code = o->exit_code;
	c->evidence = o->evidence;
	c->output_digest = o->output_digest;
	c->tree = o->tree;
	c->duration_ms = o->duration_ms;
	named.name = o->id;
	goal_record(t, &next, EV_GOAL_CRITERION, &named);
	return 1;
}

/* A command's sum as text, so that no command is kept twice. */
static struct span digest_of(struct span command, struct buf *hex)
{
	buf_put_hex64(hex, hash64(command.p, command.len, 0));
	return (struct span){ hex->p, hex->len };
}

void goal_verify_attempt(struct turn *t, const struct goal *g, uint64_t attempt,
			 const struct criterion_outcome *outcomes, size_t count,
			 const struct goal_words *words)
{
	struct goal_words numbered = words ? *words : (struct goal_words){ .attempt = 0 };
	struct goal next = *g;
	struct verify_attempt *a =
		doc_list_add(&verify_attempt_type, goal_arena(t), &next.verify_history);

	numbered.attempt = attempt;
	a->attempt = attempt;
	a->at_ms = t->now_ms;
	a->all_passed = true;
	for (size_t i = 0; i < count; i++) {
		CLEANUP(buf_release) struct buf hex = BUF_INIT;
		struct verify_result *r =
			doc_list_add(&verify_result_type, goal_arena(t), &a->results);

		r->id = outcomes[i].id;
		r->exit_code = outcomes[i].exit_code;
		r->output_hash = outcomes[i].normal_digest;
		r->output_len = outcomes[i].output_len;
		r->at_ms = t->now_ms;
		r->command_digest = turn_copy(t, digest_of(outcomes[i].command, &hex));
		r->identical = outcomes[i].identical;
		a->tree = outcomes[i].tree;
		a->all_passed &= outcomes[i].exit_code == 0;
	}
	goal_record(t, &next, EV_GOAL_VERIFIED, &numbered);
}

int goal_escalate(struct turn *t, const struct goal *g, const char *why,
		  const struct criterion_outcome *outcomes, size_t count,
		  const struct goal_words *words)
{
	struct goal next = *g;

	if (g->status != GOAL_ACTIVE && g->status != GOAL_AWAITING_GATE)
		return 0;
	goal_enter(&next, GOAL_NEEDS_HUMAN, t->now_ms);
	next.needs_human_reason = span_of(why);
	for (size_t i = 0; i < count; i++)
		if (outcomes[i].exit_code != 0)
			texts_add(goal_arena(t), &next.needs_human_criteria, outcomes[i].id);
	return goal_move(t, &next, ON_VERIFY_STALLED, words) < 0 ? 0 : 1;
}

static uint64_t stall_key(int64_t exit_code, struct span normal_digest)
{
	return hash64(&exit_code, sizeof(exit_code), hash64(normal_digest.p, normal_digest.len, 0));
}

void stall_note(struct stall *s, const struct criterion_outcome *o)
{
	uint64_t key = stall_key(o->exit_code, o->normal_digest);

	if (o->exit_code == 0)
		*s = (struct stall){ 0, 0 };
	else if (s->count && s->key == key)
		s->count++;
	else
		*s = (struct stall){ key, 1 };
}

/* What the newest attempt that has it says of a criterion, or NULL. */
static const struct verify_result *last_result(const struct goal *g, struct span id,
					       const struct verify_attempt **of)
{
	const struct verify_attempt *all = g->verify_history.v;

	for (size_t i = g->verify_history.count; i-- > 0;) {
		const struct verify_result *results = all[i].results.v;

		*of = &all[i];
		for (size_t k = 0; k < all[i].results.count; k++)
			if (span_eq(results[k].id, id))
				return &results[k];
	}
	return NULL;
}

bool stall_recorded(const struct goal *g, const struct criterion *c, struct stall *s,
		    struct span *tree)
{
	CLEANUP(buf_release) struct buf hex = BUF_INIT;
	const struct verify_attempt *a;
	const struct verify_result *r = last_result(g, c->id, &a);

	if (!r || !r->identical || !a->tree.len || a->at_ms <= g->resumed_ms ||
	    a->at_ms < c->verified_ms || !span_eq(r->command_digest, digest_of(c->command, &hex)))
		return false;
	*s = (struct stall){ stall_key(r->exit_code, r->output_hash), (unsigned)r->identical };
	*tree = a->tree;
	return true;
}
