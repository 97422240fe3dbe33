/*
 * Reading. One reader serves the journal, snapshots and files that people edit: what differs is
 * which members may be told and what it means when one is not there. Every problem names the member
 * by its path and what was expected of it, because the reader is a person at an editor.
 *
 * Every command folds every document of its store, and nearly all of them are without a problem: so
 * the words of one are put together when there is one, and not before.
 */
#include <errno.h>
#include <stdio.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/scan.h"
#include "base/when.h"
#include "core/doc_impl.h"

/* Where the reader is: the way up to the whole document. */
struct step {
	const struct step *above;
	struct span name; /* of a member, or of an element of a keyed list */
	size_t index;     /* of an element of a list: then there is no name */
	bool member;
};

struct reader {
	struct scan s;
	struct arena *arena;
	enum doc_reading reading;
	const struct step *at; /* NULL: in the document itself */
	struct buf scratch;
	struct doc_problem *problem;
	bool failed;
};

static void read_object(struct reader *r, const struct doc_type *type, void *doc, bool top);

static void fail(struct reader *r, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* "gates[1].id" */
static void put_path(const struct step *step, struct buf *out)
{
	if (!step)
		return;
	put_path(step->above, out);
	if (step->member)
		buf_putf(out, "%s%.*s", out->len ? "." : "", SPAN_ARG(step->name));
	else if (step->name.p)
		buf_putf(out, "[%.*s]", SPAN_ARG(step->name));
	else
		buf_putf(out, "[%zu]", step->index);
}

/* The first problem sticks. */
static void fail(struct reader *r, const char *fmt, ...)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	va_list args;

	if (r->s.error)
		return;
	put_path(r->at, &text);
	if (text.len)
		buf_puts(&text, ": ");
	va_start(args, fmt);
	buf_putfv(&text, fmt, args);
	va_end(args);
	snprintf(r->problem->what, sizeof(r->problem->what), "%s", text.p);
	r->failed = true;
	scan_fail(&r->s, "unusable value");
}

static struct span keep(struct reader *r, struct scan_text text)
{
	if (!text.escaped)
		return arena_copy(r->arena, text.raw);
	buf_truncate(&r->scratch, 0);
	scan_unescape(&r->scratch, text);
	return arena_copy(r->arena, (struct span){ r->scratch.p, r->scratch.len });
}

static const char *kind_of(char next)
{
	switch (next) {
	case '{':
		return "an object";
	case '[':
		return "an array";
	case '"':
		return "a string";
	case '0':
		return "a number";
	case 'n':
		return "null";
	default:
		return "a boolean";
	}
}

/* Whether the next value begins like that; else the problem is told. */
static bool expect(struct reader *r, char first, const char *what)
{
	char next = scan_peek(&r->s);

	if (next == first || next == 0) /* the scanner names what is no JSON */
		return !r->s.error;
	fail(r, "expected %s, found %s", what, kind_of(next));
	return false;
}

static struct span read_text(struct reader *r, uint64_t max)
{
	struct scan_text text = { SPAN_NONE, false };
	struct span kept;

	if (!expect(r, '"', "a string"))
		return SPAN_NONE;
	scan_string(&r->s, &text);
	if (r->s.error)
		return SPAN_NONE;
	kept = keep(r, text);
	if (kept.len > max)
		fail(r, "longer than %llu bytes", (unsigned long long)max);
	return kept;
}

static void read_word(struct reader *r, const struct doc_member *m, uint8_t *out)
{
	CLEANUP(buf_release) struct buf all = BUF_INIT;
	CLEANUP(buf_release) struct buf found = BUF_INIT;
	struct span word = read_text(r, 4096);

	if (r->s.error)
		return;
	for (uint8_t i = 0; i < m->word_count; i++) {
		if (span_is(word, m->words[i])) {
			*out = i;
			return;
		}
	}
	for (uint8_t i = 0; i < m->word_count; i++)
		buf_putf(&all, "%s%s", i ? ", " : "", m->words[i]);
	buf_put_quoted(&found, word, 40);
	fail(r, "%s unknown; one of %s", found.p, all.p);
}

