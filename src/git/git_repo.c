/*
 * One call answers where everything is; whether there is a repository at all is told by its exit
 * status together with what it says, because git has one status for "none" and for "I do not trust
 * this one", and only the first is an everyday answer.
 */
#include "git/git_repo.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

void git_repo_release(struct git_repo *r)
{
	mem_free(&r->top);
	mem_free(&r->git_dir);
	mem_free(&r->common_dir);
	mem_free(&r->main_root);
	mem_free(&r->branch);
	mem_free(&r->head);
	*r = (struct git_repo)GIT_REPO_INIT;
}

/* The next line of the text, without its newline; the text shrinks by it. */
static struct span next_line(struct span *text)
{
	const char *end = text->len ? memchr(text->p, '\n', text->len) : NULL;
	size_t len = end ? (size_t)(end - text->p) : text->len, used = len + (end != NULL);
	struct span line = { text->p, len };

	*text = (struct span){ text->p + used, text->len - used };
	return line;
}

static char *parent_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash > path ? span_dup((struct span){ path, (size_t)(slash - path) })
				     : mem_strdup("/");
}

/* Where everything is. 1, 0 outside of a repository, or negative. */
static int read_places(const struct git *g, const char *dir, struct git_repo *r, struct err *e)
{
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	struct git_call call = { .dir = dir,
				 .words = GIT_WORDS("rev-parse", "--path-format=absolute",
						    "--is-bare-repository", "--git-dir",
						    "--git-common-dir") };
	int rc = git_run(g, &call, &out, e);
	struct span text, said = { out.said.p, out.said.len };

	if (rc < 0)
		return rc;
	if (rc > 0 && span_contains(said, SPAN_LIT("not a git repository")))
		return 0;
	if (rc > 0)
		return git_must(g, &call, &out, e);
	text = (struct span){ out.out.p, out.out.len };
	r->bare = span_is(next_line(&text), "true");
	r->git_dir = span_dup(next_line(&text));
	r->common_dir = span_dup(next_line(&text));
	r->linked = strcmp(r->git_dir, r->common_dir) != 0;
	return 1;
}

/* A checkout that is not linked is the main one. Otherwise it lies around the common folder when
 * that is called .git; for bare ones and for submodules the first worktree git knows tells. */
static int read_main(const struct git *g, const char *dir, struct git_repo *r, struct err *e)
{
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	struct git_call call = { .dir = dir,
				 .words = GIT_WORDS("worktree", "list", "--porcelain", "-z") };
	const char *last = strrchr(r->common_dir, '/');
	struct span first;
	int rc;

	if (!r->linked) {
		r->main_root = mem_strdup(r->bare ? r->git_dir : r->top);
		return 0;
	}
	if (last && strcmp(last, "/.git") == 0) {
		r->main_root = parent_of(r->common_dir);
		return 0;
	}
	rc = git_must(g, &call, &out, e);
	if (rc < 0)
		return rc;
	first = span_of(out.out.p);
	if (!span_starts(first, "worktree /"))
		return err_set(e, -SK_EIO, "git worktree list: gave no first worktree (in %s)",
			       dir ? dir : ".");
	r->main_root = mem_strdup(first.p + strlen("worktree "));
	return 0;
}

/* What is checked out here. */
static int read_head(const struct git *g, const char *dir, struct git_repo *r, struct err *e)
{
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	struct git_call branch = { .dir = dir,
				   .words = GIT_WORDS("symbolic-ref", "-q", "--short", "HEAD") };
	struct git_call head = {
		.dir = dir, .words = GIT_WORDS("rev-parse", "-q", "--verify", "HEAD^{commit}")
	};
	struct span text;
	int rc = git_run(g, &branch, &out, e);

	if (rc < 0)
		return rc;
	text = (struct span){ out.out.p, out.out.len };
	if (rc == 0)
		r->branch = span_dup(next_line(&text));
	rc = git_run(g, &head, &out, e);
	if (rc < 0)
		return rc;
	text = (struct span){ out.out.p, out.out.len };
	if (rc == 0)
		r->head = span_dup(next_line(&text));
	return 0;
}

static int read_top(const struct git *g, const char *dir, struct git_repo *r, struct err *e)
{
	CLEANUP(buf_release) struct buf top = BUF_INIT;
	int rc = git_line(g, dir,
			  GIT_WORDS("rev-parse", "--path-format=absolute", "--show-toplevel"), &top,
			  e);

	if (rc < 0)
		return rc;
	r->top = buf_take(&top);
	return 0;
}

int git_repo_read(const struct git *g, const char *dir, struct git_repo *out, struct err *e)
{
	CLEANUP(git_repo_release) struct git_repo r = GIT_REPO_INIT;
	int rc = read_places(g, dir, &r, e);

	if (rc != 1)
		return rc;
	rc = r.bare ? 0 : read_top(g, dir, &r, e);
	if (rc == 0)
		rc = read_main(g, dir, &r, e);
	if (rc == 0)
		rc = read_head(g, dir, &r, e);
	if (rc < 0)
		return rc;
	*out = r;
	r = (struct git_repo)GIT_REPO_INIT;
	return 1;
}

bool git_repo_begins(const char *dir)
{
	CLEANUP(buf_release) struct buf mark = BUF_INIT;

	buf_putf(&mark, "%s/.git", dir ? dir : ".");
	return faccessat(AT_FDCWD, mark.p, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}
