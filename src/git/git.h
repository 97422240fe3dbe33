/*
 * Runs git as a child. What it does must not depend on who called us or on what an agent wrote into
 * the repository's settings, so it runs without hooks, pager, editor, prompt and file watcher, in
 * the language of this program, and without the variables that would point it to another
 * repository. Filters that the repository's attributes and settings name (LFS) do run where git
 * reads or writes working files.
 *
 * Names that came from people stand behind "--end-of-options" or "--".
 */
#ifndef SK_GIT_H
#define SK_GIT_H

#include "base/err.h"
#include "base/str.h"
#include "os/capture.h"

struct git {
	char *program;
	char **envp;  /* what every call gets; the texts are borrowed but for `own` ones */
	size_t count; /* of envp, without its end */
};

#define GIT_INIT               \
	{                      \
		NULL, NULL, 0, \
	}

/*
 * Finds git in the PATH of `environment` (as environ, borrowed until git_close). Returns 0, or
 * -SK_ENOTFOUND with the sentence.
 */
int git_open(struct git *g, char *const *environment, struct err *e);
void git_close(struct git *g);

struct git_call {
	const char *dir;          /* where it runs; NULL = here */
	const char *const *words; /* what follows "git", NULL at the end */
	const char *const *vars;  /* NAME=VALUE besides, NULL at the end; may be NULL */
	struct span input;
	int input_fd;  /* as in struct capture */
	bool outlives; /* goes on when we are killed, for what must not be left half done */
	bool writes;   /* may take locks and refresh the index; without it a look disturbs nobody */
	int64_t limit_ms;        /* 0 = GIT_LIMIT_MS */
	size_t output_bytes_max; /* 0 = GIT_OUTPUT_BYTES_MAX */
	int (*sink)(void *ctx, struct span bytes);
	void *ctx;
};

/* The words of a call, in place: GIT_WORDS("status", "-z"). They live until the end of the block;
 * the branch of an if is one. */
#define GIT_WORDS(...)            \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}

/*
 * Runs it. Returns its exit status, whatever it is, with its output in *out, which is to be
 * released in any case. Negative with the sentence: -SK_EIO when it could not be run, took too long
 * (its whole tree was ended) or printed too much; a negative code of the sink, without a sentence.
 */
int git_run(const struct git *g, const struct git_call *call, struct captured *out, struct err *e);

/*
 * The same for a call that has to succeed: 0, or the code above, or -SK_EWORK with a sentence that
 * ends in what git said.
 */
int git_must(const struct git *g, const struct git_call *call, struct captured *out, struct err *e);

/* git_must for a call that prints one line: it replaces *line, without its newline. */
int git_line(const struct git *g, const char *dir, const char *const *words, struct buf *line,
	     struct err *e);

#endif
