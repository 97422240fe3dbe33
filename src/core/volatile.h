/*
 * What is different in a program's output each time although nothing has changed: times, dates,
 * durations, process numbers, addresses, names of temporary files, UUIDs, colours. With those taken
 * out, two failures are the same failure or they are not.
 *
 * Numbers that tell something stay: lines, counts, exit codes, sizes, ports.
 */
#ifndef SK_VOLATILE_H
#define SK_VOLATILE_H

#include "base/buf.h"
#include "base/str.h"

/* Appends the line (without its newline) with each volatile part replaced by its kind, as <time>.
 */
void volatile_line(struct span line, struct buf *out);

/*
 * The output of a program as it comes: how much it was, a checksum over all its bytes, one over its
 * lines as volatile_line has them, and its end. However it is cut into pieces the result is the
 * same. A line longer than VOLATILE_LINE_BYTES_MAX counts as several.
 */
struct output_digest {
	struct buf block, line, normal; /* not yet counted */
	struct buf tail;
	size_t tail_max;
	uint64_t len, sum, normal_sum;
};

/* `tail_max` bytes of its end are kept. */
void output_digest_init(struct output_digest *d, size_t tail_max);
void output_digest_release(struct output_digest *d);
void output_digest_feed(struct output_digest *d, struct span bytes);

/* Counts what is left: then len, sum and normal_sum are right, and tail holds the end. */
void output_digest_end(struct output_digest *d);

/* The last `max` bytes of a text, from the beginning of a character. */
struct span text_end(struct span text, size_t max);

#endif
