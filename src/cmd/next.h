/* The last lines of a page: what to type next. A list of commands is a buf, one a line. */
#ifndef SK_NEXT_H
#define SK_NEXT_H

#include "cmd/print.h"

/* Appends one command; the same one is not said twice. */
void next_add(struct buf *commands, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* "Next: ..." behind an empty line; nothing when there is nothing to type. */
void next_print(struct out *o, const struct buf *commands);

/* The member "next": an array of commands. */
void next_json(struct json *j, const struct buf *commands);

#endif
