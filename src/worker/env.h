/* The environment of a task: the worker's own without what is internal, then layer over layer, the
 * later one winning. */
#ifndef SK_ENV_H
#define SK_ENV_H

#include "base/arena.h"
#include "base/str.h"

/* NULL-terminated list of NAME=VALUE. What env_base put in is borrowed; the rest is owned. */
struct env {
	char **v;
	size_t count, capacity;
	struct arena text;
};

#define ENV_INIT                       \
	{                              \
		NULL, 0, 0, ARENA_INIT \
	}

void env_release(struct env *e);

/* Empties it and puts in all of `from` (as environ) that a task may inherit: everything but our own
 * variables. */
void env_base(struct env *e, char *const *from);

/* Empties it and puts in what `base` holds; borrowed, so base must stay as it is. */
void env_start(struct env *e, const struct env *base);

/* Sets one variable, replacing an earlier value. */
void env_put(struct env *e, struct span name, struct span value);

/* Sets all of a JSON object of strings. Returns 0, or -EINVAL: not that, or a name that cannot be
 * one. */
int env_put_object(struct env *e, struct span object);

/* The value, or NULL. */
const char *env_get(const struct env *e, const char *name);

#endif
