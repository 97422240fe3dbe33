/* The path to the goal is relative to the repository, because repositories are moved; the identity
 * of the agent's process is in it, because its number alone would soon be somebody else's. */
#include "work/breadcrumb.h"

#include <errno.h>

#include "base/limits.h"
#include "base/scan.h"
#include "base/when.h"

static void put_text(struct buf *b, const char *key, struct span text)
{
	buf_putf(b, "  \"%s\": ", key);
	if (text.len)
		buf_put_json(b, text);
	else
		buf_puts(b, "null");
	buf_puts(b, ",\n");
}

static void put_time(struct buf *b, const char *key, int64_t ms)
{
	char text[WHEN_TEXT_LEN];

	when_encode(ms, text);
	put_text(b, key, ms ? (struct span){ text, sizeof(text) } : SPAN_NONE);
}

static void put_limit(struct buf *b, const char *key, uint64_t limit)
{
	if (limit)
		buf_putf(b, ", \"%s\": %llu", key, (unsigned long long)limit);
}

static void encode(const struct breadcrumb *c, struct buf *b)
{
	buf_puts(b, "{\n");
	put_text(b, "goal_id", c->goal_id);
	put_text(b, "goal_title", c->goal_title);
	put_text(b, "goal_path", SPAN_LIT(".octogent/goal.json"));
	put_text(b, "pause_reason", c->pause_reason);
	put_text(b, "resume_command", SPAN_LIT(BREADCRUMB_RESUME));
	put_time(b, "paused_at", c->paused_ms);
	put_time(b, "due_at", c->due_ms);
	put_text(b, "previous_status", c->previous_status);
	put_text(b, "session", c->session);
	if (c->host.pid) {
		put_text(b, "boot_id", span_of(c->host.boot_id));
		buf_putf(b, "  \"pid\": %llu,\n  \"pid_start\": %llu,\n",
			 (unsigned long long)c->host.pid, (unsigned long long)c->host.start);
	}
	buf_putf(b, "  \"budget_snapshot\": {\"current_iteration\": %llu",
		 (unsigned long long)c->iteration);
	put_limit(b, "max_iterations", c->max_iterations);
	buf_putf(b, ", \"tentacle_count\": %llu", (unsigned long long)c->tentacle_count);
	put_limit(b, "max_tentacles", c->max_tentacles);
	buf_puts(b, "}\n}\n");
}

int breadcrumb_pend(const struct vfs *vfs, const struct breadcrumb *c, struct err *e)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	int rc;

	encode(c, &text);
	rc = vfs_replace(vfs, BREADCRUMB_PENDING, text.p, text.len);
	if (rc < 0)
		return err_set(e, rc, "%s: %s: the goal is not paused", BREADCRUMB_PENDING,
			       strerror(-rc));
	return 0;
}

int breadcrumb_pending_done(const struct vfs *vfs)
{
	int rc = vfs->rename(vfs->ctx, BREADCRUMB_PENDING, BREADCRUMB_FILE);

	return rc < 0 ? (rc == -ENOENT ? 0 : rc) : vfs->sync_dir(vfs->ctx, ".");
}

int breadcrumb_pending_drop(const struct vfs *vfs)
{
	int rc = vfs->remove(vfs->ctx, BREADCRUMB_PENDING);

	return rc < 0 ? (rc == -ENOENT ? 0 : rc) : vfs->sync_dir(vfs->ctx, ".");
}

int breadcrumb_write(const struct vfs *vfs, const struct breadcrumb *c, struct err *e)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	int rc;

	encode(c, &text);
	rc = vfs_replace(vfs, BREADCRUMB_FILE, text.p, text.len);
	if (rc < 0)
		return err_set(e, rc, "%s: %s: the goal is paused, the next session is not told",
			       BREADCRUMB_FILE, strerror(-rc));
	return 0;
}

/* --- reading: of older writers, too --- */

struct reading {
	struct scan s;
	struct arena *arena;
	struct breadcrumb c;
};

static struct span take_text(struct reading *r)
{
	CLEANUP(buf_release) struct buf plain = BUF_INIT;
	struct scan_text text;

