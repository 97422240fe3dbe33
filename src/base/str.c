/*
 * Text is checked at the edge and escaped at the edge. Everything a person typed or a program
 * printed passes through one of the buf_put_* functions here before it reaches a terminal or a file
 * of ours.
 */
#include "base/str.h"

#include <errno.h>

#include "base/limits.h"

struct span span_before(struct span a, const char *part)
{
	const char *at = a.len ? memmem(a.p, a.len, part, strlen(part)) : NULL;

	return at ? (struct span){ a.p, (size_t)(at - a.p) } : a;
}

bool span_contains(struct span a, struct span part)
{
	return !part.len || (a.len && memmem(a.p, a.len, part.p, part.len) != NULL);
}

bool span_starts(struct span a, const char *prefix)
{
	size_t len = strlen(prefix);

	return span_eq((struct span){ a.p, a.len < len ? a.len : len }, span_of(prefix));
}

static char small(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool span_same_letters(struct span a, struct span b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (small(a.p[i]) != small(b.p[i]))
			return false;
	return true;
}

int span_compare(struct span a, struct span b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len ? memcmp(a.p, b.p, len) : 0;

	if (order)
		return order;
	return a.len < b.len ? -1 : a.len > b.len;
}

char *span_dup(struct span a)
{
	char *p = mem_alloc(a.len + 1);

	if (a.len)
		memcpy(p, a.p, a.len);
	p[a.len] = '\0';
	return p;
}

int span_to_u64(struct span a, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (a.len == 0 || (a.len > 1 && a.p[0] == '0'))
		return -EINVAL;
	for (size_t i = 0; i < a.len; i++) {
		unsigned digit = (unsigned)(a.p[i] - '0');

		if (digit > 9)
			return -EINVAL;
		if (v > (UINT64_MAX - digit) / 10)
			return -ERANGE;
		v = v * 10 + digit;
	}
	if (v > max)
		return -ERANGE;
	*out = v;
	return 0;
}

static bool name_byte(char c, bool first)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return true;
	return !first && (c == '.' || c == '_' || c == '-');
}

static bool name_reserved(struct span name)
{
	static const char *const words[] = { "goal.json", "con", "nul", "prn", "aux" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		size_t at = 0;

		if (name.len != strlen(words[i]))
			continue;
		while (at < name.len && (name.p[at] | 0x20) == (words[i][at] | 0x20))
			at++;
		if (at == name.len)
			return true;
	}
	return name.len > 5 && memcmp(name.p + name.len - 5, ".lock", 5) == 0;
}

const char *name_problem(struct span name)
{
	static const char rule[] =
		"use 1..64 of a-z A-Z 0-9 . _ -, starting with a letter or digit";

	if (name.len == 0)
		return rule;
	if (name.len > NAME_BYTES_MAX)
		return "a name has at most 64 characters";
	if (name.p[0] == '-')
		return "a name must not start with -";
	for (size_t i = 0; i < name.len; i++)
		if (!name_byte(name.p[i], i == 0))
			return rule;
	if (name.p[name.len - 1] == '.')
		return "a name must not end with a dot";
	if (name_reserved(name))
		return "the name is reserved";
	return NULL;
}

size_t utf8_len(const char *p, size_t left)
{
	const unsigned char *s = (const unsigned char *)p;
	size_t len;
	uint32_t c;

	if (left == 0)
		return 0;
	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		len = 2, c = s[0] & 0x1f;
	else if ((s[0] & 0xf0) == 0xe0)
		len = 3, c = s[0] & 0x0f;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		len = 4, c = s[0] & 0x07;
	else
		return 0;
	if (left < len)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if ((len == 3 && c < 0x800) || (len == 4 && (c < 0x10000 || c > 0x10ffff)) ||
	    (c >= 0xd800 && c <= 0xdfff))
		return 0;
	return len;
}

static uint32_t utf8_value(const char *p, size_t len)
{
	const unsigned char *s = (const unsigned char *)p;

	if (len == 1)
		return s[0];
	if (len == 2)
		return (uint32_t)(s[0] & 0x1f) << 6 | (s[1] & 0x3f);
	if (len == 3)
		return (uint32_t)(s[0] & 0x0f) << 12 | (uint32_t)(s[1] & 0x3f) << 6 | (s[2] & 0x3f);
	return (uint32_t)(s[0] & 0x07) << 18 | (uint32_t)(s[1] & 0x3f) << 12 |
	       (uint32_t)(s[2] & 0x3f) << 6 | (s[3] & 0x3f);
}

/* Characters that change what a reader believes to see: C1 controls, bidi overrides, invisible and
 * line-breaking marks. */
