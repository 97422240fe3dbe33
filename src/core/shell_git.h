/*
 * Which commits and pushes a line of shell would make, as far as its text tells: for events of
 * hosts that ask before they run one. It knows words, quotes, here-documents, substitutions, lists
 * and subshells, `cd`, programs that run another one (env, timeout, sudo, sh -c), and git's own
 * options in front of the subcommand. Aliases, variables and scripts it does not know: what is not
 * found here git's own hook still sees.
 */
#ifndef SK_SHELL_GIT_H
#define SK_SHELL_GIT_H

#include "base/buf.h"
#include "base/str.h"

enum shell_git_verb { SHELL_GIT_COMMIT, SHELL_GIT_PUSH };

struct shell_git {
	enum shell_git_verb verb;
	struct span
		dir; /* where it happens: absolute, or from where the line is run; may be empty */
	bool unsure; /* where it happens cannot be told from the text */
	bool named;  /* a push that names what it pushes */
};

/* Is called for each, in the order of the text; what it is given lives for the call. */
typedef void shell_git_found(void *ctx, const struct shell_git *found);

/* Any bytes will do. Levels beyond SHELL_DEPTH_MAX, and words of a command beyond SHELL_WORDS_MAX,
 * are passed over. */
void shell_git_read(struct span text, shell_git_found *found, void *ctx);

#endif
