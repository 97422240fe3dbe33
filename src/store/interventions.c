/*
 * Why without a lock: a command that was stopped while it held one would silence all others. One
 * write to a file opened for appending is not mixed with another by the kernel, and what power
 * leaves of a line is fenced off by the newline that the next one puts in front of itself. In the
 * worst case, two writers behind a torn line, that makes an empty line, which means nothing.
 */
#include "store/interventions.h"

#include <errno.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/scan.h"
#include "base/when.h"
#include "os/vfs.h"

static const char *const result_words[INTERVENTION_RESULT_COUNT] = { "ok", "refused", "failed" };

const char *intervention_result_word(enum intervention_result result)
{
	return result_words[result];
}

enum intervention_result intervention_result_of(int code)
{
	if (code >= 0)
		return INTERVENTION_OK;
	switch (-code) {
	case SK_EUSAGE:
	case SK_ENOTFOUND:
	case SK_EREFUSED:
	case SK_ECONFIRM:
	case SK_EBUSY:
		return INTERVENTION_REFUSED;
	default:
		return INTERVENTION_FAILED;
	}
}

/* --- writing ------------------------------------------------------------------------------- */

static void put_text(struct buf *out, struct span text)
{
	CLEANUP(buf_release) struct buf cut = BUF_INIT;

	if (text.len > INTERVENTION_TEXT_BYTES_MAX) {
		buf_put(&cut, text.p, INTERVENTION_TEXT_BYTES_MAX);
		buf_puts(&cut, "...");
		text = (struct span){ cut.p, cut.len };
	}
	buf_put_json(out, text);
}

static void put_member(struct buf *out, const char *key, struct span text)
{
	buf_putf(out, ",\"%s\":", key);
	if (text.len)
		put_text(out, text);
	else
		buf_puts(out, "null");
}

static void put_list(struct buf *out, const char *key, const struct span *texts, size_t count)
{
	size_t shown = count < INTERVENTION_ARGS_MAX ? count : INTERVENTION_ARGS_MAX;

	buf_putf(out, ",\"%s\":[", key);
	for (size_t i = 0; i < shown; i++) {
		buf_puts(out, i ? "," : "");
		put_text(out, texts[i]);
	}
	if (shown < count)
		buf_puts(out, ",\"...\"");
	buf_putc(out, ']');
}

static void put_line(struct buf *out, const struct intervention *in)
{
	char when[WHEN_TEXT_LEN];

	when_encode(in->at_ms, when);
	buf_puts(out, "{\"timestamp\":\"");
	buf_put(out, when, sizeof(when));
	buf_putc(out, '"');
	put_member(out, "operator", in->operator_name);
	put_member(out, "script", in->script);
	put_list(out, "args", in->args, in->arg_count);
	put_member(out, "reason", in->reason);
	put_member(out, "entity_type", in->entity_type);
	put_member(out, "entity_id", in->entity_id);
	buf_putf(out, ",\"dry_run\":%s,\"confirmed\":%s,\"result\":\"%s\"",
		 in->dry_run ? "true" : "false", in->confirmed ? "true" : "false",
		 result_words[in->result]);
	put_member(out, "message", in->message);
	put_list(out, "event_ids", in->event_ids, in->event_id_count);
	buf_puts(out, "}\n");
}

static int failed(const char *what, int rc, struct err *e)
{
	if (rc == -ELOOP || rc == -EINVAL || rc == -EISDIR || rc == -ENXIO)
		return err_set(e, -SK_EREFUSED,
			       "'" INTERVENTIONS_FILE "': is no regular file: what was done by "
			       "hand cannot be %s",
			       what);
	return err_set(e, -SK_EIO,
		       "'" INTERVENTIONS_FILE "': %s: what was done by hand cannot be %s",
		       strerror(-rc), what);
}

/* A line that power cut short must not swallow this one. */
static int put_fence(const struct vfs *vfs, struct buf *line, int64_t size)
{
	char last = '\n';
	int64_t n;
	int handle;

	if (size == 0)
		return 0;
	handle = vfs->open_read(vfs->ctx, INTERVENTIONS_FILE);
	if (handle < 0)
		return handle;
	n = vfs->read_at(vfs->ctx, handle, (uint64_t)size - 1, &last, 1);
	vfs->close(vfs->ctx, handle);
	if (n < 0)
		return (int)n;
	if (last != '\n')
		buf_putc(line, '\n');
	return 0;
}

