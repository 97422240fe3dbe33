/* What writing and reading of documents share, and nobody else uses. */
#ifndef SK_DOC_IMPL_H
#define SK_DOC_IMPL_H

#include "core/doc.h"

/* Where the unknown members of a document stand in what doc_diff writes. */
#define DOC_REST_KEY "(rest)"

static inline void *doc_at(const struct doc_member *m, const void *doc)
{
	return (char *)(uintptr_t)doc + m->offset;
}

/* The member with this key, looked for from place `next` on (at most `count`); or NULL. */
const struct doc_member *doc_member_find(const struct doc_type *type, size_t next, struct span key);
/* That of unknown members, or NULL. */
const struct doc_member *doc_member_rest(const struct doc_type *type);
/* Whether it is one that others write into the file. */
bool doc_key_view(const struct doc_type *type, struct span key);

/* Makes it say nothing. */
void doc_clear_member(const struct doc_member *m, void *at);
bool doc_member_empty(const struct doc_member *m, const void *doc);
/* Whether both documents say the same in this member. */
bool doc_same_value(const struct doc_member *m, const void *was, const void *now);
void doc_put_value(struct buf *out, const struct doc_member *m, const void *doc, int indent);

/* Appends checked JSON without the white space between its tokens: what is kept goes into one
 * line. */
void doc_put_compact(struct buf *out, struct span json);

/* Appends the key of an element of a keyed list, in quotes. */
void doc_element_key(const struct doc_type *of, const void *element, struct buf *out);

#endif
