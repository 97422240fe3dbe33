/*
 * What a task is, as one compact JSON object. The plan compiler writes it, the journal keeps it,
 *the worker runs it, and two plans are the same when these bytes are the same. Members, always in
 *this order, each left out at its default:
 *
 *	run           string: a command line                      (either run or argv)
 *	argv          array of strings
 *	type          string, label only                          ""
 *	timeout_ms    per attempt; 0 = none                       600000
 *	retries       re-executions after a failure               0
 *	backoff_ms    base of the back-off; 0 = 2^n seconds       0
 *	jitter        bool: spread each delay by +/-50 %          false
 *	critical      bool: its failure fails the workstream      false
 *	priority      integer, lower runs first                   0
 *	estimate_ms   expected duration                           0 = unknown (timeout is used)
 *	resources     object: name -> amount (0 = all of it)      {}
 *	capabilities  array of strings "name" or "name>=1.2.3"    []
 *	before        array of rules                              []
 *	after         array of rules                              []
 *	env           object: name -> string                      {}
 *	cwd           string, relative to the workstream's cwd or absolute   ""
 *	limits        object: memory (bytes), open_files, cpu_s, processes   {}
 *
 * A rule is {"name": string, "run" or "argv": ..., "timeout_ms": n, "fix": {"run" or "argv": ...}};
 *its timeout defaults like a task's. The fix is what a person may have run when the rule failed; no
 *worker ever does.
 *
 * A workstream's def is {"cwd": absolute path, "env": {...}, "notify": {"run" or "argv": ...,
 *"timeout_ms": n}}; each may be missing.
 */
#ifndef SK_TASK_DEF_H
#define SK_TASK_DEF_H

#include "base/buf.h"
#include "base/scan.h"
#include "base/str.h"

/* The members that decisions depend on; the rest is read by the worker from the same bytes. */
struct task_def {
	int64_t timeout_ms, backoff_ms, estimate_ms, priority;
	uint64_t retries;
	bool jitter, critical;
	bool has_before, has_after;
	struct span type;
	struct span resources;    /* raw JSON object, or empty */
	struct span capabilities; /* raw JSON array, or empty */
};

/* Reads def's bytes; spans point into them. Returns 0 or -EINVAL when they are not what a compiler
 * of ours writes. */
int task_def_decode(struct span def, struct task_def *out);

/* Whether none of its numbers would be cut short in the state. */
bool task_def_fits(const struct task_def *def);

/* One rule or command out of a def, for whoever runs it. */
struct command_def {
	struct span name; /* of a rule; empty for the task's own command */
	struct scan_text run;
	struct span argv; /* raw JSON array, or empty when `run` is given */
	struct span fix;  /* of a rule: raw JSON object, or empty */
	int64_t timeout_ms;
};

/*
 * The task's own command (phase "main"), or rule number `index` of "before" or "after".
 * Returns 1, 0 when there is no such rule, or -EINVAL.
 */
int task_def_command(struct span def, const char *phase, unsigned index, struct command_def *out);

/* The command that is told of errors in a workstream, out of its def. Returns 1, 0 when it has
 * none, or -EINVAL. */
int ws_def_notify(struct span def, struct command_def *out);

/* The command that mends what the rule checks. Returns 1, 0 when it has none, or -EINVAL. */
int task_def_fix(const struct command_def *rule, struct command_def *out);

#endif
