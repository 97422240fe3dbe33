/*
 * Reading a checkpoint back, for the one command that goes back to it. The file may be old, of an
 * earlier run, or have been touched by somebody, so everything in it is checked against the state
 * before the first value is handed out; a checkpoint that does not fit is refused as a whole.
 */
#include "views/checkpoint.h"

#include <errno.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/scan.h"
#include "base/when.h"
#include "views/seal.h"

#define NEWEST_SHOWN 3
#define UNDONE "nothing was rolled back"

struct reading {
	const struct vfs *vfs;
	const struct state *st;
	uint32_t ws;
	struct span id; /* of the workstream */
	struct buf path;
	struct err *e;
};

void checkpoint_release(struct checkpoint *c)
{
	mem_free(&c->tasks);
	*c = (struct checkpoint)CHECKPOINT_INIT;
}

static int refuse(const struct reading *r, int code, const char *problem)
{
	return err_set(r->e, code, "checkpoint '%s': %s: " UNDONE, r->path.p, problem);
}

static int damaged(const struct reading *r, const char *problem, struct span subject)
{
	return err_set(r->e, -SK_ECORRUPT,
		       "checkpoint '%s': damaged, %s \"%.*s\": " UNDONE
		       ". Try: --to-checkpoint with an older one",
		       r->path.p, problem, SPAN_ARG(subject));
}

struct numbers {
	uint64_t *v;
	size_t count, capacity;
};

static int compare_numbers(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* The history of this workstream, oldest first. */
static int list_history(struct reading *r, struct numbers *out)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	struct checkpoint_name name;
	int rc = r->vfs->list(r->vfs->ctx, CHECKPOINT_DIR, &names);

	if (rc < 0 && rc != -ENOENT)
		return err_set(r->e, -SK_EIO, "'%s': cannot be read: %s: " UNDONE, CHECKPOINT_DIR,
			       strerror(-rc));
	for (size_t at = 0; rc >= 0 && at < names.len; at += strlen(names.p + at) + 1) {
		if (!checkpoint_name_decode(span_of(names.p + at), &name) ||
		    !span_eq(name.ws, r->id))
			continue;
		mem_grow(&out->v, &out->capacity, out->count + 1, sizeof(*out->v));
		out->v[out->count++] = name.seq;
	}
	if (out->count)
		qsort(out->v, out->count, sizeof(*out->v), compare_numbers);
	return 0;
}

static void put_path(struct reading *r, uint64_t seq)
{
	buf_truncate(&r->path, 0);
	buf_putf(&r->path, CHECKPOINT_DIR "/%.*s_%llu.json", SPAN_ARG(r->id),
		 (unsigned long long)seq);
}

/* Whether the file at r->path was written at that very time. */
static bool is_of_time(const struct reading *r, const char *when)
{
	CLEANUP(buf_release) struct buf wanted = BUF_INIT;
	char head[CHECKPOINT_HEAD_BYTES];
	int handle = r->vfs->open_read(r->vfs->ctx, r->path.p);
	int64_t n;

	if (handle < 0)
		return false;
	n = r->vfs->read_at(r->vfs->ctx, handle, 0, head, sizeof(head));
	r->vfs->close(r->vfs->ctx, handle);
	buf_putf(&wanted, "\"checkpoint_at\":\"%s\"", when);
	return n > 0 && memmem(head, (size_t)n, wanted.p, wanted.len) != NULL;
}

static int not_there(struct reading *r, const char *which, const struct numbers *all)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	buf_putf(&text, "workstream %.*s: has no checkpoint ", SPAN_ARG(r->id));
	buf_put_quoted(&text, span_of(which), NAME_BYTES_MAX);
	if (all->count)
		buf_putf(&text, " (there are %zu; the newest: ", all->count);
	for (size_t i = 0; i < all->count && i < NEWEST_SHOWN; i++)
		buf_putf(&text, "%s%llu", i ? ", " : "",
			 (unsigned long long)all->v[all->count - 1 - i]);
	buf_puts(&text, all->count ? "): " : ": ");
	return err_set(r->e, -SK_ENOTFOUND, "%s" UNDONE "%s", text.p,
		       all->count ? ". Try: --to-checkpoint latest" : "");
}

