/*
 * People, agents and this program write the same file, so reading is by line and forgives what it
 * does not know, and writing takes care that no words of an agent become a statement about the
 * work: "STATUS: DONE" inside of a quoted log is no status.
 */
#include "core/handoff.h"

#include "base/limits.h"
#include "base/when.h"

#define HEAD "## ["

enum word { WORD_STATUS, WORD_QUOTA, WORD_HINT, WORD_CHANGED, WORD_BRIDGE, WORD_COUNT };

static const char *const line_words[WORD_COUNT] = { "STATUS:", "QUOTA_REASON:", "RETRY_HINT:",
						    "Changed:", "Bridge:" };

static size_t line_end(struct span text, size_t at)
{
	const char *newline = at < text.len ? memchr(text.p + at, '\n', text.len - at) : NULL;

	return newline ? (size_t)(newline - text.p) : text.len;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct span trimmed(struct span s)
{
	while (s.len && blank(s.p[0])) {
		s.p++;
		s.len--;
	}
	while (s.len && blank(s.p[s.len - 1]))
		s.len--;
	return s;
}

/* The word that the line begins with, or WORD_COUNT; its value in *value. */
static enum word read_line(struct span line, struct span *value)
{
	for (int w = 0; w < WORD_COUNT; w++) {
		size_t len = strlen(line_words[w]);

		if (!span_starts(line, line_words[w]))
			continue;
		*value = trimmed((struct span){ line.p + len, line.len - len });
		return (enum word)w;
	}
	return WORD_COUNT;
}

static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c & ~0x20) : c;
}

/* Its number, or NONE for a word that is none. */
static uint8_t read_status(struct span word)
{
	for (unsigned s = HANDOFF_NONE + 1; s < HANDOFF_STATE_COUNT; s++) {
		size_t i = 0;

		while (i < word.len && handoff_words[s][i] &&
		       upper(word.p[i]) == handoff_words[s][i])
			i++;
		if (i == word.len && !handoff_words[s][i])
			return (uint8_t)s;
	}
	return HANDOFF_NONE;
}

/* Where the next line that begins a section begins, at or behind a line's beginning `at`. */
static size_t find_head(struct span text, size_t at)
{
	while (at < text.len && !span_starts((struct span){ text.p + at, text.len - at }, HEAD))
		at = line_end(text, at) + 1;
	return at < text.len ? at : text.len;
}

bool handoff_next(struct span text, size_t *at, struct handoff_section *out)
{
	size_t line, head;

	*at = find_head(text, *at);
	if (*at >= text.len)
		return false;
	*out = (struct handoff_section){ .at = *at, .status = HANDOFF_NONE };
	head = line_end(text, *at);
	out->end = find_head(text, head + 1);
	for (size_t i = *at + strlen(HEAD); i < head; i++) {
		if (text.p[i] != ']')
			continue;
		out->when = (struct span){ text.p + *at + strlen(HEAD), i - *at - strlen(HEAD) };
		break;
	}
	for (line = head + 1; line < out->end; line = line_end(text, line) + 1) {
		size_t end = line_end(text, line);
		struct span value = SPAN_NONE;
		enum word word = read_line((struct span){ text.p + line, end - line }, &value);

		if (word == WORD_STATUS && read_status(value) != HANDOFF_NONE)
			out->status = read_status(value);
		else if (word == WORD_QUOTA)
			out->quota_reason = value;
		else if (word == WORD_HINT)
			out->retry_hint = value;
	}
	*at = out->end;
	return true;
}

struct span handoff_odd_status(struct span text)
{
	struct span odd = SPAN_NONE;

	for (size_t line = 0; line < text.len; line = line_end(text, line) + 1) {
		size_t end = line_end(text, line);
		struct span value = SPAN_NONE;
		enum word word = read_line((struct span){ text.p + line, end - line }, &value);

		if (word == WORD_STATUS)
			odd = read_status(value) == HANDOFF_NONE ? value : SPAN_NONE;
	}
	return odd;
}

/* Files and criteria that a section names. */
static void read_lists(struct span text, const struct handoff_section *s, struct arena *arena,
		       struct handoff_facts *out)
{
	for (size_t line = s->at; line < s->end; line = line_end(text, line) + 1) {
		size_t end = line_end(text, line);
		struct span value = SPAN_NONE;
		enum word word = read_line((struct span){ text.p + line, end - line }, &value);

		if (!value.len || value.len > SCOPE_ENTRY_BYTES_MAX)
			continue;
		if (word == WORD_CHANGED && out->changed.count < DOC_ENTRIES_MAX)
			texts_add(arena, &out->changed, value);
		if (word == WORD_BRIDGE && out->bridges.count < DOC_ENTRIES_MAX)
			texts_add(arena, &out->bridges, value);
	}
}

void handoff_read(struct span text, struct arena *arena, struct handoff_facts *out)
{
	struct handoff_section s;
	size_t at = 0;

	*out = (struct handoff_facts){ .status = HANDOFF_NONE };
	while (handoff_next(text, &at, &s)) {
		out->sections++;
		read_lists(text, &s, arena, out);
		if (s.status == HANDOFF_NONE)
			continue;
		out->status = s.status;
		out->quota_reason = s.quota_reason;
		out->retry_hint = s.retry_hint;
		out->section = (struct span){ text.p + s.at, s.end - s.at };
	}
}

