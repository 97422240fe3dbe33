/*
 * A shell command that commits or pushes, asked about before it runs: the same judgement as that of
 * git's own hooks, by the text alone. What it would take along, and sometimes where it happens, is
 * not known yet; where that decides it is let through and noted, because git's hook will know. An
 * agent is not told the ways past the guard, and its own words (--no-verify, SK_GUARD=off) are
 * none: they are for people.
 */
#include "core/shell_git.h"
#include "hooks/guarding.h"

#include <limits.h>
#include <stdlib.h>

struct guard_rule {
	struct hook *h;
	struct marker m;
	bool asked, open, skipped;
	struct err *e;
};

/* No branch has this name: whoever works on one that is not known works on another one than is
 * pushed from elsewhere. */
static void no_branch(void *ctx, struct span place, struct buf *out)
{
	(void)ctx;
	(void)place;
	buf_puts(out, "refs/heads/");
}

static bool find_place(const struct hook *h, const struct shell_git *g, struct checkout *out)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	char real[PATH_MAX];

	if (!g->dir.len || g->dir.p[0] != '/')
		buf_putf(&path, "%.*s/", SPAN_ARG(h->folder));
	buf_put(&path, g->dir.p, g->dir.len);
	return path.p[0] == '/' && strlen(path.p) == path.len && realpath(path.p, real) &&
	       paths_checkout(real, out);
}

static void note(struct guard_rule *r, const char *why)
{
	if (!r->skipped)
		hook_log(r->h, "guard", "skipped", span_of(why));
	r->skipped = true;
}

/* Once with everything in its favour: who holds it even so, holds it. Then with nothing. */
static void judge(struct guard_rule *r, const struct shell_git *g, struct guard_ask *ask)
{
	struct guarding holder;

	ask->paths_known = true;
	ask->refs_known = ask->act == GUARD_PUSH;
	ask->refs = g->named ? SPAN_NONE : (struct span){ "HEAD", sizeof("HEAD") };
	if (guarding_held(&r->m, ask, no_branch, NULL, &holder)) {
		guarding_say(&holder, ask, false, &r->h->refusal);
		return;
	}
	ask->paths_known = ask->refs_known = false;
	if (guarding_held(&r->m, ask, NULL, NULL, &holder))
		note(r, "an agent is at work, and what is taken along is not known yet: git's own "
			"hook decides");
}

static void found(void *ctx, const struct shell_git *g)
{
	CLEANUP(checkout_release) struct checkout place = CHECKOUT_INIT;
	CLEANUP(buf_release) struct buf said = BUF_INIT;
	struct guard_rule *r = ctx;
	struct guard_ask ask = { .act = g->verb == SHELL_GIT_PUSH ? GUARD_PUSH : GUARD_COMMIT,
				 .now_ms = r->h->now_ms };

	if (r->h->guard_off)
		note(r, "SK_GUARD=off");
	if (r->h->guard_off || r->h->refusal.len)
		return;
	if (!r->asked && guarding_open(r->h, ask.act, false, &r->m, &said, r->e) > 0)
		r->open = true;
	r->asked = true;
	if (r->e->code < 0)
		buf_puts(&r->h->refusal, r->e->text);
	if (!r->open)
		return;
	if (g->unsure || !find_place(r->h, g, &place)) {
		note(r, "where it would commit or push cannot be told: git's own hook decides");
		return;
	}
	ask.repository = span_of(place.root);
	ask.checkout = span_of(place.top);
	judge(r, g, &ask);
}

int rule_guard(struct hook *h, struct err *e)
{
	struct guard_rule r = { .h = h, .e = e };

	if (!span_contains(h->payload.command, SPAN_LIT("git")))
		return 0;
	shell_git_read(h->payload.command, found, &r);
	if (r.open)
		marker_close(&r.m);
	return 0;
}
