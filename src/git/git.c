/*
 * The settings that would run something or wait for somebody are overruled on the command line,
 * which goes before every file. The environment is a copy without GIT_*: a git hook that calls us
 * has GIT_DIR and GIT_INDEX_FILE set, and every answer would be about another index. Who wrote a
 * commit is the exception: that is meant to reach git.
 */
#include "git/git.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"

#define WORDS_MAX 64

static const char *const always[] = {
	"--no-pager",     "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false",      "-c",
	"core.pager=cat", "-c", "core.quotePath=false",     "-c", "advice.detachedHead=false", "-c",
	"gc.auto=0",      "-c", "maintenance.auto=false",   "-c", "commit.gpgSign=false",
};

static const char *const fixed_env[] = { "GIT_TERMINAL_PROMPT=0", "LC_ALL=C",
					 "GIT_PAGER=cat",         "GIT_EDITOR=false",
					 "GIT_ASKPASS=false",     "SSH_ASKPASS=false" };

/* Whether a variable may reach git. */
static bool passes(const char *variable)
{
	static const char *const who[] = { "GIT_AUTHOR_",
					   "GIT_COMMITTER_",
					   "GIT_SSH",
					   "GIT_CONFIG_GLOBAL=",
					   "GIT_CONFIG_SYSTEM=",
					   "GIT_CONFIG_NOSYSTEM=",
					   "GIT_CEILING_DIRECTORIES=" };

	for (size_t i = 0; i < ARRAY_LEN(fixed_env); i++) {
		size_t len = strcspn(fixed_env[i], "=") + 1;

		if (strncmp(variable, fixed_env[i], len) == 0)
			return false;
	}
	if (strncmp(variable, "GIT_", 4) != 0)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(who); i++)
		if (strncmp(variable, who[i], strlen(who[i])) == 0)
			return true;
	return false;
}

static const char *variable(char *const *environment, const char *name)
{
	size_t len = strlen(name);

	for (; *environment; environment++)
		if (strncmp(*environment, name, len) == 0 && (*environment)[len] == '=')
			return *environment + len + 1;
	return NULL;
}

int git_open(struct git *g, char *const *environment, struct err *e)
{
	const char *path = variable(environment, "PATH");
	char program[PATH_MAX];
	size_t count = 0, capacity = 0;

	*g = (struct git)GIT_INIT;
	if (proc_find_program("git", path ? path : "/usr/bin:/bin", NULL, program,
			      sizeof(program)) < 0)
		return err_set(e, -SK_ENOTFOUND,
			       "git: is not on PATH: nothing was done. Try: install git");
	g->program = mem_strdup(program);
	for (; *environment; environment++) {
		if (!passes(*environment))
			continue;
		mem_grow(&g->envp, &capacity, count + 1, sizeof(*g->envp));
		g->envp[count++] = *environment;
	}
	g->count = count;
	return 0;
}

void git_close(struct git *g)
{
	mem_free(&g->program);
	mem_free(&g->envp);
	g->count = 0;
}

static char *borrowed(const char *text)
{
	return (char *)(uintptr_t)text; /* exec does not write to it */
}

static char **environment_of(const struct git *g, const struct git_call *call)
{
	size_t extra = 0, n = 0;
	char **list;

	while (call->vars && call->vars[extra])
		extra++;
	list = mem_alloc((g->count + ARRAY_LEN(fixed_env) + extra + 2) * sizeof(*list));
	for (size_t i = 0; i < g->count; i++)
		list[n++] = g->envp[i];
	for (size_t i = 0; i < ARRAY_LEN(fixed_env); i++)
		list[n++] = borrowed(fixed_env[i]);
	for (size_t i = 0; i < extra; i++)
		list[n++] = borrowed(call->vars[i]);
	if (!call->writes)
		list[n++] = borrowed("GIT_OPTIONAL_LOCKS=0");
	list[n] = NULL;
	return list;
}

