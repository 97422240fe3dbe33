/*
 * Where a store lives, found once per command. For tasks: --state-dir, else SK_STATE_DIR, else
 * .state in the root of the main checkout (also from inside a linked worktree), else the nearest
 * folder upwards that already has a .state, else the current folder. For goals likewise .octogent,
 * which SK_GOALS_DIR moves. HOME is never asked. Problems are told as the
 * sentence a person reads, in *why.
 */
#ifndef SK_PATHS_H
#define SK_PATHS_H

#include "base/buf.h"

struct paths {
	char *state_dir; /* absolute */
	char *root;      /* absolute: the folder that holds state_dir */
	char *git_dir; /* absolute: the repository's common git folder, or NULL outside a repository
			*/
	bool chosen;   /* by --state-dir or SK_STATE_DIR */
	const char *name; /* of the folder where it is not chosen: ".state" */
};

#define PATHS_INIT                            \
	{                                     \
		NULL, NULL, NULL, false, NULL \
	}

void paths_release(struct paths *p);

/*
 * Fills *out; creates nothing. `option` is the value of --state-dir or NULL, `variable` that of
 * SK_STATE_DIR or NULL. Returns 0; -ENOENT when the current folder no longer exists, -EINVAL,
 * -ENAMETOOLONG or another -errno: *why is filled.
 */
int paths_find(const char *option, const char *variable, struct paths *out, struct buf *why);

/* The same for the folder of goals; `variable` is the value of SK_GOALS_DIR or NULL. */
int paths_find_goals(const char *variable, struct paths *out, struct buf *why);

/* A checkout of a repository: the main one, a linked worktree or a submodule. */
struct checkout {
	char *top;     /* absolute: where its .git lies */
	char *root;    /* absolute: of the main checkout, or the bare repository */
	char *git_dir; /* absolute: the common git folder */
};

#define CHECKOUT_INIT            \
	{                        \
		NULL, NULL, NULL \
	}

void checkout_release(struct checkout *c);

/* The checkout around an absolute folder, found without git. Returns whether there is one; *out is
 * to be released in any case. */
bool paths_checkout(const char *folder, struct checkout *out);

/*
 * Opens the state folder: -> descriptor, close-on-exec. With `create` it is made with mode 0700
 * when missing, durably, and its name is added to the repository's info/exclude, also when somebody
 * else made it and no store was begun in it yet (a failure of that alone is not reported: it is a
 * courtesy). Refuses (-EPERM, *why filled) a symbolic link, a folder
 * of another user or writable by others, and a new folder inside a place where anybody may rename
 * it. -ENOENT: it does not exist and `create` is false; *why stays empty.
 */
int paths_open(const struct paths *p, bool create, struct buf *why);

/*
 * Opens the folder `name` inside the folder `dir`, with the same checks and the same `create`. For
 * logs/, archive/, ...
 */
int paths_open_inside(int dir, const char *name, bool create, struct buf *why);

#endif