static bool deceptive(uint32_t c)
{
	return (c >= 0x80 && c < 0xa0) || c == 0xad || c == 0x61c || c == 0x180e ||
	       (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xe0000 && c <= 0xe007f);
}

/* The largest length up to `max` that does not split a character; bytes that are no UTF-8 stand for
 * themselves. */
static size_t whole_characters(struct span text, size_t max)
{
	for (size_t back = 1; back <= 3 && back <= max; back++) {
		size_t len = utf8_len(text.p + max - back, text.len - (max - back));

		if (len)
			return len > back ? max - back : max;
	}
	return max;
}

void buf_put_quoted(struct buf *b, struct span text, size_t max)
{
	bool cut = text.len > max;

	if (cut)
		text.len = whole_characters(text, max);
	buf_putc(b, '"');
	for (size_t i = 0; i < text.len;) {
		size_t len = utf8_len(text.p + i, text.len - i);
		uint32_t c = len ? utf8_value(text.p + i, len) : (unsigned char)text.p[i];

		if (len == 0 || c < 0x20 || c == 0x7f)
			buf_putf(b, "\\x%02x", (unsigned)(unsigned char)text.p[i]);
		else if (deceptive(c))
			buf_putf(b, "\\u%04x", c);
		else if (c == '"' || c == '\\')
			buf_putf(b, "\\%c", (int)c);
		else
			buf_put(b, text.p + i, len);
		i += len ? len : 1;
	}
	buf_puts(b, cut ? "...\"" : "\"");
}

/* Bytes at p that every terminal shows as they are. */
static size_t plain_len(const char *p, size_t left)
{
	size_t len = 0;

	while (len < left && p[len] >= 0x20 && p[len] < 0x7f)
		len++;
	return len;
}

void buf_put_visible(struct buf *b, struct span text)
{
	for (size_t i = 0; i < text.len;) {
		size_t len = plain_len(text.p + i, text.len - i);
		uint32_t c;

		if (len) {
			buf_put(b, text.p + i, len);
			i += len;
			continue;
		}
		len = utf8_len(text.p + i, text.len - i);
		c = len ? utf8_value(text.p + i, len) : (unsigned char)text.p[i];

		if (len == 0)
			buf_putf(b, "\\x%02x", c);
		else if (c == '\t')
			buf_putc(b, ' ');
		else if (c < 0x20 || c == 0x7f)
			buf_putf(b, "^%c", (int)(c ^ 0x40));
		else if (deceptive(c))
			buf_putf(b, "U+%04X", c);
		else
			buf_put(b, text.p + i, len);
		i += len ? len : 1;
	}
}

void buf_put_json(struct buf *b, struct span text)
{
	size_t from = 0;

	buf_putc(b, '"');
	for (size_t i = 0; i < text.len;) {
		unsigned char c = (unsigned char)text.p[i];
		size_t len = 1;

		if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
			i++;
			continue;
		}
		if (c >= 0x80)
			len = utf8_len(text.p + i, text.len - i);
		if (c >= 0x80 && len) {
			i += len;
			continue;
		}
		buf_put(b, text.p + from, i - from);
		if (c >= 0x80)
			buf_puts(b, "\xef\xbf\xbd");
		else if (c == '"' || c == '\\')
			buf_putf(b, "\\%c", c);
		else if (c == '\n')
			buf_puts(b, "\\n");
		else if (c == '\t')
			buf_puts(b, "\\t");
		else if (c == '\r')
			buf_puts(b, "\\r");
		else
			buf_putf(b, "\\u%04x", c);
		from = ++i;
	}
	if (text.len > from)
		buf_put(b, text.p + from, text.len - from);
	buf_putc(b, '"');
}

unsigned word_distance(struct span a, struct span b, unsigned max)
{
	unsigned row[65];

	if (a.len > 64 || b.len > 64)
		return max + 1;
	for (size_t j = 0; j <= b.len; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= a.len; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b.len; j++) {
			unsigned above = row[j];
			unsigned best = diagonal + (a.p[i - 1] != b.p[j - 1]);

			if (above + 1 < best)
				best = above + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
			diagonal = above;
		}
	}
	return row[b.len] > max ? max + 1 : row[b.len];
}

bool text_plain(struct span text)
{
	for (size_t i = 0; i < text.len;) {
		size_t len =
			(unsigned char)text.p[i] < 0x80 ? 1 : utf8_len(text.p + i, text.len - i);

		if (len == 0 || text.p[i] == '\0')
			return false;
		i += len;
	}
	return true;
}
