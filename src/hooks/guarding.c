/*
 * A marker that cannot be trusted to be whole refuses: emptying it by hand must not open the guard.
 * A disk that fails does not: nobody could commit any more, and nobody was harmed by what could not
 * be read.
 */
#include "hooks/guarding.h"

#include "base/when.h"

#define NAME_BYTES 80
#define PATH_BYTES 200
#define WAYS_OUT "; past this guard: SK_GUARD=off, or git's own --no-verify"

static const char *act_word(enum guard_act act)
{
	return act == GUARD_COMMIT ? "commit" : "push";
}

static int refuse(enum guard_act act, bool person, const char *text, struct err *e)
{
	return err_set(e, -SK_EWORK, "%s refused: %s%s", act_word(act), text,
		       person ? WAYS_OUT : "");
}

static int not_readable(struct hook *h, enum guard_act act, bool person, int rc,
			const struct err *why, struct buf *said, struct err *e)
{
	if (rc == -SK_ECORRUPT || rc == -SK_EREFUSED)
		return refuse(act, person, why->text, e);
	hook_log(h, "guard", "skipped", span_of(why->text));
	buf_putf(said, "%s let through without a look at who is at work: %s", act_word(act),
		 why->text);
	return 0;
}

int guarding_open(struct hook *h, enum guard_act act, bool person, struct marker *m,
		  struct buf *said, struct err *e)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct err why = ERR_INIT;
	int rc;

	if (!h->copilot)
		return 0;
	rc = marker_open(m, h->copilot, 0, "sk hooks run", &why);
	if (rc < 0)
		return not_readable(h, act, person, rc, &why, said, e);
	switch (guard_trust(m->trust)) {
	case GUARD_TAMPERED:
		buf_putf(&text,
			 "marker '%s': %s, so agents may be at work that it does not name: nothing "
			 "was changed. Try: sk tentacle marker-cleanup --apply --force",
			 m->path.p, marker_trust_text(m->trust));
		marker_close(m);
		return refuse(act, person, text.p, e);
	case GUARD_DOUBTED:
		if (m->count)
			hook_log(h, "guard", "info", span_of(marker_trust_text(m->trust)));
		break;
	case GUARD_TRUSTED:
		break;
	}
	if (m->count)
		return 1;
	marker_close(m);
	return 0;
}

/* Entries of other programs may not tell their time; that of the marker is the nearest. */
static int64_t since(const struct marker *m, const struct marker_entry *t)
{
	return t->at_ms ? t->at_ms : m->at_ms;
}

static void find_branch(const struct marker_entry *t, guarding_branch *branch, void *ctx,
			struct buf *out)
{
	if (t->branch.len)
		buf_putf(out, "refs/heads/%.*s", SPAN_ARG(t->branch));
	else if (branch)
		branch(ctx, t->worktree.len ? t->worktree : t->git_root, out);
}

bool guarding_held(const struct marker *m, const struct guard_ask *ask, guarding_branch *branch,
		   void *ctx, struct guarding *out)
{
	for (size_t i = 0; i < m->count; i++) {
		CLEANUP(buf_release) struct buf name = BUF_INIT;
		struct marker_entry t = m->v[i];
		struct guard_holder holder = { .entry = &t,
					       .ttl_ms = m->ttl_ms,
					       .owner = marker_owner_of(&t) };
		struct span path;

		t.at_ms = since(m, &t);
		holder.asks = holder.owner == MARKER_OWNER_ALIVE && host_is_above(&t.who) > 0;
		if (!guard_holds(guard_judge(&holder, ask, &path)))
			continue;
		if (ask->refs_known)
			find_branch(&t, branch, ctx, &name);
		holder.branch = (struct span){ name.p, name.len };
		if (!guard_holds(guard_judge(&holder, ask, &path)))
			continue;
		*out = (struct guarding){ &m->v[i], holder.owner, t.at_ms, path };
		return true;
	}
	return false;
}

static void put_keeper(const struct guarding *g, struct buf *out)
{
	if (g->owner != MARKER_OWNER_ALIVE)
		buf_puts(out, "nobody is known to keep it");
	else
		buf_putf(out, "%s pid %llu", g->entry->by_dispatcher ? "sent out by" : "agent",
			 (unsigned long long)g->entry->who.pid);
	if (!g->entry->scope.count)
		buf_puts(out, "; it has no scope, so every file may be its");
	if (g->path.len) {
		buf_puts(out, "; in its scope is ");
		buf_put_quoted(out, g->path, PATH_BYTES);
	}
}

void guarding_say(const struct guarding *g, const struct guard_ask *ask, bool person,
		  struct buf *out)
{
	bool commit = ask->act == GUARD_COMMIT;

	buf_putf(out, "%s: tentacle ", act_word(ask->act));
	buf_put_quoted(out, g->entry->name, NAME_BYTES);
	buf_puts(out, commit ? " is at work in this checkout" : " is at work on what is pushed");
	if (g->since_ms) {
		buf_puts(out, " since ");
		buf_put_when(out, g->since_ms);
		buf_puts(out, " UTC");
	}
	buf_puts(out, " (");
	put_keeper(g, out);
	buf_putf(out, "): nothing was %s. Try: ", commit ? "committed" : "pushed");
	if (g->owner != MARKER_OWNER_ALIVE)
		buf_puts(out, "sk tentacle marker-cleanup --apply --force, when it is stale");
	else if (g->entry->by_dispatcher)
		buf_puts(out, "sk tentacle complete, when it has handed off");
	else
		buf_puts(out, "sk tentacle status");
	if (person)
		buf_puts(out, WAYS_OUT);
}
