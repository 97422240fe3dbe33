/*
 * Why a checksum inside of the file and not one kept elsewhere: after a power cut the file may be
 * any version of ours, and each of them must be known as ours without a list of all there were.
 *
 *  1. A file is replaced by rename, after its bytes were synced: it is one version, whole.
 *  2. What somebody else wrote is not written over: the file is compared with what was read from it
 *     at the last moment before the rename.
 */
#include "work/doc_file.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/scan.h"
#include "plan/plan_json.h"
#include "plan/plan_text.h"

#define MEGABYTE (1024LL * 1024)
#define SUM_HEAD ",\n  \"sum\": \""
#define SUM_TAIL "\"\n}\n"
#define SUM_LEN (sizeof(SUM_HEAD) - 1 + 16 + sizeof(SUM_TAIL) - 1)
#define SEQ_HEAD ",\n  \"last_seq\": "
#define SEQ_LEN_MAX (sizeof(SEQ_HEAD) - 1 + 20)

void doc_file_release(struct doc_file *f)
{
	buf_release(&f->text);
	*f = (struct doc_file){ .found = DOC_FILE_NONE };
}

/* Where the member "last_seq" begins in a text of ours whose checksum begins at `end`. */
static bool find_seq(const struct buf *text, size_t end, size_t *at, uint64_t *seq)
{
	size_t from = end > SEQ_LEN_MAX ? end - SEQ_LEN_MAX : 0;

	for (size_t i = from; i + sizeof(SEQ_HEAD) - 1 < end; i++) {
		size_t digits = i + sizeof(SEQ_HEAD) - 1;

		if (memcmp(text->p + i, SEQ_HEAD, sizeof(SEQ_HEAD) - 1) != 0)
			continue;
		*at = i;
		return span_to_u64((struct span){ text->p + digits, end - digits }, INTEGER_MAX,
				   seq) == 0;
	}
	return false;
}

static bool is_ours(const struct buf *text, size_t *seq_at, uint64_t *seq)
{
	CLEANUP(buf_release) struct buf tail = BUF_INIT;
	size_t at;

	if (text->len <= SUM_LEN)
		return false;
	at = text->len - SUM_LEN;
	buf_puts(&tail, SUM_HEAD);
	buf_put_hex64(&tail, hash64(text->p, at, 0));
	buf_puts(&tail, SUM_TAIL);
	return memcmp(text->p + at, tail.p, SUM_LEN) == 0 && find_seq(text, at, seq_at, seq);
}

void doc_file_seal(struct buf *text, uint64_t seq)
{
	uint64_t sum;

	INVARIANT(text->len > 2 && memcmp(text->p + text->len - 2, "\n}", 2) == 0);
	buf_truncate(text, text->len - 2);
	buf_puts(text, SEQ_HEAD);
	buf_put_u64(text, seq);
	sum = hash64(text->p, text->len, 0);
	buf_puts(text, SUM_HEAD);
	buf_put_hex64(text, sum);
	buf_puts(text, SUM_TAIL);
}

bool doc_file_same(const struct buf *a, const struct buf *b)
{
	size_t at_a, at_b;
	uint64_t seq;

	return is_ours(a, &at_a, &seq) && is_ours(b, &at_b, &seq) && at_a == at_b &&
	       memcmp(a->p, b->p, at_a) == 0;
}

int doc_file_read(const struct vfs *vfs, const char *path, int64_t max, struct doc_file *out,
		  struct err *e)
{
	struct vfs_stat st = { .mode = 0 };
	size_t seq_at;
	int rc;

	doc_file_release(out);
	rc = vfs_read_all(vfs, path, max, &out->text);
	if (rc == -ENOENT)
		return 0;
	vfs->stat(vfs->ctx, path, &st);
	if (rc == -EFBIG)
		return err_set(e, -SK_EUSAGE, "%s: larger than %lld %s: nothing was changed", path,
			       (long long)max / (max < MEGABYTE ? 1024 : MEGABYTE),
			       max < MEGABYTE ? "KiB" : "MiB");
	if (rc == -EACCES)
		return err_set(e, -SK_EIO,
			       "cannot read %s: permission denied (mode %04o): nothing was changed",
			       path, st.mode);
	if (rc == -ELOOP || st.type == S_IFLNK)
		return err_set(e, -SK_EREFUSED,
			       "%s: is a symbolic link; refused: nothing was changed", path);
	if (rc < 0)
		return err_set(e, -SK_EIO, "cannot read %s: %s: nothing was changed", path,
			       strerror(-rc));
	out->found = is_ours(&out->text, &seq_at, &out->seq) ? DOC_FILE_OURS : DOC_FILE_EDITED;
	return 0;
}

