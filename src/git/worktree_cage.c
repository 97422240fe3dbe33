/*
 * The kernel's rules are about folders: who may make a file may make any file there. So all
 * branches below sk/ are open to every agent, and git's private folder is open as a whole, also the
 * files in it that point to the repository. That these were not bent is checked before anything is
 * believed that is found there (worktree_problem).
 */
#include "git/worktree_cage.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "os/fd.h"

/* Makes the folder, and those above it up to the repository's. Modes as git makes them. */
static int make_folder(const char *common_dir, const char *below)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;

	buf_putf(&path, "%s/%s", common_dir, below);
	for (char *at = path.p + strlen(common_dir) + 1; at;) {
		char *end = strchr(at, '/');
		int rc;

		if (end)
			*end = '\0';
		rc = mkdir(path.p, 0777) < 0 && errno != EEXIST ? -errno : 0;
		if (rc < 0)
			return rc;
		if (end)
			*end = '/';
		at = end ? end + 1 : NULL;
	}
	return 0;
}

static int allow(struct landlock *cage, const char *path, struct err *e)
{
	int rc = landlock_allow(cage, path);

	return rc < 0 ? err_set(e, -SK_EIO,
				"the cage cannot be opened for %s: %s: nothing was "
				"started",
				path, strerror(-rc))
		      : 0;
}

int worktree_cage_git(const char *common_dir, const char *admin, struct landlock *cage,
		      struct err *e)
{
	static const char *const shared[] = { "objects", "refs/heads/sk", "logs/refs/heads/sk" };
	int rc = allow(cage, admin, e);

	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(shared); i++) {
		CLEANUP(buf_release) struct buf path = BUF_INIT;

		buf_putf(&path, "%s/%s", common_dir, shared[i]);
		rc = make_folder(common_dir, shared[i]);
		if (rc < 0)
			return err_set(e, -SK_EIO, "%s cannot be made: %s: nothing was started",
				       path.p, strerror(-rc));
		rc = allow(cage, path.p, e);
	}
	return rc;
}

int worktree_cage(const struct worktree *w, struct landlock *cage, struct err *e)
{
	CLEANUP(mem_free) char *admin = NULL;
	const char *problem = worktree_problem(w, &admin);
	int rc;

	if (problem || !admin)
		return err_set(e, -SK_EREFUSED, "worktree of \"%s\": %s %s: nothing was started",
			       w->name, w->path, problem ? problem : "is not known to git");
	rc = allow(cage, w->path, e);
	return rc < 0 ? rc : worktree_cage_git(w->common_dir, admin, cage, e);
}
