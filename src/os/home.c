/*
 * HOME is believed only when it is ours: under sudo it often is the home of somebody who could then
 * not change any more what root has written there. Each folder is made and synced before the next
 * one, so that a power cut leaves a path that ends and never a name without its folder.
 */
#include "os/home.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/paths.h"

#define HOME_BYTES_MAX (PATH_MAX / 2) /* room for what lies below it */

int home_find(const char *sk_home, const char *home, struct buf *out, struct buf *why)
{
	const char *name = sk_home ? "SK_HOME" : "HOME", *value = sk_home ? sk_home : home;
	struct stat st;
	int code;

	if (!value || !*value) {
		buf_putf(why,
			 "%s is not set: nothing was done. Try: SK_HOME=/path/to/a/folder/of/yours",
			 name);
		return -ENOENT;
	}
	if (value[0] != '/') {
		buf_putf(why, "%s is no absolute path: nothing was done", name);
		return -EINVAL;
	}
	if (strlen(value) > HOME_BYTES_MAX) {
		buf_putf(why, "%s is longer than %d bytes: nothing was done", name, HOME_BYTES_MAX);
		return -ENAMETOOLONG;
	}
	code = stat(value, &st) < 0 ? -errno : S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
	if (code < 0) {
		buf_putf(why, "%s '%s' is no folder that can be used: %s: nothing was done", name,
			 value, strerror(-code));
		return code;
	}
	if (st.st_uid != geteuid()) {
		buf_putf(why,
			 "%s '%s' belongs to uid %u, you are uid %u; refused: nothing was done. "
			 "Try: SK_HOME=/path/to/a/folder/of/yours",
			 name, value, st.st_uid, geteuid());
		return -EPERM;
	}
	buf_truncate(out, 0);
	buf_puts(out, value);
	while (out->len > 1 && out->p[out->len - 1] == '/')
		buf_truncate(out, out->len - 1);
	buf_puts(out, out->len == 1 ? ".copilot" : "/.copilot");
	return 0;
}

/* A folder on the way: followed when it is a link. */
static int step(int dir, const char *name, bool create)
{
	int fd;

	if (create && mkdirat(dir, name, 0700) == 0) {
		if (dir != AT_FDCWD && fsync(dir) < 0)
			return -errno;
	} else if (create && errno != EEXIST) {
		return -errno;
	}
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int home_open(const char *copilot, const char *below, bool create, struct buf *why)
{
	CLEANUP(fd_close) int dir = step(AT_FDCWD, copilot, create);
	char names[PATH_MAX], *at = names, *slash;
	int rc = dir;

	if (strlen(below) >= sizeof(names))
		return -ENAMETOOLONG;
	memcpy(names, below, strlen(below) + 1);
	while (rc >= 0 && (slash = strchr(at, '/'))) {
		int next;

		*slash = '\0';
		next = rc = step(dir, at, create);
		fd_close(&dir);
		dir = next;
		at = slash + 1;
	}
	if (rc >= 0)
		return paths_open_inside(dir, at, create, why);
	if (rc != -ENOENT || create)
		buf_putf(why, "cannot open '%s/%s': %s: nothing was done", copilot, below,
			 strerror(-rc));
	return rc;
}