	if (scan_peek(&r->s) != '"') {
		scan_skip(&r->s, NULL);
		return SPAN_NONE;
	}
	scan_string(&r->s, &text);
	if (r->s.error)
		return SPAN_NONE;
	scan_unescape(&plain, text);
	return arena_copy(r->arena, (struct span){ plain.p, plain.len });
}

static uint64_t take_number(struct reading *r)
{
	struct span text = SPAN_NONE;
	uint64_t v;

	scan_skip(&r->s, &text);
	return span_to_u64(text, INTEGER_MAX, &v) == 0 ? v : 0;
}

static int64_t take_time(struct reading *r)
{
	int64_t ms;

	return when_decode(take_text(r), &ms) == 0 ? ms : 0;
}

static void take_budget(struct reading *r)
{
	struct scan_text key;

	if (scan_peek(&r->s) != '{') {
		scan_skip(&r->s, NULL);
		return;
	}
	scan_object(&r->s);
	while (scan_key(&r->s, &key))
		if (span_is(key.raw, "current_iteration"))
			r->c.iteration = take_number(r);
		else if (span_is(key.raw, "max_iterations"))
			r->c.max_iterations = take_number(r);
		else if (span_is(key.raw, "tentacle_count"))
			r->c.tentacle_count = take_number(r);
		else if (span_is(key.raw, "max_tentacles"))
			r->c.max_tentacles = take_number(r);
		else
			scan_skip(&r->s, NULL);
}

static void take_boot_id(struct reading *r)
{
	struct span text = take_text(r);

	if (text.len == BOOT_ID_LEN)
		memcpy(r->c.host.boot_id, text.p, BOOT_ID_LEN);
}

static void take_member(struct reading *r, struct span key)
{
	if (span_is(key, "goal_id"))
		r->c.goal_id = take_text(r);
	else if (span_is(key, "goal_title"))
		r->c.goal_title = take_text(r);
	else if (span_is(key, "pause_reason"))
		r->c.pause_reason = take_text(r);
	else if (span_is(key, "previous_status"))
		r->c.previous_status = take_text(r);
	else if (span_is(key, "session"))
		r->c.session = take_text(r);
	else if (span_is(key, "paused_at"))
		r->c.paused_ms = take_time(r);
	else if (span_is(key, "due_at"))
		r->c.due_ms = take_time(r);
	else if (span_is(key, "boot_id"))
		take_boot_id(r);
	else if (span_is(key, "pid"))
		r->c.host.pid = take_number(r);
	else if (span_is(key, "pid_start"))
		r->c.host.start = take_number(r);
	else if (span_is(key, "budget_snapshot"))
		take_budget(r);
	else
		scan_skip(&r->s, NULL);
}

static bool read_file(const struct vfs *vfs, const char *path, struct arena *arena,
		      struct breadcrumb *out)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct reading r = { .arena = arena };
	struct scan_text key;

	if (vfs_read_all(vfs, path, BREADCRUMB_BYTES_MAX, &text) < 0)
		return false;
	scan_init(&r.s, (struct span){ text.p, text.len });
	scan_object(&r.s);
	while (scan_key(&r.s, &key))
		take_member(&r, key.raw);
	if (scan_end(&r.s) < 0)
		return false;
	if (!r.c.host.boot_id[0] || !r.c.host.start)
		r.c.host = (struct proc_identity){ .pid = 0 };
	*out = r.c;
	return true;
}

bool breadcrumb_read(const struct vfs *vfs, struct arena *arena, struct breadcrumb *out)
{
	return read_file(vfs, BREADCRUMB_FILE, arena, out);
}

bool breadcrumb_pending(const struct vfs *vfs, struct arena *arena, struct breadcrumb *out)
{
	return read_file(vfs, BREADCRUMB_PENDING, arena, out);
}

bool breadcrumb_is_there(const struct vfs *vfs)
{
	struct vfs_stat st;

	return vfs->stat(vfs->ctx, BREADCRUMB_FILE, &st) == 0;
}

int breadcrumb_remove(const struct vfs *vfs)
{
	int rc = vfs->remove(vfs->ctx, BREADCRUMB_FILE);

	return rc == -ENOENT ? 0 : rc;
}
