/*
 * Problems are kept, not printed: the command decides whether to show one or all. A fixed number is
 * enough, because nobody reads more before repairing the first.
 */
#include "plan/plan_problem.h"

#include <stdlib.h>

#define QUOTED_BYTES_MAX 80
#define ADVICE_OTHERWISE ". Try: sk help run"

void problems_release(struct problems *p)
{
	arena_release(&p->text);
	*p = (struct problems){ .count = 0 };
}

const struct source *problems_source(struct problems *p, struct span path)
{
	struct source *s = arena_alloc(&p->text, sizeof(*s));

	*s = (struct source){ arena_copy(&p->text, path), p->order++ };
	return s;
}

static bool known(const struct problems *p, const struct problem *a)
{
	for (uint32_t i = 0; i < p->count; i++) {
		const struct problem *b = &p->v[i];

		if (a->source == b->source && a->place.line == b->place.line &&
		    a->place.column == b->place.column &&
		    (a->place.line || span_eq(a->text, b->text)))
			return true;
	}
	return false;
}

static PRINTF_LIKE(4, 0) int add(struct problems *p, int code, struct problem new, const char *fmt,
				 va_list args)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	buf_putfv(&text, fmt, args);
	new.text = (struct span){ text.p, text.len };
	if (p->code == 0)
		p->code = code;
	if (known(p, &new))
		return code;
	if (p->count == PLAN_PROBLEMS_MAX) {
		p->more = true;
		return code;
	}
	new.text = arena_copy(&p->text, new.text);
	p->v[p->count++] = new;
	return code;
}

int problem_add(struct problems *p, const struct source *source, struct place place,
		const char *fmt, ...)
{
	va_list args;
	int rc;

	va_start(args, fmt);
	rc = add(p, -SK_EUSAGE, (struct problem){ source, place, SPAN_NONE }, fmt, args);
	va_end(args);
	return rc;
}

int problem_add_code(struct problems *p, int code, const struct source *source, const char *fmt,
		     ...)
{
	va_list args;
	int rc;

	va_start(args, fmt);
	rc = add(p, code, (struct problem){ source, { 0, 0 }, SPAN_NONE }, fmt, args);
	va_end(args);
	return rc;
}

const char *problem_quote(struct problems *p, struct span text)
{
	CLEANUP(buf_release) struct buf quoted = BUF_INIT;
	char *copy;

	buf_put_quoted(&quoted, text, QUOTED_BYTES_MAX);
	copy = arena_alloc(&p->text, quoted.len + 1);
	memcpy(copy, quoted.p, quoted.len + 1);
	return copy;
}

static int by_place(const void *a, const void *b)
{
	const struct problem *x = a, *y = b;
	int64_t order = (int64_t)(x->source ? x->source->order + 1 : 0) -
			(int64_t)(y->source ? y->source->order + 1 : 0);

	if (order == 0)
		order = (int64_t)x->place.line - y->place.line;
	if (order == 0)
		order = (int64_t)x->place.column - y->place.column;
	if (order == 0)
		return span_compare(x->text, y->text);
	return order < 0 ? -1 : 1;
}

/* Where the part of a problem begins that says what to do; the length when there is none. */
static size_t advice_at(struct span text)
{
	static const char *const words[] = { "; did you mean ", ". Try: " };
	size_t at = text.len;

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		const char *found = memmem(text.p, text.len, words[i], strlen(words[i]));

		if (found && (size_t)(found - text.p) < at)
			at = (size_t)(found - text.p);
	}
	return at;
}

static void put_problem(struct buf *out, const struct problem *p)
{
	if (p->source) {
		buf_put_visible(out, p->source->path);
		if (p->place.line)
			buf_putf(out, ":%u:%u", p->place.line, p->place.column);
		buf_puts(out, ": ");
	}
	buf_put(out, p->text.p, p->text.len);
	if (advice_at(p->text) == p->text.len)
		buf_puts(out, ADVICE_OTHERWISE);
}

/* The first problem as the one sentence: what was not done stands before what to do. */
static void put_first(struct buf *out, const struct problems *p)
{
	CLEANUP(buf_release) struct buf whole = BUF_INIT;
	uint32_t others = p->count - 1 + p->more;
	size_t at;

	put_problem(&whole, &p->v[0]);
	if (whole.len > ERR_TEXT_MAX - 200) {
		buf_truncate(&whole, ERR_TEXT_MAX - 200);
		buf_puts(&whole, "...");
	}
	at = advice_at((struct span){ whole.p, whole.len });
	buf_put(out, whole.p, at);
	if (others > 0)
		buf_putf(out, " (and %s%u more problem%s)", p->more ? "at least " : "", others,
			 others == 1 ? "" : "s");
	buf_puts(out, ": nothing was started");
	buf_put(out, whole.p + at, whole.len - at);
}

int problems_report(struct problems *p, struct buf *lines, struct err *e)
{
	CLEANUP(buf_release) struct buf first = BUF_INIT;

	if (p->count == 0)
		return 0;
	qsort(p->v, p->count, sizeof(p->v[0]), by_place);
	for (uint32_t i = 0; lines && i < p->count; i++) {
		put_problem(lines, &p->v[i]);
		buf_putc(lines, '\n');
	}
	put_first(&first, p);
	return err_set(e, p->code, "%s", first.p);
}
