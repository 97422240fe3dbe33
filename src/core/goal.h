/*
 * Goals and tentacles as values. Both are documents (core/doc.h): the members that go to disk stand
 * in goal_docs.c, which is the only place that knows their keys. The state owns them; whoever
 * changes one makes a draft and records it (core/goal_turn.h).
 */
#ifndef SK_GOAL_H
#define SK_GOAL_H

#include "base/map.h"
#include "core/doc.h"
#include "core/lives.h"

struct state;

#define GATE_STATES(X)          \
	X(PENDING, "pending")   \
	X(PASSED, "passed")     \
	X(REJECTED, "rejected") \
	X(FAILED, "failed") /* recorded, does not block */

#define CRITERION_STATES(X)         \
	X(UNVERIFIED, "unverified") \
	X(VERIFIED, "verified")     \
	X(FAILED, "failed")

/* What a hand-off says about the work; NONE: it said nothing. */
#define HANDOFF_STATES(X)                       \
	X(NONE, "none")                         \
	X(DONE, "DONE")                         \
	X(BLOCKED, "BLOCKED")                   \
	X(TOO_BIG, "TOO_BIG")                   \
	X(AMBIGUOUS, "AMBIGUOUS")               \
	X(REGRESSED, "REGRESSED")               \
	X(SCOPE_ESCALATION, "SCOPE_ESCALATION") \
	X(SCOPE_REDUCTION, "SCOPE_REDUCTION")

#define CHECK_SEVERITIES(X)     \
	X(CRITICAL, "CRITICAL") \
	X(HIGH, "HIGH")         \
	X(MEDIUM, "MEDIUM")     \
	X(LOW, "LOW")

#define X(name, word) GATE_##name,
enum gate_state { GATE_STATES(X) GATE_STATE_COUNT };
#undef X
#define X(name, word) CRITERION_##name,
enum criterion_state { CRITERION_STATES(X) CRITERION_STATE_COUNT };
#undef X
#define X(name, word) HANDOFF_##name,
enum handoff_state { HANDOFF_STATES(X) HANDOFF_STATE_COUNT };
#undef X
#define X(name, word) CHECK_##name,
enum check_severity { CHECK_SEVERITIES(X) CHECK_SEVERITY_COUNT };
#undef X

/* The words, indexed by the enums above; also those of the two lives. */
extern const char *const gate_words[GATE_STATE_COUNT];
extern const char *const criterion_words[CRITERION_STATE_COUNT];
extern const char *const handoff_words[HANDOFF_STATE_COUNT];
extern const char *const check_severity_words[CHECK_SEVERITY_COUNT];

/* A human's approval. Pending and rejected ones block. */
struct gate {
	struct span id, description, reason;
	uint8_t status;
	int64_t created_ms, approved_ms, rejected_ms, passed_ms, failed_ms;
	struct span rest; /* members of other programs, here and below */
};

/* A command that proves progress, and what it said last. */
struct criterion {
	struct span id, description, command;
	uint8_t status;
	uint64_t timeout_s;
	int64_t verified_ms, failed_ms;
	struct span evidence;            /* the last EVIDENCE_BYTES_MAX bytes of output */
	int64_t exit_code;               /* -1: timed out; DOC_NO_NUMBER: never run */
	struct span output_digest, tree; /* of all output; of the repository at that moment */
	uint64_t duration_ms;
	struct span rest;
};

struct iteration {
	uint64_t number;
	struct texts tentacles;
	int64_t started_ms, completed_ms;
	struct span decision;
	bool over_budget; /* a person opened it although nothing was left: it may use more */
};

struct evaluation {
	uint64_t iteration;
	struct span decision, notes, source;
	int64_t at_ms;
	uint64_t gates_passed, gates_total, criteria_verified, criteria_total;
	struct texts blocked_by_gates;
};

struct verify_result {
	struct span id;
	int64_t exit_code;
	struct span output_hash; /* of the output with its volatile parts normalised */
	uint64_t output_len;
	int64_t at_ms;
	struct span command_digest;
	uint64_t identical; /* failures in a row that said the same, this one included */
};

struct verify_attempt {
	uint64_t attempt;
	int64_t at_ms;
	bool all_passed;
	struct span tree;        /* of the repository before its commands ran; empty = not known */
	struct doc_list results; /* struct verify_result */
};

/* 0 = no limit. */
struct goal_budget {
	uint64_t max_iterations, max_tentacles, timeout_minutes, max_tokens, max_cost_micros;
	struct span rest;
};

struct goal {
	struct span id; /* goal_id: a UUID */
	struct span title, description;
	uint8_t status; /* enum goal_state */
	uint64_t iteration;
	int64_t created_ms, updated_ms;
	struct doc_list iterations;   /* struct iteration */
	struct doc_list eval_history; /* struct evaluation */
	struct doc_list criteria;     /* struct criterion */
	struct doc_list gates;        /* struct gate */
	struct goal_budget budget;
	struct doc_list verify_history; /* struct verify_attempt */
	uint64_t spent_tokens, spent_micros;
	/* Time it was active: up to active_since, and from there on while that is not 0. */
	uint64_t active_ms;
	int64_t active_since_ms;
	int64_t paused_ms;
	struct span pause_reason;
	struct span
		paused_session; /* whose end paused it: the same one's next event takes it back */
	struct span previous_status;
	int64_t needs_human_ms;
	struct span needs_human_reason;
	struct texts needs_human_criteria;
	struct span awaiting_gate_id, awaiting_gate_reason;
	int64_t resumed_ms, completed_ms, abandoned_ms;
	struct span rest; /* members of other programs */
};

struct verification {
	struct span label, command, cwd, severity_word, source, log_path, tree;
	uint8_t severity;
	int64_t exit_code; /* -1: timed out */
	int64_t started_ms, finished_ms;
	uint64_t duration_ms;
};