/* -1 unless it is a whole number in plain digits, with a sign perhaps. */
static int integer_decode(struct span text, int64_t *out)
{
	bool negative = text.len && text.p[0] == '-';
	struct span digits = { text.p + negative, text.len - negative };
	uint64_t v;

	if (span_to_u64(digits, INTEGER_MAX, &v) < 0)
		return -EINVAL;
	*out = negative ? -(int64_t)v : (int64_t)v;
	return 0;
}

/* What stands for a number that is none, or none of ours: for people. */
static void number_words(const struct doc_member *m, char out[80])
{
	if (m->kind == DOC_I64)
		snprintf(out, 80, "an integer");
	else if (m->max && m->max < INTEGER_MAX)
		snprintf(out, 80, "an integer from %llu to %llu", (unsigned long long)m->min,
			 (unsigned long long)m->max);
	else
		snprintf(out, 80, "an integer of at least %llu", (unsigned long long)m->min);
}

static void read_number(struct reader *r, const struct doc_member *m, void *at)
{
	struct span text = SPAN_NONE;
	char next = scan_peek(&r->s), wanted[80];
	int64_t v = 0;

	if (next != '0' && next != 0) {
		number_words(m, wanted);
		fail(r, "expected %s, found %s", wanted, kind_of(next));
	}
	scan_number(&r->s, &text);
	if (r->s.error)
		return;
	if (integer_decode(text, &v) < 0 ||
	    (m->kind == DOC_U64 &&
	     (v < 0 || (uint64_t)v < m->min || (uint64_t)v > (m->max ? m->max : INTEGER_MAX)))) {
		number_words(m, wanted);
		fail(r, "expected %s, found %.*s", wanted, SPAN_ARG(text));
		return;
	}
	if (m->kind == DOC_U64)
		*(uint64_t *)at = (uint64_t)v;
	else
		*(int64_t *)at = v;
}

static void read_time(struct reader *r, int64_t *out)
{
	CLEANUP(buf_release) struct buf found = BUF_INIT;
	struct span text = read_text(r, 4096);

	if (r->s.error)
		return;
	if (when_decode(text, out) == 0 ||
	    (r->reading != DOC_MERGE && when_decode_iso(text, out) == 0))
		return;
	buf_put_quoted(&found, text, 40);
	fail(r, "not an ISO-8601 time with zone: %s", found.p);
}

static void read_texts(struct reader *r, const struct doc_member *m, struct texts *out)
{
	struct texts all = { NULL, 0 };

	if (!expect(r, '[', "an array of strings"))
		return;
	scan_array(&r->s);
	while (scan_item(&r->s)) {
		struct span text = read_text(r, DOC_TEXT_BYTES_MAX);

		if (r->s.error)
			return;
		if (all.count >= m->max) {
			fail(r, "more than %llu entries", (unsigned long long)m->max);
			return;
		}
		texts_add(r->arena, &all, text);
	}
	*out = all;
}

static void trim(const struct doc_member *m, struct doc_list *list)
{
	if (m->flags & DOC_GROWS && list->count > m->max) {
		list->v = (char *)list->v + (list->count - m->max) * m->of->bytes;
		list->count = m->max;
	}
}

static void read_list(struct reader *r, const struct doc_member *m, struct doc_list *out)
{
	bool grows = r->reading == DOC_MERGE && m->flags & DOC_GROWS;
	struct doc_list all = grows ? *out : (struct doc_list){ NULL, 0 };
	size_t fresh = 0;

	if (!expect(r, '[', "an array"))
		return;
	scan_array(&r->s);
	while (scan_item(&r->s)) {
		struct step step = { .above = r->at, .index = fresh };

		if (++fresh > m->max) {
			fail(r, "more than %llu entries", (unsigned long long)m->max);
			return;
		}
		r->at = &step;
		read_object(r, m->of, doc_list_add(m->of, r->arena, &all), false);
		r->at = step.above;
	}
	trim(m, &all);
	*out = all;
}

