/*
 * Why a form of its own under the signature: what is signed must be the meaning and not the bytes,
 * or every editor breaks it; and it must be all of the meaning, or emptying the list by hand opens
 * the guard. So the values that were read are written again in a fixed order, members of others
 * included, and that is what is signed and compared.
 */
#include "work/marker_impl.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/mac.h"
#include "base/scan.h"
#include "base/when.h"

#define KEPT_BY_DISPATCHER "dispatcher"

static void put_text(struct buf *b, const char *key, struct span text)
{
	buf_putf(b, ",\"%s\":", key);
	if (text.len)
		buf_put_json(b, text);
	else
		buf_puts(b, "null");
}

static void put_scope(const struct marker_entry *t, struct buf *b)
{
	buf_puts(b, ",\"scope\":[");
	for (size_t i = 0; i < t->scope.count; i++) {
		if (i)
			buf_putc(b, ',');
		buf_put_json(b, t->scope.v[i]);
	}
	buf_putc(b, ']');
}

static void put_entry(const struct marker_entry *t, struct buf *b)
{
	buf_puts(b, "{\"name\":");
	buf_put_json(b, t->name);
	if (t->at_ms)
		buf_putf(b, ",\"ts\":\"%lld\"", (long long)(t->at_ms / 1000));
	put_text(b, "git_root", t->git_root);
	if (t->tentacle_id.len)
		put_text(b, "tentacle_id", t->tentacle_id);
	if (t->session.len)
		put_text(b, "session", t->session);
	if (t->who.pid) {
		put_text(b, "host", t->host);
		put_text(b, "boot_id", span_of(t->who.boot_id));
		buf_putf(b, ",\"pid\":%llu,\"pid_start\":%llu", (unsigned long long)t->who.pid,
			 (unsigned long long)t->who.start);
		put_text(b, "nonce", t->nonce);
	}
	/* Behind what programs before knew: they keep them where they stand, which is right. */
	if (t->by_dispatcher)
		put_text(b, "kept_by", SPAN_LIT(KEPT_BY_DISPATCHER));
	if (t->worktree.len)
		put_text(b, "worktree", t->worktree);
	if (t->branch.len)
		put_text(b, "branch", t->branch);
	if (t->scope.count)
		put_scope(t, b);
	buf_put(b, t->rest.p, t->rest.len);
	buf_putc(b, '}');
}

/* Everything but the signature and the bracket behind it: what is signed. */
static void put_content(const struct marker *m, struct buf *b)
{
	char when[WHEN_TEXT_LEN];

	when_encode(m->at_ms, when);
	buf_puts(b, "{\"name\":\"" MARKER_NAME "\",\"version\":2");
	buf_putf(b, ",\"ts\":\"%lld\"", (long long)(m->at_ms / 1000));
	put_text(b, "git_root", m->git_root);
	put_text(b, "scope", m->scope);
	put_text(b, "dispatch_mode", m->mode);
	buf_putf(b, ",\"ttl_seconds\":%lld", (long long)(m->ttl_ms / 1000));
	put_text(b, "written_at", (struct span){ when, sizeof(when) });
	buf_puts(b, ",\"active_tentacles\":[");
	for (size_t i = 0; i < m->count; i++) {
		if (i)
			buf_putc(b, ',');
		put_entry(&m->v[i], b);
	}
	buf_putc(b, ']');
	buf_put(b, m->rest.p, m->rest.len);
}

void marker_encode(const struct marker *m, struct buf *out)
{
	char sig[MAC_HEX_LEN + 1];
	size_t from = out->len;

	put_content(m, out);
	if (m->secret.len) {
		mac_sign((struct span){ m->secret.p, m->secret.len },
			 (struct span){ out->p + from, out->len - from }, sig);
		buf_putf(out, ",\"sig\":\"%s\"", sig);
	}
	buf_puts(out, "}\n");
}

/* --- reading --- */

struct reading {
	struct marker *m;
	struct scan s;
	struct buf rest; /* of the document */
	struct span name, sig, ts_text;
	int64_t own_ms; /* written_at with our own precision */
	bool version_2;
};

static struct span take_text(struct reading *r)
{
	CLEANUP(buf_release) struct buf plain = BUF_INIT;
	struct scan_text text;

	if (scan_peek(&r->s) == 'n') {
		scan_null(&r->s);
		return SPAN_NONE;
	}
	scan_string(&r->s, &text);
	if (r->s.error)
		return SPAN_NONE;
	scan_unescape(&plain, text);
	return arena_copy(&r->m->arena, (struct span){ plain.p, plain.len });
}