/* "git worktree add": what a sentence calls it. */
static void put_name(struct buf *out, const struct git_call *call)
{
	buf_puts(out, "git ");
	buf_puts(out, call->words[0]);
	if (strcmp(call->words[0], "worktree") == 0 && call->words[1])
		buf_putf(out, " %s", call->words[1]);
}

/* The line that says why: hints may follow it. */
static struct span reason_of(const struct captured *out)
{
	struct span last = captured_last_line(out), found = SPAN_NONE;

	for (size_t at = 0; at < out->said.len;) {
		struct span line = { out->said.p + at, strcspn(out->said.p + at, "\n") };

		if (span_starts(line, "fatal: ") || span_starts(line, "error: "))
			found = line;
		at += line.len + 1;
	}
	return found.len ? found : last;
}

static int explain(const struct git_call *call, const struct captured *out, int rc, struct err *e)
{
	CLEANUP(buf_release) struct buf name = BUF_INIT;
	CLEANUP(buf_release) struct buf said = BUF_INIT;
	const char *where = call->dir ? call->dir : ".";
	int64_t limit_ms = call->limit_ms ? call->limit_ms : GIT_LIMIT_MS;

	put_name(&name, call);
	if (rc == -ETIMEDOUT)
		return err_set(e, -SK_EIO,
			       "%s: took longer than %lld s (in %s): it was ended with all it had "
			       "started",
			       name.p, (long long)(limit_ms / 1000), where);
	if (rc == -EFBIG)
		return err_set(e, -SK_EIO, "%s: printed more than is read (in %s): it was ended",
			       name.p, where);
	if (rc < 0)
		return err_set(e, -SK_EIO, "%s: cannot be started: %s (in %s): nothing was done",
			       name.p, strerror(-rc), where);
	buf_put_visible(&said, reason_of(out));
	return err_set(e, -SK_EWORK, "%s: failed with status %d (in %s)%s%s", name.p, rc, where,
		       said.len ? ": " : "", said.len ? said.p : "");
}

int git_run(const struct git *g, const struct git_call *call, struct captured *out, struct err *e)
{
	CLEANUP(mem_free) char **envp = environment_of(g, call);
	char *argv[WORDS_MAX];
	struct capture c = { .path = g->program,
			     .argv = argv,
			     .envp = envp,
			     .cwd = call->dir,
			     .input = call->input,
			     .input_fd = call->input_fd,
			     .outlives = call->outlives,
			     .sink = call->sink,
			     .ctx = call->ctx };
	size_t n = 0;
	int rc;

	argv[n++] = borrowed("git");
	for (size_t i = 0; i < ARRAY_LEN(always); i++)
		argv[n++] = borrowed(always[i]);
	for (size_t i = 0; call->words[i]; i++) {
		INVARIANT(n < WORDS_MAX - 1);
		argv[n++] = borrowed(call->words[i]);
	}
	argv[n] = NULL;
	c.limit_ms = call->limit_ms ? call->limit_ms : GIT_LIMIT_MS;
	c.output_bytes_max = call->output_bytes_max ? call->output_bytes_max : GIT_OUTPUT_BYTES_MAX;
	rc = capture_run(&c, out);
	if (rc == 0)
		return out->exit;
	return out->by_sink ? rc : explain(call, out, rc, e);
}

int git_must(const struct git *g, const struct git_call *call, struct captured *out, struct err *e)
{
	int rc = git_run(g, call, out, e);

	return rc > 0 ? explain(call, out, rc, e) : rc;
}

int git_line(const struct git *g, const char *dir, const char *const *words, struct buf *line,
	     struct err *e)
{
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	int rc = git_must(g, &(struct git_call){ .dir = dir, .words = words }, &out, e);
	size_t len = 0;

	if (rc < 0)
		return rc;
	while (len < out.out.len && out.out.p[len] != '\n')
		len++;
	buf_truncate(line, 0);
	buf_put(line, out.out.p, len);
	return 0;
}
