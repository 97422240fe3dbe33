/*
 * Every repair here can itself be cut short by power, so each makes the world no worse at any step
 * and is simply done again at the next start: bytes are copied and synced before they are cut, and
 * a file appears under its name only whole.
 */
#include "store/store_repair.h"

#include <errno.h>

#include "base/limits.h"
#include "store/snapshot.h"

#define COPY_BYTES (256 * 1024)

static int not_created(const char *path, int rc, struct err *e)
{
	return err_set(e, -SK_EIO, "store: cannot create '%s': %s: nothing was started", path,
		       strerror(-rc));
}

int store_create(const struct vfs *vfs, const char *workspace, int64_t now_ms, struct err *e)
{
	static const char *const dirs[][2] = { { BACKUP_DIR, "." },
					       { ARCHIVE_DIR, "." },
					       { SEGMENTS_DIR, ARCHIVE_DIR } };
	struct event created = {
		.kind = EV_STORE_CREATED, .at_ms = now_ms, .from = 255, .to = 255
	};
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	struct journal_place at = { 0, 0, 0 };
	int rc;

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		rc = store_ensure_dir(vfs, dirs[i][0], dirs[i][1]);
		if (rc < 0)
			return not_created(dirs[i][0], rc, e);
	}
	created.nonce = span_of(workspace);
	created.version = SPAN_LIT(SK_VERSION);
	rc = turn_encode(&line, &created, 1, 0, &at, e);
	if (rc < 0)
		return rc;
	rc = vfs_replace(vfs, JOURNAL_FILE, line.p, line.len);
	return rc < 0 ? not_created(JOURNAL_FILE, rc, e) : 0;
}

int repair_strays(const struct vfs *vfs, uint64_t *count, struct err *e)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	int rc = vfs->list(vfs->ctx, ".", &names);

	for (size_t at = 0; at < names.len && rc >= 0; at += strlen(names.p + at) + 1) {
		size_t len = strlen(names.p + at);

		if (len <= 4 || memcmp(names.p + at + len - 4, ".tmp", 4) != 0)
			continue;
		rc = vfs->remove(vfs->ctx, names.p + at);
		if (rc == -EISDIR || rc == -EPERM)
			rc = 0; /* a directory of that name is nobody's abandoned file */
		else if (rc == 0)
			++*count;
	}
	if (rc < 0)
		return err_set(
			e, -SK_EIO,
			"store: abandoned *.tmp files cannot be removed: %s: nothing was started",
			strerror(-rc));
	return 0;
}

/* The name a restore gave it, when power cut that short before its last step. */
static int find_kept_name(const struct vfs *vfs, const struct vfs_stat *journal,
			  char kept[SEGMENT_PATH_BYTES])
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	struct vfs_stat st;

	if (vfs->list(vfs->ctx, ".", &names) < 0)
		return 0;
	for (size_t at = 0; at < names.len; at += strlen(names.p + at) + 1) {
		struct span name = span_of(names.p + at);

		if (name.len >= SEGMENT_PATH_BYTES ||
		    (!span_starts(name, JOURNAL_FILE ".corrupt-") &&
		     !span_starts(name, JOURNAL_FILE ".replaced-")))
			continue;
		if (vfs->stat(vfs->ctx, name.p, &st) < 0 || st.file_id != journal->file_id)
			continue;
		memcpy(kept, name.p, name.len + 1);
		return 1;
	}
	return 0;
}

int repair_find_second_name(const struct vfs *vfs, const struct vfs_stat *journal,
			    char closed[SEGMENT_PATH_BYTES])
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	uint64_t first, last;
	struct vfs_stat st;

	if (journal->links == 2 && find_kept_name(vfs, journal, closed))
		return 1;
	if (journal->links != 2 || vfs->list(vfs->ctx, SEGMENTS_DIR, &names) < 0)
		return 0;
	for (size_t at = 0; at < names.len; at += strlen(names.p + at) + 1) {
		if (!segment_name_decode(span_of(names.p + at), &first, &last))
			continue;
		segment_path_encode(first, last, closed);
		if (vfs->stat(vfs->ctx, closed, &st) == 0 && st.file_id == journal->file_id)
			return 1;
	}
	return 0;
}