static int append(const struct vfs *vfs, const struct intervention *in)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	int handle = vfs->open_append(vfs->ctx, INTERVENTIONS_FILE, true), rc;
	int64_t size;

	if (handle < 0)
		return handle;
	size = vfs->size(vfs->ctx, handle);
	rc = size < 0 ? (int)size : put_fence(vfs, &line, size);
	if (rc == 0) {
		put_line(&line, in);
		rc = vfs->append(vfs->ctx, handle, line.p, line.len);
	}
	if (rc == 0)
		rc = vfs->sync(vfs->ctx, handle);
	vfs->close(vfs->ctx, handle);
	if (rc == 0 && size == 0)
		rc = vfs->sync_dir(vfs->ctx, ".");
	return rc;
}

int interventions_add(int state_fd, const struct intervention *in, struct err *e)
{
	struct vfs vfs;
	int rc;

	vfs_real_open(&vfs, state_fd);
	rc = append(&vfs, in);
	vfs_real_close(&vfs);
	return rc < 0 ? failed("noted", rc, e) : 0;
}

/* --- reading ------------------------------------------------------------------------------- */

struct texts {
	struct span *v;
	size_t count, capacity;
};

/* One line on its way to an intervention: text with escapes is resolved into `plain`, which has
 * room for the whole line from the start and therefore never moves. */
struct reading {
	struct buf plain;
	struct texts args, event_ids;
};

static void reading_release(struct reading *r)
{
	buf_release(&r->plain);
	mem_free(&r->args.v);
	mem_free(&r->event_ids.v);
}

static struct span plain_text(struct reading *r, struct scan_text text)
{
	size_t at = r->plain.len;

	if (!text.escaped)
		return text.raw;
	scan_unescape(&r->plain, text);
	return (struct span){ r->plain.p + at, r->plain.len - at };
}

static void read_text(struct reading *r, struct scan *s, struct span *out)
{
	struct scan_text text = { SPAN_NONE, false };

	if (scan_peek(s) == 'n') {
		scan_null(s);
		return;
	}
	scan_string(s, &text);
	if (!s->error)
		*out = plain_text(r, text);
}

static void read_list(struct reading *r, struct scan *s, struct texts *out)
{
	scan_array(s);
	while (scan_item(s)) {
		mem_grow(&out->v, &out->capacity, out->count + 1, sizeof(*out->v));
		out->v[out->count] = SPAN_NONE;
		read_text(r, s, &out->v[out->count++]);
	}
}

static void read_result(struct scan *s, enum intervention_result *out)
{
	struct scan_text text = { SPAN_NONE, false };

	scan_string(s, &text);
	for (int i = 0; i < INTERVENTION_RESULT_COUNT; i++) {
		if (span_is(text.raw, result_words[i])) {
			*out = (enum intervention_result)i;
			return;
		}
	}
	scan_fail(s, "is not ok, refused or failed");
}

static void read_time(struct scan *s, int64_t *out)
{
	struct scan_text text = { SPAN_NONE, false };

	scan_string(s, &text);
	if (!s->error && when_decode(text.raw, out) < 0)
		scan_fail(s, "is not a time");
}

static void read_member(struct reading *r, struct scan *s, struct span key,
			struct intervention *out)
{
	if (span_is(key, "timestamp"))
		read_time(s, &out->at_ms);
	else if (span_is(key, "operator"))
		read_text(r, s, &out->operator_name);
	else if (span_is(key, "script"))
		read_text(r, s, &out->script);
	else if (span_is(key, "args"))
		read_list(r, s, &r->args);
	else if (span_is(key, "reason"))
		read_text(r, s, &out->reason);
	else if (span_is(key, "entity_type"))
		read_text(r, s, &out->entity_type);
	else if (span_is(key, "entity_id"))
		read_text(r, s, &out->entity_id);
	else if (span_is(key, "dry_run"))
		scan_bool(s, &out->dry_run);
	else if (span_is(key, "confirmed"))
		scan_bool(s, &out->confirmed);
	else if (span_is(key, "result"))
		read_result(s, &out->result);
	else if (span_is(key, "message"))
		read_text(r, s, &out->message);
	else if (span_is(key, "event_ids"))
		read_list(r, s, &r->event_ids);
	else
		scan_skip(s, NULL);
}

