/*
 * Why a backup is a second name and not a copy: current.json is never written in place, so the
 * bytes a name stands for never change, and a link costs nothing however large the state is.
 *
 *  1. A backup is durable (its directory synced) before current.json is replaced, and before an
 * older one is removed.
 *  2. Names that are not exactly those of a backup belong to someone else: never read, never
 * removed.
 *  3. A snapshot is believed only when its last member, a checksum, fits all bytes before it: rot
 * that leaves good JSON would become the state otherwise.
 */
#include "store/snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/scan.h"
#include "base/when.h"

#define COPY_PIECE_BYTES (1024 * 1024)

static int load_failed(int rc, struct err *e)
{
	if (rc == -ELOOP || rc == -EISDIR || rc == -EINVAL || rc == -ENXIO)
		return err_set(e, -SK_EREFUSED,
			       "snapshot '%s': is not a regular file: nothing was done",
			       SNAPSHOT_FILE);
	if (rc == -EFBIG)
		return err_set(e, -SK_EREFUSED,
			       "snapshot '%s': is larger than 4 GiB: nothing was done",
			       SNAPSHOT_FILE);
	return err_set(e, -SK_EIO, "snapshot '%s': cannot be read: %s: nothing was done",
		       SNAPSHOT_FILE, strerror(-rc));
}

#define SEAL_KEY ",\"sum\":\""
#define SEAL_BYTES (sizeof(SEAL_KEY "0123456789abcdef\"}\n") - 1)

static void put_seal(struct buf *out, uint64_t sum)
{
	buf_puts(out, SEAL_KEY);
	buf_put_hex64(out, sum);
	buf_puts(out, "\"}\n");
}

void snapshot_seal(struct buf *document)
{
	INVARIANT(document->len > 2);
	INVARIANT(memcmp(document->p + document->len - 2, "}\n", 2) == 0);
	buf_truncate(document, document->len - 2);
	put_seal(document, hash64(document->p, document->len, 0));
}

/* (3) */
static bool sealed(const struct buf *raw)
{
	CLEANUP(buf_release) struct buf seal = BUF_INIT;

	if (raw->len <= SEAL_BYTES)
		return false;
	put_seal(&seal, hash64(raw->p, raw->len - SEAL_BYTES, 0));
	return memcmp(raw->p + raw->len - SEAL_BYTES, seal.p, SEAL_BYTES) == 0;
}

int snapshot_read(const struct vfs *vfs, const char *path, struct state *st,
		  struct snapshot_place *place, char why[200])
{
	CLEANUP(buf_release) struct buf raw = BUF_INIT;
	char what[200];
	size_t at;
	int rc;

	rc = vfs_read_all(vfs, path, SNAPSHOT_BYTES_MAX, &raw);
	if (rc == -ENOENT)
		return SNAPSHOT_NONE;
	if (rc < 0)
		return rc;
	if (!sealed(&raw)) {
		snprintf(why, 200, "%s",
			 raw.len ? "its checksum is missing or does not fit" : "it is empty");
		return SNAPSHOT_UNREADABLE;
	}
	if (state_decode((struct span){ raw.p, raw.len }, st, place, what, &at) == 0)
		return SNAPSHOT_GOOD;
	snprintf(why, 200, "%.150s (byte %zu)", what, at);
	state_release(st);
	state_init(st);
	return SNAPSHOT_UNREADABLE;
}

static void read_time(struct scan *s, int64_t *out)
{
	struct scan_text text = { SPAN_NONE, false };

	scan_string(s, &text);
	if (!s->error && when_decode(text.raw, out) < 0)
		scan_fail(s, "is not a time");
}

static void read_journal(struct scan *s, struct snapshot_head *out)
{
	struct scan_text key, sum = { SPAN_NONE, false };

	scan_object(s);
	while (scan_key(s, &key)) {
		if (span_is(key.raw, "segment"))
			scan_u64(s, INTEGER_MAX, &out->segment);
		else if (span_is(key.raw, "offset"))
			scan_u64(s, INTEGER_MAX, &out->offset);
		else if (span_is(key.raw, "sum"))
			scan_string(s, &sum);
		else
			scan_skip(s, NULL);
	}
	if (sum.raw.len == 16)
		out->sum = strtoull(sum.raw.p, NULL, 16);
}

