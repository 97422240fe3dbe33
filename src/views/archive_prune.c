/*
 * Archives go one file after the other, because a folder can hold the runs of the same workstream
 * that came later and must stay. The first step gives metadata.json another name: what a crash
 * leaves of a removal is no archive any more, and is known by that name and finished the next time.
 * A folder with neither is not ours.
 */
#include "views/archive.h"

#include <errno.h>

#include "base/limits.h"
#include "views/archive_files.h"

#define DAY_MS 86400000LL
#define REMOVING ".removing" /* what metadata.json is called meanwhile */

struct pruning {
	const struct vfs *vfs;
	int64_t now_ms;
	int removed;
};

static int remove_file(const struct vfs *vfs, const char *folder, const char *name)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;

	buf_putf(&path, "%s/%s", folder, name);
	return archive_remove_tree(vfs, path.p);
}

/* Takes away what archive_make put there; what else is in the folder keeps the folder. */
static int remove_rest(const struct vfs *vfs, const char *path)
{
	static const char *const names[] = { "current.json", "dag.json", "execution_plan.json",
					     LOGS_DIR };
	int rc = 0;

	for (size_t i = 0; i < ARRAY_LEN(names) && rc == 0; i++)
		rc = remove_file(vfs, path, names[i]);
	if (rc == 0)
		rc = vfs->sync_dir(vfs->ctx, path); /* else the mark could go before them */
	if (rc == 0)
		rc = remove_file(vfs, path, REMOVING);
	if (rc == 0)
		rc = vfs->remove_dir(vfs->ctx, path);
	return rc == -ENOTEMPTY || rc == -EEXIST ? 0 : rc;
}

static int remove_archive(const struct vfs *vfs, const char *path)
{
	CLEANUP(buf_release) struct buf from = BUF_INIT, to = BUF_INIT;
	int rc;

	buf_putf(&from, "%s/" ARCHIVE_METADATA, path);
	buf_putf(&to, "%s/" REMOVING, path);
	rc = vfs->rename(vfs->ctx, from.p, to.p);
	if (rc == 0)
		rc = vfs->sync_dir(vfs->ctx, path);
	return rc < 0 ? rc : remove_rest(vfs, path);
}

static bool half_removed(const struct vfs *vfs, const char *path)
{
	CLEANUP(buf_release) struct buf mark = BUF_INIT;
	struct vfs_stat st;

	buf_putf(&mark, "%s/" REMOVING, path);
	return vfs->stat(vfs->ctx, mark.p, &st) == 0;
}

static int prune_one(struct pruning *p, const char *path)
{
	struct archive_metadata found;
	int rc = archive_metadata_read(p->vfs, path, &found);

	if (rc == -ENOENT)
		return half_removed(p->vfs, path) ? remove_rest(p->vfs, path) : 0;
	if (rc < 0)
		return rc == -EINVAL || rc == -ELOOP || rc == -EISDIR ? 0 : rc;
	if (!found.completed || !found.ended_ms ||
	    p->now_ms - found.ended_ms <= ARCHIVE_DAYS * DAY_MS)
		return 0;
	p->removed++;
	return remove_archive(p->vfs, path);
}

/* One workstream's folder: the later runs in it, then its own. */
static int prune_folder(struct pruning *p, const char *folder)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT, path = BUF_INIT;
	uint64_t number;
	int rc = p->vfs->list(p->vfs->ctx, folder, &names);

	if (rc == -ENOTDIR || rc == -ELOOP || rc == -ENOENT)
		return 0;
	for (size_t at = 0; rc >= 0 && at < names.len && p->removed < ARCHIVES_PRUNED_MAX;
	     at += strlen(names.p + at) + 1) {
		if (span_starts(span_of(names.p + at), ARCHIVE_FRESH)) {
			rc = remove_file(p->vfs, folder, names.p + at);
		} else if (archive_run_decode(span_of(names.p + at), &number)) {
			buf_truncate(&path, 0);
			buf_putf(&path, "%s/%s", folder, names.p + at);
			rc = prune_one(p, path.p);
		}
	}
	return rc < 0 ? rc : prune_one(p, folder);
}

static int prune_entry(struct pruning *p, const char *name)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;

	if (span_starts(span_of(name), ARCHIVE_FRESH))
		return remove_file(p->vfs, ARCHIVES_DIR, name);
	if (!view_name_fits(span_of(name)))
		return 0;
	buf_putf(&path, ARCHIVES_DIR "/%s", name);
	return prune_folder(p, path.p);
}

static size_t count_names(const struct buf *names)
{
	size_t count = 0;

	for (size_t at = 0; at < names->len; at += strlen(names->p + at) + 1)
		count++;
	return count;
}

int archive_prune(const struct vfs *vfs, int64_t now_ms)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	struct pruning p = { vfs, now_ms, 0 };
	int rc = vfs->list(vfs->ctx, ARCHIVES_DIR, &names);
	size_t count = rc < 0 ? 0 : count_names(&names), index = 0, first = 0;

	if (count > ARCHIVES_LOOKED_MAX)
		first = (size_t)(now_ms / 1000) % (count / ARCHIVES_LOOKED_MAX + 1) *
			ARCHIVES_LOOKED_MAX;
	for (size_t at = 0; rc >= 0 && at < names.len && p.removed < ARCHIVES_PRUNED_MAX;
	     at += strlen(names.p + at) + 1, index++)
		if (index >= first && index < first + ARCHIVES_LOOKED_MAX)
			rc = prune_entry(&p, names.p + at);
	return rc < 0 && rc != -ENOENT ? rc : p.removed;
}
