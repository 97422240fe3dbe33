/*
 * An event as an agent's host tells it: one reader for Claude Code, Copilot CLI (both ways of
 * writing), Codex and Gemini CLI. What is not known is passed over, what is no JSON object gives an
 * event without members: a hook must never fail because a host has learned something new.
 */
#ifndef SK_PAYLOAD_H
#define SK_PAYLOAD_H

#include "base/arena.h"

/* word */
#define HOOK_AGENTS(X)        \
	X(UNKNOWN, "unknown") \
	X(CLAUDE, "claude")   \
	X(COPILOT, "copilot") \
	X(CODEX, "codex")     \
	X(GEMINI, "gemini")

/* our word for it */
#define HOOK_EVENTS(X)                                          \
	X(OTHER, "other")                                       \
	X(SESSION_START, "session-start")                       \
	X(SESSION_END, "session-end")                           \
	X(PROMPT, "prompt")                                     \
	X(PRE_TOOL, "pre-tool")                                 \
	X(PERMISSION, "permission")                             \
	X(POST_TOOL, "post-tool")                               \
	X(TURN_END, "turn-end")                                 \
	X(TURN_FAILED, "turn-failed")                           \
	X(SUBAGENT_START, "subagent-start")                     \
	X(SUBAGENT_STOP, "subagent-stop")                       \
	X(PRE_COMPACT, "pre-compact")                           \
	X(POST_COMPACT, "post-compact")                         \
	X(NOTICE, "notice")                                     \
	X(INTERRUPT, "interrupt")                               \
	X(PRE_COMMIT, "pre-commit") /* of git, not of a host */ \
	X(PRE_PUSH, "pre-push")

#define X(name, word) HOOK_BY_##name,
enum hook_agent { HOOK_AGENTS(X) HOOK_AGENT_COUNT };
#undef X
#define X(name, word) HOOK_##name,
enum hook_event { HOOK_EVENTS(X) HOOK_EVENT_COUNT };
#undef X

const char *hook_agent_word(enum hook_agent agent);
const char *hook_event_word(enum hook_event event);
bool hook_agent_of(struct span word, enum hook_agent *out);

/* The event behind a host's word, or our own; HOOK_OTHER for one that is not known. */
enum hook_event hook_event_of(struct span word);

/* What the payload does not tell: from the command line and the environment. */
struct payload_hints {
	struct span event;     /* the word on the command line, or empty */
	enum hook_agent agent; /* as the command line says */
	bool gemini;           /* the environment is that of Gemini */
	struct span session;   /* of the environment */
};

struct payload {
	struct arena arena;
	struct buf text; /* the JSON as it was read, repaired */
	bool readable;   /* it was a JSON object */
	enum hook_agent agent;
	enum hook_event event;
	struct span event_name; /* as the host writes it, for answers */
	/* Borrowed from arena; empty when it does not say. */
	struct span session, cwd, reason, source, trigger, tool, agent_id, agent_name;
	struct span command;   /* the line that a tool is to run in a shell */
	bool recoverable;      /* the host says that it goes on by itself */
	bool stop_hook_active; /* it is at work because a hook made it go on */
};

/* Fills *out from the bytes of standard input. Never fails. */
void payload_read(struct span raw, const struct payload_hints *hints, struct payload *out);
void payload_release(struct payload *p);

#endif
