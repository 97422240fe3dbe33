/*
 * What the three decision trees of the recovery procedures find in a state: a task failed, a
 * workstream failed, a worker does not answer. Beside them what has no tree of its own: exhausted
 * resources, dependency cycles, and rules that no state may break.
 */
#ifndef SK_FINDING_H
#define SK_FINDING_H

#include "cmd/cmd.h"
#include "cmd/view.h"

/* name, word in JSON, who is about it: an event of which kind is its evidence is found by subject
 */
#define FINDINGS(X)                                  \
	X(TASK_FAILED, "task_failed")                \
	X(TASK_RETRYING, "task_retrying")            \
	X(TASK_CANCELLED, "task_cancelled")          \
	X(WS_FAILED, "workstream_failed")            \
	X(WS_INTERRUPTED, "workstream_interrupted")  \
	X(CYCLE, "dependency_cycle")                 \
	X(WORKER_SILENT, "worker_unresponsive")      \
	X(WORKER_GONE, "worker_gone")                \
	X(WORKER_LOCK, "worker_lock_lost")           \
	X(WORKER_RECOVERED, "worker_recovered_late") \
	X(RESOURCE, "resource_exhausted")            \
	X(PAUSED, "orchestrator_paused")             \
	X(HUNG, "orchestrator_hung")                 \
	X(INVARIANT, "invariant_violated")           \
	X(DAMAGE, "state_damaged")

#define X(name, word) FINDING_##name,
enum finding_kind { FINDINGS(X) FINDING_COUNT };
#undef X

/* Who must act. The numbers are those of the procedures. */
enum finding_level {
	LEVEL_AUTOMATIC = 1, /* nobody: it is being done */
	LEVEL_SCRIPT,        /* a person, by one command */
	LEVEL_INVESTIGATE,   /* a person, by looking first */
	LEVEL_CODE,          /* whoever changes this program */
};

enum urgency { URGENCY_LOW, URGENCY_MEDIUM, URGENCY_HIGH };

struct finding {
	enum finding_kind kind;
	enum finding_level level;
	enum urgency urgency;
	enum severity severity;
	const char *entity_type; /* "task", "workstream", "worker", "resource", "system" */
	struct span id;          /* borrowed from the state; empty for the system */
	struct buf text;         /* what is the matter, and the branch of the tree */
	struct buf next;         /* what to type, a command a line; empty: nothing */
	uint64_t seq;            /* of the record that shows it; 0 = none */
	int64_t at_ms;           /* of that record */
	struct buf evidence;     /* that record as a sentence; empty when the archive has it */
};

struct findings {
	struct finding *v;
	size_t count, capacity;
	size_t of_kind[FINDING_COUNT]; /* found; no more than FINDINGS_KIND_MAX of each are kept */
};

#define FINDINGS_INIT       \
	{                   \
		NULL, 0, 0, \
		{           \
			0   \
		}           \
	}

void findings_release(struct findings *f);

/* Walks the trees over the whole state, reads the evidence from the journal and sorts: the most
 * severe first, then the most urgent, then the oldest. Returns 0 or a negative code with *e. */
int findings_make(const struct cmd_ctx *c, struct findings *out, struct err *e);

/* Adds that an orchestrator holds the lock and does not answer. */
void findings_hung(struct findings *out, uint64_t pid);

/* The one finding about a state that cannot be read, out of what opening it said. */
void findings_damage(struct findings *out, const struct err *why);

const char *finding_word(enum finding_kind kind);
const char *finding_level_word(enum finding_level level);
const char *urgency_word(enum urgency urgency);

#endif
