/*
 * Logs get a second name and no copy: they may be large, and the same bytes are wanted twice. So a
 * run that is retried goes on writing into the log its first archive shows, until a new run begins.
 */
#include "views/archive_files.h"

#include <errno.h>

#include "base/limits.h"
#include "base/scan.h"
#include "base/when.h"
#include "views/view.h"

#define METADATA_BYTES_MAX (256LL * 1024 * 1024) /* a million failed tasks */
#define TREE_DEPTH_MAX 4

void archive_path(struct span ws, uint64_t number, struct buf *out)
{
	buf_putf(out, ARCHIVES_DIR "/%.*s", SPAN_ARG(ws));
	if (number > 1)
		buf_putf(out, "/run-%llu", (unsigned long long)number);
}

bool archive_run_decode(struct span name, uint64_t *out)
{
	return span_starts(name, "run-") &&
	       span_to_u64((struct span){ name.p + 4, name.len - 4 }, INTEGER_MAX, out) == 0 &&
	       *out > 1;
}

int archive_metadata_read(const struct vfs *vfs, const char *path, struct archive_metadata *out)
{
	CLEANUP(buf_release) struct buf file = BUF_INIT, text = BUF_INIT;
	struct archive_metadata found = { .seq = 0 };
	struct scan_text key, word;
	struct scan s;
	int rc;

	buf_putf(&file, "%s/" ARCHIVE_METADATA, path);
	rc = vfs_read_all(vfs, file.p, METADATA_BYTES_MAX, &text);
	if (rc < 0)
		return rc == -ENOTDIR ? -ENOENT : rc;
	scan_init(&s, (struct span){ text.p, text.len });
	scan_object(&s);
	while (scan_key(&s, &key)) {
		if (span_is(key.raw, "seq")) {
			scan_u64(&s, INTEGER_MAX, &found.seq);
		} else if (span_is(key.raw, "state")) {
			scan_string(&s, &word);
			found.completed = span_is(word.raw, "completed");
		} else if (span_is(key.raw, "ended_at") && scan_peek(&s) == '"') {
			scan_string(&s, &word);
			if (when_decode(word.raw, &found.ended_ms) < 0)
				scan_fail(&s, "not a time");
		} else {
			scan_skip(&s, NULL);
		}
	}
	if (scan_end(&s) < 0 || !found.seq)
		return -EINVAL;
	*out = found;
	return 0;
}

static void logs_path(const char *path, struct buf *out)
{
	buf_truncate(out, 0);
	buf_putf(out, "%s/" LOGS_DIR, path);
}

int archive_logs_open(const struct vfs *vfs, const char *path)
{
	CLEANUP(buf_release) struct buf folder = BUF_INIT;
	int rc;

	logs_path(path, &folder);
	rc = vfs->mkdir(vfs->ctx, folder.p);
	return rc == -EEXIST ? 0 : rc;
}

int archive_log_link(const struct vfs *vfs, const char *path, struct span task, struct buf *scratch)
{
	CLEANUP(buf_release) struct buf from = BUF_INIT;
	int rc;

	if (!view_name_fits(task))
		return 0;
	buf_putf(&from, LOGS_DIR "/%.*s.log", SPAN_ARG(task));
	logs_path(path, scratch);
	buf_putf(scratch, "/%.*s.log", SPAN_ARG(task));
	rc = vfs->link(vfs->ctx, from.p, scratch->p);
	if (rc == -ENOENT)
		return 0;
	if (rc == -EPERM || rc == -EOPNOTSUPP || rc == -EMLINK || rc == -ENOSYS || rc == -EXDEV)
		return -ENOTSUP;
	return rc < 0 && rc != -EEXIST ? rc : 1;
}

int archive_logs_settle(const struct vfs *vfs, const char *path)
{
	CLEANUP(buf_release) struct buf folder = BUF_INIT;
	int rc;

	logs_path(path, &folder);
	rc = vfs->sync_dir(vfs->ctx, folder.p);
	return rc < 0 ? rc : vfs->sync_dir(vfs->ctx, path);
}

static int remove_tree(const struct vfs *vfs, const char *path, unsigned depth)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT, inner = BUF_INIT;
	int rc = vfs->remove(vfs->ctx, path);

	if (rc == 0 || rc == -ENOENT)
		return 0;
	if ((rc != -EISDIR && rc != -EPERM) || depth == TREE_DEPTH_MAX)
		return rc;
	rc = vfs->list(vfs->ctx, path, &names);
	for (size_t at = 0; rc >= 0 && at < names.len; at += strlen(names.p + at) + 1) {
		buf_truncate(&inner, 0);
		buf_putf(&inner, "%s/%s", path, names.p + at);
		rc = remove_tree(vfs, inner.p, depth + 1);
	}
	return rc < 0 ? rc : vfs->remove_dir(vfs->ctx, path);
}

int archive_remove_tree(const struct vfs *vfs, const char *path)
{
	return remove_tree(vfs, path, 0);
}
