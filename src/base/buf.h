/* Growing bytes that someone owns. `p` is NULL or NUL-terminated one past `len`, so it can be read
 * as text. */
#ifndef SK_BUF_H
#define SK_BUF_H

#include <stdarg.h>
#include <string.h>

#include "base/base.h"

struct buf {
	char *p;
	size_t len;
	size_t capacity;
};

#define BUF_INIT           \
	{                  \
		NULL, 0, 0 \
	}

void buf_release(struct buf *b);

/* Makes room for `more` bytes beyond len (and a NUL). */
void buf_reserve(struct buf *b, size_t more);

void buf_putf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_putfv(struct buf *b, const char *fmt, va_list args) PRINTF_LIKE(2, 0);

/* Shortens to `len` bytes, keeping the memory. */
void buf_truncate(struct buf *b, size_t len);

/* Removes the first `len` bytes. */
void buf_consume(struct buf *b, size_t len);

/* Decimal digits of an integer: the hot path of the journal. */
void buf_put_u64(struct buf *b, uint64_t v);
void buf_put_i64(struct buf *b, int64_t v);

/* 16 lower-case hex digits. */
void buf_put_hex64(struct buf *b, uint64_t v);

/* Hands the bytes over; *b is empty after. The result is NUL-terminated and freed with mem_free. */
char *buf_take(struct buf *b);

static inline void buf_put(struct buf *b, const void *p, size_t len)
{
	if (b->capacity - b->len <= len || !b->p)
		buf_reserve(b, len);
	if (len)
		memcpy(b->p + b->len, p, len);
	b->len += len;
	b->p[b->len] = '\0';
}

static inline void buf_puts(struct buf *b, const char *text)
{
	buf_put(b, text, strlen(text));
}

static inline void buf_putc(struct buf *b, char c)
{
	buf_put(b, &c, 1);
}

#endif
