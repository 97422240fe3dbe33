/*
 * Looking after one order from its beginning to its end. The command is only an onlooker: the agent
 * is the orchestrator's task, and what comes of it is read from the store.
 */
#include "cmd/goal/agent_supervise.h"

#include <signal.h>

#include "base/limits.h"
#include "cmd/goal/agent_eyes.h"
#include "core/tentacle_run.h"
#include "core/tentacle_work.h"

static int exit_of_tentacle(const struct tentacle *t)
{
	if (t->outside_scope.count)
		return EXIT_NEEDS_HUMAN;
	switch (t->status) {
	case TENTACLE_COMPLETED:
		return EXIT_DONE;
	case TENTACLE_HANDED_OFF:
		return handoff_needs_triage(t->terminal_status) ? EXIT_NEEDS_HUMAN : EXIT_DONE;
	case TENTACLE_PARKED:
		return t->parked.due_ms ? EXIT_PARKED : EXIT_NEEDS_HUMAN;
	case TENTACLE_LOST:
		return EXIT_WORK_FAILED;
	default:
		return EXIT_NEEDS_HUMAN;
	}
}

static const char *next_of(const struct tentacle *t)
{
	switch (t->status) {
	case TENTACLE_HANDED_OFF:
		return "sk tentacle complete";
	case TENTACLE_PARKED:
		return "sk retry-queue release";
	case TENTACLE_COMPLETED:
		return NULL;
	default:
		return "sk tentacle dispatch --run";
	}
}

/* How the agent ended, where there is no hand-off that tells it. */
static void put_how(struct cmd_ctx *c, const struct tentacle *t)
{
	CLEANUP(buf_release) struct buf how = BUF_INIT;

	if (t->status == TENTACLE_FAILED || t->status == TENTACLE_STOPPED)
		tentacle_run_put(t, &how);
	if (how.len)
		out_putf(c->out, "its agent %s\n", how.p);
}

static void print_end(struct cmd_ctx *c, const struct tentacle *t, const struct agent_receipt *r)
{
	struct json j;

	if (c->json) {
		json_open(&j, c->out, "tentacle");
		doc_encode_members(&tentacle_type, t, DOC_COMPACT, false, &c->out->buf);
		json_text(&j, "workstream_id", r->task);
		json_close(&j);
		return;
	}
	out_putf(c->out, "%.*s: %s", SPAN_ARG(t->name), tentacle_state_word(t->status));
	if (t->terminal_status)
		out_putf(c->out, " (%s)", handoff_words[t->terminal_status]);
	if (t->status == TENTACLE_PARKED)
		out_putf(c->out, " (%.*s)", SPAN_ARG(t->parked.kind));
	out_puts(c->out, "\n");
	put_how(c, t);
	for (size_t i = 0; i < t->outside_scope.count; i++) {
		out_puts(c->out, "changed outside of its scope: ");
		out_visible(c->out, t->outside_scope.v[i]);
		out_puts(c->out, "\n");
	}
	out_putf(c->out, "log: sk logs %s\n", r->task);
	if (tentacle_unmerged(t))
		out_putf(c->out, "next: sk tentacle worktree %.*s merge --commit\n",
			 SPAN_ARG(t->name));
	if (next_of(t))
		out_putf(c->out, "next: %s %.*s\n", next_of(t), SPAN_ARG(t->name));
}

static int report(struct cmd_ctx *c, const char *name, const struct agent_receipt *r, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	const struct tentacle *t;
	int rc = goals_open(c, 0, &s, e);

	if (rc == 0)
		rc = goal_store_tentacle(s, name, &t, e);
	if (rc < 0)
		return rc;
	print_end(c, t, r);
	return exit_of_tentacle(t);
}

static int look_on(struct cmd_ctx *c, const char *name, const struct agent_receipt *r,
		   struct err *e)
{
	CLEANUP(agent_eyes_close) struct agent_eyes eyes = AGENT_EYES_INIT;
	unsigned handed = 0;
	int number = 0, rc = agent_eyes_open(&eyes, c->goal_paths->state_dir, e);

	while (rc == 0 && (rc = agent_look(c, name, r, &handed, e)) > 0) {
		rc = 0;
		number = agent_eyes_wait(&eyes, AGENT_LOOK_MS);
		if (number)
			break;
	}
	if (rc < 0)
		return rc;
	if (!number)
		return report(c, name, r, e);
	out_putf(c->out,
		 "not looking on any more; the agent goes on. To look: "
		 "sk logs -f %s; to end it: sk workstream cancel --yes %s\n",
		 r->task, r->task);
	return number == SIGINT ? EXIT_INTERRUPTED : EXIT_TERMINATED;
}

int agent_supervise(struct cmd_ctx *c, const char *name, struct err *e)
{
	CLEANUP(agents_release) struct agents agents = AGENTS_INIT;
	const struct agent_wish wish = agent_wish_of(c, name);
	struct agent_receipt receipt;
	int rc = agent_config_load(c, &agents, e);

	if (rc == 0)
		rc = agent_order(c, &agents, &wish, &receipt, e);
	if (rc < 0)
		return rc;
	if (options_has(c->options, "detach"))
		return report(c, name, &receipt, e) < 0 ? e->code : EXIT_DONE;
	return look_on(c, name, &receipt, e);
}