/* Fills r->path. */
static int find_path(struct reading *r, const char *which)
{
	struct numbers all = { NULL, 0, 0 };
	int64_t at_ms;
	uint64_t seq;
	bool number = span_to_u64(span_of(which), INTEGER_MAX, &seq) == 0;
	size_t found;
	int rc;

	if (strcmp(which, "latest") == 0) {
		view_path(VIEW_CHECKPOINT, r->id, &r->path);
		return 0;
	}
	if (!number && when_decode(span_of(which), &at_ms) < 0) {
		CLEANUP(buf_release) struct buf shown = BUF_INIT;

		buf_put_quoted(&shown, span_of(which), NAME_BYTES_MAX);
		return err_set(
			r->e, -SK_EUSAGE,
			"checkpoint %s: expected latest, the number of an event or the exact "
			"time of a checkpoint: " UNDONE ". Try: --to-checkpoint latest",
			shown.p);
	}
	rc = list_history(r, &all);
	for (found = 0; rc == 0 && found < all.count; found++) {
		put_path(r, all.v[found]);
		if (number ? all.v[found] == seq : is_of_time(r, which))
			break;
	}
	if (rc == 0 && found == all.count)
		rc = not_there(r, which, &all);
	mem_free(&all.v);
	return rc;
}

static int read_file(struct reading *r, const char *which, struct buf *out)
{
	struct numbers none = { NULL, 0, 0 };
	int rc = vfs_read_all(r->vfs, r->path.p, CHECKPOINT_BYTES_MAX, out);

	if (rc == 0)
		return 0;
	if (rc == -ENOENT)
		return not_there(r, which, &none);
	if (rc == -ELOOP || rc == -EISDIR || rc == -EINVAL || rc == -ENXIO)
		return refuse(r, -SK_EREFUSED, "is not a regular file");
	if (rc == -EFBIG)
		return refuse(r, -SK_EREFUSED, "is larger than 1 GiB");
	return err_set(r->e, -SK_EIO, "checkpoint '%s': cannot be read: %s: " UNDONE, r->path.p,
		       strerror(-rc));
}

/* The members that matter, not yet looked at. */
struct members {
	struct scan_text schema, workstream, when;
	struct span states, retries, reassigns;
	uint64_t seq, run_no;
};

static int read_members(struct reading *r, struct span text, struct members *m)
{
	struct scan_text key;
	struct scan s;

	*m = (struct members){ .seq = 0 };
	scan_init(&s, text);
	scan_object(&s);
	while (scan_key(&s, &key)) {
		if (span_is(key.raw, "schema_version"))
			scan_string(&s, &m->schema);
		else if (span_is(key.raw, "workstream_id"))
			scan_string(&s, &m->workstream);
		else if (span_is(key.raw, "checkpoint_at"))
			scan_string(&s, &m->when);
		else if (span_is(key.raw, "seq"))
			scan_u64(&s, INTEGER_MAX, &m->seq);
		else if (span_is(key.raw, "run_no"))
			scan_u64(&s, UINT32_MAX, &m->run_no);
		else if (span_is(key.raw, "task_states"))
			scan_skip(&s, &m->states);
		else if (span_is(key.raw, "retry_counts"))
			scan_skip(&s, &m->retries);
		else if (span_is(key.raw, "reassign_counts"))
			scan_skip(&s, &m->reassigns);
		else
			scan_skip(&s, NULL);
	}
	if (scan_end(&s) < 0)
		return damaged(r, s.error ? s.error : "something follows the document", SPAN_NONE);
	return 0;
}

/* Whose it is, and of when. */
static int check_head(struct reading *r, const struct members *m, struct checkpoint *c)
{
	const struct workstream *w = &r->st->ws[r->ws];

	if (!span_starts(m->schema.raw, "1."))
		return refuse(r, -SK_EREFUSED, "is of a format that this sk does not know");
	if (!span_eq(m->workstream.raw, r->id))
		return err_set(r->e, -SK_EREFUSED,
			       "checkpoint '%s': is of workstream %.*s, not of %.*s: " UNDONE,
			       r->path.p, SPAN_ARG(m->workstream.raw), SPAN_ARG(r->id));
	if (m->seq == 0 || when_decode(m->when.raw, &c->at_ms) < 0)
		return damaged(r, "without a number or a time:", m->when.raw);
	if (m->seq > r->st->last_seq)
		return err_set(
			r->e, -SK_EREFUSED,
			"checkpoint '%s': is of event %llu, the journal ends at %llu: " UNDONE
			". Try: sk state validate",
			r->path.p, (unsigned long long)m->seq, (unsigned long long)r->st->last_seq);
	if (m->run_no != w->run_no)
		return err_set(r->e, -SK_EREFUSED,
			       "checkpoint '%s': is of run %llu, this is run %u: " UNDONE
			       ". Try: --to-checkpoint latest",
			       r->path.p, (unsigned long long)m->run_no, (unsigned)w->run_no);
	c->seq = m->seq;
	c->run_no = m->run_no;
	return 0;
}

