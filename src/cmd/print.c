/*
 * Output that fails must not look like success: a full disk behind `sk status > file` is exit
 * code 8. So nothing here uses stdio; bytes are gathered, written with write(2), and the first
 * failure is kept until the command ends.
 */
#include "cmd/print.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/when.h"

#define FLUSH_BYTES 65536
#define WRAP_COLUMNS 78
#define PROBLEM_INDENT 4       /* of the lines of a sentence behind its first one */
#define PROBLEM_COLUMNS_MIN 40 /* a narrower terminal breaks lines itself */

void out_init(struct out *o, int fd, bool color)
{
	const char *term = getenv("TERM");
	const char *no_color = getenv("NO_COLOR");
	struct winsize size;

	*o = (struct out){ .fd = fd };
	o->terminal = isatty(fd) == 1;
	o->color = o->terminal && color && !(no_color && *no_color) && term && *term &&
		   strcmp(term, "dumb") != 0;
	if (o->terminal && ioctl(fd, TIOCGWINSZ, &size) == 0)
		o->columns = size.ws_col;
}

void out_release(struct out *o)
{
	buf_release(&o->buf);
}

int out_flush(struct out *o)
{
	size_t at = 0;

	if (o->gathers)
		return 0;
	if (o->closed && o->buf.len && !o->error)
		o->error = -EBADF;
	while (at < o->buf.len && !o->error) {
		ssize_t n = write(o->fd, o->buf.p + at, o->buf.len - at);

		if (n > 0)
			at += (size_t)n;
		else if (n == 0)
			o->error = -EIO;
		else if (errno != EINTR)
			o->error = -errno;
	}
	buf_truncate(&o->buf, 0);
	return o->error;
}

static void gathered(struct out *o)
{
	if (o->buf.len >= FLUSH_BYTES && !o->gathers)
		out_flush(o);
}

void out_put(struct out *o, const void *p, size_t len)
{
	buf_put(&o->buf, p, len);
	gathered(o);
}

void out_puts(struct out *o, const char *text)
{
	out_put(o, text, strlen(text));
}

void out_putf(struct out *o, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	buf_putfv(&o->buf, fmt, args);
	va_end(args);
	gathered(o);
}

void out_visible(struct out *o, struct span text)
{
	buf_put_visible(&o->buf, text);
	gathered(o);
}

static const char *const style_codes[] = {
	[STYLE_PLAIN] = "",        [STYLE_BOLD] = "\033[1m",  [STYLE_DIM] = "\033[2m",
	[STYLE_GOOD] = "\033[32m", [STYLE_WARN] = "\033[33m", [STYLE_BAD] = "\033[31m",
};

static void put_styled(struct out *o, enum style style, struct span text)
{
	bool colored = o->color && style != STYLE_PLAIN;

	if (colored)
		out_puts(o, style_codes[style]);
	out_put(o, text.p, text.len);
	if (colored)
		out_puts(o, "\033[0m");
}

void out_style(struct out *o, enum style style, const char *text)
{
	put_styled(o, style, span_of(text));
}

#define VERBATIM_INDENT 2 /* beyond what such a line brings with it: four make code in Markdown */

/* The lines of a paragraph that is indented by itself, an example: as they are. */
static const char *put_verbatim(struct out *o, const char *text, unsigned indent)
{
	while (*text && *text != '\n') {
		size_t len = strcspn(text, "\n");

		out_putf(o, "%*s%.*s\n", (int)indent + VERBATIM_INDENT, "", (int)len, text);
		text += len + (text[len] == '\n');
	}
	return text;
}

/* One paragraph of running text. `begun`: its first line is indented already. */
static const char *put_paragraph(struct out *o, const char *text, unsigned indent, bool begun)
{
	unsigned used = 0;

	while (*text && !(text[0] == '\n' && text[1] == '\n')) {
		size_t len = strcspn(text, " \n");

		if (!len) {
			text++;
			continue;
		}
		if (used && used + 1 + len > WRAP_COLUMNS) {
			out_puts(o, "\n");
			used = 0;
		}
		out_putf(o, "%*s%.*s", used ? 1 : begun ? 0 : (int)indent, "", (int)len, text);
		used += (used ? 1 : indent) + (unsigned)len;
		begun = false;
		text += len;
	}
	out_puts(o, "\n");
	return text;
}

/* `begun`: the line is indented already. */
static void wrap(struct out *o, const char *text, unsigned indent, bool begun)
{
	for (bool first = true; *text; first = false) {
		out_puts(o, first ? "" : "\n");
		text = *text == ' ' ? put_verbatim(o, text, indent)
				    : put_paragraph(o, text, indent, begun && first);
		text += strspn(text, "\n");
	}
}

void out_wrapped(struct out *o, const char *text, unsigned indent)
{
	wrap(o, text, indent, false);
}

