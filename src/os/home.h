/*
 * The folder .copilot at the level of the home directory, where what belongs to the user and not to
 * one repository lives: markers, worktrees, the knowledge base. Problems are told as the sentence a
 * person reads, in *why.
 */
#ifndef SK_HOME_H
#define SK_HOME_H

#include "base/buf.h"

/*
 * Replaces *out by the absolute path of .copilot: in `sk_home` (the value of SK_HOME) when that is
 * not NULL, else in `home` (of HOME). Creates nothing. Returns 0; -ENOENT when neither is set or
 * the folder is not there, -EINVAL when it is not absolute, -ENAMETOOLONG, -EPERM when it belongs
 * to somebody else, or another -errno: *why is filled.
 */
int home_find(const char *sk_home, const char *home, struct buf *out, struct buf *why);

/*
 * Opens the folder `below` (several names, with slashes) of `copilot` -> descriptor, close-on-exec.
 * With `create` what is missing is made with mode 0700, durably. The last one must be ours alone: a
 * link, a folder of another user or one that others may write is refused (-EPERM); those above it
 * may be links, as people have who keep their settings elsewhere. -ENOENT: it is not there and
 * `create` is false; *why stays empty.
 */
int home_open(const char *copilot, const char *below, bool create, struct buf *why);

#endif