/* Members up to "journal", which state_encode writes in front of everything that is long. */
bool snapshot_head_read(struct span text, struct snapshot_head *out)
{
	struct scan_text key, value = { SPAN_NONE, false };
	struct scan s;

	scan_init(&s, text);
	scan_object(&s);
	while (!out->segment && scan_key(&s, &key)) {
		if (span_is(key.raw, "workspace")) {
			scan_string(&s, &value);
			snprintf(out->workspace, sizeof(out->workspace), "%.*s",
				 SPAN_ARG(value.raw));
		} else if (span_is(key.raw, "timestamp")) {
			read_time(&s, &out->at_ms);
		} else if (span_is(key.raw, "last_seq")) {
			scan_u64(&s, INTEGER_MAX, &out->last_seq);
		} else if (span_is(key.raw, "journal")) {
			read_journal(&s, out);
		} else {
			scan_skip(&s, NULL);
		}
	}
	return !s.error && out->segment;
}

int snapshot_glance(const struct vfs *vfs, const char *path, struct snapshot_head *out,
		    char why[200])
{
	CLEANUP(buf_release) struct buf raw = BUF_INIT;
	struct snapshot_head head = { .last_seq = 0 };
	int rc = vfs_read_all(vfs, path, SNAPSHOT_BYTES_MAX, &raw);

	if (rc < 0)
		return rc == -ENOENT ? SNAPSHOT_NONE : rc;
	head.bytes = raw.len;
	if (!sealed(&raw))
		snprintf(why, 200, "%s",
			 raw.len ? "its checksum is missing or does not fit" : "it is empty");
	else if (snapshot_head_read((struct span){ raw.p, raw.len }, &head)) {
		*out = head;
		return SNAPSHOT_GOOD;
	} else {
		snprintf(why, 200, "it is no document of ours");
	}
	*out = (struct snapshot_head){ .bytes = head.bytes };
	return SNAPSHOT_UNREADABLE;
}

int snapshot_load(const struct vfs *vfs, struct state *st, struct snapshot_place *place,
		  struct err *e)
{
	char why[200];
	int rc = snapshot_read(vfs, SNAPSHOT_FILE, st, place, why);

	return rc < 0 ? load_failed(rc, e) : rc;
}

int snapshot_save(const struct vfs *vfs, struct span document, struct err *e)
{
	int rc = vfs_replace(vfs, SNAPSHOT_FILE, document.p, document.len);

	if (rc < 0)
		return err_set(e, -SK_EIO,
			       "snapshot '%s': cannot be written: %s: the older one is kept; "
			       "nothing is lost",
			       SNAPSHOT_FILE, strerror(-rc));
	return 0;
}

void file_time_encode(int64_t ms, char out[FILE_TIME_BYTES])
{
	char text[WHEN_TEXT_LEN];

	when_encode(ms, text);
	text[13] = text[16] = '-';
	memcpy(out, text, FILE_TIME_BYTES - 1);
	out[FILE_TIME_BYTES - 1] = '\0';
}

int snapshot_set_aside(const struct vfs *vfs, int64_t now_ms, struct err *e)
{
	char aside[] = SNAPSHOT_FILE ".corrupt-YYYY-MM-DDTHH-MM-SS";
	int rc;

	file_time_encode(now_ms, aside + sizeof(SNAPSHOT_FILE ".corrupt-") - 1);
	rc = vfs->rename(vfs->ctx, SNAPSHOT_FILE, aside);
	if (rc == 0)
		rc = vfs->sync_dir(vfs->ctx, ".");
	if (rc < 0)
		return err_set(e, -SK_EIO,
			       "snapshot '%s': is unreadable and cannot be set aside: %s: nothing "
			       "was started",
			       SNAPSHOT_FILE, strerror(-rc));
	return 0;
}

void backup_name_encode(int64_t ms, char out[BACKUP_NAME_BYTES])
{
	memcpy(out, "current_", 8);
	file_time_encode(ms, out + 8);
	memcpy(out + 27, ".json", 5);
	_Static_assert(8 + FILE_TIME_BYTES - 1 + 5 + 1 == BACKUP_NAME_BYTES, "room for the name");
	out[BACKUP_NAME_BYTES - 1] = '\0';
}

int backup_name_decode(struct span name, int64_t *out_ms)
{
	char when[WHEN_TEXT_LEN];

	if (name.len != 8 + 19 + 5 || memcmp(name.p, "current_", 8) != 0 ||
	    memcmp(name.p + 27, ".json", 5) != 0 || name.p[21] != '-' || name.p[24] != '-')
		return -EINVAL;
	memcpy(when, name.p + 8, 19);
	when[13] = when[16] = ':';
	memcpy(when + 19, ".000Z", 5);
	return when_decode((struct span){ when, sizeof(when) }, out_ms);
}

