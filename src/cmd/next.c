/* Several findings of one page may lead to the same command; it is said once. */
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
