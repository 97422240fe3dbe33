/* One line, written in place: half of one is no boot id, inode and size that fit. */
#include "work/settled.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/proc.h"

#define LINE_BYTES 96

/* What the line must be when all is durable now. False when that cannot be told. */
static bool line_now(const struct vfs *vfs, const char *journal, char out[LINE_BYTES])
{
	char boot_id[BOOT_ID_LEN + 1];
	struct vfs_stat st;

	if (proc_boot_id(boot_id) < 0 || vfs->stat(vfs->ctx, journal, &st) < 0)
		return false;
	memset(out, ' ', LINE_BYTES);
	out[snprintf(out, LINE_BYTES, "%s %llu %lld", boot_id, (unsigned long long)st.file_id,
		     (long long)st.bytes)] = ' ';
	out[LINE_BYTES - 1] = '\n';
	return true;
}

bool settled_known(int dir_fd, const struct vfs *vfs, const char *journal)
{
	CLEANUP(fd_close) int fd = fd_open_at(dir_fd, SETTLED_FILE, O_RDONLY | O_NONBLOCK, 0);
	char now[LINE_BYTES], noted[LINE_BYTES];

	return fd >= 0 && line_now(vfs, journal, now) &&
	       pread(fd, noted, sizeof(noted), 0) == sizeof(noted) &&
	       memcmp(now, noted, sizeof(now)) == 0;
}

void settled_note(int dir_fd, const struct vfs *vfs, const char *journal)
{
	CLEANUP(fd_close)
	int fd = fd_open_at(dir_fd, SETTLED_FILE, O_WRONLY | O_CREAT | O_NONBLOCK, 0600);
	char now[LINE_BYTES];

	/* One that cannot be written costs the next command two syncs. */
	if (fd < 0 || !line_now(vfs, journal, now) || pwrite(fd, now, sizeof(now), 0) < 0)
		return;
}