static bool read_line(struct reading *r, struct span line, struct intervention *out)
{
	struct scan_text key;
	struct scan s;

	*out = (struct intervention){ .at_ms = -1 };
	r->plain.len = r->args.count = r->event_ids.count = 0;
	buf_reserve(&r->plain, line.len);
	scan_init(&s, line);
	scan_object(&s);
	while (scan_key(&s, &key))
		read_member(r, &s, key.raw, out);
	out->args = r->args.v;
	out->arg_count = r->args.count;
	out->event_ids = r->event_ids.v;
	out->event_id_count = r->event_ids.count;
	return scan_end(&s) == 0 && out->at_ms >= 0 && out->script.len > 0;
}

/* Reads [from, from + len) of the file; a file that shrank under our hands gives what is left. */
static int read_window(const struct vfs *vfs, int handle, uint64_t from, size_t len,
		       struct buf *out)
{
	out->len = 0;
	buf_reserve(out, len);
	while (out->len < len) {
		int64_t n = vfs->read_at(vfs->ctx, handle, from + out->len, out->p + out->len,
					 len - out->len);

		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
		out->len += (size_t)n;
	}
	return 0;
}

/* Where the newest `newest` lines begin in the text; *all = they are all in it. */
static size_t find_newest(const struct buf *text, size_t newest, bool *all)
{
	size_t at = text->len;

	*all = true;
	for (size_t seen = 0; at > 0; at--) {
		if (text->p[at - 1] != '\n' || at == text->len || text->p[at] == '\n')
			continue;
		if (++seen == newest)
			return at;
	}
	*all = false;
	return 0;
}

/* The end of the file, from the beginning of a line on, with at least the lines that are wanted. */
static int read_newest(const struct vfs *vfs, int handle, size_t newest, struct buf *text)
{
	int64_t size = vfs->size(vfs->ctx, handle);
	uint64_t window = newest ? 64 * 1024 : INTERVENTIONS_READ_BYTES_MAX;
	bool all;

	if (size < 0)
		return (int)size;
	for (;; window *= 2) {
		bool whole = window >= (uint64_t)size;
		uint64_t from = whole ? 0 : (uint64_t)size - window;
		int rc = read_window(vfs, handle, from, (size_t)((uint64_t)size - from), text);
		size_t at;

		if (rc < 0)
			return rc;
		at = find_newest(text, newest, &all);
		if (!all && !whole && window < INTERVENTIONS_READ_BYTES_MAX)
			continue;
		if (!all && !whole) { /* the first line of the window is cut */
			const char *end = memchr(text->p, '\n', text->len);

			at = end ? (size_t)(end - text->p) + 1 : text->len;
		}
		buf_consume(text, at);
		return 0;
	}
}

int interventions_read(int state_fd, size_t newest,
		       int (*fn)(void *ctx, const struct intervention *in, struct span line),
		       void *ctx, uint64_t *unreadable, struct err *e)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	CLEANUP(reading_release) struct reading r = { BUF_INIT };
	struct intervention in;
	struct vfs vfs;
	int handle, rc;

	if (unreadable)
		*unreadable = 0;
	vfs_real_open(&vfs, state_fd);
	handle = vfs.open_read(vfs.ctx, INTERVENTIONS_FILE);
	rc = handle < 0 ? handle : read_newest(&vfs, handle, newest, &text);
	if (handle >= 0)
		vfs.close(vfs.ctx, handle);
	vfs_real_close(&vfs);
	if (rc < 0)
		return rc == -ENOENT ? 0 : failed("read", rc, e);
	for (size_t at = 0; at < text.len;) {
		const char *end = memchr(text.p + at, '\n', text.len - at);
		struct span line = { text.p + at,
				     end ? (size_t)(end - text.p) - at : text.len - at };

		at += line.len + 1;
		if (line.len == 0)
			continue;
		if (!read_line(&r, line, &in)) {
			if (unreadable)
				++*unreadable;
		} else if (fn(ctx, &in, line)) {
			break;
		}
	}
	return 0;
}
