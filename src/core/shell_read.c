/*
 * A reader of shell text and no shell: it only has to be right about where a command begins and
 * which words it has. The two things that agents really write, a message in a here-document inside
 * of "$(cat <<'EOF' ...)" and several commands joined by &&, are what simple searches for "git
 * commit" get wrong in both directions.
 */
#include "core/shell_impl.h"

static char look(const struct shell *s, size_t ahead)
{
	return s->at + ahead < s->text.len ? s->text.p[s->at + ahead] : '\0';
}

static bool at_end(const struct shell *s)
{
	return s->at >= s->text.len;
}

/* --- words --- */

/* Behind an opening bracket of a substitution: its commands are found as well. */
static void skip_substitution(struct shell *s)
{
	CLEANUP(buf_release) struct buf dir = BUF_INIT;
	bool lost = s->lost;

	buf_put(&dir, s->dir.p, s->dir.len);
	s->depth++;
	shell_read_list(s, ')');
	s->depth--;
	s->lost = lost;
	buf_truncate(&s->dir, 0);
	buf_put(&s->dir, dir.p, dir.len);
}

/* Behind ${ or a backtick. */
static void skip_until(struct shell *s, char end)
{
	while (!at_end(s) && look(s, 0) != end)
		s->at += look(s, 0) == '\\' ? 2 : 1;
	s->at++;
}

/* At a dollar or a backtick. Returns whether something is expanded there. */
static bool skip_expansion(struct shell *s)
{
	char next = look(s, 1);

	if (look(s, 0) == '`') {
		s->at++;
		skip_until(s, '`');
		return true;
	}
	if (next == '(') {
		s->at += 2;
		skip_substitution(s);
		return true;
	}
	if (next == '{') {
		s->at += 2;
		skip_until(s, '}');
		return true;
	}
	return false;
}

static void read_double_quoted(struct shell *s, struct command *c, struct word *w)
{
	s->at++;
	while (!at_end(s) && look(s, 0) != '"') {
		char ch = look(s, 0);

		if (ch == '$' || ch == '`') {
			w->dynamic = true;
			if (skip_expansion(s))
				continue;
		} else if (ch == '\\' && strchr("$`\"\\\n", look(s, 1))) {
			s->at++;
			ch = look(s, 0);
			if (ch == '\n') {
				s->at++;
				continue;
			}
		}
		if (!at_end(s))
			buf_putc(&c->bytes, ch);
		s->at++;
	}
	s->at++;
}

static void read_single_quoted(struct shell *s, struct command *c)
{
	s->at++;
	while (!at_end(s) && look(s, 0) != '\'')
		buf_putc(&c->bytes, s->text.p[s->at++]);
	s->at++;
}

/* One piece of a word: quotes, an expansion, or a character. */
static void read_piece(struct shell *s, struct command *c, struct word *w)
{
	char ch = look(s, 0);

	switch (ch) {
	case '\'':
		read_single_quoted(s, c);
		return;
	case '"':
		read_double_quoted(s, c, w);
		return;
	case '\\':
		s->at++;
		if (look(s, 0) != '\n' && !at_end(s))
			buf_putc(&c->bytes, look(s, 0));
		s->at++;
		return;
	case '$':
	case '`':
		w->dynamic = true;
		if (skip_expansion(s))
			return;
		break;
	case '*':
	case '?':
	case '[':
		w->dynamic = true;
		break;
	case '~':
		w->dynamic |= c->bytes.len == w->at;
		break;
	default:
		break;
	}
	buf_putc(&c->bytes, ch);
	s->at++;
}

static bool ends_word(char ch)
{
	return strchr(" \t\r\n;&|()<>", ch) != NULL; /* NUL as well */
}

static struct word read_word(struct shell *s, struct command *c)
{
	struct word w = { .at = c->bytes.len };

	while (!at_end(s) && !ends_word(look(s, 0)))
		read_piece(s, c, &w);
	if (!at_end(s) && look(s, 0) == '\0')
		s->at++;
	w.len = c->bytes.len - w.at;
	return w;
}

