/*
 * Programs and folders beside ours. A repository's settings are shown because an agent that may
 * write them makes git run what it likes; our own calls overrule them (git/git.c), other people's
 * do not.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/goal/agent_config.h"
#include "cmd/setup/doctor.h"
#include "cmd/home.h"
#include "git/git_repo.h"
#include "os/fd.h"
#include "work/marker.h"

extern char **environ;

#define GIT_MAJOR 2 /* rev-parse --path-format is of 2.31 */
#define GIT_MINOR 31

/* git and the repository around us: 1, 0 without one, or negative with *e. */
static int open_repo(struct check *k, struct git *g, struct git_repo *r, struct err *e)
{
	int rc = git_open(g, environ, e);

	return rc < 0 ? rc : git_repo_read(g, k->c->goal_paths->root, r, e);
}

void check_git(struct check *k)
{
	CLEANUP(git_close) struct git g = GIT_INIT;
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	struct err e = ERR_INIT;
	unsigned major = 0, minor = 0;

	if (git_open(&g, environ, &e) < 0) {
		check_say(k, HEALTH_WARN, "install git", "it is not on PATH: no worktrees");
		return;
	}
	if (git_line(&g, NULL, GIT_WORDS("version"), &line, &e) < 0) {
		check_say(k, HEALTH_FAIL, NULL, "%s", e.text);
		return;
	}
	if (sscanf(line.p, "git version %u.%u", &major, &minor) != 2)
		check_say(k, HEALTH_WARN, NULL, "%s: %s: a version that is not known", g.program,
			  line.p);
	else if (major < GIT_MAJOR || (major == GIT_MAJOR && minor < GIT_MINOR))
		check_say(k, HEALTH_FAIL, "git 2.31 or newer", "%s: %s is too old for worktrees",
			  g.program, line.p);
	else
		check_say(k, HEALTH_PASS, NULL, "%s: %u.%u", g.program, major, minor);
}

/* Settings of a repository that make git run something. */
static bool runs_something(const char *key)
{
	static const char *const exact[] = { "core.hookspath", "core.fsmonitor", "core.sshcommand",
					     "core.pager",     "core.editor",    "diff.external",
					     "gpg.program" };
	static const char *const begin[] = { "alias.", "include.", "includeif.", "filter.",
					     "pager." };

	for (size_t i = 0; i < ARRAY_LEN(exact); i++)
		if (strcmp(key, exact[i]) == 0)
			return true;
	for (size_t i = 0; i < ARRAY_LEN(begin); i++)
		if (strncmp(key, begin[i], strlen(begin[i])) == 0)
			return true;
	return false;
}

void check_git_settings(struct check *k)
{
	CLEANUP(git_close) struct git g = GIT_INIT;
	CLEANUP(git_repo_release) struct git_repo r = GIT_REPO_INIT;
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	CLEANUP(buf_release) struct buf found = BUF_INIT;
	struct err e = ERR_INIT;
	struct git_call call = { .words = GIT_WORDS("config", "--local", "--name-only", "--list",
						    "-z") };
	int rc = open_repo(k, &g, &r, &e);

	if (rc == 0 || rc == -SK_ENOTFOUND) {
		check_say(k, HEALTH_PASS, NULL, "there is no repository here");
		return;
	}
	call.dir = r.main_root;
	if (rc == 1)
		rc = git_must(&g, &call, &out, &e);
	if (rc < 0) {
		check_say(k, HEALTH_WARN, NULL, "%s", e.text);
		return;
	}
	for (size_t at = 0; at < out.out.len; at += strlen(out.out.p + at) + 1)
		if (runs_something(out.out.p + at))
			buf_putf(&found, "%s%s", found.len ? ", " : "", out.out.p + at);
	if (found.len)
		check_say(k, HEALTH_WARN,
			  "git config --local --list, and judge whether you set them",
			  "the repository's settings run programs: %s", found.p);
	else
		check_say(k, HEALTH_PASS, NULL, "the repository's settings run nothing");
}

