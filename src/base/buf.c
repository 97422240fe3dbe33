/* Growth by half keeps appends amortised constant; digits are written two at a time because the
 * journal is mostly digits. */
#include "base/buf.h"

#include <stdio.h>

void buf_release(struct buf *b)
{
	mem_free(&b->p);
	b->len = 0;
	b->capacity = 0;
}

void buf_reserve(struct buf *b, size_t more)
{
	size_t need = b->len + more + 1;

	if (need > b->capacity)
		mem_grow(&b->p, &b->capacity, need < 64 ? 64 : need, 1);
	b->p[b->len] = '\0';
}

void buf_putfv(struct buf *b, const char *fmt, va_list args)
{
	va_list again;
	int len;

	va_copy(again, args);
	buf_reserve(b, 0);
	len = vsnprintf(b->p + b->len, b->capacity - b->len, fmt, args);
	INVARIANT(len >= 0);
	if ((size_t)len >= b->capacity - b->len) { /* mostly there is room at once */
		buf_reserve(b, (size_t)len);
		vsnprintf(b->p + b->len, (size_t)len + 1, fmt, again);
	}
	va_end(again);
	b->len += (size_t)len;
}

void buf_putf(struct buf *b, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	buf_putfv(b, fmt, args);
	va_end(args);
}

void buf_truncate(struct buf *b, size_t len)
{
	INVARIANT(len <= b->len);
	b->len = len;
	if (b->p)
		b->p[len] = '\0';
}

void buf_consume(struct buf *b, size_t len)
{
	INVARIANT(len <= b->len);
	if (!len)
		return;
	memmove(b->p, b->p + len, b->len - len + 1);
	b->len -= len;
}

void buf_put_u64(struct buf *b, uint64_t v)
{
	char digits[20];
	size_t at = sizeof(digits);

	for (; v >= 100; v /= 100) {
		unsigned two = (unsigned)(v % 100);

		digits[--at] = (char)('0' + two % 10);
		digits[--at] = (char)('0' + two / 10);
	}
	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	buf_put(b, digits + at, sizeof(digits) - at);
}

void buf_put_i64(struct buf *b, int64_t v)
{
	if (v < 0) {
		buf_putc(b, '-');
		buf_put_u64(b, (uint64_t)0 - (uint64_t)v);
	} else {
		buf_put_u64(b, (uint64_t)v);
	}
}

void buf_put_hex64(struct buf *b, uint64_t v)
{
	static const char hex[] = "0123456789abcdef";
	char digits[16];

	for (int i = 15; i >= 0; i--, v >>= 4)
		digits[i] = hex[v & 15];
	buf_put(b, digits, sizeof(digits));
}

char *buf_take(struct buf *b)
{
	char *p;

	buf_reserve(b, 0);
	p = b->p;
	*b = (struct buf)BUF_INIT;
	return p;
}
