/*
 * Unix stream sockets for processes of one user on one machine. All descriptors are non-blocking
 * and close-on-exec. All functions return 0 or more, or -errno.
 */
#ifndef SK_SOCK_H
#define SK_SOCK_H

#include "base/base.h"

/*
 * Listens at `name` below dir_fd (mode 0600), replacing a socket file that is there: the caller
 * holds the lock that says the place is its own. Anything but a socket in its place is -EEXIST.
 * Works however long the directory's path is. Returns the descriptor.
 */
int sock_listen(int dir_fd, const char *name, int backlog);

/*
 * Takes one waiting connection: its descriptor, -EAGAIN when there is none (now or any more),
 * -EACCES when the peer is another user (the connection is closed). root and the own user are let
 * in.
 */
int sock_accept(int listen_fd);

/*
 * Connects: the descriptor, -ENOENT when there is no such socket, -ECONNREFUSED when nobody
 * listens, -EAGAIN when its queue is full, -EACCES when who listens is another user.
 */
int sock_connect(int dir_fd, const char *name);

/* The pid of who is at the other end, as it was when it connected or began to listen. */
int sock_peer_pid(int fd, uint64_t *out);

#endif
