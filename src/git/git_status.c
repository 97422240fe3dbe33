/*
 * Format 2 with NUL ends: the only one in which every path can be told and that git promised to
 * keep. It is checked as a whole when it is read, so that walking over it cannot fail; a line of a
 * kind that is unknown today is refused, because leaving a file out would call a dirty tree clean.
 */
#include "git/git_status.h"

#include <errno.h>

#include "base/limits.h"

void git_status_release(struct git_status *s)
{
	buf_release(&s->text);
	*s = (struct git_status)GIT_STATUS_INIT;
}

/* The text up to the next NUL; *at moves behind it. Empty at the end. */
static struct span next_record(const struct buf *text, size_t *at)
{
	struct span r = { text->p ? text->p + *at : NULL, 0 };

	if (*at < text->len)
		r.len = strlen(r.p);
	*at += r.len + (*at < text->len);
	return r;
}

/* Cuts the word before the next blank off. */
static struct span cut_word(struct span *text)
{
	const char *blank = text->len ? memchr(text->p, ' ', text->len) : NULL;
	size_t len = blank ? (size_t)(blank - text->p) : text->len, used = len + (blank != NULL);
	struct span word = { text->p, len };

	*text = (struct span){ text->p + used, text->len - used };
	return word;
}

static bool header(struct git_status *s, struct span line)
{
	struct span name, value = line;

	cut_word(&value); /* "#" */
	name = cut_word(&value);
	if (span_is(name, "branch.oid")) {
		s->head = span_is(value, "(initial)") ? SPAN_NONE : value;
	} else if (span_is(name, "branch.head")) {
		s->branch = span_is(value, "(detached)") ? SPAN_NONE : value;
	} else if (span_is(name, "branch.upstream")) {
		s->upstream = value;
	} else if (span_is(name, "branch.ab")) {
		struct span ahead = cut_word(&value);

		if (ahead.len < 2 || value.len < 2)
			return false;
		s->compared = span_to_u64((struct span){ ahead.p + 1, ahead.len - 1 }, INTEGER_MAX,
					  &s->ahead) == 0 &&
			      span_to_u64((struct span){ value.p + 1, value.len - 1 }, INTEGER_MAX,
					  &s->behind) == 0;
		return s->compared;
	}
	return true; /* others may come */
}

/* Words between the kind and the path of a line. */
static int words_before_path(char kind)
{
	return kind == '1' ? 7 : kind == 'u' ? 9 : kind == '?' || kind == '!' ? 0 : -1;
}

static bool decode_entry(struct span line, struct git_status_entry *out)
{
	struct git_status_entry e = { .index = '.', .disk = '.' };
	int words;

	if (line.len < 3 || line.p[1] != ' ')
		return false;
	e.kind = line.p[0];
	words = words_before_path(e.kind);
	cut_word(&line);
	for (int i = 0; i < words; i++) {
		struct span word = cut_word(&line);

		if (i == 0 && word.len != 2)
			return false;
		if (i == 0) {
			e.index = word.p[0];
			e.disk = word.p[1];
		}
		if (i == 1)
			e.submodule = word.len && word.p[0] == 'S';
	}
	e.path = line;
	if (words < 0 || line.len == 0)
		return false;
	*out = e;
	return true;
}

int git_status_decode(struct buf *text, struct git_status *out)
{
	CLEANUP(git_status_release) struct git_status s = GIT_STATUS_INIT;
	struct git_status_entry ignored;
	size_t at = 0;

	s.text = *text;
	*text = (struct buf)BUF_INIT;
	if (s.text.len && s.text.p[s.text.len - 1] != '\0')
		return -EINVAL;
	while (at < s.text.len && s.text.p[at] == '#')
		if (!header(&s, next_record(&s.text, &at)))
			return -EINVAL;
	s.entries_at = at;
	while (at < s.text.len)
		if (!decode_entry(next_record(&s.text, &at), &ignored))
			return -EINVAL;
	*out = s;
	s = (struct git_status)GIT_STATUS_INIT;
	return 0;
}

bool git_status_next(const struct git_status *s, size_t *at, struct git_status_entry *out)
{
	if (*at < s->entries_at)
		*at = s->entries_at;
	return *at < s->text.len && decode_entry(next_record(&s->text, at), out);
}

int git_status_read(const struct git *g, const char *dir, unsigned flags, struct git_status *out,
		    struct err *e)
{
	CLEANUP(captured_release) struct captured printed = CAPTURED_INIT;
	struct git_call call = {
		.dir = dir,
		.words = GIT_WORDS(
			"status", "--porcelain=v2", "-z", "--branch", "--no-renames",
			"--untracked-files=all", "--ignore-submodules=none",
			flags & GIT_STATUS_IGNORED ? "--ignored=matching" : "--ignored=no", "--",
			":(top)", ":(top,exclude).octogent", ":(top,exclude).state")
	};
	int rc = git_must(g, &call, &printed, e);

	if (rc < 0)
		return rc;
	if (git_status_decode(&printed.out, out) < 0)
		return err_set(e, -SK_EIO,
			       "git status: printed what cannot be understood (in %s): nothing "
			       "was done",
			       dir ? dir : ".");
	return 0;
}
