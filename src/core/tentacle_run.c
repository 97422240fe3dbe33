/*
 * One place for the words, because "ended without a hand-off" was told of agents that were killed,
 * timed out and never reached their service alike. The pause is worked out from what is recorded
 * and never drawn twice, so a loop that is killed and begun again waits no longer and no shorter.
 */
#include "core/tentacle_run.h"

#include "base/hash.h"
#include "base/limits.h"
#include "base/when.h"
#include "core/quota.h"

static void put_end(const struct tentacle *t, struct buf *out)
{
	const struct tentacle_run *r = &t->run;

	if (r->stopped) {
		buf_puts(out, "was told to end");
	} else if (r->timed_out) {
		buf_puts(out, "timed out");
		if (t->started_ms && t->ended_ms > t->started_ms) {
			buf_puts(out, " after ");
			buf_put_duration(out, t->ended_ms - t->started_ms);
		}
	} else if (r->signal) {
		buf_putf(out, "killed by signal %llu", (unsigned long long)r->signal);
	} else if (r->exit_code) {
		buf_putf(out, "ended with code %lld", (long long)r->exit_code);
	} else {
		buf_puts(out, "ended without a hand-off");
	}
}

void tentacle_run_put(const struct tentacle *t, struct buf *out)
{
	if (t->run.exit_code == DOC_NO_NUMBER)
		return;
	put_end(t, out);
	if (t->run.last_line.len && !t->run.stopped) {
		buf_puts(out, ": ");
		buf_put_visible(out, t->run.last_line);
	}
}

void tentacle_put_parked(const struct tentacle *t, struct buf *out)
{
	enum quota_kind kind;

	if (t->status != TENTACLE_PARKED || t->parked.held)
		return;
	buf_putf(out, "%.*s", SPAN_ARG(t->parked.kind));
	if (quota_kind_of(t->parked.kind, &kind))
		buf_putf(out, " (%s)", quota_kind_text(kind));
	if (t->parked.due_ms) {
		buf_puts(out, " until ");
		buf_put_when(out, t->parked.due_ms);
		buf_puts(out, " UTC");
	}
}

static void put_outside(const struct tentacle *t, struct buf *out)
{
	const struct texts *files = &t->outside_scope;

	buf_puts(out, "files outside of its scope were changed: ");
	buf_put_quoted(out, files->v[0], 200);
	if (files->count > 1)
		buf_putf(out, " and %zu more", files->count - 1);
}

bool tentacle_put_trouble(const struct tentacle *t, struct buf *out)
{
	if (t->status == TENTACLE_COMPLETED)
		return false;
	if (t->status == TENTACLE_PARKED && t->parked.held) {
		buf_putf(out, "it is parked until a person releases it (%.*s)",
			 SPAN_ARG(t->parked.kind));
	} else if (t->status == TENTACLE_HANDED_OFF && handoff_needs_triage(t->terminal_status)) {
		buf_putf(out, "it handed off %s", handoff_words[t->terminal_status]);
	} else if (t->outside_scope.count && t->status == TENTACLE_HANDED_OFF) {
		put_outside(t, out);
	} else if (tentacle_run_given_up(t)) {
		if (t->run.losses >= AGENT_LOSSES_MAX)
			buf_putf(out, "its agent was gone without a word %llu times",
				 (unsigned long long)t->run.losses);
		else
			buf_putf(out, "its agent failed %llu times, last: ",
				 (unsigned long long)t->run.failures);
		if (t->run.losses < AGENT_LOSSES_MAX)
			tentacle_run_put(t, out);
	} else {
		return false;
	}
	return true;
}

void tentacle_run_forgive(struct tentacle *draft)
{
	draft->run.failures = draft->run.losses = 0;
}

bool tentacle_run_given_up(const struct tentacle *t)
{
	switch (t->status) {
	case TENTACLE_FAILED:
	case TENTACLE_AWAITING_HANDOFF:
		return t->run.failures >= AGENT_ATTEMPTS_MAX;
	case TENTACLE_LOST:
		return t->run.losses >= AGENT_LOSSES_MAX;
	default:
		return false;
	}
}

int64_t tentacle_run_again(const struct tentacle *t, int64_t pause_ms)
{
	bool lost = t->status == TENTACLE_LOST;
	uint64_t times = lost ? t->run.losses : t->run.failures;
	int64_t since_ms = lost ? t->started_ms : t->ended_ms;
	uint64_t seed = hash64(t->name.p, t->name.len, times);

	if (!times || !since_ms)
		return 0;
	while (--times && pause_ms < AGENT_PAUSE_MAX_MS)
		pause_ms *= 2;
	if (pause_ms > AGENT_PAUSE_MAX_MS)
		pause_ms = AGENT_PAUSE_MAX_MS;
	return since_ms + pause_ms / 2 + (int64_t)(seed % (uint64_t)(pause_ms / 2 + 1));
}
