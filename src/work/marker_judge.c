/*
 * Two mistakes are possible: to keep what a killed dispatcher left behind, which blocks commits for
 * hours, and to clear what somebody needs. The first is avoided by asking the kernel, the second by
 * never touching what is alive and not ours.
 */
#include "work/marker.h"

#include "base/limits.h"
#include "os/host.h"

#define X(name, word, meaning) { word, meaning },
static const struct {
	const char *word, *text;
} trusts[] = { MARKER_TRUSTS(X) };
#undef X

#define X(name, word) word,
static const char *const owners[] = { MARKER_OWNERS(X) };
#undef X

#define X(name, word, clears, text) { word, clears, text },
static const struct {
	const char *word;
	bool clears;
	const char *text;
} verdicts[] = { MARKER_VERDICTS(X) };
#undef X

const char *marker_trust_word(enum marker_trust trust)
{
	return trusts[trust].word;
}

const char *marker_trust_text(enum marker_trust trust)
{
	return trusts[trust].text;
}

const char *marker_owner_word(enum marker_owner owner)
{
	return owners[owner];
}

const char *marker_verdict_word(enum marker_verdict verdict)
{
	return verdicts[verdict].word;
}

const char *marker_verdict_text(enum marker_verdict verdict)
{
	return verdicts[verdict].text;
}

bool marker_verdict_clears(enum marker_verdict verdict)
{
	return verdicts[verdict].clears;
}

enum marker_owner marker_owner_of(const struct marker_entry *t)
{
	char host[HOST_NAME_BYTES_MAX];
	int alive;

	if (!t->who.pid || !t->who.boot_id[0] || !t->who.start)
		return MARKER_OWNER_UNKNOWN;
	host_name(host);
	if (!span_is(t->host, host))
		return MARKER_OWNER_UNKNOWN;
	alive = proc_alive(&t->who);
	return alive < 0 ? MARKER_OWNER_UNKNOWN : alive ? MARKER_OWNER_ALIVE : MARKER_OWNER_DEAD;
}

static bool same_process(const struct proc_identity *a, const struct proc_identity *b)
{
	return a->pid && a->pid == b->pid && a->start == b->start &&
	       strcmp(a->boot_id, b->boot_id) == 0;
}

static bool same_session(const struct marker_entry *t, const struct marker_asker *asker)
{
	return same_process(&t->who, &asker->who) ||
	       (t->session.len && span_eq(t->session, asker->session));
}

/* An entry that names no repository is everybody's. */
static bool same_repository(const struct marker_entry *t, const struct marker_asker *asker)
{
	return !t->git_root.len || span_eq(t->git_root, asker->git_root);
}

static bool is_future(const struct marker_entry *t, const struct marker_asker *asker)
{
	return t->at_ms > asker->now_ms + MARKER_CLOCK_SLACK_MS;
}

static bool is_expired(const struct marker_entry *t, int64_t ttl_ms,
		       const struct marker_asker *asker)
{
	return t->at_ms && asker->now_ms - t->at_ms > ttl_ms;
}

enum marker_verdict marker_judge(const struct marker_entry *t, enum marker_owner owner,
				 int64_t ttl_ms, const struct marker_asker *asker)
{
	bool here = same_repository(t, asker), expired = is_expired(t, ttl_ms, asker);

	if (owner == MARKER_OWNER_ALIVE) {
		if (!here)
			return MARKER_IS_OTHER_REPOSITORY;
		if (asker->force && same_session(t, asker))
			return MARKER_IS_FORCED;
		if (expired)
			return MARKER_IS_EXPIRED_ALIVE;
		return same_session(t, asker) ? MARKER_IS_ALIVE : MARKER_IS_OTHER_SESSION;
	}
	if (!here && !(asker->force && (owner == MARKER_OWNER_DEAD || expired)))
		return MARKER_IS_OTHER_REPOSITORY;
	if (owner == MARKER_OWNER_DEAD)
		return MARKER_IS_OWNER_DEAD;
	if (is_future(t, asker))
		return asker->force ? MARKER_IS_FORCED : MARKER_IS_FUTURE;
	if (expired)
		return MARKER_IS_EXPIRED;
	if (asker->force)
		return MARKER_IS_FORCED;
	return t->at_ms ? MARKER_IS_YOUNG : MARKER_IS_NO_TIME;
}

bool marker_entry_counts(const struct marker_entry *t, enum marker_owner owner, int64_t ttl_ms,
			 const struct marker_asker *asker)
{
	if (!same_repository(t, asker) || owner == MARKER_OWNER_DEAD)
		return false;
	if (owner == MARKER_OWNER_ALIVE && !t->by_dispatcher)
		return true;
	return !is_expired(t, ttl_ms, asker);
}

size_t marker_clear_dead(struct marker *m)
{
	size_t before = m->count;

	for (size_t i = m->count; i-- > 0;)
		if (marker_owner_of(&m->v[i]) == MARKER_OWNER_DEAD)
			marker_drop(m, i);
	return before - m->count;
}

static bool among(struct span text, const struct span *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (span_eq(text, list[i]))
			return true;
	return false;
}

size_t marker_clear_named(struct marker *m, const struct span *ids, size_t id_count,
			  const struct span *names, size_t name_count)
{
	size_t before = m->count;

	for (size_t i = m->count; i-- > 0;)
		if (m->v[i].tentacle_id.len && among(m->v[i].tentacle_id, ids, id_count))
			marker_drop(m, i);
	for (size_t k = 0; k < name_count; k++) {
		size_t found = 0, at = 0;

		for (size_t i = 0; i < m->count; i++)
			if (span_eq(m->v[i].name, names[k])) {
				found++;
				at = i;
			}
		if (found == 1 && !m->v[at].tentacle_id.len)
			marker_drop(m, at);
	}
	return before - m->count;
}
