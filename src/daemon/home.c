/*
 * Files that somebody removed can still be written through open descriptors, and a lock on a
 * removed file keeps nobody out. So an orchestrator whose folder was removed, or put elsewhere,
 * would acknowledge what nobody can ever read, beside another one that begins in the same place; it
 * is asked before each commit, and now and then while nothing happens.
 */
#include "daemon/orchestrator_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define LOOK_MS 5000

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Anything but a clear answer, a network file system that hangs for one, is no removal. */
static bool is_gone(const struct orchestrator *o)
{
	struct stat held, found;

	if (fstat(o->options.state_fd, &held) < 0)
		return false;
	if (stat(o->options.state_dir, &found) < 0)
		return errno == ENOENT || errno == ENOTDIR;
	if (!same_file(&held, &found))
		return true;
	if (fstat(o->lock.fd, &held) < 0)
		return false;
	if (fstatat(o->options.state_fd, LOCK_NAME, &found, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT;
	return !same_file(&held, &found);
}

int home_check(struct orchestrator *o, struct err *e)
{
	o->home_ms = clock_mono_ms(o->clock) + LOOK_MS;
	if (!is_gone(o))
		return 0;
	return err_set(e, -SK_EIO,
		       "%s: was removed or replaced while it was served: nothing more is recorded, "
		       "what runs goes to its end. Try: sk status",
		       o->options.state_dir);
}

int home_look(struct orchestrator *o, struct err *e)
{
	return clock_mono_ms(o->clock) < o->home_ms ? 0 : home_check(o, e);
}
