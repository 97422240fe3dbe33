/* A repository, a place for its worktrees, and processes that are killed at a step. */
#ifndef SK_TEST_WORKTREE_WORLD_H
#define SK_TEST_WORKTREE_WORLD_H

#include "git_world.h"

#include <signal.h>

#include "git/worktree.h"
#include "git/worktree_clean.h"

#define NOW_MS 1763714580123LL /* 2025-11-21T08:43:00.123Z */

static inline void reset(struct worktree_facts *f)
{
	worktree_facts_release(f);
}

/* Opens the worktree `name` of the repository at `folder` and locks it. */
static inline int try_open(struct git_world *g, const char *folder, const char *name, bool create,
			   struct worktree *w, struct err *e)
{
	CLEANUP(mem_free) char *dir = world_path(g, folder);
	CLEANUP(mem_free) char *copilot = world_path(g, ".copilot");
	int rc = worktree_open(w, &g->git, dir, copilot, name, create, e);

	return rc < 0 ? rc : worktree_lock(w, "test", e);
}

static inline void open_it(struct git_world *g, const char *folder, const char *name, bool create,
			   struct worktree *w)
{
	struct err e = ERR_INIT;

	if (try_open(g, folder, name, create, w, &e) < 0)
		fail_msg("%s", e.text);
}

static inline int try_prepare(struct git_world *g, const char *folder, const char *name,
			      struct worktree_prepared *out, struct err *e)
{
	CLEANUP(worktree_close) struct worktree w = WORKTREE_INIT;
	CLEANUP(mem_free) char *dir = world_path(g, folder);
	int rc = try_open(g, folder, name, true, &w, e);

	return rc < 0 ? rc : worktree_prepare(&w, dir, NULL, NOW_MS, out, e);
}

/* Its path, freed with mem_free. */
static inline char *prepare(struct git_world *g, const char *folder, const char *name)
{
	CLEANUP(worktree_close) struct worktree w = WORKTREE_INIT;
	struct worktree_prepared out;
	struct err e = ERR_INIT;

	if (try_prepare(g, folder, name, &out, &e) < 0)
		fail_msg("%s", e.text);
	open_it(g, folder, name, false, &w);
	return mem_strdup(w.path);
}

/* A script in the world, with $W for the worktree and $K for its newest kept ref. */
static inline void world_does_in(struct git_world *g, const char *path, const char *script)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	buf_putf(&text,
		 "W='%s'; K=$(git -C r for-each-ref --format='%%(refname)' refs/sk/kept | tail -n "
		 "1); "
		 "%s",
		 path, script);
	world_does(g, text.p);
}

static inline void look(struct git_world *g, const char *name, struct worktree_facts *f)
{
	CLEANUP(worktree_close) struct worktree w = WORKTREE_INIT;
	struct err e = ERR_INIT;

	reset(f);
	open_it(g, "r", name, false, &w);
	if (worktree_look(&w, f, &e) < 0)
		fail_msg("%s", e.text);
}

struct killer {
	enum worktree_step at;
};

static inline void kill_at(void *ctx, enum worktree_step step)
{
	if (step == ((struct killer *)ctx)->at)
		kill(getpid(), SIGKILL);
}

/* Runs one of these in a process of its own that is killed before the step. True when it was, false
 * when it came to its end. */
typedef int work_fn(struct git_world *g, struct worktree *w, struct err *e);

static inline bool killed_at(struct git_world *g, const char *name, work_fn *work,
			     enum worktree_step step)
{
	struct killer killer = { step };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct worktree w = WORKTREE_INIT;
		struct err e = ERR_INIT;
		int rc = try_open(g, "r", name, true, &w, &e);

		w.step = kill_at;
		w.ctx = &killer;
		if (rc == 0)
			rc = work(g, &w, &e);
		if (rc < 0)
			fprintf(stderr, "step %d: %s\n", (int)step, e.text);
		_exit(rc < 0 ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return true;
	assert_int_equal(status, 0);
	return false;
}

#endif
