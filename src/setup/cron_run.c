/*
 *  1. The runners' lock is held from before a task is chosen until its end is recorded; it is
 *     another one than the configuration's, so schedules can be looked at and changed meanwhile.
 *  2. What is due is asked again under the lock of the configuration: another runner may have done
 *     it since somebody looked.
 *  3. What was busy leaves last_run_at alone, so the same slot is due at the next look.
 */
#include "setup/cron_run.h"

#include <errno.h>

#include "base/limits.h"
#include "os/fd.h"
#include "os/home.h"
#include "setup/cron_log.h"
#include "setup/cron_zone.h"

#define RUN_LOCK "cron-run.lock"
#define END_TRIES_MAX 3

void cron_result_release(struct cron_result *r)
{
	buf_release(&r->id);
	buf_release(&r->name);
	buf_release(&r->template);
	buf_release(&r->report);
	cron_outcome_release(&r->outcome);
	*r = (struct cron_result)CRON_RESULT_INIT;
}

void cron_runner_close(struct cron_runner *r)
{
	lock_release(&r->lock);
	fd_close(&r->dir_fd);
}

static struct span text_of(const struct buf *b)
{
	return (struct span){ b->p, b->len };
}

static int take_lock(struct cron_runner *r, struct err *e)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;
	struct lock_holder holder = { .who = { .pid = 0 } };
	int rc = lock_take(r->dir_fd, RUN_LOCK, r->command, &r->lock, &holder);

	buf_put_visible(&shown, span_of(holder.command));
	if (rc == -SK_EBUSY)
		return err_set(
			e, rc,
			"another runner is at work (pid %llu, %s): nothing was run; the next "
			"look tries again",
			(unsigned long long)holder.who.pid, shown.len ? shown.p : "?");
	if (rc == -ELOOP || rc == -EINVAL)
		return err_set(e, -SK_EREFUSED,
			       "'%s/" CRON_FOLDER "/" RUN_LOCK "' is no regular file; refused: "
			       "nothing was run",
			       r->copilot);
	if (rc < 0)
		return err_set(e, -SK_EIO, "'%s/" CRON_FOLDER "/" RUN_LOCK "': %s: nothing was run",
			       r->copilot, strerror(-rc));
	return 0;
}

static bool was_left(const struct cron_task *t)
{
	return t->running.pid || t->running.since_ms;
}

/* The lock is ours, so whoever is named there has no business any more. */
static int record_left(struct cron_runner *r, struct cron *c, struct cron_task *t, struct err *e)
{
	CLEANUP(buf_release) struct buf said = BUF_INIT;
	struct cron_run run = { .task_id = t->id,
				.name = t->name,
				.template = t->template,
				.started_ms = t->running.since_ms,
				.ended_ms = clock_wall_ms(r->clock),
				.status = CRON_INTERRUPTED,
				.pid = t->running.pid };

	buf_putf(&said, "pid %llu ended before it had recorded how this went; it is run again",
		 (unsigned long long)t->running.pid);
	run.said = text_of(&said);
	t->last_status = span_of(cron_status_word(CRON_INTERRUPTED));
	t->last_message = arena_copy(&c->arena, run.said);
	t->running = (struct cron_running){ .pid = 0 };
	return cron_log_append(r->dir_fd, &run, NULL, e);
}

static int record_all_left(struct cron_runner *r, struct err *e)
{
	CLEANUP(cron_close) struct cron c = CRON_INIT;
	bool any = false;
	int rc = cron_open(&c, r->copilot, 0, r->command, e);

	for (size_t i = 0; rc == 0 && i < c.tasks.count; i++)
		any |= was_left(cron_at(&c, i));
	if (rc < 0 || !any)
		return rc;
	cron_close(&c);
	rc = cron_open(&c, r->copilot, CRON_WRITE, r->command, e);
	for (size_t i = 0; rc == 0 && i < c.tasks.count; i++)
		if (was_left(cron_at(&c, i)))
			rc = record_left(r, &c, cron_at(&c, i), e);
	return rc < 0 ? rc : cron_commit(&c, e);
}

int cron_runner_open(struct cron_runner *r, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	int fd = home_open(r->copilot, CRON_FOLDER, true, &why), rc;

	if (fd < 0)
		return err_set(e, fd == -EPERM ? -SK_EREFUSED : -SK_EIO, "%s",
			       why.len ? why.p : "the folder " CRON_FOLDER " cannot be opened");
	r->dir_fd = fd;
	rc = take_lock(r, e);
	return rc < 0 ? rc : record_all_left(r, e);
}

enum slot_verdict cron_task_judge(const struct cron_task *t, const struct slot_zone *zone,
				  int64_t now_ms)
{
	return slot_judge(&t->schedule.plan, zone, t->last_run_ms, now_ms);
}

static void run_template(const struct cron_runner *r, const struct cron_template *t,
			 uint64_t retention_days, struct cron_result *out)
{
	struct cron_place place = { .copilot = r->copilot,
				    .db_path = r->db_path,
				    .db_wait_ms = r->db_wait_ms,
				    .command = r->command,
				    .now_ms = out->started_ms,
				    .retention_days = retention_days };

	t->run(&place, &out->outcome);
	out->ended_ms = clock_wall_ms(r->clock);
}

/* Page and line. What is busy happened not at all and has no page. */
static int record_run(struct cron_runner *r, uint64_t retention_days, struct cron_result *out,
		      struct err *e)
{
	struct proc_identity self = { .pid = 0 };
	struct cron_run run = { .task_id = text_of(&out->id),
				.name = text_of(&out->name),
				.template = text_of(&out->template),
				.started_ms = out->started_ms,
				.ended_ms = out->ended_ms,
				.status = out->outcome.status,
				.said = text_of(&out->outcome.said),
				.facts = text_of(&out->outcome.facts) };
	int rc = 0;

