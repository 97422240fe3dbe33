/* A JSON plan file -> tree. */
#ifndef SK_PLAN_JSON_H
#define SK_PLAN_JSON_H

#include "plan/node.h"

/* `text` must have passed text_check and outlive the tree. Returns 0 or -SK_EUSAGE with the problem
 * added. */
int json_read(struct problems *p, const struct source *source, struct span text,
	      struct node_tree *out);

#endif
