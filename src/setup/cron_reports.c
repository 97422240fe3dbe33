/*
 * Age is read from the name and not from the disk: a page that somebody looked at, or a backup that
 * was put back, is as old as the run it tells of. A name is taken apart strictly, so what people
 * put into the folder stays.
 */
#include "setup/cron_reports.h"

#include <unistd.h>

#include "base/limits.h"
#include "base/when.h"
#include "os/vfs.h"

#define STAMP_LEN 20 /* 20261122T033000.123Z */
#define SUFFIX ".md"
#define UNFINISHED ".sk-tmp" /* os/fd.h: fd_create_file_at */

void cron_report_name(int64_t started_ms, struct span task, struct buf *out)
{
	char when[WHEN_TEXT_LEN];

	when_encode(started_ms, when);
	for (size_t i = 0; i < sizeof(when); i++)
		if (when[i] != '-' && when[i] != ':')
			buf_putc(out, when[i]);
	buf_putf(out, "-%.*s" SUFFIX, SPAN_ARG(task));
}

static bool cut(struct span *text, const char *suffix)
{
	size_t len = strlen(suffix);

	if (text->len < len || memcmp(text->p + text->len - len, suffix, len) != 0)
		return false;
	text->len -= len;
	return true;
}

bool cron_report_decode(struct span name, int64_t *started_ms, struct span *task, bool *begun)
{
	static const char form[WHEN_TEXT_LEN + 1] = "0000-00-00T00:00:00.000Z";
	char when[WHEN_TEXT_LEN];
	size_t at = 0;
	int64_t ms;

	*begun = cut(&name, UNFINISHED);
	if (!cut(&name, SUFFIX) || name.len < STAMP_LEN + 2 || name.p[STAMP_LEN] != '-')
		return false;
	for (size_t i = 0; i < WHEN_TEXT_LEN; i++)
		when[i] = form[i] == '-' || form[i] == ':' ? form[i] : name.p[at++];
	if (when_decode((struct span){ when, sizeof(when) }, &ms) < 0)
		return false;
	*started_ms = ms;
	*task = (struct span){ name.p + STAMP_LEN + 1, name.len - STAMP_LEN - 1 };
	return name_problem(*task) == NULL;
}

struct prune {
	int64_t before_ms;
	struct span task; /* or every one that is not known */
	bool (*is_known)(void *ctx, struct span task);
	void *ctx;
};

static bool goes(const struct prune *p, struct span name)
{
	struct span task;
	int64_t started_ms;
	bool begun;

	if (!cron_report_decode(name, &started_ms, &task, &begun))
		return false;
	if (p->is_known ? p->is_known(p->ctx, task) : !span_eq(task, p->task))
		return false;
	return begun || started_ms < p->before_ms;
}

static size_t prune(int folder_fd, const struct prune *p)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	size_t removed = 0;
	struct vfs disk;

	vfs_real_open(&disk, folder_fd);
	if (disk.list(disk.ctx, ".", &names) < 0)
		buf_truncate(&names, 0);
	for (size_t at = 0; at < names.len && removed < CRON_REPORTS_PRUNED_MAX;) {
		const char *name = names.p + at;

		at += strlen(name) + 1;
		if (goes(p, span_of(name)) && disk.remove(disk.ctx, name) == 0)
			removed++;
	}
	vfs_real_close(&disk);
	return removed;
}

size_t cron_reports_prune(int folder_fd, struct span task, int64_t before_ms)
{
	struct prune p = { .before_ms = before_ms, .task = task };

	return prune(folder_fd, &p);
}

size_t cron_reports_prune_unknown(int folder_fd, int64_t before_ms,
				  bool (*is_known)(void *ctx, struct span task), void *ctx)
{
	struct prune p = { .before_ms = before_ms, .is_known = is_known, .ctx = ctx };

	return prune(folder_fd, &p);
}
