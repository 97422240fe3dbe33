/*
 * An address of a unix socket holds 107 bytes of path, and state directories are deeper than that.
 * Through /proc/self/fd/N/name any directory is short. Where /proc is missing the path cannot be
 * shortened, and that is said by the error of bind or connect. Who connects is checked by the
 * kernel's word (SO_PEERCRED), not by file modes alone.
 */
#include "os/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "os/fd.h"

static int make_address(int dir_fd, const char *name, struct sockaddr_un *out)
{
	int n;

	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	n = snprintf(out->sun_path, sizeof(out->sun_path), "/proc/self/fd/%d/%s", dir_fd, name);
	return n < 0 || (size_t)n >= sizeof(out->sun_path) ? -ENAMETOOLONG : 0;
}

static int make_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? -errno : fd;
}

/* 0 when the peer is root or our own user. */
static int check_peer(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return -errno;
	return peer.uid == 0 || peer.uid == geteuid() ? 0 : -EACCES;
}

int sock_listen(int dir_fd, const char *name, int backlog)
{
	CLEANUP(fd_close) int fd = make_socket();
	struct sockaddr_un address;
	struct stat st;
	mode_t mask;
	int rc = make_address(dir_fd, name, &address);

	if (fd < 0 || rc < 0)
		return fd < 0 ? fd : rc;
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (!S_ISSOCK(st.st_mode))
			return -EEXIST;
		if (unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT)
			return -errno;
	}
	mask = umask(0177);
	rc = bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
	umask(mask);
	if (rc == 0 && listen(fd, backlog) < 0)
		rc = -errno;
	if (rc < 0)
		return rc;
	rc = fd;
	fd = -1;
	return rc;
}

int sock_accept(int listen_fd)
{
	int fd, rc;

	do {
		fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	} while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return errno == ECONNABORTED ? -EAGAIN : -errno;
	rc = check_peer(fd);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	return fd;
}

int sock_connect(int dir_fd, const char *name)
{
	CLEANUP(fd_close) int fd = make_socket();
	struct sockaddr_un address;
	int rc = make_address(dir_fd, name, &address);

	if (fd < 0 || rc < 0)
		return fd < 0 ? fd : rc;
	/* A local stream connects at once or fails at once; it is never in progress. */
	do {
		rc = connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
	} while (rc == -EINTR);
	if (rc == 0)
		rc = check_peer(fd);
	if (rc < 0)
		return rc;
	rc = fd;
	fd = -1;
	return rc;
}

int sock_peer_pid(int fd, uint64_t *out)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return -errno;
	*out = (uint64_t)peer.pid;
	return 0;
}