/* Seconds, as a number or as text, with or without a fraction; 0 when it is neither. */
static int64_t take_seconds(struct reading *r, struct span *as_text)
{
	struct span text = SPAN_NONE;
	uint64_t seconds;
	size_t whole = 0;

	if (scan_peek(&r->s) == '0')
		scan_number(&r->s, &text);
	else if (scan_peek(&r->s) == '"')
		text = take_text(r);
	else
		scan_skip(&r->s, NULL);
	if (as_text)
		*as_text = text;
	while (whole < text.len && text.p[whole] != '.')
		whole++;
	if (span_to_u64((struct span){ text.p, whole }, INTEGER_MAX / 1000, &seconds) < 0)
		return 0;
	return (int64_t)seconds * 1000;
}

static void keep_rest(struct reading *r, struct buf *rest, struct scan_text key)
{
	struct span value = SPAN_NONE;

	scan_skip(&r->s, &value);
	if (r->s.error)
		return;
	buf_puts(rest, ",\"");
	buf_put(rest, key.raw.p, key.raw.len);
	buf_puts(rest, "\":");
	buf_put(rest, value.p, value.len);
}

static void take_pid(struct reading *r, uint64_t max, uint64_t *out)
{
	struct span text = SPAN_NONE;

	/* A number that is no pid is no identity; the entry is kept. */
	scan_skip(&r->s, &text);
	if (span_to_u64(text, max, out) < 0)
		*out = 0;
}

static void take_boot_id(struct reading *r, char out[BOOT_ID_LEN + 1])
{
	struct span text = take_text(r);

	if (text.len == BOOT_ID_LEN) {
		memcpy(out, text.p, BOOT_ID_LEN);
		out[BOOT_ID_LEN] = '\0';
	}
}

/* Another word than ours is a member of others, and stays. */
static bool take_keeper(struct reading *r, struct marker_entry *t)
{
	struct scan before = r->s;

	t->by_dispatcher = span_is(take_text(r), KEPT_BY_DISPATCHER);
	if (!t->by_dispatcher)
		r->s = before;
	return t->by_dispatcher;
}

/* A path that is left out would make the scope smaller and open the guard: rather no marker. */
static void take_scope(struct reading *r, struct marker_entry *t)
{
	t->scope = (struct texts){ NULL, 0 };
	scan_array(&r->s);
	while (scan_item(&r->s)) {
		if (t->scope.count == SCOPE_ENTRIES_MAX)
			scan_fail(&r->s, "more paths than a scope can hold");
		else if (scan_peek(&r->s) == '"')
			texts_add(&r->m->arena, &t->scope, take_text(r));
		else
			scan_fail(&r->s, "a path of a scope is no text");
	}
}

