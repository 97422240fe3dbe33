/*
 * The store is not locked while the command runs: it may take minutes, and may itself hand off. So
 * the tentacle is looked up before and after.
 */
#include "cmd/goal/verifying.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/when.h"
#include "cmd/interrupt.h"
#include "core/tentacle_work.h"
#include "git/git_content.h"
#include "os/capture.h"
#include "os/clock.h"

#define VERIFICATION_DIR "verification"
#define SHELL "/bin/sh"

extern char **environ;

struct sink {
	const struct vfs *vfs;
	int handle;
	size_t written;
	struct buf *tail;
	bool *cut;
};

void verified_release(struct verified *v)
{
	buf_release(&v->label);
	buf_release(&v->cwd);
	buf_release(&v->log);
	buf_release(&v->tree);
	buf_release(&v->tail);
}

static int take(void *ctx, struct span bytes)
{
	struct sink *k = ctx;
	size_t room = VERIFY_LOG_BYTES_MAX - k->written;
	size_t len = bytes.len < room ? bytes.len : room;

	buf_put(k->tail, bytes.p, bytes.len);
	if (k->tail->len > EVIDENCE_BYTES_MAX)
		buf_consume(k->tail, k->tail->len - EVIDENCE_BYTES_MAX);
	*k->cut |= len < bytes.len;
	k->written += len;
	return len ? k->vfs->append(k->vfs->ctx, k->handle, bytes.p, len) : 0;
}

/* Letters, digits and single dashes of the label, for a file's name. */
static void put_slug(struct span label, struct buf *out)
{
	size_t from = out->len;

	for (size_t i = 0; i < label.len && out->len - from < 40; i++) {
		char c = label.p[i];
		bool plain =
			(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (plain)
			buf_putc(out, c);
		else if (out->len > from && out->p[out->len - 1] != '-')
			buf_putc(out, '-');
	}
	if (out->len == from)
		buf_puts(out, "check");
}

static void name_log(const struct verifying *v, int64_t now_ms, struct verified *out)
{
	struct when_parts w;

	when_split(now_ms, &w);
	tentacle_path(v->name, VERIFICATION_DIR "/", &out->log);
	buf_putf(&out->log, "%04u%02u%02u%02u%02u%02u%03u-", w.year, w.month, w.day, w.hour,
		 w.minute, w.second, w.ms);
	put_slug((struct span){ out->label.p, out->label.len }, &out->log);
	buf_puts(&out->log, ".log");
}

static int open_log(const struct goal_store *s, const struct verifying *v,
		    const struct verified *out, struct err *e)
{
	CLEANUP(buf_release) struct buf folder = BUF_INIT;
	const struct vfs *vfs = goal_store_vfs(s);
	int handle;

	tentacle_path(v->name, VERIFICATION_DIR, &folder);
	vfs->mkdir(vfs->ctx, folder.p);
	handle = vfs->open_append(vfs->ctx, out->log.p, true);
	if (handle < 0)
		return err_set(e, -SK_EIO, "cannot write %s: %s: nothing was run", out->log.p,
			       strerror(-handle));
	return handle;
}

/* Where it runs, as a path that stays right, and relative to the root for the record. */
static void choose_cwd(const struct goal_store *s, const struct tentacle *t, struct buf *cwd,
		       struct verified *out)
{
	const struct tentacle_worktree *w = &t->worktree;

	if (w->prepared && w->path.len)
		buf_putf(cwd, "%.*s", SPAN_ARG(w->path));
	if (cwd->len && access(cwd->p, X_OK) == 0) {
		buf_put(&out->cwd, cwd->p, cwd->len);
		return;
	}
	buf_truncate(cwd, 0);
	buf_puts(cwd, goal_store_root(s));
	buf_puts(&out->cwd, ".");
}

static void hash_tree(const char *cwd, struct verified *out)
{
	CLEANUP(git_close) struct git git = GIT_INIT;
	struct err ignored = ERR_INIT;
	char tree[GIT_CONTENT_BYTES_MAX];

	if (git_open(&git, environ, &ignored) == 0 &&
	    git_content_hash(&git, cwd, tree, &ignored) == 0)
		buf_puts(&out->tree, tree);
}

/* The exit code for whoever pressed Ctrl-C. */
static int interrupted(const struct verifying *v, const struct verified *out,
		       const struct interrupt *signal)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;

	buf_putf(&line,
		 "verification: interrupted (its output until then: %s): the command was ended "
		 "with all it had started, %s",
		 out->log.p, v->undone);
	print_problem(line.p);
	return interrupt_exit(signal);
}