void check_tracked(struct check *k)
{
	CLEANUP(git_close) struct git g = GIT_INIT;
	CLEANUP(git_repo_release) struct git_repo r = GIT_REPO_INIT;
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	struct err e = ERR_INIT;
	struct git_call call = { .words = GIT_WORDS("ls-files", "-z", "--", ":(top).state",
						    ":(top).octogent") };
	int rc = open_repo(k, &g, &r, &e);

	call.dir = r.top;
	if (rc == 1 && r.top)
		rc = git_must(&g, &call, &out, &e);
	if (rc < 0 && rc != -SK_ENOTFOUND)
		check_say(k, HEALTH_WARN, NULL, "%s", e.text);
	else if (out.out.len)
		check_say(k, HEALTH_WARN, "git rm -r --cached .state .octogent",
			  "git tracks run-time files (%s): every worktree would have its own",
			  out.out.p);
	else
		check_say(k, HEALTH_PASS, NULL, "git tracks no run-time files");
}

void check_agents(struct check *k)
{
	CLEANUP(agents_release) struct agents all = AGENTS_INIT;
	CLEANUP(buf_release) struct buf there = BUF_INIT, missing = BUF_INIT;
	struct err e = ERR_INIT;

	if (agent_config_load(k->c, &all, &e) < 0) {
		check_say(k, HEALTH_FAIL, NULL, "%s", e.text);
		return;
	}
	for (size_t i = 0; i < all.count; i++) {
		char program[PATH_MAX];
		bool found = agent_program(&all.v[i], k->c->goal_paths->root, program,
					   sizeof(program)) == 0;
		struct buf *list = found ? &there : &missing;

		buf_putf(list, "%s%.*s", list->len ? ", " : "", SPAN_ARG(all.v[i].name));
	}
	if (!there.len)
		check_say(k, HEALTH_WARN, "install one, or name yours: sk agents list",
			  "none of %s is on PATH", missing.p);
	else
		check_say(k, HEALTH_PASS, NULL, "%s%s%s", there.p,
			  missing.len ? "; not on PATH: " : "", missing.len ? missing.p : "");
}

void check_home(struct check *k)
{
	CLEANUP(buf_release) struct buf home = BUF_INIT;
	struct err e = ERR_INIT;
	struct stat st;

	if (cmd_home(&home, &e) < 0)
		check_say(k, HEALTH_FAIL, NULL, "%s", e.text);
	else if (stat(home.p, &st) < 0)
		check_say(k, HEALTH_PASS, NULL, "%s: none yet", home.p);
	else if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		check_say(k, HEALTH_FAIL, "SK_HOME=/path/to/a/folder/of/yours",
			  "%s: is no folder of yours", home.p);
	else if (st.st_mode & S_IWOTH)
		check_say(k, HEALTH_FAIL, "chmod o-w for it", "%s: anybody may write in it",
			  home.p);
	else
		check_say(k, HEALTH_PASS, NULL, "%s", home.p);
}

void check_secret(struct check *k)
{
	CLEANUP(buf_release) struct buf home = BUF_INIT, path = BUF_INIT;
	struct err e = ERR_INIT;
	struct stat st;

	if (cmd_home(&home, &e) < 0) {
		check_say(k, HEALTH_WARN, NULL, "%s", e.text);
		return;
	}
	buf_putf(&path, "%s/" MARKER_SECRET_FOLDER "/" MARKER_SECRET, home.p);
	if (lstat(path.p, &st) < 0)
		check_say(k, HEALTH_WARN, NULL,
			  "%s: there is none: markers are not signed, so anybody's pass for ours",
			  path.p);
	else if (!S_ISREG(st.st_mode) || st.st_uid != geteuid())
		check_say(k, HEALTH_FAIL, "remove it", "%s: is no file of yours", path.p);
	else if (st.st_mode & 077)
		check_say(k, HEALTH_FAIL, "chmod 0600 for it, and a new secret",
			  "%s: others may read or write it (mode %04o)", path.p,
			  st.st_mode & 07777);
	else
		check_say(k, HEALTH_PASS, NULL, "%s: yours alone", path.p);
}
