/* The bytes of a marker, for its own files. */
#ifndef SK_MARKER_IMPL_H
#define SK_MARKER_IMPL_H

#include "work/marker.h"

/* The whole file, signed with the secret in *m when there is one. */
void marker_encode(const struct marker *m, struct buf *out);

/* Fills entries, times and trust of *m from the file's text; its bytes are copied. Returns 0, or
 * -SK_ECORRUPT with the place in *e. */
int marker_decode(struct marker *m, struct span text, struct err *e);

#endif