static int run(const struct goal_store *s, const struct verifying *v, const char *cwd, int handle,
	       struct verified *out, struct err *e)
{
	CLEANUP(captured_release) struct captured done = CAPTURED_INIT;
	CLEANUP(interrupt_close) struct interrupt signal = INTERRUPT_INIT;
	CLEANUP(mem_free) char *command = mem_strdup(v->command);
	char shell[] = "sh", flag[] = "-c", script[] = "exec sh -c \"$1\" 2>&1";
	char *argv[] = { shell, flag, script, shell, command, NULL };
	struct sink sink = { goal_store_vfs(s), handle, 0, &out->tail, &out->cut };
	struct capture c = { .path = SHELL,
			     .argv = argv,
			     .envp = environ,
			     .cwd = cwd,
			     .output_bytes_max = SIZE_MAX,
			     .limit_ms = v->timeout_ms,
			     .cage_fd = -1,
			     .with_warden = true,
			     .sink = take,
			     .ctx = &sink };
	int64_t from_ms = clock_mono_ms(&clock_real);
	int rc = interrupt_open(&signal, e);

	if (rc < 0)
		return rc;
	c.cancel_fd = signal.fd;
	rc = capture_run(&c, &done);
	out->record.duration_ms = (uint64_t)(clock_mono_ms(&clock_real) - from_ms);
	out->record.finished_ms = clock_wall_ms(&clock_real);
	out->record.exit_code = rc == -ETIMEDOUT ? -1 : done.exit;
	if (rc == -ECANCELED) {
		interrupt_note(&signal);
		return interrupted(v, out, &signal);
	}
	if (rc < 0 && rc != -ETIMEDOUT)
		return err_set(e, -SK_EIO, "verification: cannot be run: %s: nothing was recorded",
			       capture_why(rc));
	return 0;
}

static int run_closed(struct cmd_ctx *c, const struct verifying *v, struct verified *out,
		      struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL; /* read only: it holds no lock */
	CLEANUP(buf_release) struct buf cwd = BUF_INIT;
	const struct goal_store *look;
	const struct tentacle *t;
	int handle, rc = tentacles_open(c, 0, &s, &t, e);

	if (rc < 0)
		return rc;
	look = s;
	choose_cwd(look, t, &cwd, out);
	hash_tree(cwd.p, out);
	name_log(v, clock_wall_ms(&clock_real), out);
	handle = open_log(look, v, out, e);
	if (handle < 0)
		return handle;
	out->record.started_ms = clock_wall_ms(&clock_real);
	rc = run(look, v, cwd.p, handle, out, e);
	goal_store_vfs(look)->close(goal_store_vfs(look)->ctx, handle);
	return rc;
}

static struct span span_of_buf(const struct buf *b)
{
	return (struct span){ b->p, b->len };
}

static int record(struct cmd_ctx *c, const struct verifying *v, struct verified *out, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	struct goal_actor actor;
	const struct goal_words words = goals_words(c, &actor);
	const struct tentacle *t;
	int rc = tentacles_open(c, GOALS_WRITE, &s, &t, e);

	if (rc < 0)
		return rc;
	out->record.label = span_of_buf(&out->label);
	out->record.command = span_of(v->command);
	out->record.cwd = span_of_buf(&out->cwd);
	out->record.source = span_of(v->source);
	out->record.log_path = span_of_buf(&out->log);
	out->record.tree = span_of_buf(&out->tree);
	out->record.severity = v->severity;
	tentacle_verified(goal_store_turn(s), v->name, &out->record, &words);
	rc = tentacles_commit(s, v->name, &t, e);
	if (rc == 0 && t->verifications.count)
		out->record.severity = ((const struct verification *)
						t->verifications.v)[t->verifications.count - 1]
					       .severity;
	return rc;
}

int verifying_run(struct cmd_ctx *c, const struct verifying *v, struct verified *out, struct err *e)
{
	struct span label = span_of(v->label ? v->label : v->command);
	size_t len = label.len < VERIFY_LABEL_BYTES_MAX ? label.len : VERIFY_LABEL_BYTES_MAX;
	int rc;

	while (len > 0 && len < label.len && ((unsigned char)label.p[len] & 0xc0) == 0x80)
		len--; /* no half character */
	buf_put(&out->label, label.p, len);
	rc = run_closed(c, v, out, e);
	return rc != 0 ? rc : record(c, v, out, e);
}
