/*
 * The commit guard in a repository: pre-commit and pre-push in the folder from which git runs
 * hooks, and the way back. A hook that was there before is kept as <hook>.backup and still runs
 * first.
 *
 * Every step leaves a folder in which commits run what they ran before, or that and the guard;
 * doing it again finishes what a kill cut short.
 */
#ifndef SK_GIT_HOOKS_H
#define SK_GIT_HOOKS_H

#include "git/git.h"
#include "git/git_repo.h"

#define GIT_HOOK_COUNT 2

/* word, sentence */
#define GIT_HOOK_DEEDS(X)                                                                       \
	X(NOTHING, "unchanged", "is there already, identical")                                  \
	X(WRITE, "installed", "is written")                                                     \
	X(CHAIN, "chained", "is written; what was there is kept as its .backup and runs first") \
	X(UPDATE, "updated", "is brought up to date")                                           \
	X(REMOVE, "removed", "is taken away")                                                   \
	X(RESTORE, "restored", "is taken away, and what was there before is put back")          \
	X(ABSENT, "absent", "is not there")                                                     \
	X(FOREIGN, "foreign", "is not ours and stays")

#define X(name, word, text) GIT_HOOK_##name,
enum git_hook_deed { GIT_HOOK_DEEDS(X) GIT_HOOK_DEED_COUNT };
#undef X

const char *git_hook_deed_word(enum git_hook_deed deed);
const char *git_hook_deed_text(enum git_hook_deed deed);

struct git_hooks {
	char *folder;     /* absolute: where git looks for hooks of this checkout */
	char *setting;    /* core.hooksPath as it is set, or NULL */
	char *scope;      /* in which settings that stands ("local", "global", ...), or NULL */
	bool in_worktree; /* the folder lies among the files of the checkout */
	char *program;    /* absolute: of this sk, as the hooks will call it */
	struct git_hook_file {
		const char *name;
		enum git_hook_deed deed;
	} v[GIT_HOOK_COUNT];
};

#define GIT_HOOKS_INIT                         \
	{                                      \
		NULL, NULL, NULL, false, NULL, \
		{                              \
			{                      \
				NULL, 0        \
			}                      \
		}                              \
	}

void git_hooks_release(struct git_hooks *h);

/*
 * Finds the folder for the repository around `dir` (NULL = here), by asking git: linked worktrees,
 * submodules, bare repositories and core.hooksPath in any settings. `program` is copied. Returns 0;
 * -SK_ENOTFOUND outside of a repository; -SK_EREFUSED when hooks are turned off there; or another
 * negative code.
 */
int git_hooks_find(const struct git *g, const char *dir, const char *program, struct git_hooks *out,
		   struct err *e);

/*
 * Decides what has to be done for each hook and, unless `dry`, does it. -SK_EREFUSED, with nothing
 * changed, when something has the name of a backup already that is another hook; -SK_EIO when the
 * disk refuses: what was done by then stays, and doing it again goes on.
 */
int git_hooks_install(struct git_hooks *h, bool dry, struct err *e);

/* Likewise takes them away. A hook that is not ours stays. */
int git_hooks_remove(struct git_hooks *h, bool dry, struct err *e);

/* The text of a hook; `chained`: it runs <hook>.backup first. */
void git_hook_encode(const char *name, const char *program, bool chained, struct buf *out);

/* Whether a file is one of ours, of whatever version, and whether it runs a backup first. */
bool git_hook_ours(struct span text, bool *chained);

#endif
