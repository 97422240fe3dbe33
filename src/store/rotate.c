/*
 * A journal that grows for ever is read for ever. Rotation moves the closed file to
 * archive/transitions/ and begins a new one with a record that holds the complete state, so the
 * live file alone is always enough.
 *
 * At every moment the name transitions.jsonl leads to one complete journal, the old or the new:
 *  1. The new file is whole and synced under a temporary name before anything else changes.
 *  2. The old file gets its archive name as a second link, and that link is durable, before its
 * first name is taken away.
 *  3. One rename replaces old by new. Power lost between 2 and 3 leaves the old file with two
 * names; the next start takes the second one back.
 *  4. Nothing is appended to the new file before that rename is durable.
 */
#include <errno.h>

#include "base/limits.h"
#include "core/apply.h"
#include "core/state_codec.h"
#include "store/store_impl.h"

#define NEW_FILE JOURNAL_FILE ".tmp"
#define SNAPSHOTS_PER_SEGMENT \
	4 /* a segment is worth it only when it is larger than the state at its head */

static void put_number(uint64_t v, char **at)
{
	char digits[20];
	size_t len = 0;

	do {
		digits[len++] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	while (len)
		*(*at)++ = digits[--len];
}

void segment_path_encode(uint64_t first, uint64_t last, char out[SEGMENT_PATH_BYTES])
{
	char *at = out + sizeof(SEGMENTS_DIR);

	memcpy(out, SEGMENTS_DIR "/", sizeof(SEGMENTS_DIR));
	put_number(first, &at);
	*at++ = '-';
	put_number(last, &at);
	memcpy(at, ".jsonl", sizeof(".jsonl"));
}

bool segment_name_decode(struct span name, uint64_t *first, uint64_t *last)
{
	static const char suffix[] = ".jsonl";
	const char *dash = name.len ? memchr(name.p, '-', name.len) : NULL;
	struct span digits;

	if (!dash || name.len < sizeof(suffix) ||
	    !span_is((struct span){ name.p + name.len - 6, 6 }, suffix))
		return false;
	digits = (struct span){ dash + 1, (size_t)(name.p + name.len - 6 - (dash + 1)) };
	return span_to_u64((struct span){ name.p, (size_t)(dash - name.p) }, INTEGER_MAX, first) ==
		       0 &&
	       dash + 1 < name.p + name.len - 6 && span_to_u64(digits, INTEGER_MAX, last) == 0 &&
	       *first <= *last;
}

int store_ensure_dir(const struct vfs *vfs, const char *path, const char *parent)
{
	int rc = vfs->mkdir(vfs->ctx, path);

	/* One that exists may be there in memory only: whoever made it died before its sync. */
	return rc < 0 && rc != -EEXIST ? rc : vfs->sync_dir(vfs->ctx, parent);
}

/* The document with its line ends taken out: they only ever stand between values, and a record is
 * one line. */
static void drop_newlines(struct buf *document)
{
	size_t to = 0;

	for (size_t from = 0; from < document->len; from++)
		if (document->p[from] != '\n')
			document->p[to++] = document->p[from];
	buf_truncate(document, to);
}

/* The turn that opens the next segment: the state, and where the records before it went. */
static int head_encode(const struct store *s, const struct state *st, int64_t now_ms,
		       const char *closed, struct event head[2], struct buf *document,
		       struct buf *lines, struct journal_place *end, struct err *e)
{
	struct snapshot_place place = { s->segment + 1, 0, s->at.sum };

	buf_reserve(document, s->document_bytes + s->document_bytes / 8);
	state_encode(st, &place, now_ms, document);
	drop_newlines(document);
	head[0] = (struct event){ .kind = EV_SNAPSHOT, .at_ms = now_ms, .from = 255, .to = 255 };
	head[0].state = (struct span){ document->p, document->len };
	head[1] = (struct event){ .kind = EV_LOG_ROTATED, .at_ms = now_ms, .from = 255, .to = 255 };
	head[1].name = span_of(closed);
	*end = (struct journal_place){ 0, s->at.seq, s->at.sum };
	return turn_encode(lines, head, 2, st->epoch, end, e);
}

/* (1) Returns the handle or -errno. */
static int new_file(const struct vfs *vfs, struct span lines)
{
	int handle, rc;

	rc = vfs->remove(vfs->ctx, NEW_FILE);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	handle = vfs->open_append(vfs->ctx, NEW_FILE, true);
	if (handle < 0)
		return handle;
	rc = vfs->append(vfs->ctx, handle, lines.p, lines.len);
	if (rc == 0)
		rc = vfs->sync(vfs->ctx, handle);
	if (rc == 0)
		return handle;
	vfs->close(vfs->ctx, handle);
	vfs->remove(vfs->ctx, NEW_FILE);
	return rc;
}

/* (2) */
static int archive_old(const struct vfs *vfs, const char *closed)
{
	int rc = store_ensure_dir(vfs, ARCHIVE_DIR, ".");

	if (rc == 0)
		rc = store_ensure_dir(vfs, SEGMENTS_DIR, ARCHIVE_DIR);
	if (rc == 0)
		rc = vfs->link(vfs->ctx, JOURNAL_FILE, closed);
	return rc < 0 ? rc : vfs->sync_dir(vfs->ctx, SEGMENTS_DIR);
}

static int not_rotated(int rc, struct err *e)
{
	return err_set(e, -SK_EIO,
		       "journal '%s': cannot be rotated: %s: it goes on growing; nothing is lost",
		       JOURNAL_FILE, strerror(-rc));
}

/* (2), (3): from the old file to the new. Returns 0; 1 when nothing changed; negative when nobody
 * knows. */
static int switch_files(struct store *s, const char *closed, struct err *e)
{
	int rc = archive_old(s->vfs, closed);

	if (rc == 0)
		rc = s->vfs->rename(s->vfs->ctx, NEW_FILE, JOURNAL_FILE);
	if (rc < 0) {
		s->vfs->remove(s->vfs->ctx, closed);
		s->vfs->remove(s->vfs->ctx, NEW_FILE);
		not_rotated(rc, e);
		return 1;
	}
	rc = s->vfs->sync_dir(s->vfs->ctx, ".");
	if (rc == 0)
		return 0;
	s->unusable = true;
	return err_set(e, -SK_EIO, "journal '%s': its rotation cannot be made durable: %s: stopped",
		       JOURNAL_FILE, strerror(-rc));
}

/* The new file is ours from its first byte on; so is the closed one, if it was. */
static void note_files(struct store *s, const char *closed, int64_t now_ms)
{
	struct vfs_stat st;

	if (s->vfs->stat(s->vfs->ctx, closed, &st) == 0 && known_file_is(&s->self, &st) &&
	    !s->touched && !s->checked.seq)
		known_files_note(&s->known, s->vfs, closed, now_ms);
	s->touched = s->vfs->stat(s->vfs->ctx, JOURNAL_FILE, &st) < 0;
	s->file_id = s->touched ? 0 : st.file_id;
	s->checked = (struct journal_place){ 0, 0, 0 };
	store_note_self(s);
}

int store_rotate(struct store *s, struct state *st, int64_t now_ms, struct err *e)
{
	CLEANUP(buf_release) struct buf document = BUF_INIT, lines = BUF_INIT;
	char closed[SEGMENT_PATH_BYTES], why[200];
	struct journal_place end;
	struct event head[2];
	int handle, rc;

	INVARIANT(s->handle >= 0 && !s->unusable);
	INVARIANT(st->last_seq == s->at.seq);
	if (now_ms < st->last_at_ms)
		now_ms = st->last_at_ms;
	segment_path_encode(s->first_seq, s->at.seq, closed);
	rc = head_encode(s, st, now_ms, closed, head, &document, &lines, &end, e);
	if (rc < 0)
		return rc;
	handle = new_file(s->vfs, (struct span){ lines.p, lines.len });
	if (handle < 0)
		return not_rotated(handle, e);
	rc = switch_files(s, closed, e);
	if (rc != 0) {
		s->vfs->close(s->vfs->ctx, handle);
		return rc < 0 ? rc : -SK_EIO;
	}
	s->vfs->close(s->vfs->ctx, s->handle);
	s->handle = handle;
	note_files(s, closed, now_ms);
	s->segment++;
	s->first_seq = s->at.seq + 1;
	s->at = end;
	s->document_bytes = document.len;
	for (size_t i = 0; i < ARRAY_LEN(head); i++) {
		rc = core_apply(st, &head[i], NULL, why);
		INVARIANT(rc == 0);
	}
	return 0;
}

bool store_rotate_due(const struct store *s)
{
	return s->handle >= 0 && !s->unusable && s->at.offset > SEGMENT_BYTES_MAX &&
	       s->at.offset / SNAPSHOTS_PER_SEGMENT > s->document_bytes;
}

bool store_bytes_beyond(const struct store *s, uint64_t bytes)
{
	return s->handle >= 0 && !s->unusable && s->at.offset > bytes &&
	       s->at.offset / SNAPSHOTS_PER_SEGMENT > s->document_bytes;
}