static const char *texts_problem(const struct texts *t)
{
	if (t->count > DOC_ENTRIES_MAX)
		return "more than 1000 entries in one list";
	for (size_t i = 0; i < t->count; i++) {
		if (!trimmed(t->v[i]).len)
			return "an entry of a list is empty";
		if (t->v[i].len > SCOPE_ENTRY_BYTES_MAX)
			return "an entry of a list is longer than 4096 bytes";
		for (size_t k = 0; k < t->v[i].len; k++)
			if ((unsigned char)t->v[i].p[k] < ' ')
				return "an entry of a list has control characters";
		if (!text_plain(t->v[i]))
			return "an entry of a list is not UTF-8 text";
	}
	return NULL;
}

static bool one_line(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] < ' ')
			return false;
	return true;
}

const char *handoff_problem(const struct handoff_entry *e)
{
	const struct texts *lists[] = { &e->changed, &e->bridges, &e->decisions, &e->blockers,
					&e->files_read };
	const struct span words[] = { e->message, e->summary,      e->next,
				      e->output,  e->quota_reason, e->retry_hint };
	bool any = false;

	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		if (texts_problem(lists[i]))
			return texts_problem(lists[i]);
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (!text_plain(words[i]))
			return "the text is not UTF-8";
		any |= i < 4 && trimmed(words[i]).len > 0;
	}
	if (!any)
		return "a hand-off needs words";
	if (!one_line(e->quota_reason) || !one_line(e->retry_hint))
		return "reason and hint are one line each";
	return NULL;
}

/* Words of somebody, with a blank before each line that would be a statement. */
static void put_words(struct span words, struct buf *out)
{
	words = trimmed(words);
	for (size_t at = 0; at < words.len;) {
		size_t end = line_end(words, at);
		struct span line = { words.p + at, end - at }, value;

		if (span_starts(line, HEAD) || read_line(line, &value) != WORD_COUNT)
			buf_putc(out, ' ');
		buf_put(out, line.p, line.len);
		buf_putc(out, '\n');
		at = end + 1;
	}
}

static void put_part(const char *heading, struct span words, struct buf *out)
{
	if (!trimmed(words).len)
		return;
	buf_putf(out, "### %s\n\n", heading);
	put_words(words, out);
	buf_putc(out, '\n');
}

static void put_list(const char *heading, const struct texts *t, struct buf *out)
{
	if (!t->count)
		return;
	buf_putf(out, "### %s\n\n", heading);
	for (size_t i = 0; i < t->count; i++)
		buf_putf(out, "- %.*s\n", SPAN_ARG(trimmed(t->v[i])));
	buf_putc(out, '\n');
}

static bool in_parts(const struct handoff_entry *e)
{
	return e->summary.len || e->next.len || e->output.len || e->decisions.count ||
	       e->blockers.count || e->files_read.count;
}

static void put_parts(const struct handoff_entry *e, struct buf *out)
{
	put_part("SUMMARY", e->summary, out);
	put_list("DECISION POINTS", &e->decisions, out);
	put_list("UNRESOLVED BLOCKERS", &e->blockers, out);
	put_list("FILES READ", &e->files_read, out);
	put_list("FILES MODIFIED", &e->changed, out);
	put_part("NEXT AGENT INSTRUCTIONS", e->next, out);
	put_part("OUTPUT", e->output, out);
	if (e->status != HANDOFF_NONE)
		buf_puts(out, "### STATUS\n\n");
}

static void put_statements(const struct handoff_entry *e, struct buf *out)
{
	if (e->status != HANDOFF_NONE)
		buf_putf(out, "STATUS: %s\n", handoff_words[e->status]);
	for (size_t i = 0; i < e->changed.count; i++)
		buf_putf(out, "Changed: %.*s\n", SPAN_ARG(trimmed(e->changed.v[i])));
	for (size_t i = 0; i < e->bridges.count; i++)
		buf_putf(out, "Bridge: %.*s\n", SPAN_ARG(trimmed(e->bridges.v[i])));
	if (trimmed(e->quota_reason).len)
		buf_putf(out, "QUOTA_REASON: %.*s\n", SPAN_ARG(trimmed(e->quota_reason)));
	if (trimmed(e->retry_hint).len)
		buf_putf(out, "RETRY_HINT: %.*s\n", SPAN_ARG(trimmed(e->retry_hint)));
}

void handoff_encode(const struct handoff_entry *e, struct span before, struct buf *out)
{
	struct when_parts w;

	when_split(e->at_ms, &w);
	if (!before.len)
		buf_puts(out, "# Handoff Notes\n");
	else if (before.p[before.len - 1] != '\n')
		buf_putc(out, '\n');
	buf_putf(out, "\n" HEAD "%04u-%02u-%02u %02u:%02u UTC]\n\n", w.year, w.month, w.day, w.hour,
		 w.minute);
	put_words(e->message, out);
	if (trimmed(e->message).len)
		buf_putc(out, '\n');
	if (in_parts(e))
		put_parts(e, out);
	put_statements(e, out);
}