static void skip_blanks(struct shell *s)
{
	for (;; s->at++)
		if (look(s, 0) == '\\' && look(s, 1) == '\n')
			s->at++;
		else if (at_end(s) || !strchr(" \t\r", look(s, 0)) || !look(s, 0))
			return;
}

/* At < or >: what follows is a name and no word of the command. */
static void read_redirection(struct shell *s, struct command *c)
{
	bool here = look(s, 0) == '<' && look(s, 1) == '<' && look(s, 2) != '<';
	bool tabs = here && look(s, 2) == '-';
	size_t from = c->bytes.len;
	struct word w;

	while (!at_end(s) && look(s, 0) && strchr("<>&|-", look(s, 0)))
		s->at++;
	skip_blanks(s);
	w = read_word(s, c);
	if (here && s->waiting_count < HEREDOCS_MAX) {
		s->waiting[s->waiting_count++] = (struct heredoc){ s->delimiters.len, w.len, tabs };
		if (w.len)
			buf_put(&s->delimiters, c->bytes.p + w.at, w.len);
	}
	buf_truncate(&c->bytes, from);
}

static struct span read_line(struct shell *s)
{
	const char *p = s->text.p + s->at;
	const char *end = memchr(p, '\n', s->text.len - s->at);
	struct span line = { p, end ? (size_t)(end - p) : s->text.len - s->at };

	s->at += line.len + (end != NULL);
	return line;
}

/* Behind a newline: the texts that here-documents promised. */
static void skip_heredocs(struct shell *s)
{
	for (size_t i = 0; i < s->waiting_count; i++) {
		const struct heredoc *h = &s->waiting[i];
		struct span end =
			h->len ? (struct span){ s->delimiters.p + h->at, h->len } : SPAN_LIT("");

		while (!at_end(s)) {
			struct span line = read_line(s);

			while (h->tabs && line.len && *line.p == '\t')
				line = (struct span){ line.p + 1, line.len - 1 };
			if (span_eq(line, end))
				break;
		}
	}
	s->waiting_count = 0;
	buf_truncate(&s->delimiters, 0);
}

/* --- lists --- */

static void end_command(struct shell *s, struct command *c)
{
	shell_run_command(s, c);
	c->count = 0;
	buf_truncate(&c->bytes, 0);
}

static void take_word(struct shell *s, struct command *c)
{
	size_t from = c->bytes.len;
	struct word w = read_word(s, c);
	bool number = w.len > 0;

	for (size_t i = 0; i < w.len; i++)
		number &= c->bytes.p[from + i] >= '0' && c->bytes.p[from + i] <= '9';
	if (number && (look(s, 0) == '<' || look(s, 0) == '>'))
		buf_truncate(&c->bytes, from); /* of a redirection */
	else if (c->count < SHELL_WORDS_MAX)
		c->v[c->count++] = w;
}

/* Reads commands up to the closing bracket or the end. */
static void read_commands(struct shell *s, struct command *c, char closing)
{
	while (skip_blanks(s), !at_end(s)) {
		char ch = look(s, 0);

		if (ch == '#') {
			while (!at_end(s) && look(s, 0) != '\n')
				s->at++;
		} else if (ch == '<' || ch == '>') {
			read_redirection(s, c);
		} else if (ch == '\n' || ch == ';' || ch == '&' || ch == '|') {
			s->at++;
			end_command(s, c);
			if (ch == '\n')
				skip_heredocs(s);
		} else if (ch == '(') {
			s->at++;
			end_command(s, c);
			skip_substitution(s);
		} else if (ch == ')') {
			s->at++;
			end_command(s, c);
			if (closing == ')')
				return;
		} else {
			take_word(s, c);
		}
	}
	end_command(s, c);
}

void shell_read_list(struct shell *s, char closing)
{
	struct command c = { .count = 0 };

	if (s->depth > SHELL_DEPTH_MAX)
		s->at = s->text.len; /* nobody writes that */
	else
		read_commands(s, &c, closing);
	buf_release(&c.bytes);
}
