/* Small questions about text that is lower case already: the classifier's alphabet. */
#ifndef SK_QUOTA_TEXT_H
#define SK_QUOTA_TEXT_H

#include "base/str.h"

#define TEXT_NOWHERE SIZE_MAX

static inline bool text_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool text_letter(char c)
{
	return c >= 'a' && c <= 'z';
}

static inline bool text_alnum(char c)
{
	return text_letter(c) || text_digit(c);
}

/* What a pattern's blank stands for: "rate limit" is also rate_limit and rate-limit. */
static inline bool text_separator(char c)
{
	return c == ' ' || c == '\t' || c == '_' || c == '-';
}

static inline struct span text_from(struct span s, size_t at)
{
	return (struct span){ s.p + at, s.len - at };
}

/* Without white space at both ends. */
struct span text_trim(struct span s);

/* A copy in lower case (ASCII), as long as the original; appended to *out. */
void text_lower(struct buf *out, struct span s);

/*
 * The length of what `pattern` matches at the beginning of `s`, or 0. In a pattern a blank is a run
 * of separators, `*` the rest of a word, `~` up to 40 bytes that end no sentence. The match ends at
 * the end of a word.
 */
size_t text_match(struct span s, const char *pattern);

/* The first place from `from` on where the pattern matches and a word begins, or TEXT_NOWHERE;
 * *len = what it takes. */
size_t text_find(struct span s, size_t from, const char *pattern, size_t *len);

/* Whether one of the patterns of a list that ends with NULL stands anywhere, or at the beginning.
 */
bool text_has_any(struct span s, const char *const *patterns);
bool text_begins_any(struct span s, const char *const *patterns);

#endif