static int not_usable(const char *path, struct span text, size_t at, const char *what,
		      struct err *e)
{
	unsigned line, column;

	scan_place(text, at, &line, &column);
	return err_set(e, -SK_EUSAGE, "%s: %s (line %u, column %u): nothing was changed", path,
		       what, line, column);
}

/* Advice about plans is of no use here: the way out of every unusable document is the same. */
static int tell_problem(const char *path, const struct problem *p, struct err *e)
{
	const char *advice = memmem(p->text.p, p->text.len, ". Try: ", 7);
	struct span what = { p->text.p, advice ? (size_t)(advice - p->text.p) : p->text.len };

	return err_set(e, -SK_EUSAGE, "%s: %.*s (line %u, column %u): nothing was changed", path,
		       SPAN_ARG(what), p->place.line, p->place.column);
}

/* One document that every reader understands alike: no doubled key, nothing behind it. */
static int check_syntax(const char *path, struct span text, struct err *e)
{
	struct problems all = { .count = 0 };
	const struct source *source = problems_source(&all, span_of(path));
	struct node_tree tree = { NULL, ARENA_INIT };
	int rc;

	rc = text_check(&all, source, text);
	if (rc == 0)
		rc = json_read(&all, source, text, &tree);
	if (rc < 0)
		tell_problem(path, &all.v[0], e);
	node_tree_release(&tree);
	problems_release(&all);
	return rc;
}

static bool blank(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!strchr(" \t\r\n", text.p[i]) || !text.p[i])
			return false;
	return true;
}

int doc_file_decode(const char *path, struct span text, const struct doc_type *type,
		    enum doc_reading reading, struct arena *arena, void *doc, struct err *e)
{
	struct doc_problem problem = { "", 0 };

	if (blank(text))
		return err_set(e, -SK_EUSAGE,
			       "%s: empty file, expected a JSON object: nothing was changed", path);
	if (check_syntax(path, text, e) < 0)
		return -SK_EUSAGE;
	if (doc_merge(type, text, reading, arena, doc, &problem) < 0)
		return not_usable(path, text, problem.at, problem.what, e);
	return 0;
}

bool doc_file_touched(const char *path, struct span text, const struct doc_type *type,
		      const void *was, struct err *e)
{
	struct doc_problem problem = { "", 0 };

	if (!doc_touched(type, text, "updated_at", was, &problem))
		return false;
	not_usable(path, text, problem.at, problem.what, e);
	return true;
}

void doc_file_refused(const char *path, struct span text, struct span why, struct err *e)
{
	const char *colon = why.len ? memchr(why.p, ':', why.len) : NULL;
	unsigned line, column;
	size_t at;

	doc_place(text, (struct span){ why.p, colon ? (size_t)(colon - why.p) : 0 }, &at);
	scan_place(text, at, &line, &column);
	err_set(e, -SK_EUSAGE, "%s: %.*s (line %u, column %u): it was not taken over", path,
		SPAN_ARG(why), line, column);
}

/* Whether the file still holds what we believe it holds. */
static bool unchanged(const struct vfs *vfs, const char *path, const struct buf *before)
{
	CLEANUP(buf_release) struct buf now = BUF_INIT;
	int rc = vfs_read_all(vfs, path, GOAL_FILE_BYTES_MAX, &now);

	if (rc == -ENOENT)
		return true; /* taken away: it is written again */
	return rc == 0 && before && now.len == before->len &&
	       (now.len == 0 || memcmp(now.p, before->p, now.len) == 0);
}

int doc_file_write(const struct vfs *vfs, const char *path, const struct buf *before,
		   const struct buf *text, struct err *e)
{
	char temp[512];
	int rc;

	snprintf(temp, sizeof(temp), "%s.tmp", path);
	rc = vfs_write(vfs, temp, text->p, text->len);
	if (rc == 0 && !unchanged(vfs, path, before)) {
		vfs->remove(vfs->ctx, temp);
		return err_set(
			e, -SK_EBUSY,
			"%s: was edited meanwhile; what was decided is recorded, and the edit "
			"was left as it is. Try: the next command, which looks at the edit",
			path);
	}
	if (rc == 0)
		rc = vfs->rename(vfs->ctx, temp, path);
	if (rc < 0) {
		vfs->remove(vfs->ctx, temp);
		return err_set(e, -SK_EIO,
			       "cannot write %s: %s; what was decided is recorded, and the next "
			       "command writes the file",
			       path, strerror(-rc));
	}
	return 0;
}
