/* What sweep.c sees of a traced process: its calls, the files behind its descriptors, what it is.
 */
#ifndef SK_SWEEP_LOOK_H
#define SK_SWEEP_LOOK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PATH_BYTES 4096

/* When an entry of the call counts. */
enum counts { ALWAYS, NEVER, IF_CREATES, IF_SOCKET, IF_NOT_STANDARD };

struct call {
	long number;
	const char *name;
	enum counts counts;
	bool has_fd; /* its first argument is a descriptor */
};

/* NULL when the call is none of those that are counted or lied about. */
const struct call *call_of(uint64_t number);
const struct call *call_named(const char *name);

/* Whether this entry of the call, made by pid, is a boundary. */
bool call_counts(const struct call *c, pid_t pid, const uint64_t args[6]);

/* The path behind a descriptor of the process; "" when there is none. */
void fd_path(pid_t pid, int fd, char out[PATH_BYTES]);

/* 0 when it is gone. */
pid_t parent_of(pid_t pid);

/* Whether the process is `sk worker ...`. */
bool is_worker(pid_t pid);

#endif