struct tentacle_worktree {
	bool prepared, reused;
	struct span path, branch, base; /* base: the commit it began from */
	bool unmerged;                  /* it holds work that was handed off and not merged yet */
	struct texts conflicts;         /* files in which the last attempt to merge it failed */
	struct span merged_commit, merged_into; /* of the last merge that was made: into a branch */
	int64_t merged_ms; /* then, or when it was found that there is nothing to merge */
};

/* A process, as proof of life: all members together or nothing. */
struct tentacle_owner {
	uint64_t pid, pid_start;
	struct span boot_id, nonce, session;
};

/* Work that a quota stopped. Not parked: kind is empty. */
struct parked {
	struct span kind, provider, hint; /* kind: a word of core/quota.h */
	int64_t since_ms, due_ms;         /* due 0: nobody knows */
	bool held;                        /* by a person: not released by itself */
	uint64_t times;
};

/* How its last agent ended, whether it handed off or not. */
struct tentacle_run {
	int64_t exit_code; /* DOC_NO_NUMBER: none has ended yet; 128 + the signal */
	uint64_t signal;   /* that ended it, or 0 */
	bool timed_out;
	bool stopped; /* it was told to end: no fault of its own */
	struct span last_line;
	/* In a row, since somebody decided about it: ends that count against it; agents that were
	   gone without a word. */
	uint64_t failures, losses;
};

struct tentacle {
	struct span name;
	struct span id; /* tentacle_id: a UUID */
	struct span description;
	uint8_t status; /* enum tentacle_state */
	int64_t created_ms, updated_ms, resumed_ms, dispatched_ms, started_ms, ended_ms,
		handed_off_ms, completed_ms;
	struct texts scope, skills, todo_deps, children;
	struct span parent, goal_id, goal_name;
	uint64_t iteration;
	struct span agent, model; /* agent: a name of the configuration */
	uint8_t terminal_status;  /* enum handoff_state, of the newest hand-off that tells one */
	struct texts changed_files, bridge_links, outside_scope;
	/* Where the work is done that goes on, or was handed off last: in the main checkout, and
	   then what that was when it began: its commit and the files that differed from it. */
	bool here;
	struct span started_from;
	struct texts changed_before;
	struct parked parked;
	struct tentacle_run run;
	struct doc_list verifications; /* struct verification */
	struct tentacle_worktree worktree;
	struct tentacle_owner owner;
	uint64_t attempts; /* agents started; parked ones do not count */
	uint64_t spent_tokens, spent_micros;
	struct span task_id;        /* of .state/, while an agent runs under supervision */
	struct span handoff_digest; /* hash64 of handoff.md as we know it, hex */
	uint64_t handoff_bytes;
	/* The newest section that we wrote, and the digest of what was before it: for the repair of
	   the file after a crash. */
	struct span handoff_last, handoff_was;
	struct span todo, todo_was; /* todo.md; the hash64 of the version before, hex */
	struct span rest;
	/* Of the newest event about it that was folded into this memory; 0: the state was read with
	   it as it is. Not on disk. */
	uint64_t changed_seq;
};

/* What is known of a provider of models, shared by all tentacles that use it. */
struct provider {
	struct span id;
	uint64_t failures;     /* in a row */
	int64_t open_until_ms; /* nothing is sent before */
	struct span kind, reason;
	struct span probe; /* the tentacle that tries whether it takes work again */
	int64_t changed_ms;
};

extern const struct doc_type goal_type, tentacle_type, provider_type;
/* What a person says of a criterion: the same struct, without the members that only a run gives. */
extern const struct doc_type criterion_ask_type;
extern const struct doc_type parked_type, gate_type, criterion_type, iteration_type,
	evaluation_type, verify_attempt_type, verify_result_type, verification_type;

struct goals {
	struct goal *v;
	size_t count, capacity;
	struct tentacle *tentacles;
	size_t tentacle_count, tentacle_capacity;
	struct map tentacle_names; /* name -> place in tentacles */
	struct provider *providers;
	size_t provider_count, provider_capacity;
	struct span chosen; /* id of the goal that commands mean when none is named */
};

void goals_release(struct goals *g);

/* By id or, for goals, an unambiguous beginning of it of 4 characters or more; NULL when there is
 * none. */
struct goal *goals_find(const struct goals *g, struct span id);
struct tentacle *goals_tentacle(const struct goals *g, struct span name);

/* For who folds: a copy of *t becomes the last one (its name must live as long as g, and be new) /
 * the one at `which` leaves, and those behind it move up. */
void goals_add_tentacle(struct goals *g, const struct tentacle *t);
void goals_drop_tentacle(struct goals *g, struct tentacle *which);
struct provider *goals_provider(const struct goals *g, struct span id);

/* The goal that commands mean when none is named, or NULL. */
struct goal *goals_chosen(const struct goals *g);

/* Elements of a goal's lists, NULL when there is none. Borrowed; not to be changed in a draft
 * (doc_list_own). */
struct gate *goal_gate(const struct goal *g, struct span id);
struct criterion *goal_criterion(const struct goal *g, struct span id);
struct iteration *goal_iteration(const struct goal *g, uint64_t number);

/* The first gate that blocks, or NULL. */
const struct gate *goal_blocking_gate(const struct goal *g);

/* How long it has been active by now, paused time left out. */
uint64_t goal_active_ms(const struct goal *g, int64_t now_ms);

/* Tentacles linked to it in all iterations. */
size_t goal_tentacle_count(const struct goal *g);

/* Whether the hand-off status calls for somebody who decides / may be set back and tried again. */
bool handoff_needs_triage(unsigned status);
bool handoff_resettable(unsigned status);

#endif
