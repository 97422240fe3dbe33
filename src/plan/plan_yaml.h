/*
 * A YAML plan file -> tree, by strict rules: no anchors, aliases, tags, merge keys or second
 * documents; a plain scalar that other YAML readers take for something else than text (yes, 1:30,
 * 0x10, a date) must be quoted.
 */
#ifndef SK_PLAN_YAML_H
#define SK_PLAN_YAML_H

#include "plan/node.h"

/*
 * `text` must have passed text_check; the tree keeps copies. Returns 0 or -SK_EUSAGE with the
 * problem added.
 */
int yaml_read(struct problems *p, const struct source *source, struct span text,
	      struct node_tree *out);

/*
 * Why this unquoted scalar is refused, as the end of a sentence, or NULL. Sets *kind (enum
 * node_kind) otherwise.
 */
const char *yaml_scalar_problem(struct span text, enum node_kind *kind);

#endif