static bool take_entry_member(struct reading *r, struct marker_entry *t, struct span key)
{
	static const struct {
		const char *name;
		size_t offset;
	} texts[] = {
		{ "name", offsetof(struct marker_entry, name) },
		{ "git_root", offsetof(struct marker_entry, git_root) },
		{ "tentacle_id", offsetof(struct marker_entry, tentacle_id) },
		{ "session", offsetof(struct marker_entry, session) },
		{ "host", offsetof(struct marker_entry, host) },
		{ "nonce", offsetof(struct marker_entry, nonce) },
		{ "worktree", offsetof(struct marker_entry, worktree) },
		{ "branch", offsetof(struct marker_entry, branch) },
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (span_is(key, texts[i].name)) {
			char next = scan_peek(&r->s);

			if (next != '"' && next != 'n')
				return false;
			*(struct span *)((char *)t + texts[i].offset) = take_text(r);
			return true;
		}
	if (span_is(key, "ts"))
		t->at_ms = take_seconds(r, NULL);
	else if (span_is(key, "pid"))
		take_pid(r, INT32_MAX, &t->who.pid);
	else if (span_is(key, "pid_start"))
		take_pid(r, UINT64_MAX / 16, &t->who.start);
	else if (span_is(key, "boot_id") && scan_peek(&r->s) == '"')
		take_boot_id(r, t->who.boot_id);
	else if (span_is(key, "kept_by") && scan_peek(&r->s) == '"')
		return take_keeper(r, t);
	else if (span_is(key, "scope") && scan_peek(&r->s) == '[')
		take_scope(r, t);
	else
		return false;
	return true;
}

static struct marker_entry *add_entry(struct reading *r)
{
	struct marker *m = r->m;

	if (m->count == MARKER_ENTRIES_MAX) {
		scan_fail(&r->s, "more entries than there can be agents");
		return NULL;
	}
	mem_grow(&m->v, &m->capacity, m->count + 1, sizeof(*m->v));
	m->v[m->count] = (struct marker_entry){ .at_ms = 0 };
	return &m->v[m->count++];
}

/* An entry is an object, or in older markers a name alone. */
static void take_entry(struct reading *r)
{
	CLEANUP(buf_release) struct buf rest = BUF_INIT;
	struct marker_entry *t = add_entry(r);
	struct scan_text key;

	if (!t)
		return;
	if (scan_peek(&r->s) == '"') {
		t->name = take_text(r);
		return;
	}
	scan_object(&r->s);
	while (scan_key(&r->s, &key))
		if (!take_entry_member(r, t, key.raw))
			keep_rest(r, &rest, key);
	t->rest = arena_copy(&r->m->arena, (struct span){ rest.p, rest.len });
	if (!t->who.boot_id[0] || !t->who.start)
		t->who = (struct proc_identity){ .pid = 0 };
}

static void take_entries(struct reading *r)
{
	scan_array(&r->s);
	while (scan_item(&r->s))
		take_entry(r);
}

static void take_member(struct reading *r, struct scan_text key)
{
	struct marker *m = r->m;
	char next = scan_peek(&r->s);
	bool text = next == '"' || next == 'n';
	struct span version = SPAN_NONE;

	if (span_is(key.raw, "active_tentacles"))
		take_entries(r);
	else if (span_is(key.raw, "tentacle") && text) {
		struct span name = take_text(r);
		struct marker_entry *t = name.len ? add_entry(r) : NULL;

		if (t)
			t->name = name;
	} else if (span_is(key.raw, "ts"))
		m->at_ms = take_seconds(r, &r->ts_text);
	else if (span_is(key.raw, "ttl_seconds"))
		m->ttl_ms = take_seconds(r, NULL);
	else if (span_is(key.raw, "name") && text)
		r->name = take_text(r);
	else if (span_is(key.raw, "git_root") && text)
		m->git_root = take_text(r);
	else if (span_is(key.raw, "scope") && text)
		m->scope = take_text(r);
	else if (span_is(key.raw, "dispatch_mode") && text)
		m->mode = take_text(r);
	else if (span_is(key.raw, "sig") && text)
		r->sig = take_text(r);
	else if (span_is(key.raw, "written_at") && text)
		when_decode(take_text(r), &r->own_ms);
	else if (span_is(key.raw, "version")) {
		scan_skip(&r->s, &version);
		r->version_2 = span_is(version, "2");
	} else
		keep_rest(r, &r->rest, key);
}

/* The signature of older programs: over "name:ts". */
static bool signed_as_before(const struct reading *r, struct span secret)
{
	CLEANUP(buf_release) struct buf content = BUF_INIT;
	char sig[MAC_HEX_LEN + 1];

	buf_put(&content, r->name.p, r->name.len);
	buf_putc(&content, ':');
	buf_put(&content, r->ts_text.p, r->ts_text.len);
	mac_sign(secret, (struct span){ content.p, content.len }, sig);
	return mac_equal(span_of(sig), r->sig);
}

static enum marker_trust trust_of(const struct reading *r)
{
	CLEANUP(buf_release) struct buf content = BUF_INIT;
	struct span secret = { r->m->secret.p, r->m->secret.len };
	char sig[MAC_HEX_LEN + 1];

	if (!secret.len)
		return MARKER_NO_SECRET;
	if (!r->sig.len)
		return MARKER_UNSIGNED;
	if (!r->version_2)
		return signed_as_before(r, secret) ? MARKER_OLD : MARKER_BROKEN;
	if (!span_is(r->name, MARKER_NAME) || r->own_ms != r->m->at_ms)
		return MARKER_BROKEN; /* these two are told twice, and both must be right */
	put_content(r->m, &content);
	mac_sign(secret, (struct span){ content.p, content.len }, sig);
	return mac_equal(span_of(sig), r->sig) ? MARKER_SIGNED : MARKER_BROKEN;
}

int marker_decode(struct marker *m, struct span text, struct err *e)
{
	CLEANUP(buf_release) struct buf rest = BUF_INIT;
	struct reading r = { .m = m };
	struct scan_text key;
	unsigned line, column;

	m->ttl_ms = MARKER_TTL_MS;
	scan_init(&r.s, text);
	scan_object(&r.s);
	while (scan_key(&r.s, &key))
		take_member(&r, key);
	rest = r.rest;
	if (scan_end(&r.s) < 0) {
		scan_place(text, r.s.error_at, &line, &column);
		return err_set(e, -SK_ECORRUPT,
			       "marker '%s': %s (line %u, column %u): nothing was changed. Try: sk "
			       "tentacle marker-cleanup --apply --force, which puts it aside",
			       m->path.p, r.s.error, line, column);
	}
	m->rest = arena_copy(&m->arena, (struct span){ rest.p, rest.len });
	/* Whole seconds stand in ts, the rest in written_at. */
	if (r.version_2 && r.own_ms / 1000 == m->at_ms / 1000)
		m->at_ms = r.own_ms;
	m->trust = trust_of(&r);
	if (m->ttl_ms <= 0 || m->ttl_ms > MARKER_TTL_MAX_MS)
		m->ttl_ms = MARKER_TTL_MS;
	return 0;
}
