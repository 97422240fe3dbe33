/*
 * The kernel knows folders and files, a scope knows patterns: the cage is a little wider than the
 * scope where it has to be (a file that is replaced needs its folder), and what was changed is
 * compared exactly afterwards. Where the kernel has no cage, that comparison is all there is.
 */
#include "cmd/goal/agent_scope.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "git/git_repo.h"
#include "git/worktree_cage.h"

/* What is not there needs no leave. */
static int allow(struct landlock *l, const char *path)
{
	int rc = landlock_allow(l, path);

	return rc == -ENOENT || rc == -ENOTDIR ? 0 : rc;
}

/* Whether an entry that is not there yet is going to be a file: only its name can tell. Taking a
 * folder for a file opens too much, taking a file for a folder keeps the agent from making it. */
static bool file_to_be(struct span name)
{
	return memchr(name.p, '.', name.len) || (name.p[0] >= 'A' && name.p[0] <= 'Z');
}

/* Cuts the path back to the folder that holds whatever the entry may mean: above a pattern, above a
 * file. One behind a slash stays, though it is not there yet. */
static void cut_to_folder(struct buf *path, size_t floor)
{
	const char *name = memrchr(path->p, '/', path->len);
	struct stat st;

	if (stat(path->p, &st) == 0
		    ? !S_ISDIR(st.st_mode)
		    : path->p[path->len - 1] != '/' && file_to_be(span_of(name + 1)))
		buf_truncate(path, (size_t)(name - path->p));
	while (path->len > floor && path->p[path->len - 1] == '/')
		buf_truncate(path, path->len - 1);
}

/* Makes the folders of the path that are missing behind its first `floor` bytes. */
static int make_folders(struct buf *path, size_t floor)
{
	for (size_t at = floor + 1; at <= path->len; at++) {
		char was = path->p[at];
		int rc;

		if (was != '/' && was != '\0')
			continue;
		path->p[at] = '\0';
		rc = mkdir(path->p, 0777) < 0 && errno != EEXIST ? -errno : 0;
		path->p[at] = was;
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Kernel rules are about what is there: a folder that the scope names and nobody made yet is made,
 * or else all around it would have to be opened. One that a link leads out of the checkout is
 * passed over. */
static int allow_entry(struct landlock *l, const char *work, struct span entry)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	size_t fixed = 0, floor = strlen(work);
	char real[PATH_MAX];
	int rc;

	while (fixed < entry.len && !strchr("*?[\\", entry.p[fixed]))
		fixed++;
	if (fixed < entry.len)
		while (fixed > 0 && entry.p[fixed - 1] != '/')
			fixed--;
	buf_putf(&path, "%s/%.*s", work, (int)fixed, entry.p);
	cut_to_folder(&path, floor);
	rc = path.len > floor ? make_folders(&path, floor) : 0;
	if (rc < 0)
		return rc == -ENOTDIR ? 0 : rc;
	if (!realpath(path.p, real) || strncmp(real, work, floor) != 0 ||
	    (real[floor] && real[floor] != '/'))
		return 0;
	return allow(l, real);
}

static int allow_scope(struct landlock *l, const struct texts *scope, const char *work)
{
	int rc = 0;

	if (!scope->count)
		return landlock_allow(l, work);
	for (size_t i = 0; rc == 0 && i < scope->count; i++)
		rc = allow_entry(l, work, scope->v[i]);
	return rc;
}

static int allow_git(struct landlock *l, const char *work)
{
	CLEANUP(git_repo_release) struct git_repo repo = GIT_REPO_INIT;
	CLEANUP(git_close) struct git git = GIT_INIT;
	struct err ignored = ERR_INIT;
	int rc = 0;

	if (git_open(&git, environ, &ignored) < 0 ||
	    git_repo_read(&git, work, &repo, &ignored) <= 0)
		return 0;
	if (repo.linked) /* settings, hooks and other branches are not its own */
		return worktree_cage_git(repo.common_dir, repo.git_dir, l, &ignored) < 0 ? -EIO : 0;
	if (repo.common_dir)
		rc = allow(l, repo.common_dir);
	if (rc == 0 && repo.git_dir)
		rc = allow(l, repo.git_dir);
	return rc;
}

static int allow_own(struct landlock *l, const struct agent *a, const char *home)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < a->write_paths.count; i++) {
		CLEANUP(buf_release) struct buf path = BUF_INIT;
		struct span one = a->write_paths.v[i];

		if (one.p[0] != '~')
			buf_put(&path, one.p, one.len);
		else if (home)
			buf_putf(&path, "%s%.*s", home, (int)one.len - 1, one.p + 1);
		else
			continue;
		rc = allow(l, path.p);
	}
	return rc;
}

/* A repository that lies among the temporary files would be open as a whole. */
static int allow_temporary(struct landlock *l, const struct agent_place *place, const char *path)
{
	size_t len = strlen(path);

	if (strncmp(place->work, path, len) == 0 || strncmp(place->root, path, len) == 0)
		return 0;
	return allow(l, path);
}

int agent_cage(const struct agent *a, const struct texts *scope, const struct agent_place *place,
	       struct landlock *out)
{
	const char *tmp = getenv("TMPDIR");
	int rc = landlock_open(out);

	if (rc < 0)
		return rc;
	rc = allow_scope(out, scope, place->work);
	if (rc == 0)
		rc = allow(out, place->store);
	if (rc == 0)
		rc = allow_git(out, place->work);
	if (rc == 0)
		rc = allow_temporary(out, place, "/tmp");
	if (rc == 0)
		rc = allow_temporary(out, place, "/var/tmp");
	if (rc == 0 && tmp && tmp[0] == '/')
		rc = allow_temporary(out, place, tmp);
	if (rc == 0)
		rc = allow_own(out, a, place->home);
	if (rc < 0)
		landlock_close(out);
	return rc;
}
