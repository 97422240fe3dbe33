/*
 * JSON as agents really write it, made into what the strict reader takes: a byte-order mark and
 * what follows the first document are dropped, lone surrogates, NUL and bytes that are no UTF-8
 * become U+FFFD, control characters inside of strings become escapes. What is broken beyond that
 * stays broken.
 */
#ifndef SK_JSON_REPAIR_H
#define SK_JSON_REPAIR_H

#include "base/str.h"

/* Replaces *out by the first document of `text`. */
void json_repair(struct span text, struct buf *out);

#endif