/* place[task] is where a task of the state stands in c->tasks. */
static int read_states(struct reading *r, struct span raw, struct checkpoint *c, uint32_t *place)
{
	struct scan_text key, word;
	struct scan s;

	scan_init(&s, raw);
	scan_object(&s);
	while (scan_key(&s, &key)) {
		uint32_t task = state_task(r->st, key.raw);
		int state;

		scan_string(&s, &word);
		state = task_state_decode(word.raw);
		if (state < 0)
			return damaged(r, "unknown state", word.raw);
		if (task == NO_ID || r->st->tasks[task].ws != r->ws)
			return err_set(r->e, -SK_EREFUSED,
				       "checkpoint '%s': names task %.*s, which is not in "
				       "workstream %.*s now: " UNDONE,
				       r->path.p, SPAN_ARG(key.raw), SPAN_ARG(r->id));
		if (place[task] != NO_ID)
			return damaged(r, "second state of task", key.raw);
		mem_grow(&c->tasks, &c->capacity, c->count + 1, sizeof(*c->tasks));
		place[task] = (uint32_t)c->count;
		c->tasks[c->count++] =
			(struct checkpoint_task){ .task = task, .state = (uint8_t)state };
	}
	return scan_end(&s) < 0 ? damaged(r, "unreadable task_states", SPAN_NONE) : 0;
}

static int read_counts(struct reading *r, struct span raw, struct checkpoint *c,
		       const uint32_t *place, bool reassigns)
{
	struct scan_text key;
	struct scan s;

	if (!raw.len)
		return 0;
	scan_init(&s, raw);
	scan_object(&s);
	while (scan_key(&s, &key)) {
		uint32_t task = state_task(r->st, key.raw);
		uint64_t count = 0;

		scan_u64(&s, UINT16_MAX, &count);
		if (s.error)
			break;
		if (task == NO_ID || place[task] == NO_ID)
			return damaged(r, "a count without a state, of task", key.raw);
		if (reassigns)
			c->tasks[place[task]].reassign_count = (uint16_t)count;
		else
			c->tasks[place[task]].retry_count = (uint16_t)count;
	}
	return scan_end(&s) < 0 ? damaged(r, "unreadable counts", SPAN_NONE) : 0;
}

static int read_tasks(struct reading *r, const struct members *m, struct checkpoint *c)
{
	CLEANUP(mem_free) uint32_t *place = mem_alloc(r->st->task_count * sizeof(*place));
	int rc;

	for (size_t i = 0; i < r->st->task_count; i++)
		place[i] = NO_ID;
	rc = read_states(r, m->states, c, place);
	if (rc == 0)
		rc = read_counts(r, m->retries, c, place, false);
	return rc < 0 ? rc : read_counts(r, m->reassigns, c, place, true);
}

static int read_all(struct reading *r, const char *which, struct checkpoint *c)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct members m;
	int rc = find_path(r, which);

	if (rc == 0)
		rc = read_file(r, which, &text);
	if (rc < 0)
		return rc;
	if (!seal_holds((struct span){ text.p, text.len }))
		return damaged(r, "its checksum does not fit", SPAN_NONE);
	rc = read_members(r, (struct span){ text.p, text.len }, &m);
	if (rc == 0)
		rc = check_head(r, &m, c);
	return rc < 0 ? rc : read_tasks(r, &m, c);
}

int checkpoint_read(const struct vfs *vfs, const struct state *st, uint32_t ws, const char *which,
		    struct checkpoint *out, struct err *e)
{
	struct reading r = { vfs, st, ws, st->ws[ws].id, BUF_INIT, e };
	struct checkpoint found = CHECKPOINT_INIT;
	int rc;

	if (!view_name_fits(r.id))
		return err_set(e, -SK_EREFUSED,
			       "workstream: its id cannot be a file name: " UNDONE);
	rc = read_all(&r, which, &found);

	buf_release(&r.path);
	if (rc < 0) {
		checkpoint_release(&found);
		return rc;
	}
	*out = found;
	return 0;
}
