/* What to type next, as a list of commands: a buf, one a line. hint.h prints it. */
#ifndef SK_NEXT_H
#define SK_NEXT_H

#include "cmd/hint.h"

/* Appends one command; the same one is not said twice. */
void next_add(struct buf *commands, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
