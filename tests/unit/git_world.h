/* A folder for repositories, a shell to fill it, and a git that nobody's settings reach. */
#ifndef SK_TEST_GIT_WORLD_H
#define SK_TEST_GIT_WORLD_H

#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "git/git.h"

struct git_world {
	char root[PATH_MAX];
	char home[PATH_MAX + 16];
	char *env[8];
	struct git git;
};

/* The exit status of a script that runs in the world's folder; what it says goes to our stderr. */
static inline int world_sh(struct git_world *w, const char *script)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (chdir(w->root) < 0 || dup2(2, 1) < 0)
			_exit(126);
		execle("/bin/sh", "sh", "-ec", script, (char *)NULL, w->env);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static inline void world_does(struct git_world *w, const char *script)
{
	int rc = world_sh(w, script);

	if (rc != 0)
		fail_msg("'%s' ended with %d", script, rc);
}

/* A path below the world's folder; the caller's, freed with mem_free. */
static inline char *world_path(const struct git_world *w, const char *name)
{
	struct buf path = BUF_INIT;

	buf_putf(&path, "%s/%s", w->root, name);
	return buf_take(&path);
}

static inline int world_open(void **state)
{
	struct git_world *w = mem_zalloc(sizeof(*w));
	struct err e = ERR_INIT;
	char name[] = "/dev/shm/sk-git-XXXXXX", other[] = "/tmp/sk-git-XXXXXX";
	char *made = mkdtemp(name); /* in memory: what is synced here a hundred times is no proof */

	if (!made)
		made = mkdtemp(other);
	if (!made || !realpath(made, w->root))
		return -1;
	snprintf(w->home, sizeof(w->home), "HOME=%s", w->root);
	w->env[0] = w->home;
	w->env[1] = (char *)(uintptr_t) "PATH=/usr/bin:/bin";
	w->env[2] = (char *)(uintptr_t) "GIT_CONFIG_NOSYSTEM=1";
	w->env[3] = (char *)(uintptr_t) "GIT_DIR=/nowhere"; /* must not reach git through us */
	*state = w;
	if (git_open(&w->git, w->env, &e) < 0)
		return -1;
	w->env[3] = NULL; /* the scripts' git has none */
	return world_sh(w, "git config --global user.name Ann; "
			   "git config --global user.email ann@example.org; "
			   "git config --global init.defaultBranch main; "
			   "git config --global protocol.file.allow always");
}

static inline int world_close(void **state)
{
	struct git_world *w = *state;
	int rc = world_sh(w, "chmod -R u+rwX \"$HOME\"; rm -rf \"$HOME\"");

	git_close(&w->git);
	mem_free(&w);
	return rc;
}

#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, world_open, world_close)

#endif
