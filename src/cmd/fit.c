/*
 * A table that is cut at the edge of the terminal loses the end of the story, which is where the
 * reason stands; one that is not cut is wrapped by the terminal in the middle of words. So the last
 * column is broken here.
 */
#include "cmd/fit.h"

#define WIDTH_MAX 32 /* one long id must not push the columns of all rows aside */
#define ROOM_MIN 24  /* columns that the last cell of a row must have */
#define FIT_TABLE_COLUMNS_MAX 8

static void put_piece(struct out *o, enum style style, struct span text)
{
	CLEANUP(mem_free) char *piece = span_dup(text);

	out_style(o, style, piece);
}

static void start_line(struct out *o, unsigned indent)
{
	out_putf(o, "\n%*s", (int)indent, "");
}

/* Text broken between words, the first line standing at column `used` already. */
static void put_broken(struct out *o, enum style style, struct span text, unsigned used,
		       unsigned indent)
{
	size_t at = 0;
	bool fresh = true;

	while (at < text.len) {
		const char *blank = memchr(text.p + at, ' ', text.len - at);
		size_t len = blank ? (size_t)(blank - text.p) - at : text.len - at;
		struct span word = { text.p + at, len };
		unsigned width = text_width(word);

		at += len + (blank != NULL);
		if (!len)
			continue;
		if (!fresh && used + 1 + width > FIT_COLUMNS) {
			start_line(o, indent);
			used = indent;
			fresh = true;
		}
		out_puts(o, fresh ? "" : " ");
		put_piece(o, style, word);
		used += width + !fresh;
		fresh = false;
	}
}

static void put_row(const struct table *t, const struct table_cell *row, const unsigned *widths,
		    struct out *o, unsigned indent)
{
	unsigned used = indent, last = t->columns, column;

	while (last > 0 && row[last - 1].len == 0)
		last--;
	out_putf(o, "%*s", (int)indent, "");
	for (column = 0; column + 1 < last; column++) {
		struct span text = { t->text.p + row[column].at, row[column].len };
		unsigned width =
			widths[column] > row[column].width ? widths[column] : row[column].width;

		put_piece(o, row[column].style, text);
		out_putf(o, "%*s", (int)(width - row[column].width + 2), "");
		used += width + 2;
	}
	if (last > 1 && used + ROOM_MIN > FIT_COLUMNS && used + row[column].width > FIT_COLUMNS) {
		used = indent + 4;
		start_line(o, used);
	}
	if (last)
		put_broken(o, row[column].style,
			   (struct span){ t->text.p + row[column].at, row[column].len }, used,
			   used);
	out_puts(o, "\n");
}

void fit_table(const struct table *t, struct out *o, unsigned indent)
{
	unsigned widths[FIT_TABLE_COLUMNS_MAX] = { 0 };

	INVARIANT(t->columns > 0);
	INVARIANT(t->columns <= ARRAY_LEN(widths));
	INVARIANT(t->count % t->columns == 0);
	for (size_t i = 0; i < t->count; i++)
		if (t->cells[i].width > widths[i % t->columns] && t->cells[i].width <= WIDTH_MAX)
			widths[i % t->columns] = t->cells[i].width;
	for (size_t i = 0; i < t->count; i += t->columns)
		put_row(t, &t->cells[i], widths, o, indent);
}

void fit_text(struct out *o, struct span text, unsigned indent)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;

	buf_put_visible(&shown, text);
	out_putf(o, "%*s", (int)indent, "");
	put_broken(o, STYLE_PLAIN, (struct span){ shown.p, shown.len }, indent, indent);
	out_puts(o, "\n");
}

void fit_lines(struct out *o, struct span text, unsigned indent)
{
	for (size_t at = 0; at < text.len;) {
		const char *end = memchr(text.p + at, '\n', text.len - at);
		size_t len = end ? (size_t)(end - text.p) - at : text.len - at;
		struct span line = { text.p + at, len };

		if (line.len && line.p[line.len - 1] == '\r')
			line.len--;
		if (line.len)
			out_putf(o, "%*s", (int)indent, "");
		out_visible(o, line);
		out_puts(o, "\n");
		at += len + 1;
	}
}

void fit_heading(struct out *o, const char *title)
{
	out_puts(o, "\n");
	out_style(o, STYLE_BOLD, title);
	out_puts(o, "\n");
}

void fit_row(struct table *t, const char *name, const char *fmt, ...)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	va_list args;

	va_start(args, fmt);
	buf_putfv(&text, fmt, args);
	va_end(args);
	if (!text.len)
		return;
	table_cell(t, STYLE_BOLD, "%s", name);
	table_span(t, STYLE_PLAIN, (struct span){ text.p, text.len });
}
