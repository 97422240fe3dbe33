/* Finding a record by its number without reading all that stand before it. */
#ifndef SK_SEEK_H
#define SK_SEEK_H

#include "store/journal.h"

/*
 * A place between two turns (with `inside`: or in the middle of one) behind which every record from
 * `seq` on stands that the file has, found by a few reads: `base` (where the file begins) when no
 * later one is found. What stands in front of it is taken on trust: whoever reads on from there
 * checks the rest. An open handle is borrowed.
 */
struct journal_place journal_seek(const struct vfs *vfs, int handle, struct journal_place base,
				  uint64_t seq, bool inside);

/* The same between two turns, for a file by its path: 0, or -errno of opening it. */
int journal_seek_path(const struct vfs *vfs, const char *path, struct journal_place base,
		      uint64_t seq, struct journal_place *out);

/* Whether the line (without its newline) closes its turn, by its members alone. */
bool line_closes_turn(struct span line);

#endif
