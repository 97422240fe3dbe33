/*
 * Strings of the scanner: found eight bytes at a time, because nearly every byte of a journal lies
 * inside of one, and checked once, so that taking the escapes out afterwards cannot fail.
 */
#include "base/scan.h"

#include <endian.h>
#include <errno.h>

#define ONES 0x0101010101010101ULL
#define HIGHS 0x8080808080808080ULL

/*
 * Eight bytes at once: nonzero when one of them is a quote, a backslash, a control character or not
 * ASCII. Bytes are flagged in their highest bit, the first byte lowest; behind the first that is
 * flagged a borrow may flag others wrongly.
 */
static inline uint64_t special8(const char *p)
{
	uint64_t v, quote, slash;

	memcpy(&v, p, 8);
	v = le64toh(v);
	quote = v ^ ONES * '"';
	slash = v ^ ONES * '\\';
	return (((quote - ONES) & ~quote) | ((slash - ONES) & ~slash) | (v - ONES * 0x20) | v) &
	       HIGHS;
}

static int hex4(const char *p, const char *end, unsigned *out)
{
	if (end - p < 4)
		return -EINVAL;
	*out = 0;
	for (int i = 0; i < 4; i++) {
		unsigned c = (unsigned char)p[i];

		if (c >= '0' && c <= '9')
			c -= '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			c = (c | 0x20) - 'a' + 10;
		else
			return -EINVAL;
		*out = *out << 4 | c;
	}
	return 0;
}

/* s->p stands on a backslash; checks the escape and steps over it. */
static bool scan_escape(struct scan *s)
{
	unsigned c, low;

	if (s->end - s->p < 2) {
		scan_fail(s, "unexpected end");
		return false;
	}
	if (s->p[1] && strchr("\"\\/bfnrt", s->p[1])) {
		s->p += 2;
		return true;
	}
	if (s->p[1] != 'u' || hex4(s->p + 2, s->end, &c) < 0) {
		scan_fail(s, "invalid escape");
		return false;
	}
	if (c == 0) {
		scan_fail(s, "control character U+0000 not allowed");
		return false;
	}
	if (c >= 0xdc00 && c <= 0xdfff) {
		scan_fail(s, "unpaired surrogate");
		return false;
	}
	if (c >= 0xd800 && c <= 0xdbff) {
		if (s->end - s->p < 12 || s->p[6] != '\\' || s->p[7] != 'u' ||
		    hex4(s->p + 8, s->end, &low) < 0 || low < 0xdc00 || low > 0xdfff) {
			scan_fail(s, "unpaired surrogate");
			return false;
		}
		s->p += 6;
	}
	s->p += 6;
	return true;
}

void scan_string(struct scan *s, struct scan_text *out)
{
	const char *from;
	bool escaped = false;

	*out = (struct scan_text){ SPAN_NONE, false };
	if (s->error)
		return;
	scan_blank(s);
	if (s->p == s->end || *s->p != '"') {
		scan_fail(s, s->p == s->end ? "unexpected end" : "expected a string");
		return;
	}
	from = ++s->p;
	for (;;) {
		unsigned char c;
		size_t len;

		while (s->end - s->p >= 8) {
			uint64_t flags = special8(s->p);

			if (flags) {
				s->p += __builtin_ctzll(flags) / 8;
				break;
			}
			s->p += 8;
		}
		if (s->p == s->end) {
			scan_fail(s, "unexpected end inside a string");
			return;
		}
		c = (unsigned char)*s->p;
		if (c == '"')
			break;
		if (c == '\\') {
			escaped = true;
			if (!scan_escape(s))
				return;
		} else if (c < 0x20) {
			scan_fail(s, c ? "control character inside a string" : "NUL byte");
			return;
		} else if (c < 0x80) {
			s->p++;
		} else if ((len = utf8_len(s->p, (size_t)(s->end - s->p))) > 0) {
			s->p += len;
		} else {
			scan_fail(s, "invalid UTF-8");
			return;
		}
	}
	*out = (struct scan_text){ { from, (size_t)(s->p - from) }, escaped };
	s->p++;
	s->fresh = false;
}

static void put_utf8(struct buf *out, unsigned c)
{
	char text[4];

	if (c < 0x80) {
		buf_putc(out, (char)c);
		return;
	}
	if (c < 0x800) {
		text[0] = (char)(0xc0 | c >> 6);
		text[1] = (char)(0x80 | (c & 0x3f));
		buf_put(out, text, 2);
		return;
	}
	if (c < 0x10000) {
		text[0] = (char)(0xe0 | c >> 12);
		text[1] = (char)(0x80 | (c >> 6 & 0x3f));
		text[2] = (char)(0x80 | (c & 0x3f));
		buf_put(out, text, 3);
		return;
	}
	text[0] = (char)(0xf0 | c >> 18);
	text[1] = (char)(0x80 | (c >> 12 & 0x3f));
	text[2] = (char)(0x80 | (c >> 6 & 0x3f));
	text[3] = (char)(0x80 | (c & 0x3f));
	buf_put(out, text, 4);
}

void scan_unescape(struct buf *out, struct scan_text text)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *p = text.raw.p, *end = p + text.raw.len;

	if (!text.escaped) {
		buf_put(out, p, text.raw.len);
		return;
	}
	while (p < end) {
		const char *slash = memchr(p, '\\', (size_t)(end - p));
		const char *known;
		unsigned c = 0, low = 0;

		buf_put(out, p, (size_t)((slash ? slash : end) - p));
		if (!slash)
			return;
		p = slash + 2;
		if (slash[1] != 'u') {
			known = strchr(from, slash[1]);
			buf_putc(out, known ? to[known - from] : slash[1]);
			continue;
		}
		hex4(p, end, &c);
		p += 4;
		if (c >= 0xd800 && c <= 0xdbff) {
			hex4(p + 2, end, &low);
			p += 6;
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		}
		put_utf8(out, c);
	}
}

void scan_place(struct span text, size_t offset, unsigned *line, unsigned *column)
{
	const char *from = text.p;
	size_t at = offset < text.len ? offset : text.len;

	*line = 1;
	for (const char *p = text.p; p < text.p + at; p++) {
		if (*p == '\n') {
			++*line;
			from = p + 1;
		}
	}
	*column = (unsigned)(text.p + at - from) + 1;
}
