/* A gate that somebody opened twice is open: repeating a command does no harm and says so. */
#include "cmd/goal/gate.h"

#include "base/limits.h"
#include "cmd/goal/goal_page.h"
#include "cmd/hint.h"

static void print_gate(struct cmd_ctx *c, const struct goal *g, struct span id,
		       const struct gate_done *done)
{
	CLEANUP(buf_release) struct buf next = BUF_INIT;
	const struct gate *gate = goal_gate(g, id);
	struct json j;

	if (c->json) {
		json_open(&j, c->out, "gate");
		doc_encode_members(&gate_type, gate, DOC_COMPACT, false, &c->out->buf);
		json_text(&j, "goal_status", goal_state_word(g->status));
		json_close(&j);
		return;
	}
	out_putf(c->out, "gate %.*s: %s%s\n", SPAN_ARG(id), gate_words[gate->status],
		 done->changed ? "" : ", as it was");
	if (!done->moved)
		return;
	goal_put_line(c->out, g);
	goal_put_next(g, &next);
	out_next(c->out, &next);
}

int gate_run(struct cmd_ctx *c, enum gate_act act, struct err *e)
{
	CLEANUP(goal_change_release) struct goal_change x = GOAL_CHANGE_INIT;
	struct gate_ask ask = { .act = act, .id = span_of(c->options->args[0]) };
	struct gate_done done;
	int rc;

	if (act == GATE_ACT_ADD)
		ask.description = span_of(options_text(c->options, "desc"));
	else
		ask.reason = span_of(options_text(c->options, "reason"));
	if (act == GATE_ACT_REJECT && !ask.reason.len)
		return err_set(
			e, -SK_EUSAGE,
			"gate %.*s: a rejection needs a reason: nothing was changed. Try: sk "
			"tentacle goal gate reject %.*s --reason TEXT",
			NAME_BYTES_MAX, ask.id.p, NAME_BYTES_MAX, ask.id.p);
	rc = goal_change_begin(&x, c, GOALS_NAMED, e);
	if (rc == 0)
		rc = goal_change_end(&x, goal_gate_act(x.turn, x.g, &ask, &x.words, &done), e);
	if (rc < 0)
		return rc;
	print_gate(c, x.g, ask.id, &done);
	return EXIT_DONE;
}
