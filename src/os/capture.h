/*
 * Runs a program to its end and gathers what it prints, with a limit for everything: for programs
 * that answer a question, such as git. It gets a session of its own and ends when we end, unless it
 * is to outlive us. What others wrote, and may leave something behind, is run with a warden.
 */
#ifndef SK_CAPTURE_H
#define SK_CAPTURE_H

#include "base/buf.h"
#include "base/str.h"
#include "os/proc.h"

struct capture {
	const char *path; /* of the program, looked up already */
	char *const *argv, *const *envp;
	const char *cwd;   /* NULL = ours */
	struct span input; /* its standard input */
	int input_fd;      /* an open file to read instead, from where it stands; 0 = none */
	size_t output_bytes_max;
	int64_t limit_ms;
	bool outlives; /* it is not ended with us */
	int cage_fd;   /* as in struct proc_spawn */
	int cancel_fd; /* when something can be read there, it is ended; 0 = none */
	/* That signal alone is sent then, and the program has CAPTURE_GRACE_MS to end by itself:
	   for one that has something to say about it. 0 = none. */
	int cancel_signal;
	bool with_warden; /* all that it started ends with it, and when we are killed (os/warden.h)
			   */
	/* Is given the output as it comes, instead of captured.out; a negative answer ends the
	   program and is the result. May be NULL. */
	int (*sink)(void *ctx, struct span bytes);
	void *ctx;
};

struct captured {
	int exit;            /* exit status, or 128 + the signal that ended it */
	struct buf out;      /* standard output */
	struct buf said;     /* the end of its standard error, at most CAPTURE_SAID_BYTES_MAX */
	bool by_sink;        /* the result is the sink's answer */
	enum proc_step step; /* the one that failed, when it could not be started */
};

#define CAPTURED_INIT                                         \
	{                                                     \
		0, BUF_INIT, BUF_INIT, false, PROC_STEP_CLONE \
	}

void captured_release(struct captured *c);

/*
 * Returns 0 when the program ended, however: see out->exit. What it left running in the background
 * goes on, and is not waited for even when it holds our pipes; with a warden it is ended before
 * this returns. -ETIMEDOUT: it took longer than limit_ms; -ECANCELED: by cancel_fd, however it
 * ended then; -EFBIG: it printed more than output_bytes_max; a negative answer of the sink: in
 * these cases it was ended with all that it had started. -EOWNERDEAD: likewise, because somebody
 * killed its warden. Any other -errno: it could not be started. *out is to be released in any case;
 * it is emptied first.
 */
int capture_run(const struct capture *c, struct captured *out);

/* What a negative answer other than those named says to people. */
const char *capture_why(int code);

/* The last line that is not empty of what it said on standard error; borrowed. */
struct span captured_last_line(const struct captured *c);

#endif
