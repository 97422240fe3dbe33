/* A matcher of our own instead of regular expressions: linear for every pattern there is, so no
 * output of anybody can make it slow. */
#include "core/quota_text.h"

#define GAP_MAX 40 /* between the two halves of one statement */

struct span text_trim(struct span s)
{
	while (s.len && (s.p[0] == ' ' || s.p[0] == '\t' || s.p[0] == '\r' || s.p[0] == '\n'))
		s = text_from(s, 1);
	while (s.len && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t' ||
			 s.p[s.len - 1] == '\r' || s.p[s.len - 1] == '\n'))
		s.len--;
	return s;
}

void text_lower(struct buf *out, struct span s)
{
	size_t from = out->len;

	buf_put(out, s.p, s.len);
	for (size_t i = from; i < out->len; i++)
		if (out->p[i] >= 'A' && out->p[i] <= 'Z')
			out->p[i] = (char)(out->p[i] + 32);
}

static size_t match_from(struct span s, size_t at, const char *pattern)
{
	for (; *pattern; pattern++) {
		if (*pattern == ' ') {
			if (at == s.len || !text_separator(s.p[at]))
				return 0;
			while (at < s.len && text_separator(s.p[at]))
				at++;
		} else if (*pattern == '*') {
			while (at < s.len && text_alnum(s.p[at]))
				at++;
		} else if (*pattern == '~') {
			for (size_t i = at; i < s.len && i <= at + GAP_MAX; i++) {
				size_t len = i > 0 && text_alnum(s.p[i - 1])
						     ? 0
						     : match_from(s, i, pattern + 1);

				if (len)
					return len;
				if (i + 1 < s.len && s.p[i] == '.' && s.p[i + 1] == ' ')
					return 0;
			}
			return 0;
		} else {
			if (at == s.len || s.p[at] != *pattern)
				return 0;
			at++;
		}
	}
	return at < s.len && text_alnum(s.p[at]) && at > 0 && text_alnum(s.p[at - 1]) ? 0 : at;
}

size_t text_match(struct span s, const char *pattern)
{
	return match_from(s, 0, pattern);
}

size_t text_find(struct span s, size_t from, const char *pattern, size_t *len)
{
	for (size_t i = from; i < s.len; i++) {
		const char *next = memchr(s.p + i, pattern[0], s.len - i);

		if (!next)
			break;
		i = (size_t)(next - s.p);
		if (i > 0 && text_alnum(s.p[i]) && text_alnum(s.p[i - 1]))
			continue;
		*len = match_from(text_from(s, i), 0, pattern);
		if (*len)
			return i;
	}
	return TEXT_NOWHERE;
}

bool text_has_any(struct span s, const char *const *patterns)
{
	size_t len;

	for (; *patterns; patterns++)
		if (text_find(s, 0, *patterns, &len) != TEXT_NOWHERE)
			return true;
	return false;
}

bool text_begins_any(struct span s, const char *const *patterns)
{
	for (; *patterns; patterns++)
		if (text_match(s, *patterns))
			return true;
	return false;
}