void out_hanging(struct out *o, const char *text, unsigned indent)
{
	wrap(o, text, indent, true);
}

unsigned streams_prepare(void)
{
	unsigned closed = 0;

	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		/* The lowest free number is this one, because those below are open. */
		if (open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY) == fd)
			closed |= 1u << fd;
	}
	signal(SIGPIPE, SIG_IGN);
	return closed;
}

/* A sentence that is wider than the terminal, broken between words. What to type begins a line, so
 * that it can be copied. */
static void put_broken_sentence(struct out *o, const char *text)
{
	unsigned used = 0;

	while (*text) {
		size_t len = strcspn(text, " ");
		unsigned width = text_width((struct span){ text, len });
		bool command = len == strlen("Try:") && strncmp(text, "Try:", len) == 0;

		if (used && (command || used + 1 + width > o->columns)) {
			out_putf(o, "\n%*s", PROBLEM_INDENT, "");
			used = PROBLEM_INDENT;
		} else if (used) {
			out_puts(o, " ");
			used++;
		}
		out_put(o, text, len);
		used += width;
		text += len + (text[len] == ' ');
	}
}

void print_problem(const char *text)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	CLEANUP(out_release) struct out o;

	out_init(&o, STDERR_FILENO, false);
	buf_puts(&line, "sk: ");
	buf_put_visible(&line, span_of(text));
	if (o.columns >= PROBLEM_COLUMNS_MIN &&
	    text_width((struct span){ line.p, line.len }) > o.columns)
		put_broken_sentence(&o, line.p);
	else
		out_put(&o, line.p, line.len);
	out_puts(&o, "\n");
	out_flush(&o); /* when it fails, nobody is left to be told */
}

unsigned text_width(struct span text)
{
	unsigned width = 0;

	for (size_t i = 0; i < text.len; i++)
		width += ((unsigned char)text.p[i] & 0xc0) != 0x80;
	return width;
}

void table_release(struct table *t)
{
	mem_free(&t->cells);
	buf_release(&t->text);
}

void table_span(struct table *t, enum style style, struct span text)
{
	size_t at = t->text.len;

	buf_put_visible(&t->text, text);
	mem_grow(&t->cells, &t->capacity, t->count + 1, sizeof(*t->cells));
	t->cells[t->count++] =
		(struct table_cell){ at, t->text.len - at,
				     text_width((struct span){ t->text.p + at, t->text.len - at }),
				     style };
}

void table_cell(struct table *t, enum style style, const char *fmt, ...)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	va_list args;

	va_start(args, fmt);
	buf_putfv(&text, fmt, args);
	va_end(args);
	table_span(t, style, (struct span){ text.p, text.len });
}

/* The longest part of the text that takes at most `width` columns. */
static struct span cut(struct span text, unsigned width)
{
	size_t i = 0;

	for (; i < text.len; i++) {
		if (((unsigned char)text.p[i] & 0xc0) == 0x80)
			continue;
		if (width-- == 0)
			break;
	}
	return (struct span){ text.p, i };
}

static void put_blanks(struct out *o, unsigned count)
{
	static const char blanks[] = "                                ";

	for (; count >= sizeof(blanks); count -= (unsigned)sizeof(blanks) - 1)
		out_put(o, blanks, sizeof(blanks) - 1);
	out_put(o, blanks, count);
}

static void print_row(const struct table *t, const struct table_cell *row, const unsigned *widths,
		      struct out *o, unsigned indent)
{
	unsigned used = indent, last = t->columns;

	while (last > 0 && row[last - 1].len == 0)
		last--;
	put_blanks(o, indent);
	for (unsigned c = 0; c < last; c++) {
		struct span text = { t->text.p + row[c].at, row[c].len };

		if (o->columns && used + row[c].width > o->columns) {
			if (o->columns > used + 3) {
				put_styled(o, row[c].style, cut(text, o->columns - used - 3));
				out_puts(o, "...");
			}
			break;
		}
		put_styled(o, row[c].style, text);
		used += row[c].width;
		if (c + 1 == last)
			break;
		put_blanks(o, widths[c] - row[c].width + 2);
		used += widths[c] - row[c].width + 2;
	}
	out_puts(o, "\n");
}

void table_print(const struct table *t, struct out *o, unsigned indent)
{
	unsigned widths[16] = { 0 };

	INVARIANT(t->columns > 0);
	INVARIANT(t->columns <= ARRAY_LEN(widths));
	INVARIANT(t->count % t->columns == 0);
	for (size_t i = 0; i < t->count; i++)
		if (t->cells[i].width > widths[i % t->columns])
			widths[i % t->columns] = t->cells[i].width;
	for (size_t i = 0; i < t->count; i += t->columns)
		print_row(t, &t->cells[i], widths, o, indent);
}
