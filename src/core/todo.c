/*
 * Lines are found, never rendered: whoever writes a file again from what he understood of it loses
 * what he did not.
 */
#include "core/todo.h"

#include "base/limits.h"

/* Where the line that begins at `at` ends: its newline or the end of the text. */
static size_t line_end(struct span text, size_t at)
{
	const char *newline = at < text.len ? memchr(text.p + at, '\n', text.len - at) : NULL;

	return newline ? (size_t)(newline - text.p) : text.len;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct span trimmed(struct span s)
{
	while (s.len && is_blank(s.p[0])) {
		s.p++;
		s.len--;
	}
	while (s.len && is_blank(s.p[s.len - 1]))
		s.len--;
	return s;
}

/* Whether the line from `at` to `end` is a to-do. */
static bool read_item(struct span text, size_t at, size_t end, struct todo_item *out)
{
	size_t i = at;
	unsigned depth = 0;

	for (; i < end && (text.p[i] == ' ' || text.p[i] == '\t'); i++)
		depth = text.p[i] == '\t' ? (depth / 4 + 1) * 4 : depth + 1;
	if (end - i < 5 || (text.p[i] != '-' && text.p[i] != '*' && text.p[i] != '+'))
		return false;
	if (text.p[i + 1] != ' ' || text.p[i + 2] != '[' || text.p[i + 4] != ']')
		return false;
	if (text.p[i + 3] != ' ' && text.p[i + 3] != 'x' && text.p[i + 3] != 'X')
		return false;
	if (i + 5 < end && !is_blank(text.p[i + 5]))
		return false;
	*out = (struct todo_item){ .at = at, .end = end, .mark = i + 3, .depth = depth };
	out->text = trimmed((struct span){ text.p + i + 5, end - i - 5 });
	out->done = text.p[i + 3] != ' ';
	return true;
}

/* How many of the same mark begin the line as a fence of Markdown, three or more; 0: it is none. */
static size_t fence_of(struct span line, char *mark)
{
	size_t i = 0, from;

	while (i < line.len && line.p[i] == ' ')
		i++;
	from = i;
	if (i == line.len || (line.p[i] != '`' && line.p[i] != '~'))
		return 0;
	*mark = line.p[i];
	while (i < line.len && line.p[i] == *mark)
		i++;
	return i - from >= 3 ? i - from : 0;
}

/* Behind the fence that begins at `from`, if one does: what stands in it is an example, whoever
 * never closes it means all the rest. */
static bool pass_fence(struct span text, size_t from, size_t *at)
{
	size_t end = line_end(text, from), len;
	char mark = 0, other = 0;

	len = fence_of((struct span){ text.p + from, end - from }, &mark);
	if (!len)
		return false;
	for (*at = end + 1; *at < text.len;) {
		struct span line = { text.p + *at, line_end(text, *at) - *at };
		size_t closes = fence_of(line, &other);

		*at += line.len + 1;
		if (closes >= len && other == mark &&
		    trimmed(line).len == closes) /* nothing behind it */
			break;
	}
	return true;
}

bool todo_next(struct span text, size_t *at, struct todo_item *out)
{
	while (*at < text.len) {
		size_t from = *at, end = line_end(text, from);

		*at = end + 1;
		if (read_item(text, from, end, out))
			return true;
		pass_fence(text, from, at);
	}
	return false;
}

bool todo_find(struct span text, size_t index, struct todo_item *out)
{
	size_t at = 0;

	while (todo_next(text, &at, out))
		if (index-- == 0)
			return true;
	return false;
}

struct todo_count todo_count(struct span text)
{
	struct todo_count count = { 0, 0 };
	struct todo_item item;
	size_t at = 0;

	while (todo_next(text, &at, &item)) {
		count.total++;
		count.done += item.done;
	}
	return count;
}

const char *todo_words_problem(struct span words)
{
	if (trimmed(words).len == 0)
		return "a to-do needs words";
	for (size_t i = 0; i < words.len; i++)
		if ((unsigned char)words.p[i] < ' ' && words.p[i] != '\t')
			return "a to-do is one line without control characters";
	if (words.len > TODO_WORDS_BYTES_MAX)
		return "a to-do has at most 4096 bytes; more belongs into CONTEXT.md";
	return text_plain(words) ? NULL : "a to-do is UTF-8 text";
}

/* Behind the last to-do and the indented lines that follow it; the end of the text without one. */
static size_t place_for_new(struct span text, bool *behind)
{
	struct todo_item item, last = { .end = 0 };
	size_t at = 0, end;

	*behind = false;
	while (todo_next(text, &at, &item)) {
		last = item;
		*behind = true;
	}
	if (!*behind)
		return text.len;
	for (end = last.end; end < text.len; end = at) {
		size_t next = end + 1;

		at = line_end(text, next);
		if (next >= text.len || !is_blank(text.p[next]) ||
		    trimmed((struct span){ text.p + next, at - next }).len == 0)
			break;
	}
	return end;
}

void todo_add(struct span text, struct span words, struct buf *out)
{
	bool behind, crlf;
	size_t at = place_for_new(text, &behind);

	crlf = at > 0 && text.p[at - 1] == '\r';
	buf_put(out, text.p, at);
	if (!text.len)
		buf_puts(out, "# Todo\n\n");
	else if (behind || text.p[text.len - 1] != '\n')
		buf_putc(out, '\n');
	words = trimmed(words);
	buf_puts(out, "- [ ] ");
	buf_put(out, words.p, words.len);
	if (crlf)
		buf_putc(out, '\r');
	if (!behind || at == text.len)
		buf_putc(out, '\n');
	buf_put(out, text.len ? text.p + at : "", text.len - at);
}

void todo_mark(struct span text, const struct todo_item *item, bool done, struct buf *out)
{
	buf_put(out, text.p, item->mark);
	buf_putc(out, done ? 'x' : ' ');
	buf_put(out, text.p + item->mark + 1, text.len - item->mark - 1);
}

void todo_mark_all(struct span text, struct buf *out)
{
	struct todo_item item;
	size_t at = 0, from = out->len;

	buf_put(out, text.p, text.len);
	while (todo_next(text, &at, &item))
		if (!item.done)
			out->p[from + item.mark] = 'x';
}

void todo_drop_open(struct span text, struct buf *out)
{
	struct todo_item item;
	size_t at = 0, kept = 0;

	while (todo_next(text, &at, &item)) {
		if (item.done)
			continue;
		buf_put(out, text.p + kept, item.at - kept);
		kept = at < text.len ? at : text.len;
	}
	buf_put(out, text.p + kept, text.len - kept);
}
