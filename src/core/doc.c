/*
 * Writing and comparing. Members stand in the order of the table and empty ones are left out, so
 * the same value always gives the same bytes: an edit from outside is found by comparing them.
 */
#include "core/doc.h"

#include "base/when.h"
#include "core/doc_impl.h"

bool doc_member_empty(const struct doc_member *m, const void *doc)
{
	const void *at = doc_at(m, doc);

	switch (m->kind) {
	case DOC_TEXT:
	case DOC_REST:
		return ((const struct span *)at)->len == 0;
	case DOC_U64:
		return *(const uint64_t *)at == 0;
	case DOC_I64:
		return *(const int64_t *)at == DOC_NO_NUMBER;
	case DOC_TIME:
		return *(const int64_t *)at == 0;
	case DOC_BOOL:
		return !(m->flags & DOC_TRUE) && !*(const bool *)at;
	case DOC_TEXTS:
	case DOC_LIST:
		return ((const struct texts *)at)->count == 0;
	case DOC_OBJECT:
		for (size_t i = 0; i < m->of->count; i++)
			if (!doc_member_empty(&m->of->members[i], at))
				return false;
		return true;
	default: /* a word always says something */
		return false;
	}
}

static void put_break(struct buf *out, int indent)
{
	if (indent < 0)
		return;
	buf_putc(out, '\n');
	for (int i = 0; i < indent; i++)
		buf_puts(out, "  ");
}

static int deeper(int indent)
{
	return indent < 0 ? indent : indent + 1;
}

static void put_members(struct buf *out, const struct doc_type *type, const void *doc,
			const struct doc_member *but, int indent, bool first);

static void put_object(struct buf *out, const struct doc_type *type, const void *doc,
		       const struct doc_member *but, int indent)
{
	size_t from;

	buf_putc(out, '{');
	from = out->len;
	put_members(out, type, doc, but, deeper(indent), true);
	if (out->len > from)
		put_break(out, indent);
	buf_putc(out, '}');
}

static void put_key(struct buf *out, struct span key, int indent)
{
	buf_put_json(out, key);
	buf_puts(out, indent < 0 ? ":" : ": ");
}

/* The key of a keyed element: its first member, text or number, as text. */
void doc_element_key(const struct doc_type *of, const void *element, struct buf *out)
{
	const struct doc_member *key = &of->members[0];

	if (key->kind == DOC_TEXT) {
		buf_put_json(out, *(const struct span *)doc_at(key, element));
		return;
	}
	buf_putc(out, '"');
	buf_put_u64(out, *(const uint64_t *)doc_at(key, element));
	buf_putc(out, '"');
}

static void put_list(struct buf *out, const struct doc_member *m, const struct doc_list *list,
		     size_t from, int indent)
{
	bool keyed = m->flags & DOC_KEYED;

	buf_putc(out, keyed ? '{' : '[');
	for (size_t i = from; i < list->count; i++) {
		const char *element = (const char *)list->v + i * m->of->bytes;

		if (i > from)
			buf_putc(out, ',');
		put_break(out, deeper(indent));
		if (keyed) {
			doc_element_key(m->of, element, out);
			buf_puts(out, indent < 0 ? ":" : ": ");
		}
		put_object(out, m->of, element, keyed ? &m->of->members[0] : NULL, deeper(indent));
	}
	if (list->count > from)
		put_break(out, indent);
	buf_putc(out, keyed ? '}' : ']');
}

static void put_texts(struct buf *out, const struct texts *t, int indent)
{
	buf_putc(out, '[');
	for (size_t i = 0; i < t->count; i++) {
		if (i)
			buf_puts(out, indent < 0 ? "," : ", ");
		buf_put_json(out, t->v[i]);
	}
	buf_putc(out, ']');
}

void doc_put_value(struct buf *out, const struct doc_member *m, const void *doc, int indent)
{
	const void *at = doc_at(m, doc);
	char when[WHEN_TEXT_LEN];

	switch (m->kind) {
	case DOC_TEXT:
		buf_put_json(out, *(const struct span *)at);
		break;
	case DOC_WORD:
		buf_put_json(out, span_of(m->words[*(const uint8_t *)at]));
		break;
	case DOC_U64:
		buf_put_u64(out, *(const uint64_t *)at);
		break;
	case DOC_I64:
		buf_put_i64(out, *(const int64_t *)at);
		break;
	case DOC_TIME:
		when_encode(*(const int64_t *)at, when);
		buf_putc(out, '"');
		buf_put(out, when, sizeof(when));
		buf_putc(out, '"');
		break;
	case DOC_BOOL:
		buf_puts(out, *(const bool *)at ? "true" : "false");
		break;
	case DOC_TEXTS:
		put_texts(out, at, indent);
		break;
	case DOC_OBJECT:
		put_object(out, m->of, at, NULL, indent);
		break;
	case DOC_LIST:
		put_list(out, m, at, 0, indent);
		break;
	}
}

