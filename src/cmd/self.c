/* The kernel knows it; argv[0] is only what somebody typed. */
#include "cmd/self.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int self_program(char out[PATH_MAX], const char *not_done, struct err *e)
{
	static const char deleted[] = " (deleted)"; /* it was replaced while we run */
	ssize_t len = readlink("/proc/self/exe", out, PATH_MAX - 1);

	if (len < 0)
		return err_set(e, -SK_EIO, "/proc/self/exe: cannot be read (%s): %s",
			       strerror(errno), not_done);
	out[len] = '\0';
	if ((size_t)len > sizeof(deleted) - 1 &&
	    strcmp(out + len - (sizeof(deleted) - 1), deleted) == 0)
		out[(size_t)len - (sizeof(deleted) - 1)] = '\0';
	return 0;
}
