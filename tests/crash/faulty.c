/* Each fault is a few lines here and nowhere else: the code under test is the one that ships. */
#include "faulty.h"

#include "store/journal.h"
#include "store/snapshot.h"

const char *fault_word(enum fault fault)
{
#define X(name, word) word,
	static const char *const words[] = { FAULTS(X) };
#undef X

	return words[fault];
}

static bool ends_with(const char *path, const char *end)
{
	size_t len = strlen(path), tail = strlen(end);

	return len >= tail && strcmp(path + len - tail, end) == 0;
}

static int faulty_open_append(void *ctx, const char *path, bool create)
{
	struct faulty *f = ctx;
	int handle;

	if (f->fault == FAULT_IN_PLACE && strcmp(path, SNAPSHOT_FILE ".tmp") == 0) {
		handle = f->inner->open_append(f->inner->ctx, SNAPSHOT_FILE, create);
		if (handle >= 0)
			f->inner->truncate(f->inner->ctx, handle, 0);
	} else {
		handle = f->inner->open_append(f->inner->ctx, path, create);
	}
	if (handle < 0)
		return handle;
	INVARIANT(handle < FAULTY_HANDLES);
	f->role[handle] = FILE_OTHER;
	if (strcmp(path, JOURNAL_FILE) == 0)
		f->role[handle] = FILE_JOURNAL;
	else if (ends_with(path, ".tmp"))
		f->role[handle] = FILE_TEMP;
	else if (span_starts(span_of(path), "torn-"))
		f->role[handle] = FILE_TORN;
	return handle;
}

static int faulty_open_read(void *ctx, const char *path)
{
	struct faulty *f = ctx;

	return f->inner->open_read(f->inner->ctx, path);
}

static void pay(struct faulty *f)
{
	if (f->owed >= 0)
		f->inner->sync(f->inner->ctx, f->owed);
	f->owed = -1;
}

static int faulty_close(void *ctx, int handle)
{
	struct faulty *f = ctx;

	if (f->owed == handle && f->fault != FAULT_RENAME_BEFORE_SYNC)
		f->owed = -1;
	if (f->owed == handle)
		return 0; /* stays open until its sync is paid */
	return f->inner->close(f->inner->ctx, handle);
}

static int faulty_append(void *ctx, int handle, const void *p, size_t len)
{
	struct faulty *f = ctx;

	if (f->fault == FAULT_LATE_JOURNAL_SYNC && f->role[handle] == FILE_JOURNAL)
		pay(f);
	return f->inner->append(f->inner->ctx, handle, p, len);
}

static int64_t faulty_read_at(void *ctx, int handle, uint64_t offset, void *p, size_t len)
{
	struct faulty *f = ctx;

	return f->inner->read_at(f->inner->ctx, handle, offset, p, len);
}

static int faulty_sync(void *ctx, int handle)
{
	struct faulty *f = ctx;
	int role = f->role[handle];

	if (f->fault == FAULT_NO_JOURNAL_SYNC && role == FILE_JOURNAL)
		return 0;
	if ((f->fault == FAULT_LATE_JOURNAL_SYNC || f->fault == FAULT_SNAPSHOT_FIRST) &&
	    role == FILE_JOURNAL) {
		f->owed = handle;
		return 0;
	}
	if (f->fault == FAULT_NO_TEMP_SYNC && role == FILE_TEMP)
		return 0;
	if (f->fault == FAULT_RENAME_BEFORE_SYNC && role == FILE_TEMP) {
		f->owed = handle;
		return 0;
	}
	if (f->fault == FAULT_NO_TORN_COPY_SYNC && role == FILE_TORN)
		return 0;
	return f->inner->sync(f->inner->ctx, handle);
}

static int faulty_truncate(void *ctx, int handle, uint64_t bytes)
{
	struct faulty *f = ctx;

	return f->inner->truncate(f->inner->ctx, handle, bytes);
}

static int64_t faulty_size(void *ctx, int handle)
{
	struct faulty *f = ctx;

	return f->inner->size(f->inner->ctx, handle);
}

static int faulty_rename(void *ctx, const char *from, const char *to)
{
	struct faulty *f = ctx;
	int rc, handle = f->owed;

	if (f->fault == FAULT_IN_PLACE && strcmp(from, SNAPSHOT_FILE ".tmp") == 0)
		return 0;
	rc = f->inner->rename(f->inner->ctx, from, to);
	if (rc == 0 && f->fault == FAULT_RENAME_BEFORE_SYNC && handle >= 0) {
		f->inner->sync_dir(f->inner->ctx, ".");
		pay(f);
	}
	return rc;
}

static int faulty_link(void *ctx, const char *from, const char *to)
{
	struct faulty *f = ctx;

	return f->inner->link(f->inner->ctx, from, to);
}

static int faulty_remove(void *ctx, const char *path)
{
	struct faulty *f = ctx;

	return f->inner->remove(f->inner->ctx, path);
}

static int faulty_mkdir(void *ctx, const char *path)
{
	struct faulty *f = ctx;

	return f->inner->mkdir(f->inner->ctx, path);
}

static int faulty_remove_dir(void *ctx, const char *path)
{
	struct faulty *f = ctx;

	return f->inner->remove_dir(f->inner->ctx, path);
}

static int faulty_sync_dir(void *ctx, const char *path)
{
	struct faulty *f = ctx;
	int rc;

	if (f->fault == FAULT_NO_DIR_SYNC)
		return 0;
	if (f->fault == FAULT_NO_ARCHIVE_SYNC && strcmp(path, "archive/transitions") == 0)
		return 0;
	rc = f->inner->sync_dir(f->inner->ctx, path);
	if (f->fault == FAULT_SNAPSHOT_FIRST)
		pay(f);
	return rc;
}

static int faulty_stat(void *ctx, const char *path, struct vfs_stat *out)
{
	struct faulty *f = ctx;

	return f->inner->stat(f->inner->ctx, path, out);
}

static int faulty_list(void *ctx, const char *path, struct buf *names)
{
	struct faulty *f = ctx;

	return f->inner->list(f->inner->ctx, path, names);
}

void faulty_init(struct faulty *f, const struct vfs *inner, enum fault fault)
{
	*f = (struct faulty){ .inner = inner, .fault = fault, .owed = -1 };
	f->vfs = (struct vfs){ f,
			       faulty_open_append,
			       faulty_open_read,
			       faulty_close,
			       faulty_append,
			       faulty_read_at,
			       faulty_sync,
			       faulty_truncate,
			       faulty_size,
			       faulty_rename,
			       faulty_link,
			       faulty_remove,
			       faulty_mkdir,
			       faulty_sync_dir,
			       faulty_stat,
			       faulty_list,
			       faulty_remove_dir };
}
