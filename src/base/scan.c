/*
 * Why our own reader: the journal is the heart of the program and is read at a gigabyte a second or not at all; and no
 * packaged library reports the place of every value, which errors in plans need. The rules are those of RFC 8259 and
 * nothing more. Tests compare its verdict with a JSON library over generated documents.
 */
#include "base/scan.h"

#include <errno.h>

#include "base/limits.h"

void scan_init(struct scan *s, struct span text)
{
	*s = (struct scan){ .start = text.p, .p = text.p, .end = text.p + text.len };
}

void scan_fail(struct scan *s, const char *what)
{
	if (s->error)
		return;
	s->error = what;
	s->error_at = (size_t)(s->p - s->start);
}

static inline void skip_blank(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
		s->p++;
}

char scan_peek(struct scan *s)
{
	if (s->error)
		return 0;
	skip_blank(s);
	if (s->p == s->end)
		return 0;
	switch (*s->p) {
	case '{':
	case '[':
	case '"':
	case 't':
	case 'f':
	case 'n':
		return *s->p;
	case '-':
	case '0' ... '9':
		return '0';
	default:
		return 0;
	}
}

static void scan_open(struct scan *s, char bracket, const char *otherwise)
{
	if (s->error)
		return;
	skip_blank(s);
	if (s->p == s->end || *s->p != bracket) {
		scan_fail(s, s->p == s->end ? "unexpected end" : otherwise);
		return;
	}
	if (s->depth == JSON_DEPTH_MAX - 1) {
		scan_fail(s, "nesting deeper than 64");
		return;
	}
	s->p++;
	s->depth++;
	s->open = bracket == '{' ? s->open | 1ULL << s->depth : s->open & ~(1ULL << s->depth);
	s->fresh = true;
}

void scan_object(struct scan *s)
{
	scan_open(s, '{', "expected an object");
}

void scan_array(struct scan *s)
{
	scan_open(s, '[', "expected an array");
}

/* Between elements: true when another one follows, false at the closing bracket (consumed) or on an error. */
static bool scan_next(struct scan *s, char closing)
{
	bool comma = false;

	if (s->error)
		return false;
	skip_blank(s);
	if (!s->fresh) {
		if (s->p < s->end && *s->p == ',') {
			s->p++;
			comma = true;
			skip_blank(s);
		} else if (s->p < s->end && *s->p != closing) {
			scan_fail(s, closing == '}' ? "expected \",\" or \"}\"" : "expected \",\" or \"]\"");
			return false;
		}
	}
	if (s->p == s->end) {
		scan_fail(s, "unexpected end");
		return false;
	}
	if (*s->p == closing) {
		if (comma) {
			scan_fail(s, closing == '}' ? "unexpected \",\" before \"}\"" : "unexpected \",\" before \"]\"");
			return false;
		}
		s->p++;
		s->depth--;
		s->fresh = false;
		return false;
	}
	s->fresh = false;
	return true;
}

bool scan_item(struct scan *s)
{
	return scan_next(s, ']');
}

#define ONES 0x0101010101010101ULL
#define HIGHS 0x8080808080808080ULL

