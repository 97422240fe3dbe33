/*
 * Whatever is put aside instead of being deleted has to go some day. Each kind is told by the form
 * of its name with the time in it; what has no time in its name is nobody's to remove by the clock.
 */
#include "setup/cron_cleanup.h"

#include <errno.h>

#include "base/limits.h"
#include "os/fd.h"
#include "os/home.h"
#include "os/paths.h"
#include "os/vfs.h"
#include "setup/cron.h"
#include "setup/cron_aside.h"
#include "setup/cron_reports.h"
#include "work/marker.h"

#define MARKER_ASIDE MARKER_NAME ".damaged-" /* and milliseconds since 1970 */

static bool marker_aside(const char *name, int64_t before_ms)
{
	struct span text = span_of(name);
	uint64_t ms;

	if (!span_starts(text, MARKER_ASIDE))
		return false;
	text.p += sizeof(MARKER_ASIDE) - 1;
	text.len -= sizeof(MARKER_ASIDE) - 1;
	return span_to_u64(text, INTEGER_MAX, &ms) == 0 && (int64_t)ms < before_ms;
}

/* Returns how many, or -errno of the folder. */
static int remove_markers(const char *copilot, int64_t before_ms)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT, names = BUF_INIT;
	CLEANUP(fd_close) int folder = home_open(copilot, MARKER_FOLDER, false, &why);
	struct vfs disk;
	int removed = 0, rc;

	if (folder < 0)
		return folder == -ENOENT ? 0 : folder;
	vfs_real_open(&disk, folder);
	rc = disk.list(disk.ctx, ".", &names);
	for (size_t at = 0; rc == 0 && at < names.len && removed < CRON_REPORTS_PRUNED_MAX;) {
		const char *name = names.p + at;

		at += strlen(name) + 1;
		if (marker_aside(name, before_ms) && disk.remove(disk.ctx, name) == 0)
			removed++;
	}
	vfs_real_close(&disk);
	return rc < 0 ? rc : removed;
}

/* Templates stand for runs that are in no configuration; those are pruned when they run. */
static bool is_known(void *ctx, struct span task)
{
	return cron_find(ctx, task) != NULL || cron_template_find(task) != NULL;
}

static int remove_reports(const char *copilot, int64_t before_ms, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	CLEANUP(cron_close) struct cron config = CRON_INIT;
	CLEANUP(fd_close) int folder = -1;
	int rc = cron_open(&config, copilot, 0, "sk cron run", e);

	if (rc < 0 || config.dir_fd < 0)
		return rc;
	folder = paths_open_inside(config.dir_fd, CRON_REPORTS, false, &why);
	if (folder < 0)
		return folder == -ENOENT ? 0 : folder;
	return (int)cron_reports_prune_unknown(folder, before_ms, is_known, &config);
}

static const char *plural(int count)
{
	return count == 1 ? "" : "s";
}

/* The folder need not be ours alone: somebody may keep the database elsewhere. */
static int remove_copies(const char *db_path, int64_t before_ms)
{
	const char *slash = strrchr(db_path, '/');
	CLEANUP(buf_release) struct buf folder = BUF_INIT;
	CLEANUP(fd_close) int fd = -1;

	if (!slash)
		return 0;
	buf_put(&folder, db_path, (size_t)(slash - db_path) + 1);
	fd = fd_open_dir(folder.p);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	return cron_aside_remove(fd, span_of(slash + 1), before_ms);
}

void cron_cleanup(const struct cron_place *place, struct cron_outcome *out)
{
	int64_t before_ms = place->now_ms - (int64_t)(place->retention_days * 86400000ULL);
	struct err e = ERR_INIT;
	int markers = remove_markers(place->copilot, before_ms);
	int reports = remove_reports(place->copilot, before_ms, &e);
	int copies = remove_copies(place->db_path, before_ms);
	int bad = markers < 0 ? markers : copies < 0 ? copies : reports;

	if (bad < 0) {
		out->status = CRON_ERROR;
		buf_putf(&out->said, "%s", e.text[0] ? e.text : strerror(-bad));
		return;
	}
	buf_putf(&out->facts, "\"markers\":%d,\"copies\":%d,\"artifacts\":%d", markers, copies,
		 reports);
	buf_putf(&out->said,
		 "removed %d old file%s beside the database, %d damaged marker%s and %d report%s "
		 "of schedules that are gone",
		 copies, plural(copies), markers, plural(markers), reports, plural(reports));
}
