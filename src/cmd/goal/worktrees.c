/*
 * The worktree is made, merged or removed first and recorded after: a kill in between leaves
 * something that the same command finds and records. The store of goals is not locked meanwhile,
 * because a checkout may take minutes and others want to hand off.
 */
#include "cmd/goal/worktrees.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/home.h"

extern char **environ;

#define OUR_BRANCH "refs/heads/sk/"

void work_release(struct work *k)
{
	worktree_close(&k->w);
	git_close(&k->git);
	scope_release(&k->scope);
	mem_free(&k->about);
	mem_free(&k->merged);
	mem_free(&k->others);
	buf_release(&k->other_names);
	buf_release(&k->needs);
}

const char *work_place(const struct work *k)
{
	return k->c->goal_paths->chosen ? NULL : k->c->goal_paths->root;
}

static void note_owner(struct work *k, const struct tentacle *t)
{
	if (!t->owner.pid || t->owner.boot_id.len != BOOT_ID_LEN)
		return;
	k->owner = (struct proc_identity){ .pid = t->owner.pid, .start = t->owner.pid_start };
	memcpy(k->owner.boot_id, t->owner.boot_id.p, BOOT_ID_LEN);
}

/* What comes from the main checkout, and from what it depends on, is not its own work. */
static void note_others(struct work *k, const struct tentacle *t)
{
	size_t count = 0;

	buf_putf(&k->other_names, "main-worktree/HEAD%c", 0);
	for (size_t i = 0; i < t->todo_deps.count; i++) {
		buf_putf(&k->other_names, OUR_BRANCH "%.*s%c", SPAN_ARG(t->todo_deps.v[i]), 0);
		buf_putf(&k->needs, "%.*s%c", SPAN_ARG(t->todo_deps.v[i]), 0);
	}
	mem_free(&k->others);
	k->others = mem_zalloc((t->todo_deps.count + 2) * sizeof(*k->others));
	for (size_t at = 0; at < k->other_names.len; at += strlen(k->other_names.p + at) + 1)
		k->others[count++] = k->other_names.p + at;
}

int work_read(struct work *k, bool must, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	const struct tentacle *t;
	struct err problem = ERR_INIT;
	int rc = k->git.program ? 0 : git_open(&k->git, environ, e);

	if (rc < 0)
		return rc;
	rc = goals_open(k->c, GOALS_NAMED, &s, &problem);
	if (rc == 0)
		rc = goal_store_tentacle(s, k->name, &t, &problem);
	if (rc == -SK_ENOTFOUND && !must)
		return 0;
	if (rc < 0)
		return err_set(e, problem.code, "%s", problem.text);
	k->known = true;
	note_owner(k, t);
	note_others(k, t);
	k->about = span_dup(t->description);
	k->merged = span_dup(t->worktree.merged_commit);
	for (size_t i = 0; i < t->scope.count; i++)
		scope_add(&k->scope, t->scope.v[i]); /* one that is none has nothing inside */
	return 0;
}

int work_open(struct work *k, bool create, bool lock, struct err *e)
{
	CLEANUP(buf_release) struct buf copilot = BUF_INIT, why = BUF_INIT;
	int rc;

	if (home_find(getenv("SK_HOME"), getenv("HOME"), &copilot, &why) < 0)
		return err_set(e, -SK_EIO, "%s", why.p);
	rc = worktree_open(&k->w, &k->git, work_place(k), copilot.p, k->name, create, e);
	return rc < 0 || !lock ? rc : worktree_lock(&k->w, "sk tentacle worktree", e);
}

int work_refuse_running(const struct work *k, const char *not_done, struct err *e)
{
	if (k->owner.pid && proc_alive(&k->owner) == 1)
		return err_set(e, -SK_EREFUSED,
			       "tentacle \"%s\": its agent runs (pid %llu): %s. Try: sk tentacle "
			       "status",
			       k->name, (unsigned long long)k->owner.pid, not_done);
	return 0;
}

struct texts work_texts(struct arena *arena, const struct git_changes *c)
{
	struct texts out = { NULL, 0 };
	struct span name;
	size_t at = 0;

	while (out.count < DOC_ENTRIES_MAX && (name = git_changes_next(c, &at)).len)
		texts_add(arena, &out, name);
	return out;
}