/* Eight bytes at once: nonzero when one of them is a quote, a backslash, a control character or not ASCII. */
static inline uint64_t special8(const char *p)
{
	uint64_t v, quote, slash;

	memcpy(&v, p, 8);
	quote = v ^ ONES * '"';
	slash = v ^ ONES * '\\';
	return (((quote - ONES) & ~quote) | ((slash - ONES) & ~slash) | (v - ONES * 0x20) | v) & HIGHS;
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
		if (s->end - s->p < 12 || s->p[6] != '\\' || s->p[7] != 'u' || hex4(s->p + 8, s->end, &low) < 0 ||
		    low < 0xdc00 || low > 0xdfff) {
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

	if (s->error)
		return;
	skip_blank(s);
	if (s->p == s->end || *s->p != '"') {
		scan_fail(s, s->p == s->end ? "unexpected end" : "expected a string");
		return;
	}
	from = ++s->p;
	for (;;) {
		unsigned char c;
		size_t len;

		while (s->end - s->p >= 8 && !special8(s->p))
			s->p += 8;
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

bool scan_key(struct scan *s, struct scan_text *key)
{
	if (!scan_next(s, '}'))
		return false;
	if (*s->p != '"') {
		scan_fail(s, "expected a key in double quotes");
		return false;
	}
	scan_string(s, key);
	if (s->error)
		return false;
	skip_blank(s);
	if (s->p == s->end || *s->p != ':') {
		scan_fail(s, s->p == s->end ? "unexpected end" : "expected \":\"");
		return false;
	}
	s->p++;
	return true;
}

static bool digits(struct scan *s)
{
	const char *from = s->p;

	while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
		s->p++;
	return s->p > from;
}

void scan_number(struct scan *s, struct span *out)
{
	const char *from;

	if (s->error)
		return;
	skip_blank(s);
	from = s->p;
	if (s->p < s->end && *s->p == '-')
		s->p++;
	if (s->p < s->end && *s->p == '0')
		s->p++;
	else if (!digits(s)) {
		s->p = from;
		scan_fail(s, s->p == s->end ? "unexpected end" : "expected a number");
		return;
	}
	if (s->p < s->end && *s->p == '.') {
		s->p++;
		if (!digits(s))
			scan_fail(s, "expected a digit");
	}
	if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
		s->p++;
		if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
			s->p++;
		if (!digits(s))
			scan_fail(s, "expected a digit");
	}
	if (s->p < s->end && ((*s->p >= '0' && *s->p <= '9') || (*s->p >= 'A' && *s->p <= 'z' && *s->p != ']' && *s->p != '[')))
		scan_fail(s, "malformed number");
	if (s->p - from > JSON_NUMBER_BYTES_MAX) {
		s->p = from;
		scan_fail(s, "number longer than 64 characters");
	}
	*out = (struct span){ from, (size_t)(s->p - from) };
	s->fresh = false;
}

void scan_u64(struct scan *s, uint64_t max, uint64_t *out)
{
	struct span text = SPAN_NONE;
	const char *from;

	if (s->error)
		return;
	skip_blank(s);
	from = s->p;
	scan_number(s, &text);
	if (s->error)
		return;
	if (span_to_u64(text, max, out) < 0) {
		s->p = from;
		scan_fail(s, "expected a whole number within its limits");
	}
}

void scan_i64(struct scan *s, int64_t *out)
{
	struct span text = SPAN_NONE;
	const char *from;
	bool negative;
	uint64_t v;

	if (s->error)
		return;
	skip_blank(s);
	from = s->p;
	scan_number(s, &text);
	if (s->error)
		return;
	negative = text.p[0] == '-';
	if (span_to_u64((struct span){ text.p + negative, text.len - negative }, INTEGER_MAX, &v) < 0) {
		s->p = from;
		scan_fail(s, "expected a whole number within its limits");
		return;
	}
	*out = negative ? -(int64_t)v : (int64_t)v;
}

static bool scan_word(struct scan *s, const char *word, size_t len)
{
	if ((size_t)(s->end - s->p) < len || memcmp(s->p, word, len) != 0)
		return false;
	s->p += len;
	s->fresh = false;
	return true;
}

void scan_bool(struct scan *s, bool *out)
{
	if (s->error)
		return;
	skip_blank(s);
	if (scan_word(s, "true", 4))
		*out = true;
	else if (scan_word(s, "false", 5))
		*out = false;
	else
		scan_fail(s, "expected true or false");
}

void scan_null(struct scan *s)
{
	if (s->error)
		return;
	skip_blank(s);
	if (!scan_word(s, "null", 4))
		scan_fail(s, "expected null");
}

static void scan_scalar(struct scan *s)
{
	struct scan_text text;
	struct span number;
	bool value;

	switch (scan_peek(s)) {
	case '"':
		scan_string(s, &text);
		break;
	case '0':
		scan_number(s, &number);
		break;
	case 't':
	case 'f':
		scan_bool(s, &value);
		break;
	case 'n':
		scan_null(s);
		break;
	default:
		scan_fail(s, s->p == s->end ? "unexpected end" : "expected a value");
	}
}

void scan_skip(struct scan *s, struct span *out)
{
	unsigned base = s->depth;
	struct scan_text key;
	const char *from;

	if (s->error)
		return;
	skip_blank(s);
	from = s->p;
	do {
		if (s->depth > base && !(s->open >> s->depth & 1 ? scan_key(s, &key) : scan_item(s)))
			continue;
		switch (scan_peek(s)) {
		case '{':
			scan_object(s);
			break;
		case '[':
			scan_array(s);
			break;
		default:
			scan_scalar(s);
		}
	} while (!s->error && s->depth > base);
	if (out && !s->error)
		*out = (struct span){ from, (size_t)(s->p - from) };
}

int scan_end(struct scan *s)
{
	if (!s->error) {
		skip_blank(s);
		if (s->depth)
			scan_fail(s, "unexpected end");
		else if (s->p != s->end)
			scan_fail(s, "text after the end of the document");
	}
	return s->error ? -EINVAL : 0;
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
