/* The reader of shell text in two halves: words and lists (shell_read.c), and what the commands are
 * (shell_git.c). */
#ifndef SK_SHELL_IMPL_H
#define SK_SHELL_IMPL_H

#include "base/limits.h"
#include "core/shell_git.h"

#define HEREDOCS_MAX 8

struct word {
	size_t at, len;
	bool dynamic; /* its value is not in the text */
};

struct command {
	struct buf bytes;
	struct word v[SHELL_WORDS_MAX];
	size_t count;
};

struct heredoc {
	size_t at, len; /* its delimiter in `delimiters` */
	bool tabs;
};

struct shell {
	struct span text;
	size_t at;
	unsigned depth;
	struct buf dir, delimiters;
	bool lost; /* where we are cannot be told */
	struct heredoc waiting[HEREDOCS_MAX];
	size_t waiting_count;
	shell_git_found *found;
	void *ctx;
};

/* Reads commands up to the closing bracket, or NUL: the end of the text. */
void shell_read_list(struct shell *s, char closing);

/* Is called for each simple command, when all of its words are there. */
void shell_run_command(struct shell *s, const struct command *c);

#endif