void backups_release(struct backups *b)
{
	mem_free(&b->v);
}

static int compare_times(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

int backups_list(const struct vfs *vfs, struct backups *out)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	int64_t ms;
	int rc = vfs->list(vfs->ctx, BACKUP_DIR, &names);

	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return rc;
	for (size_t at = 0; at < names.len; at += strlen(names.p + at) + 1) {
		if (backup_name_decode(span_of(names.p + at), &ms) < 0)
			continue;
		mem_grow(&out->v, &out->capacity, out->count + 1, sizeof(*out->v));
		out->v[out->count++] = ms;
	}
	if (out->count)
		qsort(out->v, out->count, sizeof(*out->v), compare_times);
	return 0;
}

static int copy_file(const struct vfs *vfs, const char *from, const char *to)
{
	CLEANUP(buf_release) struct buf raw = BUF_INIT;
	int rc = vfs_read_all(vfs, from, SNAPSHOT_BYTES_MAX, &raw);

	return rc < 0 ? rc : vfs_replace(vfs, to, raw.p, raw.len);
}

static int keep_copy(const struct vfs *vfs, const char *to)
{
	int rc = vfs->link(vfs->ctx, SNAPSHOT_FILE, to);

	if (rc == -EPERM || rc == -EOPNOTSUPP || rc == -EMLINK || rc == -ENOSYS)
		return copy_file(vfs, SNAPSHOT_FILE, to); /* a file system without hard links */
	if (rc < 0 && rc != -EEXIST) /* made this very second, perhaps before a crash: only the sync
					is missing */
		return rc;
	return vfs->sync_dir(vfs->ctx, BACKUP_DIR);
}

static int backup_failed(int rc, struct err *e)
{
	return err_set(e, -SK_EIO, "backup in '%s': %s: none was made; nothing is lost", BACKUP_DIR,
		       strerror(-rc));
}

int backup_make(const struct vfs *vfs, int64_t now_ms, int64_t *newest_ms, struct err *e)
{
	CLEANUP(backups_release) struct backups all = { NULL, 0, 0 };
	char path[sizeof(BACKUP_DIR) + BACKUP_NAME_BYTES + 1] = BACKUP_DIR "/";
	struct vfs_stat st;
	int rc = 0;

	if (*newest_ms < 0) {
		rc = backups_list(vfs, &all);
		if (rc < 0)
			return backup_failed(rc, e);
		*newest_ms = all.count ? all.v[all.count - 1] : 0;
	}
	/* A backup from the future says that the clock was set back: wait no longer for it. */
	if (now_ms >= *newest_ms && now_ms - *newest_ms < BACKUP_INTERVAL_MS)
		return 0;
	if (vfs->stat(vfs->ctx, SNAPSHOT_FILE, &st) == -ENOENT)
		return 0;
	backup_name_encode(now_ms, path + sizeof(BACKUP_DIR));
	rc = keep_copy(vfs, path);
	if (rc == -ENOENT) { /* someone removed the directory */
		rc = vfs->mkdir(vfs->ctx, BACKUP_DIR);
		if (rc == 0)
			rc = vfs->sync_dir(vfs->ctx, ".");
		if (rc == 0)
			rc = keep_copy(vfs, path);
	}
	if (rc < 0)
		return backup_failed(rc, e);
	*newest_ms = now_ms;
	return 1;
}

int backup_prune(const struct vfs *vfs, struct err *e)
{
	CLEANUP(backups_release) struct backups all = { NULL, 0, 0 };
	char path[sizeof(BACKUP_DIR) + BACKUP_NAME_BYTES + 1] = BACKUP_DIR "/";
	int rc = backups_list(vfs, &all);
	size_t surplus;

	surplus = all.count > BACKUPS_KEPT ? all.count - BACKUPS_KEPT : 0;
	if (surplus > BACKUPS_PRUNED_MAX)
		surplus = BACKUPS_PRUNED_MAX;
	for (size_t i = 0; i < surplus && rc == 0; i++) {
		backup_name_encode(all.v[i], path + sizeof(BACKUP_DIR));
		rc = vfs->remove(vfs->ctx, path);
		if (rc == -ENOENT)
			rc = 0;
	}
	if (rc < 0)
		return err_set(e, -SK_EIO,
			       "backups in '%s': cannot be thinned out: %s: nothing is lost",
			       BACKUP_DIR, strerror(-rc));
	return 0;
}
