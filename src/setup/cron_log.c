/*
 * A list that people read in the morning. It is synced because the configuration, which is written
 * next, says that the run is over: whoever asks what happened then must find it here.
 *
 *  1. Only names that this file makes itself are ever removed.
 */
#include "setup/cron_log.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/when.h"
#include "os/fd.h"
#include "os/paths.h"
#include "os/vfs.h"
#include "setup/cron_reports.h"
#include "setup/cron_zone.h"

#define LOG_OLD CRON_LOG ".1"

static int failed(const char *name, int code, struct err *e)
{
	if (code == -ELOOP)
		return err_set(e, -SK_EREFUSED,
			       "'" CRON_FOLDER "/%s' is a symbolic link; refused: nothing was "
			       "written into it",
			       name);
	return err_set(e, code == -EINVAL || code == -EISDIR ? -SK_EREFUSED : -SK_EIO,
		       "'" CRON_FOLDER "/%s': %s: the run is not recorded there", name,
		       strerror(-code));
}

static void put_time(struct buf *out, const char *key, int64_t ms)
{
	char text[WHEN_TEXT_LEN];

	when_encode(ms, text);
	buf_putf(out, ",\"%s\":\"%.*s\"", key, WHEN_TEXT_LEN, text);
}

static void put_line(const struct cron_run *run, const char *report, struct buf *out)
{
	buf_puts(out, "{\"schema_version\":\"1.0.0\",\"task_id\":");
	if (run->task_id.len)
		buf_put_json(out, run->task_id);
	else
		buf_puts(out, "null");
	buf_puts(out, ",\"name\":");
	buf_put_json(out, run->name);
	buf_puts(out, ",\"template\":");
	buf_put_json(out, run->template);
	put_time(out, "started_at", run->started_ms);
	put_time(out, "ended_at", run->ended_ms);
	buf_putf(out, ",\"pid\":%llu,\"status\":\"%s\",\"message\":", (unsigned long long)run->pid,
		 cron_status_word(run->status));
	buf_put_json(out, run->said);
	buf_puts(out, ",\"artifact\":");
	if (report && *report)
		buf_put_json(out, span_of(report));
	else
		buf_puts(out, "null");
	buf_putf(out, ",\"facts\":{%.*s}}\n", SPAN_ARG(run->facts));
}

/* Whether its last line has an end; negative codes as usual. */
static int ends_whole(const struct vfs *disk, int64_t bytes)
{
	char last = '\n';
	int handle;
	int64_t n;

	if (!bytes)
		return 1;
	handle = disk->open_read(disk->ctx, CRON_LOG);
	if (handle < 0)
		return handle;
	n = disk->read_at(disk->ctx, handle, (uint64_t)bytes - 1, &last, 1);
	disk->close(disk->ctx, handle);
	return n < 0 ? (int)n : last == '\n';
}

static int append(const struct vfs *disk, const struct buf *line)
{
	struct vfs_stat st = { .bytes = 0 };
	int rc = disk->stat(disk->ctx, CRON_LOG, &st), handle, whole = 1;
	bool fresh = rc == -ENOENT;

	if (rc == 0 && st.type == S_IFREG && st.bytes >= CRON_LOG_BYTES_MAX) {
		rc = disk->rename(disk->ctx, CRON_LOG, LOG_OLD);
		fresh = true;
	} else if (rc == 0) {
		rc = whole = ends_whole(disk, st.bytes);
	}
	if (rc < 0 && rc != -ENOENT)
		return rc;
	handle = disk->open_append(disk->ctx, CRON_LOG, true);
	if (handle < 0)
		return handle;
	rc = whole ? 0 : disk->append(disk->ctx, handle, "\n", 1);
	if (rc == 0)
		rc = disk->append(disk->ctx, handle, line->p, line->len);
	if (rc == 0)
		rc = disk->sync(disk->ctx, handle);
	disk->close(disk->ctx, handle);
	if (rc == 0 && fresh)
		rc = disk->sync_dir(disk->ctx, ".");
	return rc;
}

int cron_log_append(int dir_fd, const struct cron_run *run, const char *report, struct err *e)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	struct vfs disk;
	int rc;

	put_line(run, report, &line);
	vfs_real_open(&disk, dir_fd);
	rc = append(&disk, &line);
	vfs_real_close(&disk);
	return rc < 0 ? failed(CRON_LOG, rc, e) : 0;
}

static void put_report(const struct cron_run *run, struct buf *out)
{
	char utc[WHEN_TEXT_LEN];

	when_encode(run->started_ms, utc);
	buf_puts(out, "# ");
	buf_put_visible(out, run->name);
	buf_putf(out, ": %s\n\n", cron_status_word(run->status));
	buf_put_visible(out, run->said);
	buf_puts(out, "\n\n- template: ");
	buf_put_visible(out, run->template);
	buf_putf(out, "\n- task: %.*s\n- begun: ", SPAN_ARG(run->task_id));
	cron_zone_put(out, run->started_ms);
	buf_putf(out, " (%.*s)\n- took: ", WHEN_TEXT_LEN, utc);
	buf_put_duration(out,
			 run->ended_ms > run->started_ms ? run->ended_ms - run->started_ms : 0);
	buf_putf(out, "\n\n```json\n{%.*s}\n```\n", SPAN_ARG(run->facts));
}

int cron_report_write(int dir_fd, const struct cron_run *run, uint64_t retention_days,
		      struct buf *name, struct err *e)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT, why = BUF_INIT, file = BUF_INIT;
	struct span of = run->task_id.len ? run->task_id : run->template;
	CLEANUP(fd_close) int folder = paths_open_inside(dir_fd, CRON_REPORTS, true, &why);
	int rc;

	if (folder < 0)
		return err_set(e, folder == -EPERM ? -SK_EREFUSED : -SK_EIO, "%s",
			       why.len ? why.p : "'" CRON_REPORTS "' cannot be opened");
	put_report(run, &text);
	cron_report_name(run->started_ms, of, &file);
	rc = fd_create_file_at(folder, file.p, text.p, text.len, 0600);
	if (rc < 0)
		return failed(CRON_REPORTS, rc, e);
	buf_putf(name, CRON_REPORTS "/%s", file.p);
	cron_reports_prune(folder, of, run->started_ms - (int64_t)(retention_days * 86400000ULL));
	return 0;
}
