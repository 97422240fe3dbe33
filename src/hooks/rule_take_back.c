/*
 * The same session is here again, so it never ended: hosts that say "session end" after every
 * answer must not stop a goal that is being worked on. A tool call asks only when a breadcrumb lies
 * there, which costs one look; a prompt and a start always ask, because a kill between the pause
 * and the breadcrumb leaves none.
 */
#include "core/goal_resume.h"
#include "core/goal_session.h"
#include "hooks/goal_hook.h"

#include <errno.h>

static bool is_agent(const char *command)
{
	static const char *const names[] = { "claude", "copilot", "codex", "gemini", "node", NULL };

	for (size_t i = 0; names[i]; i++)
		if (strcmp(command, names[i]) == 0)
			return true;
	return false;
}

/* Decides about one goal and makes it durable: 1 when the pause was taken back. */
static int take_back(struct hook *h, struct goal_store *s, const struct goal *g,
		     const struct session_facts *facts, struct err *e)
{
	const struct goal_words words = goal_hook_words(h);
	const struct goal_resume ask = { .reset_failed = false };
	struct goal_resumed done;
	int rc;

	if (!goal_session_returns(g, facts))
		return 0;
	rc = goal_resume(goal_store_turn(s), g, &ask, &words, &done);
	if (rc < 0)
		return goal_store_refused(s, rc, e);
	rc = goal_store_commit(s, e);
	if (rc == 0)
		breadcrumb_remove(goal_store_vfs(s));
	return rc < 0 ? rc : 1;
}

/* Whether it is worth taking the lock: a look without it. */
static bool may_return(struct hook *h, const struct session_facts *facts)
{
	CLEANUP(goal_hook_close) struct goal_store *s = NULL;
	struct err ignored = ERR_INIT;
	const struct goal *g;

	if (goal_hook_open(h, 0, &s, &ignored) < 0)
		return false;
	g = goals_chosen(goal_store_goals(s));
	return g && goal_session_returns(g, facts) && !goal_hook_tentacle(h, s);
}

int rule_take_back(struct hook *h, struct err *e)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	CLEANUP(goal_hook_close) struct goal_store *s = NULL;
	enum hook_event event = h->payload.event;
	struct breadcrumb crumb = { .paused_ms = 0 };
	bool there = goal_hook_breadcrumb(h, &arena, &crumb);
	struct session_facts facts = {
		.session = h->payload.session,
		.same_process = there && goal_hook_same_process(&crumb.host, &h->host.who),
		.agent_process = is_agent(h->host.command),
		.speaks = event == HOOK_SESSION_START || event == HOOK_PROMPT,
		.now_ms = h->now_ms,
	};
	const struct goal *g;
	int rc;

	goal_hook_unpend(h, facts.agent_process);
	if ((!there && !facts.speaks) || !may_return(h, &facts))
		return 0;
	rc = goal_hook_open(h, GOALS_WRITE, &s, e);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	g = goals_chosen(goal_store_goals(s));
	return g ? take_back(h, s, g, &facts, e) : 0;
}
