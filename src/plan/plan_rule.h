/*
 * Commands, and the rules that are checked before and after a task: declared by name for the whole
 * plan, or given in place.
 */
#ifndef SK_PLAN_RULE_H
#define SK_PLAN_RULE_H

#include "base/map.h"
#include "plan/plan_value.h"

#define TIMEOUT_NONE 0

struct command_value {
	struct span run; /* a command line, or empty when argv is given */
	struct span *argv;
	uint32_t argc;
};

struct rule_value {
	struct span name;
	struct command_value command;
	struct command_value
		fix; /* run by hand, by sk task fix-validation; nothing when there is none */
	int64_t timeout_ms;
};

/* The rules a plan declares. */
struct rule_book {
	struct rule_value *v;
	uint32_t count;
	struct map names; /* keys borrowed from v */
};

/* Reads one member "run": text or a list. */
int command_read(const struct reading *r, const struct node *n, struct command_value *out);

/* Reads notify: of a plan: a command, or {run: ..., timeout: ...}. */
int notify_read(const struct reading *r, const struct node *n, struct rule_value *out);

/* Reads a timeout; "none" gives TIMEOUT_NONE. */
int timeout_read(const struct reading *r, const struct node *n, int64_t *out_ms);

/*
 * Reads before: or after: of a task into v[0..RULES_MAX): declared names, command lines, maps. A
 * rule without a name is called after its place ("before-2").
 */
int rule_list_read(const struct reading *r, const struct node *n, const struct rule_book *book,
		   struct rule_value *v, uint32_t *count);

/* Reads rules: {name: command | {run: ..., timeout: ..., fix: ...}} of a whole plan. */
int rules_read(const struct reading *r, const struct node *n, struct rule_book *out);
void rules_release(struct rule_book *book);

#endif
