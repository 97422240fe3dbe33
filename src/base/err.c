/* One sentence an error, written where it is understood. The first sentence wins: callers only add
 * when they know more. */
#include "base/err.h"

#include <stdio.h>

int err_setv(struct err *e, int code, const char *fmt, va_list args)
{
	INVARIANT(code < 0);
	if (!e || e->code)
		return code;
	e->code = code;
	vsnprintf(e->text, sizeof(e->text), fmt, args);
	return code;
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	err_setv(e, code, fmt, args);
	va_end(args);
	return code;
}

void err_clear(struct err *e)
{
	if (!e)
		return;
	e->code = 0;
	e->text[0] = '\0';
}