static void put_members(struct buf *out, const struct doc_type *type, const void *doc,
			const struct doc_member *but, int indent, bool first)
{
	for (size_t i = 0; i < type->count; i++) {
		const struct doc_member *m = &type->members[i];

		if (m == but || doc_member_empty(m, doc) || (indent >= 0 && m->flags & DOC_APART))
			continue;
		if (!first)
			buf_putc(out, ',');
		first = false;
		put_break(out, indent);
		if (m->kind == DOC_REST) { /* pairs, as they were found */
			const struct span *rest = doc_at(m, doc);

			buf_put(out, rest->p, rest->len);
			continue;
		}
		put_key(out, span_of(m->key), indent);
		doc_put_value(out, m, doc, indent);
	}
}

void doc_encode(const struct doc_type *type, const void *doc, enum doc_form form, struct buf *out)
{
	put_object(out, type, doc, NULL, form == DOC_PEOPLE ? 0 : -1);
}

void doc_encode_members(const struct doc_type *type, const void *doc, enum doc_form form,
			bool first, struct buf *out)
{
	put_members(out, type, doc, NULL, form == DOC_PEOPLE ? 1 : -1, first);
}

void doc_put_compact(struct buf *out, struct span json)
{
	bool quoted = false;

	for (size_t i = 0; i < json.len; i++) {
		char c = json.p[i];

		if (!quoted && (c == ' ' || c == '\n' || c == '\r' || c == '\t'))
			continue;
		buf_putc(out, c);
		if (quoted && c == '\\')
			buf_putc(out, json.p[++i]);
		else if (c == '"')
			quoted = !quoted;
	}
}

bool doc_same_value(const struct doc_member *m, const void *was, const void *now)
{
	CLEANUP(buf_release) struct buf a = BUF_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (m->kind == DOC_TEXT || m->kind == DOC_REST)
		return span_eq(*(const struct span *)doc_at(m, was),
			       *(const struct span *)doc_at(m, now));
	doc_put_value(&a, m, was, -1);
	doc_put_value(&b, m, now, -1);
	return a.len == b.len && memcmp(a.p, b.p, a.len) == 0;
}

/* The elements of a keyed list that differ from those at the same place, or are new. */
static void put_keyed_diff(struct buf *out, const struct doc_member *m, const struct doc_list *was,
			   const struct doc_list *now)
{
	bool first = true;

	INVARIANT(now->count >= was->count);
	buf_putc(out, '{');
	for (size_t i = 0; i < now->count; i++) {
		const char *element = (const char *)now->v + i * m->of->bytes;
		CLEANUP(buf_release) struct buf a = BUF_INIT;
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		put_object(&b, m->of, element, NULL, -1);
		if (i < was->count) {
			put_object(&a, m->of, (const char *)was->v + i * m->of->bytes, NULL, -1);
			if (a.len == b.len && memcmp(a.p, b.p, a.len) == 0)
				continue;
		}
		if (!first)
			buf_putc(out, ',');
		first = false;
		doc_element_key(m->of, element, out);
		buf_putc(out, ':');
		put_object(out, m->of, element, &m->of->members[0], -1);
	}
	buf_putc(out, '}');
}

static void put_growth(struct buf *out, const struct doc_member *m, const void *was,
		       const void *now)
{
	if (m->kind == DOC_TEXT) {
		const struct span *a = was, *b = now;

		INVARIANT(b->len >= a->len);
		buf_put_json(out, (struct span){ b->p + a->len, b->len - a->len });
	} else {
		const struct doc_list *a = was, *b = now;

		INVARIANT(b->count >= a->count);
		put_list(out, m, b, a->count, -1);
	}
}

bool doc_diff(const struct doc_type *type, const void *was, const void *now, struct buf *out)
{
	bool any = false;

	for (size_t i = 0; i < type->count; i++) {
		const struct doc_member *m = &type->members[i];

		if (doc_same_value(m, was, now))
			continue;
		buf_putc(out, any ? ',' : '{');
		any = true;
		if (m->kind == DOC_REST) {
			const struct span *rest = doc_at(m, now);

			buf_putf(out, "\"%s\":{%.*s}", DOC_REST_KEY, SPAN_ARG(*rest));
			continue;
		}
		put_key(out, span_of(m->key), -1);
		if (doc_member_empty(m, now))
			buf_puts(out, "null");
		else if (m->flags & DOC_GROWS)
			put_growth(out, m, doc_at(m, was), doc_at(m, now));
		else if (m->flags & DOC_KEYED)
			put_keyed_diff(out, m, doc_at(m, was), doc_at(m, now));
		else
			doc_put_value(out, m, now, -1);
	}
	if (any)
		buf_putc(out, '}');
	return any;
}