static void *keyed_find(const struct doc_type *of, const struct doc_list *list, struct span key)
{
	for (size_t i = 0; i < list->count; i++) {
		char *element = (char *)list->v + i * of->bytes;
		CLEANUP(buf_release) struct buf text = BUF_INIT;

		doc_element_key(of, element, &text);
		if (span_eq((struct span){ text.p + 1, text.len - 2 }, key))
			return element;
	}
	return NULL;
}

static void read_keyed(struct reader *r, const struct doc_member *m, struct doc_list *out)
{
	struct doc_list all = r->reading == DOC_MERGE ? *out : (struct doc_list){ NULL, 0 };
	const struct doc_member *first = &m->of->members[0];
	struct scan_text key;

	if (!expect(r, '{', "an object"))
		return;
	doc_list_own(m->of, r->arena, &all);
	scan_object(&r->s);
	while (scan_key(&r->s, &key)) {
		void *element = keyed_find(m->of, &all, key.raw);
		struct step step = { .above = r->at, .name = key.raw };
		uint64_t number = 0;

		r->at = &step;
		if (!element && all.count >= m->max)
			fail(r, "more than %llu members", (unsigned long long)m->max);
		if (first->kind == DOC_U64 && span_to_u64(key.raw, INTEGER_MAX, &number) < 0)
			fail(r, "is not a number");
		if (!element)
			element = doc_list_add(m->of, r->arena, &all);
		else
			doc_clear(m->of, element);
		if (first->kind == DOC_U64)
			*(uint64_t *)doc_at(first, element) = number;
		else
			*(struct span *)doc_at(first, element) = keep(r, key);
		read_object(r, m->of, element, false);
		r->at = step.above;
	}
	*out = all;
}

static void read_growing_text(struct reader *r, const struct doc_member *m, struct span *text)
{
	struct span more = read_text(r, m->max);
	char *both;

	if (r->s.error || more.len == 0)
		return;
	both = arena_alloc(r->arena, text->len + more.len);
	if (text->len)
		memcpy(both, text->p, text->len);
	memcpy(both + text->len, more.p, more.len);
	*text = (struct span){ both, text->len + more.len };
}

static void read_member(struct reader *r, const struct doc_member *m, void *doc)
{
	void *at = doc_at(m, doc);

	if (scan_peek(&r->s) == 'n' && m->kind != DOC_WORD) {
		scan_null(&r->s);
		doc_clear_member(m, at);
		return;
	}
	switch (m->kind) {
	case DOC_TEXT:
		if (r->reading == DOC_MERGE && m->flags & DOC_GROWS)
			read_growing_text(r, m, at);
		else
			*(struct span *)at = read_text(r, m->max);
		break;
	case DOC_WORD:
		read_word(r, m, at);
		break;
	case DOC_U64:
	case DOC_I64:
		read_number(r, m, at);
		break;
	case DOC_TIME:
		read_time(r, at);
		break;
	case DOC_BOOL:
		if (scan_peek(&r->s) == 't' || scan_peek(&r->s) == 'f')
			scan_bool(&r->s, at);
		else
			expect(r, 't', "true or false");
		break;
	case DOC_TEXTS:
		read_texts(r, m, at);
		break;
	case DOC_OBJECT:
		if (r->reading == DOC_MERGE) /* a change tells the whole of it */
			doc_clear(m->of, at);
		if (expect(r, '{', "an object"))
			read_object(r, m->of, at, false);
		break;
	case DOC_LIST:
		if (m->flags & DOC_KEYED)
			read_keyed(r, m, at);
		else
			read_list(r, m, at);
		break;
	}
}

/* A member that the table does not name: kept word for word where the type has room for such.
 * Returns whether it told all of them at once. */
static bool read_unknown(struct reader *r, const struct doc_type *type, struct span key, bool top,
			 struct buf *rest)
{
	struct span value = SPAN_NONE;

