/*
 * A turn ended by an error. When it was a limit, whoever met it is parked: the tentacle in whose
 * worktree it happened, else the goal. A host that says it goes on by itself only tells us about
 * its provider.
 */
#include "base/limits.h"
#include "core/goal_session.h"
#include "core/park.h"
#include "hooks/goal_hook.h"

#include <errno.h>
#include <time.h>

static enum quota_provider provider_of(enum hook_agent agent)
{
	static const enum quota_provider by[HOOK_AGENT_COUNT] = {
		[HOOK_BY_CLAUDE] = QUOTA_BY_ANTHROPIC,
		[HOOK_BY_COPILOT] = QUOTA_BY_GITHUB,
		[HOOK_BY_CODEX] = QUOTA_BY_OPENAI,
		[HOOK_BY_GEMINI] = QUOTA_BY_GOOGLE,
	};

	return by[agent];
}

static bool classify(const struct hook *h, struct quota_verdict *v)
{
	struct span text = { h->payload.text.p, h->payload.text.len };
	struct quota_now now = { .ms = h->now_ms };
	time_t seconds = (time_t)(h->now_ms / 1000);
	struct tm walls;

	if (localtime_r(&seconds, &walls))
		now.local_minutes = (int)(walls.tm_gmtoff / 60);
	quota_classify(text, &now, provider_of(h->payload.agent), v);
	quota_of_service(v);
	return v->kind != QUOTA_NONE;
}

/* Who met it, decided in one turn. Returns 1 when the goal was paused, 0 when it was not. */
static int decide(struct hook *h, struct goal_store *s, const struct quota_verdict *v,
		  struct span reason, int64_t *due_ms, struct err *e)
{
	const struct goal_words words = goal_hook_words(h);
	const struct tentacle *tentacle = goal_hook_tentacle(h, s);
	const struct goal *g = goals_chosen(goal_store_goals(s));
	struct turn *t = goal_store_turn(s);
	int rc;

	if (tentacle && tentacle->status != TENTACLE_RUNNING) {
		rc = tentacle_park(t, tentacle, v, h->chance, &words);
		return rc < 0 ? goal_store_refused(s, rc, e) : 0;
	}
	*due_ms = provider_refused(t, v, h->chance, &words);
	if (tentacle || !g || h->payload.recoverable)
		return 0; /* who supervises a running agent parks it by itself */
	rc = goal_session_pause(t, g, ON_QUOTA_HIT, h->payload.session, reason, &words);
	return rc < 0 ? goal_store_refused(s, rc, e) : rc;
}

int rule_limit(struct hook *h, struct err *e)
{
	CLEANUP(goal_hook_close) struct goal_store *s = NULL;
	CLEANUP(buf_release) struct buf reason = BUF_INIT;
	struct quota_verdict v;
	const struct goal *g;
	struct span previous;
	int64_t due_ms = 0;
	int rc, paused;

	if (!classify(h, &v))
		return 0;
	rc = goal_hook_open(h, GOALS_WRITE, &s, e);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	buf_putf(&reason, QUOTA_REASON "%s", quota_kind_word(v.kind));
	g = goals_chosen(goal_store_goals(s));
	previous = span_of(g ? goal_state_word(g->status) : NULL);
	paused = decide(h, s, &v, (struct span){ reason.p, reason.len }, &due_ms, e);
	rc = paused < 0 ? paused : goal_store_commit(s, e);
	if (rc < 0 || !paused)
		return rc < 0 ? rc : 1;
	g = goals_chosen(goal_store_goals(s));
	rc = goal_hook_leave(h, s, g, previous, (struct span){ reason.p, reason.len }, due_ms, e);
	return rc < 0 ? rc : 1;
}
