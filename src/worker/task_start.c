/* From a definition to a running process: command, environment, folder, log, birth. */
#include "worker/worker_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/when.h"
#include "os/fd.h"
#include "worker/output.h"

#define PATH_DEFAULT "/usr/local/bin:/usr/bin:/bin"

static void read_limits(struct scan *s, struct proc_limits *l)
{
	struct scan_text key;

	scan_object(s);
	while (scan_key(s, &key)) {
		if (span_is(key.raw, "memory"))
			scan_u64(s, INTEGER_MAX, &l->memory_bytes);
		else if (span_is(key.raw, "open_files"))
			scan_u64(s, INTEGER_MAX, &l->open_files);
		else if (span_is(key.raw, "cpu_s"))
			scan_u64(s, INTEGER_MAX, &l->cpu_s);
		else if (span_is(key.raw, "processes"))
			scan_u64(s, INTEGER_MAX, &l->processes);
		else
			scan_skip(s, NULL);
	}
}

int attempt_read_def(struct attempt *a)
{
	struct scan_text key;
	struct scan s;

	scan_init(&s, a->def);
	scan_object(&s);
	while (scan_key(&s, &key)) {
		if (span_is(key.raw, "cwd"))
			scan_string(&s, &a->def_cwd_text);
		else if (span_is(key.raw, "env"))
			scan_skip(&s, &a->def_env);
		else if (span_is(key.raw, "limits"))
			read_limits(&s, &a->limits);
		else
			scan_skip(&s, NULL), a->has_before |= span_is(key.raw, "before");
	}
	return scan_end(&s);
}

void attempt_output_name(const struct attempt *a, struct buf *out)
{
	/* No attempt of any run has the name of another, so there is never an old file to remove
	 * first. A new run may give a task's id to another workstream. */
	buf_putf(out, "%.*s.%.*s.%llu.%llu", SPAN_ARG(a->task_id), SPAN_ARG(a->workstream_id),
		 (unsigned long long)a->run_no, (unsigned long long)a->number);
}

/* The tag by which stray processes are known; one inherited from an outer worker stays behind it.
 */
static void put_tag(struct worker_run *w, const struct attempt *a, struct buf *tag)
{
	CLEANUP(buf_release) struct buf value = BUF_INIT;
	const char *outer = getenv(TREE_TAG_NAME);

	buf_putf(tag, "%s/%.*s/%llu/", w->nonce, SPAN_ARG(a->task_id),
		 (unsigned long long)a->number);
	buf_put(&value, tag->p, tag->len);
	if (outer && strlen(outer) < 4096) {
		buf_putc(&value, ' ');
		buf_puts(&value, outer);
	}
	env_put(&w->env, SPAN_LIT(TREE_TAG_NAME), (struct span){ value.p, value.len });
}

static int build_env(struct worker_run *w, struct attempt *a, struct buf *tag)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct env *e = &w->env;

	env_start(e, &w->base);
	if (env_put_object(e, a->env) < 0 || env_put_object(e, a->def_env) < 0)
		return -EINVAL;
	env_put(e, SPAN_LIT("SK_TASK_ID"), a->task_id);
	env_put(e, SPAN_LIT("SK_WORKSTREAM_ID"), a->workstream_id);
	buf_put_u64(&text, a->number);
	env_put(e, SPAN_LIT("SK_ATTEMPT"), (struct span){ text.p, text.len });
	buf_truncate(&text, 0);
	if (a->phase == PHASE_MAIN) {
		buf_putf(&text, "%s/outputs/", w->state_dir);
		attempt_output_name(a, &text);
		env_put(e, SPAN_LIT("SK_OUTPUT"), (struct span){ text.p, text.len });
	}
	put_tag(w, a, tag);
	return 0;
}

/* The directory to run in: the task's, relative to its workstream's; empty = where the worker
 * stands. */
static void build_cwd(struct attempt *a, struct buf *out)
{
	CLEANUP(buf_release) struct buf own = BUF_INIT;

	if (a->def_cwd_text.raw.len)
		scan_unescape(&own, a->def_cwd_text);
	if (a->cwd.len && !(own.len && own.p[0] == '/')) {
		buf_put(out, a->cwd.p, a->cwd.len);
		if (own.len)
			buf_putc(out, '/');
	}
	if (own.len)
		buf_put(out, own.p, own.len);
}

