/* Every page ends in the same way, so that eyes find the command without reading. */
#include "cmd/next.h"

static struct span first_line(const char *p)
{
	return (struct span){ p, strcspn(p, "\n") };
}

void next_add(struct buf *commands, const char *fmt, ...)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	va_list args;

	va_start(args, fmt);
	buf_putfv(&line, fmt, args);
	va_end(args);
	for (const char *p = commands->p ? commands->p : ""; *p; p += strcspn(p, "\n") + 1)
		if (span_eq(first_line(p), (struct span){ line.p, line.len }))
			return;
	buf_put(commands, line.p, line.len);
	buf_putc(commands, '\n');
}

void next_print(struct out *o, const struct buf *commands)
{
	const char *first = commands->p ? commands->p : "";

	for (const char *p = first; *p; p += strcspn(p, "\n") + 1) {
		out_puts(o, p == first ? "\nNext: " : "      ");
		out_visible(o, first_line(p));
		out_puts(o, "\n");
	}
}

void next_json(struct json *j, const struct buf *commands)
{
	json_array(j, "next");
	for (const char *p = commands->p ? commands->p : ""; *p; p += strcspn(p, "\n") + 1)
		json_span(j, NULL, first_line(p));
	json_array_end(j);
}
