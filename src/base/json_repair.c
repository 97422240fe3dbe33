/* One pass over the bytes, knowing only what is a string and how deep the brackets are: a reader
 * with two degrees of strictness would be strict in neither. */
#include "base/json_repair.h"

#define REPLACEMENT "\xef\xbf\xbd"

struct repair {
	struct span in;
	size_t at;
	struct buf *out;
};

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The number of a \uXXXX at `at`, or -1. */
static int escaped_unit(const struct repair *r, size_t at)
{
	int unit = 0;

	if (r->in.len - at < 6 || r->in.p[at] != '\\' || r->in.p[at + 1] != 'u')
		return -1;
	for (size_t i = at + 2; i < at + 6; i++) {
		int v = hex_value(r->in.p[i]);

		if (v < 0)
			return -1;
		unit = unit * 16 + v;
	}
	return unit;
}

static void copy(struct repair *r, size_t len)
{
	if (len > r->in.len - r->at)
		len = r->in.len - r->at;
	buf_put(r->out, r->in.p + r->at, len);
	r->at += len;
}

static void repair_escape(struct repair *r)
{
	int unit = escaped_unit(r, r->at), next;

	if (unit < 0) {
		copy(r, 2);
		return;
	}
	next = unit >= 0xd800 && unit <= 0xdbff ? escaped_unit(r, r->at + 6) : -1;
	if (next >= 0xdc00 && next <= 0xdfff) {
		copy(r, 12);
	} else if (unit == 0 || (unit >= 0xd800 && unit <= 0xdfff)) {
		buf_puts(r->out, REPLACEMENT);
		r->at += 6;
	} else {
		copy(r, 6);
	}
}

/* Up to behind the closing quote. */
static void repair_string(struct repair *r)
{
	copy(r, 1);
	while (r->at < r->in.len) {
		unsigned char c = (unsigned char)r->in.p[r->at];
		size_t len;

		if (c == '"') {
			copy(r, 1);
			return;
		}
		if (c == '\\') {
			repair_escape(r);
		} else if (c == 0) {
			buf_puts(r->out, REPLACEMENT);
			r->at++;
		} else if (c < 0x20) {
			buf_putf(r->out, "\\u%04x", c);
			r->at++;
		} else {
			len = c < 0x80 ? 1 : utf8_len(r->in.p + r->at, r->in.len - r->at);
			if (len) {
				copy(r, len);
			} else {
				buf_puts(r->out, REPLACEMENT);
				r->at++;
			}
		}
	}
}

void json_repair(struct span text, struct buf *out)
{
	struct repair r = { .in = text, .out = out };
	size_t depth = 0;

	buf_truncate(out, 0);
	buf_reserve(out, text.len);
	while (text.len - r.at >= 3 && memcmp(text.p + r.at, "\xef\xbb\xbf", 3) == 0)
		r.at += 3;
	while (r.at < text.len) {
		char c = text.p[r.at];

		if (c == '"') {
			repair_string(&r);
			continue;
		}
		copy(&r, 1);
		if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && (depth == 0 || --depth == 0))
			return; /* the end of the first document */
	}
}
