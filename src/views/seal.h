/* A document that ends with a checksum over everything before it, as current.json does: rot that
 * leaves good JSON is found. */
#ifndef SK_VIEWS_SEAL_H
#define SK_VIEWS_SEAL_H

#include "base/buf.h"
#include "base/str.h"

/* Closes the object that began at out->p[from]: its last member, the bracket and a newline. */
void seal_put(struct buf *out, size_t from);

/* Whether the document is whole and is what was written. */
bool seal_holds(struct span document);

#endif
