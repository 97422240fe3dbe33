/*
 * One event of an agent's host: read, judged by the rules, answered. Whatever goes wrong, the host
 * is told nothing that would stop its agent; it is written down in the hooks' own log.
 */
#ifndef SK_HOOK_H
#define SK_HOOK_H

#include "base/err.h"
#include "hooks/payload.h"
#include "os/host.h"
#include "os/paths.h"

struct hook {
	struct payload payload;
	int64_t now_ms;
	const struct paths *where; /* of the goals; NULL: there is no place for them */
	const char *copilot;       /* of the user; NULL: there is none */
	struct span folder;        /* the present one, absolute; empty when it is gone */
	struct host host;          /* the agent's process; pid 0 = not known */
	uint32_t chance;           /* any number, evenly drawn */
	bool guard_off;            /* a person has turned the commit guard off for this host */
	struct buf context;        /* what the rules have to say to the model */
	struct buf refusal;        /* why what the event asks for must not be; empty: it may */
};

void hook_release(struct hook *h);

/*
 * Asks the rules for this event, in their order, and appends the host's answer to *answer. Rules
 * that fail are written to the log and the others go on; the first one that refuses is the last.
 */
void hook_run(struct hook *h, struct buf *answer);

/*
 * A rule: returns 1 when it did or said something, 0 when there was nothing to do, a negative code
 * with *e filled when it could not.
 */
typedef int hook_rule(struct hook *h, struct err *e);

#define RULE(name, events) hook_rule rule_##name;
#include "hooks/rule_list.h"
#undef RULE

/* One line of the log: when, event, agent, rule, what came of it, and at most HOOK_WORD_BYTES_MAX
 * of detail. Best effort. */
void hook_log(const struct hook *h, const char *rule, const char *decision, struct span detail);

#endif