int repair_drop_second_name(const struct vfs *vfs, const char *closed, struct err *e)
{
	int rc = vfs->remove(vfs->ctx, closed);

	if (rc == 0)
		rc = vfs->sync_dir(vfs->ctx, strchr(closed, '/') ? SEGMENTS_DIR : ".");
	if (rc < 0)
		return err_set(e, -SK_EIO,
			       "journal '%s': an unfinished rotation or restore cannot be undone: "
			       "%s: nothing "
			       "was started",
			       JOURNAL_FILE, strerror(-rc));
	return 0;
}

/* Copies bytes [from, to) of the journal to the end of an open file. */
static int copy_range(const struct vfs *vfs, uint64_t from, uint64_t to, int out)
{
	CLEANUP(buf_release) struct buf raw = BUF_INIT;
	int in = vfs->open_read(vfs->ctx, JOURNAL_FILE);
	int rc = in < 0 ? in : 0;

	buf_reserve(&raw, COPY_BYTES);
	while (from < to && rc == 0) {
		size_t want = to - from < COPY_BYTES ? (size_t)(to - from) : COPY_BYTES;
		int64_t n = vfs->read_at(vfs->ctx, in, from, raw.p, want);

		if (n <= 0)
			rc = n < 0 ? (int)n : -EIO;
		else
			rc = vfs->append(vfs->ctx, out, raw.p, (size_t)n);
		from += n > 0 ? (uint64_t)n : 0;
	}
	if (in >= 0)
		vfs->close(vfs->ctx, in);
	return rc;
}

static int keep_torn(const struct vfs *vfs, const struct store *s, uint64_t bytes, int64_t now_ms)
{
	CLEANUP(buf_release) struct buf name = BUF_INIT;
	char when[FILE_TIME_BYTES];
	int out, rc;

	file_time_encode(now_ms, when);
	buf_putf(&name, "torn-%s-%llu.jsonl", when, (unsigned long long)s->at.seq + 1);
	out = vfs->open_append(vfs->ctx, name.p,
			       true); /* appends, should it be there from a start a moment ago */
	if (out < 0)
		return out;
	rc = copy_range(vfs, s->at.offset, bytes, out);
	if (rc == 0)
		rc = vfs->sync(vfs->ctx, out);
	vfs->close(vfs->ctx, out);
	return rc < 0 ? rc : vfs->sync_dir(vfs->ctx, ".");
}

int repair_torn_tail(struct store *s, uint64_t bytes, bool zeros, int64_t now_ms, struct err *e)
{
	int rc = 0;

	if (!zeros)
		rc = keep_torn(s->vfs, s, bytes, now_ms);
	if (rc == 0)
		rc = s->vfs->truncate(s->vfs->ctx, s->handle, s->at.offset);
	if (rc == 0)
		rc = s->vfs->sync(s->vfs->ctx, s->handle);
	if (rc < 0)
		return err_set(e, -SK_EIO,
			       "journal '%s': its torn last turn at byte %llu cannot be cut off: "
			       "%s: nothing was started",
			       JOURNAL_FILE, (unsigned long long)s->at.offset, strerror(-rc));
	return 0;
}

void repair_reserve(const struct vfs *vfs)
{
	CLEANUP(buf_release) struct buf zeros = BUF_INIT;
	struct vfs_stat st;

	if (vfs->stat(vfs->ctx, RESERVE_FILE, &st) == 0 && st.bytes >= RESERVE_BYTES)
		return;
	buf_reserve(&zeros, RESERVE_BYTES);
	memset(zeros.p, 0, RESERVE_BYTES);
	vfs_replace(vfs, RESERVE_FILE, zeros.p, RESERVE_BYTES);
}
