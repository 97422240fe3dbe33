/* Removing the worktree "t" of the repository "r", and comparing what was kept with what was there.
 */
#ifndef SK_TEST_WORKTREE_CLEAN_WORLD_H
#define SK_TEST_WORKTREE_CLEAN_WORLD_H

#include "worktree_world.h"

/* The main branch goes on, so that ahead and behind are both something. */
#define MAKE_REPO                                                                            \
	"git init -q r; cd r; echo a >a; mkdir d; echo b >d/b; echo c >c; printf 'x\\r\\n' " \
	">crlf; "                                                                            \
	"echo '*.log' >.gitignore; ln -s a l; git add .; git commit -q -m one"

static inline char *begun(struct git_world *g)
{
	world_does(g, MAKE_REPO);
	return prepare(g, "r", "t");
}

/* Cleans up with a yes or without. */
static inline int clean(struct git_world *g, bool yes, struct worktree_cleaned *out, struct err *e)
{
	CLEANUP(worktree_close) struct worktree w = WORKTREE_INIT;
	CLEANUP(worktree_facts_release) struct worktree_facts f = { .state = WORKTREE_NONE };

	open_it(g, "r", "t", false, &w);
	if (worktree_look(&w, &f, e) < 0)
		fail_msg("%s", e->text);
	return worktree_cleanup(&w, &f, yes, NOW_MS, out, e);
}

static inline void cleans(struct git_world *g, bool yes, bool kept)
{
	CLEANUP(worktree_cleaned_release) struct worktree_cleaned out = { .kept = NULL };
	struct err e = ERR_INIT;

	if (clean(g, yes, &out, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(out.kept != NULL, kept);
	if (kept)
		assert_string_equal(out.kept, "refs/sk/kept/t/20251121T084300123Z");
	world_does(g,
		   "test $(git -C r worktree list | wc -l) = 1; test ! -e r/.git/worktrees/repo; "
		   "test -z \"$(ls .copilot/session-state/worktrees/*/)\"; "
		   "git -C r fsck --strict --no-dangling");
}

static inline void refuses(struct git_world *g, bool yes, int code, const char *says)
{
	CLEANUP(worktree_cleaned_release) struct worktree_cleaned out = { .kept = NULL };
	struct err e = ERR_INIT;

	assert_int_equal(clean(g, yes, &out, &e), code);
	if (!strstr(e.text, says))
		fail_msg("%s", e.text);
}

/* Everything a file can be, and everything that can have happened to it. */
#define MESS                                                                                       \
	"cd \"$W\"; echo 1 >>a; rm c; mv d d2; echo '#!/bin/sh' >run; chmod +x run; ln -sfn d2/b " \
	"l; "                                                                                      \
	"ln -s nowhere dangling; mkdir -p u/v; echo u >u/v/w; printf 'a\\000b' >bin; : >empty; "   \
	"printf n >\"$(printf 'new\\nline')\"; echo q >'q\"u\\o'; echo s >' blank '; "             \
	"echo e >\"$(printf 'latin\\351')\"; echo d >-dash; echo t >\"$(printf 'tab\\t')\"; "      \
	"printf 'y\\r\\nz\\n' >crlf; git config core.autocrlf true; "                              \
	"echo '*.flt filter=up' >.gitattributes; git config filter.up.clean 'tr a-z A-Z'; "        \
	"echo lower >x.flt; head -c 300000 /dev/urandom >big; mkdir nogit; echo x >nogit/.gitx"

#define COPY "cp -a \"$W\" ~/copy; rm ~/copy/.git; "

/* The kept tree, byte by byte and with its modes, beside the copy. */
#define COMPARE                                                                                    \
	"rm -rf out; mkdir out; git -C r archive --format=tar $K >out.tar; tar -C out -xf "        \
	"out.tar; "                                                                                \
	"diff -r --no-dereference copy out; "                                                      \
	"(cd copy; find . ! -type d -printf '%M %p %l\\n' | sed 's/^\\(...\\)....../\\1/' | "      \
	"sort) >1; "                                                                               \
	"(cd out; find . ! -type d -printf '%M %p %l\\n' | sed 's/^\\(...\\)....../\\1/' | sort) " \
	">2; "                                                                                     \
	"cmp 1 2"

#endif
