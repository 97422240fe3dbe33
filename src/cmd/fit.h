/*
 * Pages that fit a terminal of eighty columns wherever words permit: a table whose last column is
 * broken between words, and running text. Words that are longer than a line (paths, long ids) stay
 * whole, because people copy them.
 */
#ifndef SK_FIT_H
#define SK_FIT_H

#include "cmd/print.h"

#define FIT_COLUMNS 78 /* of every line whose words permit it */

/*
 * Prints all rows as table_print does, the last column broken between words and hanging below
 * itself. A row whose first columns leave too little room continues on a line of its own.
 */
void fit_table(const struct table *t, struct out *o, unsigned indent);

/* Our own and foreign text, made visible: one paragraph, all lines indented. */
void fit_text(struct out *o, struct span text, unsigned indent);

/* What a program printed, made visible line by line and indented; nothing is broken or joined. The
 * last line may lack its newline. */
void fit_lines(struct out *o, struct span text, unsigned indent);

/* A heading between two parts of a page. */
void fit_heading(struct out *o, const char *title);

/* One row of two cells: a name and its value. An empty value leaves the row out. */
void fit_row(struct table *t, const char *name, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
