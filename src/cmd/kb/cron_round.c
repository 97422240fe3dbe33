/* It looks without any lock first: nearly always nothing is due, and then nobody has to wait. */
#include "cmd/kb/cron_round.h"

#include <stdlib.h>

#include "base/limits.h"
#include "cmd/kb/cron_page.h"
#include "cmd/home.h"
#include "kb/kb.h"
#include "setup/cron_zone.h"

void cron_round_release(struct cron_round *r)
{
	buf_release(&r->copilot);
	buf_release(&r->db_path);
	buf_release(&r->busy);
	buf_release(&r->first_name);
	*r = (struct cron_round)CRON_ROUND_INIT;
}

int cron_round_open(struct cron_round *r, const char *db, const char *command, struct err *e)
{
	int rc = cmd_home(&r->copilot, e);

	r->command = command;
	if (rc < 0)
		return rc;
	return kb_default_path(db, getenv("SK_DB_PATH"), getenv("SK_HOME"), getenv("HOME"),
			       &r->db_path, e);
}

struct cron_runner cron_round_runner(const struct cron_round *r)
{
	return (struct cron_runner){
		.dir_fd = -1,
		.lock = LOCK_INIT,
		.copilot = r->copilot.p,
		.db_path = r->db_path.p,
		.command = r->command,
		.db_wait_ms = r->db_wait_ms ? r->db_wait_ms : CRON_DB_WAIT_MS,
		.clock = &clock_real,
	};
}

/* The ids of what is due, each with a NUL behind it. */
static int look(struct cron_round *r, struct buf *ids, struct err *e)
{
	CLEANUP(cron_close) struct cron config = CRON_INIT;
	int64_t now_ms = clock_wall_ms(&clock_real);
	struct slot_zone zone;
	int rc = cron_open(&config, r->copilot.p, 0, r->command, e);

	cron_zone_open(&zone);
	r->next_ms = 0;
	for (size_t i = 0; rc == 0 && i < config.tasks.count; i++) {
		const struct cron_task *t = cron_at(&config, i);
		int64_t next_ms = cron_cmd_next(t, &zone, now_ms);

		r->scheduled = true;
		if (!next_ms || !cron_template_find(t->template))
			continue;
		if (next_ms <= now_ms) {
			buf_put(ids, t->id.p, t->id.len);
			buf_putc(ids, '\0');
		} else if (!r->next_ms || next_ms < r->next_ms) {
			r->next_ms = next_ms;
			buf_truncate(&r->first_name, 0);
			buf_put(&r->first_name, t->name.p, t->name.len);
		}
	}
	return rc;
}

static int run_one(struct cron_round *r, struct cron_runner *runner, const char *id,
		   void (*each)(void *ctx, const struct cron_result *result), void *ctx,
		   struct err *e)
{
	CLEANUP(cron_result_release) struct cron_result result = CRON_RESULT_INIT;
	int rc = cron_runner_task(runner, span_of(id), true, &result, e);

	if (rc != 1)
		return rc;
	r->ran++;
	r->failed += cron_status_code(result.outcome.status) < 0 || result.problem.code < 0;
	if (each)
		each(ctx, &result);
	return 0;
}

int cron_round_due(struct cron_round *r, void (*each)(void *ctx, const struct cron_result *result),
		   void *ctx, struct err *e)
{
	CLEANUP(buf_release) struct buf ids = BUF_INIT;
	CLEANUP(cron_runner_close) struct cron_runner runner = cron_round_runner(r);
	int rc = look(r, &ids, e);

	if (rc < 0 || !ids.len)
		return rc;
	rc = cron_runner_open(&runner, e);
	if (rc == -SK_EBUSY) {
		buf_puts(&r->busy, e->text);
		err_clear(e);
		return 0;
	}
	for (size_t at = 0; rc == 0 && at < ids.len; at += strlen(ids.p + at) + 1)
		rc = run_one(r, &runner, ids.p + at, each, ctx, e);
	return rc;
}