	if (proc_self(&self) == 0)
		run.pid = self.pid;
	if (cron_status_over(run.status))
		rc = cron_report_write(r->dir_fd, &run, retention_days, &out->report, e);
	return rc < 0 ? rc : cron_log_append(r->dir_fd, &run, out->report.p, e);
}

/* --- one of the configuration --- */

static uint64_t retention_of(const struct cron_task *t)
{
	return t->retention_days ? t->retention_days : CRON_RETENTION_DAYS;
}

/* A name that nobody knows is told once, and then whenever somebody asks for that task. */
static int unknown(struct cron *c, struct cron_task *t, bool only_due, struct cron_result *out,
		   struct err *e)
{
	const char *word = cron_status_word(CRON_UNKNOWN);

	if (span_is(t->last_status, word))
		return !only_due;
	out->outcome.status = CRON_UNKNOWN;
	t->last_status = span_of(word);
	t->last_message = SPAN_NONE;
	return cron_commit(c, e) < 0 ? e->code : 1;
}

static void say_unknown(struct cron_result *out)
{
	out->outcome.status = CRON_UNKNOWN;
	buf_put_quoted(&out->outcome.said, text_of(&out->template), NAME_BYTES_MAX);
	buf_puts(&out->outcome.said, " is no template; known are ");
	cron_template_names(&out->outcome.said);
}

/* Writes down that we run it. 1, or 0 when it is not to be run; *t NULL: there is no such template.
 */
static int begin(struct cron_runner *r, struct span id, bool only_due,
		 const struct cron_template **template, uint64_t *retention_days,
		 struct cron_result *out, struct err *e)
{
	CLEANUP(cron_close) struct cron c = CRON_INIT;
	struct proc_identity self = { .pid = 0 };
	struct slot_zone zone;
	struct cron_task *t;
	int rc = cron_open(&c, r->copilot, CRON_WRITE, r->command, e);

	t = rc == 0 ? cron_find(&c, id) : NULL;
	out->started_ms = out->ended_ms = clock_wall_ms(r->clock);
	cron_zone_open(&zone);
	if (rc < 0 || !t ||
	    (only_due && (!t->enabled ||
			  !slot_verdict_due(cron_task_judge(t, &zone, out->started_ms))))) /* 2 */
		return rc;
	buf_put(&out->id, t->id.p, t->id.len);
	buf_put(&out->name, t->name.p, t->name.len);
	buf_put(&out->template, t->template.p, t->template.len);
	*retention_days = retention_of(t);
	*template = cron_template_find(t->template);
	if (!*template)
		return unknown(&c, t, only_due, out, e);
	rc = proc_self(&self);
	if (rc < 0)
		return err_set(e, -SK_EIO, "/proc: cannot be read: %s: nothing was run",
			       strerror(-rc));
	t->running = (struct cron_running){ .pid = self.pid,
					    .start = self.start,
					    .boot_id = span_of(self.boot_id),
					    .since_ms = out->started_ms };
	t->last_try_ms = out->started_ms;
	rc = cron_commit(&c, e);
	return rc < 0 ? rc : 1;
}

static int end_once(struct cron_runner *r, const struct cron_result *out, struct err *e)
{
	CLEANUP(cron_close) struct cron c = CRON_INIT;
	int rc = cron_open(&c, r->copilot, CRON_WRITE, r->command, e);
	struct cron_task *t = rc == 0 ? cron_find(&c, text_of(&out->id)) : NULL;

	if (!t) /* removed while it ran: nobody asks any more */
		return rc;
	t->running = (struct cron_running){ .pid = 0 };
	t->last_status = span_of(cron_status_word(out->outcome.status));
	t->last_message = text_of(&out->outcome.said);
	if (cron_status_over(out->outcome.status)) /* 3 */
		t->last_run_ms = out->started_ms;
	return cron_commit(&c, e);
}

/* Somebody with an editor may have been in the way, which is no reason to run it all again. */
static int end(struct cron_runner *r, const struct cron_result *out, struct err *e)
{
	struct err tried = ERR_INIT;
	int rc = -SK_EBUSY;

	for (int i = 0; i < END_TRIES_MAX && rc == -SK_EBUSY; i++) {
		err_clear(&tried);
		rc = end_once(r, out, &tried);
	}
	return rc < 0 ? err_set(e, rc, "%s", tried.text) : 0;
}

int cron_runner_task(struct cron_runner *r, struct span id, bool only_due, struct cron_result *out,
		     struct err *e)
{
	const struct cron_template *template = NULL;
	uint64_t retention_days = 0;
	int rc = begin(r, id, only_due, &template, &retention_days, out, e);

	INVARIANT(r->lock.fd >= 0); /* 1 */
	if (rc <= 0)
		return rc;
	if (!template) {
		say_unknown(out);
		return 1;
	}
	run_template(r, template, retention_days, out);
	(void)record_run(r, retention_days, out, &out->problem);
	(void)end(r, out, &out->problem);
	return 1;
}

void cron_runner_template(struct cron_runner *r, const struct cron_template *t,
			  struct cron_result *out)
{
	INVARIANT(r->lock.fd >= 0); /* 1 */
	buf_puts(&out->name, t->name);
	buf_puts(&out->template, t->name);
	out->started_ms = clock_wall_ms(r->clock);
	run_template(r, t, CRON_RETENTION_DAYS, out);
	(void)record_run(r, CRON_RETENTION_DAYS, out, &out->problem);
}