int work_record(struct work *k, enum event_kind kind, const struct goal_words *words,
		void (*change)(struct tentacle_worktree *to, struct arena *arena, void *ctx),
		void *ctx, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	const struct tentacle *t;
	struct tentacle draft;
	int rc;

	if (!k->known)
		return 0;
	rc = goals_open(k->c, GOALS_WRITE | GOALS_NAMED, &s, e);
	if (rc == 0)
		rc = goal_store_tentacle(s, k->name, &t, e);
	if (rc < 0)
		return rc;
	draft = *t;
	change(&draft.worktree, goal_arena(goal_store_turn(s)), ctx);
	tentacle_record(goal_store_turn(s), &draft, kind, words);
	return goal_store_commit(s, e);
}

/* The commit that holds what a tentacle did, when it is not in the main checkout anyway. */
static int commit_of(struct work *k, const char *need, char out[OID_BYTES_MAX], struct err *e)
{
	CLEANUP(work_release) struct work other = WORK_INIT(k->c, need);
	CLEANUP(git_changes_release) struct git_changes left = GIT_CHANGES_INIT;
	CLEANUP(buf_release) struct buf ref = BUF_INIT;
	CLEANUP(captured_release) struct captured said = CAPTURED_INIT;
	struct git_call call = { .dir = k->w.main_root };
	int rc = work_read(&other, false, e);

	if (rc == 0)
		rc = work_open(&other, false, false, e);
	buf_putf(&ref, OUR_BRANCH "%s^{commit}", need);
	call.words = GIT_WORDS("rev-parse", "-q", "--verify", ref.p);
	if (rc == 0)
		rc = git_run(&k->git, &call, &said, e);
	if (rc < 0 || (rc > 0 && !(other.merged && other.merged[0])))
		return rc < 0 ? rc : 0; /* it never had one: its work is in the main checkout */
	if (rc > 0) {
		snprintf(out, OID_BYTES_MAX, "%s", other.merged); /* merged, and cleaned up */
		return 1;
	}
	snprintf(out, OID_BYTES_MAX, "%.*s", (int)strcspn(said.out.p, "\n"), said.out.p);
	if (other.w.record.state != WORKTREE_READY || worktree_problem(&other.w, NULL))
		return 1;
	rc = git_changes_read(&k->git, other.w.path, NULL, NULL, &left, e);
	if (rc == 0 && left.count)
		return err_set(e, -SK_EREFUSED,
			       "tentacle \"%s\": it builds on \"%s\", whose worktree holds work "
			       "that is not committed (%s): nothing was brought in. Try: sk "
			       "tentacle worktree %s merge --commit",
			       k->name, need, other.w.path, need);
	return rc < 0 ? rc : 1;
}

/* One that was made now begins with the main checkout; in an older one that may be missing too. */
static int bring_needs_up(struct work *k, struct err *e)
{
	for (size_t at = 0; at < k->needs.len; at += strlen(k->needs.p + at) + 1) {
		CLEANUP(worktree_merged_release)
		struct worktree_merged ignored = WORKTREE_MERGED_INIT;
		CLEANUP(buf_release) struct buf called = BUF_INIT;
		char commit[OID_BYTES_MAX];
		int rc = commit_of(k, k->needs.p + at, commit, e);

		buf_putf(&called, "sk/%s", k->needs.p + at);
		if (rc == 1)
			rc = worktree_bring_up(&k->w, commit, called.p, k->c->now_ms, &ignored, e);
		if (rc < 0)
			return rc;
	}
	return 0;
}

struct made {
	const struct work *k;
	const struct worktree_prepared *done;
};

static void note_made(struct tentacle_worktree *to, struct arena *arena, void *ctx)
{
	const struct made *m = ctx;

	(void)arena;
	to->prepared = true;
	to->reused = m->done->reused;
	to->path = span_of(m->k->w.path);
	to->branch = span_of(m->k->w.branch);
	to->base = span_of(m->k->w.record.base);
}

int work_prepare(struct work *k, const char *base, struct worktree_prepared *out, struct err *e)
{
	struct made made = { k, out };
	struct goal_actor actor;
	const struct goal_words words = goals_words(k->c, &actor);
	int rc = work_read(k, true, e);

	if (rc == 0)
		rc = work_open(k, true, true, e);
	if (rc == 0)
		rc = worktree_prepare(&k->w, work_place(k), base, k->c->now_ms, out, e);
	if (rc == 0 && !(k->owner.pid && proc_alive(&k->owner) == 1))
		rc = bring_needs_up(k, e); /* under an agent at work nothing is changed */
	return rc < 0 ? rc : work_record(k, EV_TENTACLE_WORKTREE, &words, note_made, &made, e);
}