/* Why it did not start, as people say it. */
static int explain(struct buf *why, int rc, enum proc_step step, const char *program,
		   const char *cwd)
{
	const char *reason = strerror(-rc);

	if (rc == -EACCES)
		reason = "permission denied";
	if (step == PROC_STEP_CWD) {
		buf_puts(why, "working directory ");
		buf_put_visible(why, span_of(cwd));
		buf_putf(why, " %s%s", rc == -ENOENT ? "does not exist" : "cannot be entered: ",
			 rc == -ENOENT ? "" : reason);
	} else if (step == PROC_STEP_EXEC) {
		buf_puts(why, "cannot execute ");
		buf_put_visible(why, span_of(program));
		buf_putf(why, ": %s",
			 rc == -ENOENT ? "it or its interpreter does not exist" : reason);
	} else if (step == PROC_STEP_LIMITS) {
		buf_putf(why, "cannot set the limits of the task: %s", reason);
	} else {
		buf_putf(why, "cannot start a process: %s", reason);
	}
	return rc;
}

static int find_program(struct worker_run *w, const char *cwd, char path[PATH_MAX], struct buf *why)
{
	const char *word = w->command.argv[0], *list = env_get(&w->env, "PATH");
	int rc;

	if (w->command.shell) {
		snprintf(path, PATH_MAX, "/bin/sh");
		return 0;
	}
	rc = program_find(&w->programs, word, list ? list : PATH_DEFAULT, cwd, path, PATH_MAX);
	if (rc == 0)
		return 0;
	if (cwd && access(cwd, F_OK) < 0 && errno == ENOENT)
		return explain(why, -ENOENT, PROC_STEP_CWD, word, cwd);
	if (rc == -ENOENT && !strchr(word, '/')) {
		buf_puts(why, "cannot execute ");
		buf_put_visible(why, span_of(word));
		buf_puts(why, ": no such program in PATH");
		return rc;
	}
	return explain(why, rc, PROC_STEP_EXEC, word, cwd);
}

/* Spawns; when the kernel refuses the cgroup, without one; a script without #! through the shell.
 */
static pid_t spawn(struct worker_run *w, struct attempt *a, struct proc_spawn *s,
		   enum proc_step *step)
{
	pid_t pid;

	s->cgroup_fd = tree_birth_cgroup(&w->tree, a->slot);
	pid = proc_spawn(s, step);
	if (pid < 0 && *step == PROC_STEP_CLONE && s->cgroup_fd >= 0 && pid != -EAGAIN &&
	    pid != -ENOMEM) {
		worker_say(w, "no cgroup for tasks: %s; using the subreaper", strerror(-pid));
		tree_degrade(&w->tree);
		s->cgroup_fd = -1;
		pid = proc_spawn(s, step);
	}
	if (pid == -ENOEXEC && *step == PROC_STEP_EXEC) {
		command_through_shell(&w->command);
		w->command.argv[1] = (char *)(uintptr_t)s->path; /* as it was found */
		s->argv = w->command.argv;
		s->path = "/bin/sh";
		pid = proc_spawn(s, step);
	}
	return pid;
}

pid_t attempt_spawn(struct worker_run *w, struct attempt *a, const struct command_def *def,
		    struct buf *why)
{
	CLEANUP(buf_release) struct buf cwd = BUF_INIT, tag = BUF_INIT;
	CLEANUP(fd_close) int log_fd = -1;
	struct proc_spawn s = { .dies_with_parent = true,
				.no_handlers = true, /* worker_setup.c: they are read */
				.ignored = &w->ignored,
				.stdin_fd = w->null_fd,
				.limits = a->limits };
	enum proc_step step = PROC_STEP_CLONE;
	char path[PATH_MAX];
	const char *wrong;
	pid_t pid;
	int rc;

	if (command_prepare(&w->command, def, &wrong) < 0) {
		buf_putf(why, "the command cannot be used: %s", wrong);
		return -EINVAL;
	}
	if (build_env(w, a, &tag) < 0) {
		buf_puts(why, "the environment cannot be used: it is no object of texts");
		return -EINVAL;
	}
	build_cwd(a, &cwd);
	log_fd = attempt_begin_log(w, a, def);
	if (log_fd < 0) {
		buf_putf(why, "log '%.*s.log' cannot be opened: %s", SPAN_ARG(a->task_id),
			 strerror(-log_fd));
		return log_fd;
	}
	rc = find_program(w, cwd.p, path, why);
	if (rc < 0)
		return rc;
	s.path = path;
	s.argv = w->command.argv;
	s.envp = w->env.v;
	s.cwd = cwd.p;
	s.stdout_fd = s.stderr_fd = log_fd;
	pid = spawn(w, a, &s, &step);
	if (pid < 0) {
		tree_unborn(&w->tree, a->slot);
		return explain(why, pid, step, w->command.argv[0], cwd.p);
	}
	tree_born(&w->tree, a->slot, pid, tag.p);
	return pid;
}