	scan_skip(&r->s, &value);
	if (r->s.error || doc_key_view(type, key))
		return false;
	if (top && r->reading == DOC_MERGE && span_is(key, DOC_REST_KEY)) {
		buf_truncate(rest, 0);
		buf_put(rest, value.p + 1, value.len - 2);
		return true;
	}
	if (r->reading != DOC_MERGE && span_is(key, DOC_REST_KEY)) {
		fail(r, "\"%s\" is not a name for a member", DOC_REST_KEY);
		return false;
	}
	buf_putf(rest, "%s\"%.*s\":", rest->len ? "," : "", SPAN_ARG(key));
	doc_put_compact(rest, value);
	return false;
}

static void check_needed(struct reader *r, const struct doc_type *type, uint64_t seen)
{
	for (size_t i = 0; i < type->count; i++)
		if (type->members[i].flags & DOC_NEEDED && !(seen & 1ULL << i))
			fail(r, "\"%s\" is missing", type->members[i].key);
}

static void read_object(struct reader *r, const struct doc_type *type, void *doc, bool top)
{
	const struct doc_member *rest = doc_member_rest(type);
	CLEANUP(buf_release) struct buf unknown = BUF_INIT;
	bool rest_told = r->reading != DOC_MERGE || !top; /* parts are told whole */
	struct scan_text key;
	uint64_t seen = 0;
	size_t next = 0;

	INVARIANT(type->count <= 64);
	scan_object(&r->s);
	while (scan_key(&r->s, &key)) {
		const struct doc_member *m = doc_member_find(type, next, key.raw);
		uint64_t bit = m ? 1ULL << (m - type->members) : 0;
		struct step step = { .above = r->at, .member = true };

		if (!m) {
			rest_told |= read_unknown(r, type, key.raw, top, &unknown);
			continue;
		}
		step.name = key.raw;
		next = (size_t)(m - type->members) + 1;
		r->at = &step;
		if (seen & bit)
			fail(r, "appears twice");
		seen |= bit;
		if (top && r->reading == DOC_FILE && m->flags & (DOC_OURS | DOC_APART))
			scan_skip(&r->s, NULL);
		else
			read_member(r, m, doc);
		r->at = step.above;
	}
	if (top && r->reading != DOC_MERGE)
		check_needed(r, type, seen);
	if (!rest || (!rest_told && !unknown.len))
		return;
	if (unknown.len > rest->max)
		fail(r, "more than %llu bytes of unknown members", (unsigned long long)rest->max);
	*(struct span *)doc_at(rest, doc) =
		arena_copy(r->arena, (struct span){ unknown.p, unknown.len });
}

/* A file of people stands for itself, except for what is ours to write. */
static void begin_file(const struct doc_type *type, void *doc)
{
	for (size_t i = 0; i < type->count; i++) {
		const struct doc_member *m = &type->members[i];

		if (!(m->flags & (DOC_OURS | DOC_APART)))
			doc_clear_member(m, doc_at(m, doc));
	}
}

static void read_whole(struct reader *r, const struct doc_type *type, void *doc)
{
	if (expect(r, '{', "an object"))
		read_object(r, type, doc, true);
	buf_release(&r->scratch);
}

int doc_scan(const struct doc_type *type, struct scan *s, struct arena *arena, void *doc,
	     struct doc_problem *problem)
{
	struct reader r = { .s = *s, .arena = arena, .reading = DOC_MERGE, .problem = problem };

	read_whole(&r, type, doc);
	if (r.failed) {
		problem->at = r.s.error_at;
		return -EINVAL;
	}
	*s = r.s;
	return 0;
}

int doc_merge(const struct doc_type *type, struct span json, enum doc_reading reading,
	      struct arena *arena, void *doc, struct doc_problem *problem)
{
	struct reader r = { .arena = arena, .reading = reading, .problem = problem };
	int rc;

	if (reading == DOC_FILE)
		begin_file(type, doc);
	scan_init(&r.s, json);
	read_whole(&r, type, doc);
	rc = scan_end(&r.s);
	if (rc < 0) {
		problem->at = r.s.error_at;
		if (!r.failed)
			snprintf(problem->what, sizeof(problem->what), "%s", r.s.error);
	}
	return rc;
}
