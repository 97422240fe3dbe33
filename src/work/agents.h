/*
 * Which agents there are and how each is started: the built-in ones, then what the user's file and
 * the repository's say about them, the latter winning. A command is a list of words, never text for
 * a shell. Values of `env` may be secrets: they go to the agent alone, and nobody prints them.
 *
 *	agents:
 *	  claude: {timeout: 1h, model: opus}         the built-in one, changed
 *	  local:
 *	    command: [my-agent, --work-in, "{worktree}"]
 *	    provider: openai
 *	default_agent: claude
 *	auto_release: true
 *	worktree: true
 *	merge: true
 */
#ifndef SK_AGENTS_H
#define SK_AGENTS_H

#include "base/arena.h"
#include "base/err.h"
#include "core/doc.h"

enum agent_source { AGENT_BUILT_IN, AGENT_USER, AGENT_REPOSITORY };

struct agent {
	struct span name;
	enum agent_source source; /* the last that said something about it */
	struct texts command;     /* words with placeholders, see agent_words */
	struct texts model_args;  /* what {model_args} stands for when there is a model */
	struct texts env;         /* NAME=VALUE */
	struct texts write_paths; /* where it may write besides; ~/ is the home directory */
	struct span provider;     /* whose limits it meets: a name */
	struct span model;        /* or empty */
	int64_t timeout_ms;       /* 0 = none */
	int64_t max_parallel;
};

struct agents {
	struct agent *v;
	size_t count, capacity;
	struct span chosen; /* default_agent, or empty */
	bool auto_release;
	bool worktree; /* a run gets a worktree of its own */
	bool merge;    /* goal loop merges what was handed off well */
	struct arena text;
};

#define AGENTS_INIT                                                  \
	{                                                            \
		NULL, 0, 0, SPAN_NONE, true, true, true, ARENA_INIT, \
	}

void agents_release(struct agents *a);

/*
 * Fills *out (after AGENTS_INIT; released by the caller in any case). Either path may be NULL, and
 * a file that is not there says nothing. Returns 0; -SK_EUSAGE with file, line and column of the
 * first problem; -errno when a file cannot be read.
 */
int agents_load(const char *user_file, const char *repository_file, struct agents *out,
		struct err *e);

/* The agent of that name, or NULL. Borrowed. */
const struct agent *agents_find(const struct agents *a, struct span name);

/*
 * The one to start: what was asked for, else what the tentacle names, else default_agent (the first
 * that is not empty). -SK_ENOTFOUND with the names there are; -SK_EUSAGE when nothing names one.
 */
int agents_choose(const struct agents *a, struct span asked, struct span tentacles,
		  const struct agent **out, struct err *e);

/* What the placeholders of a command stand for. */
struct agent_fill {
	struct span prompt, prompt_file, worktree, name, model;
};

enum agent_stdin { AGENT_STDIN_EMPTY, AGENT_STDIN_PROMPT };

/*
 * The words to execute, each with a NUL behind it, appended to *out, and how many. The placeholders
 * are {prompt}, {prompt_file}, {worktree}, {name}, {model}, and, as a word of its own,
 * {model_args}; {{ is a bracket. A command that mentions neither {prompt} nor {prompt_file} gets
 * the prompt on its standard input. Returns 0, or -SK_EUSAGE: a model is wanted and the command has
 * no place for it, {model} stands in a command and there is none, or the prompt is too long to be
 * a word.
 */
int agent_words(const struct agent *a, const struct agent_fill *fill, struct buf *out,
		size_t *count, enum agent_stdin *input, struct err *e);

/* Whether the text between brackets is one of the placeholders. */
bool agent_placeholder(struct span word);

/* Adds the built-in ones. For agents_load. */
void agents_add_known(struct agents *a);

/* Adds an agent with the defaults; borrowed until the next call. */
struct agent *agents_add(struct agents *a, struct span name, enum agent_source source);

#endif
