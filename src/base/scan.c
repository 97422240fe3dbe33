/*
 * Why our own reader: the journal is the heart of the program and is read at a gigabyte a second or
 * not at all; and no packaged library reports the place of every value, which errors in plans need.
 * The rules are those of RFC 8259 and nothing more. Tests compare its verdict with a JSON library
 * over generated documents.
 */
#include "base/scan.h"

#include <errno.h>

#include "base/limits.h"

void scan_init(struct scan *s, struct span text)
{
	const char *p = text.p ? text.p : ""; /* an empty span may have no address */

	*s = (struct scan){ .start = p, .p = p, .end = p + text.len };
}

void scan_fail(struct scan *s, const char *what)
{
	if (s->error)
		return;
	s->error = what;
	s->error_at = (size_t)(s->p - s->start);
}

char scan_peek(struct scan *s)
{
	if (s->error)
		return 0;
	scan_blank(s);
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

_Static_assert(JSON_DEPTH_MAX <= 64, "scan.open has one bit a level");

static void scan_open(struct scan *s, char bracket, const char *otherwise)
{
	uint64_t level;

	if (s->error)
		return;
	scan_blank(s);
	if (s->p == s->end || *s->p != bracket) {
		scan_fail(s, s->p == s->end ? "unexpected end" : otherwise);
		return;
	}
	if (s->depth == JSON_DEPTH_MAX) {
		scan_fail(s, "nesting deeper than 64");
		return;
	}
	level = 1ULL << s->depth;
	s->open = bracket == '{' ? s->open | level : s->open & ~level;
	s->depth++;
	s->p++;
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

/* Between elements: true when another one follows, false at the closing bracket (consumed) or on an
 * error. */
static bool scan_next(struct scan *s, char closing)
{
	bool comma = false;

	if (s->error)
		return false;
	scan_blank(s);
	if (!s->fresh) {
		if (s->p < s->end && *s->p == ',') {
			s->p++;
			comma = true;
			scan_blank(s);
		} else if (s->p < s->end && *s->p != closing) {
			scan_fail(s, closing == '}' ? "expected \",\" or \"}\""
						    : "expected \",\" or \"]\"");
			return false;
		}
	}
	if (s->p == s->end) {
		scan_fail(s, "unexpected end");
		return false;
	}
	if (*s->p == closing) {
		if (comma) {
			scan_fail(s, closing == '}' ? "unexpected \",\" before \"}\""
						    : "unexpected \",\" before \"]\"");
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
	scan_blank(s);
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

	*out = SPAN_NONE;
	if (s->error)
		return;
	scan_blank(s);
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
	if (s->p < s->end && ((*s->p >= '0' && *s->p <= '9') ||
			      (*s->p >= 'A' && *s->p <= 'z' && *s->p != ']' && *s->p != '[')))
		scan_fail(s, "malformed number");
	if (s->p - from > JSON_NUMBER_BYTES_MAX) {
		s->p = from;
		scan_fail(s, "number longer than 64 characters");
	}
	if (s->error)
		return;
	*out = (struct span){ from, (size_t)(s->p - from) };
	s->fresh = false;
}

void scan_u64(struct scan *s, uint64_t max, uint64_t *out)
{
	struct span text = SPAN_NONE;
	const char *from;

	if (s->error)
		return;
	scan_blank(s);
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
	scan_blank(s);
	from = s->p;
	scan_number(s, &text);
	if (s->error)
		return;
	negative = text.p[0] == '-';
	if (span_to_u64((struct span){ text.p + negative, text.len - negative }, INTEGER_MAX, &v) <
	    0) {
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
	scan_blank(s);
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
	scan_blank(s);
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
	scan_blank(s);
	from = s->p;
	do {
		if (s->depth > base &&
		    !(s->open >> (s->depth - 1) & 1 ? scan_key(s, &key) : scan_item(s)))
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
		scan_blank(s);
		if (s->depth)
			scan_fail(s, "unexpected end");
		else if (s->p != s->end)
			scan_fail(s, "text after the end of the document");
	}
	return s->error ? -EINVAL : 0;
}
