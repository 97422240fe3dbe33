/*
 * Members of a JSON object, one call each, for the documents of this folder. They are written
 * straight into the buffer, because some of them are as long as the state has tasks.
 */
#ifndef SK_VIEWS_PUT_H
#define SK_VIEWS_PUT_H

#include "base/when.h"

#define VIEW_SCHEMA "1.0.0"

/* ,"key": with the comma where one is due. */
static inline void put_key(struct buf *out, const char *key)
{
	char last = out->len ? out->p[out->len - 1] : '{';

	if (last != '{' && last != '[')
		buf_putc(out, ',');
	buf_putc(out, '"');
	buf_puts(out, key);
	buf_put(out, "\":", 2);
}

/* The comma between two elements of an array. */
static inline void put_comma(struct buf *out)
{
	char last = out->p[out->len - 1];

	if (last != '[' && last != '{')
		buf_putc(out, ',');
}

/* The id of a task as an element: ids hold nothing that JSON escapes (id_valid). */
static inline void put_id(struct buf *out, struct span id)
{
	put_comma(out);
	buf_putc(out, '"');
	buf_put(out, id.p, id.len);
	buf_putc(out, '"');
}

static inline void put_span(struct buf *out, const char *key, struct span text)
{
	put_key(out, key);
	buf_put_json(out, text);
}

static inline void put_text(struct buf *out, const char *key, const char *text)
{
	put_span(out, key, span_of(text));
}

static inline void put_u64(struct buf *out, const char *key, uint64_t v)
{
	put_key(out, key);
	buf_put_u64(out, v);
}

static inline void put_bool(struct buf *out, const char *key, bool v)
{
	put_key(out, key);
	buf_puts(out, v ? "true" : "false");
}

/* 0, which is no time, is null. */
static inline void put_time(struct buf *out, const char *key, int64_t ms)
{
	char text[WHEN_TEXT_LEN];

	put_key(out, key);
	if (!ms) {
		buf_puts(out, "null");
		return;
	}
	when_encode(ms, text);
	buf_putc(out, '"');
	buf_put(out, text, sizeof(text));
	buf_putc(out, '"');
}

/* A number of thousandths as a decimal fraction: 1500 is 1.5. */
static inline void buf_put_thousandths(struct buf *out, uint64_t thousandths)
{
	unsigned rest = (unsigned)(thousandths % 1000), digits = 3;

	buf_put_u64(out, thousandths / 1000);
	if (!rest)
		return;
	for (; rest % 10 == 0; digits--)
		rest /= 10;
	buf_putf(out, ".%0*u", (int)digits, rest);
}

static inline void put_thousandths(struct buf *out, const char *key, uint64_t thousandths)
{
	put_key(out, key);
	buf_put_thousandths(out, thousandths);
}

/* "key":{ or "key":[ ; the caller closes it. */
static inline void put_open(struct buf *out, const char *key, char bracket)
{
	put_key(out, key);
	buf_putc(out, bracket);
}

#endif
