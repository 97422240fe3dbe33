/*
 * Which members goals and tentacles have on disk. The keys are those of the files that the original
 * wrote, so its goal.json and meta.json can be read; what is new was added beside them. Keys are
 * permanent.
 */
#include "base/limits.h"
#include "core/goal.h"

#define X(name, word) word,
const char *const gate_words[] = { GATE_STATES(X) };
const char *const criterion_words[] = { CRITERION_STATES(X) };
const char *const handoff_words[] = { HANDOFF_STATES(X) };
const char *const check_severity_words[] = { CHECK_SEVERITIES(X) };
static const char *const goal_words[] = { GOAL_STATES(X) };
static const char *const tentacle_words[] = { TENTACLE_STATES(X) };
#undef X

#define TEXT(T, key, member, flags)                                                            \
	{                                                                                      \
		key, DOC_TEXT, flags, offsetof(struct T, member), DOC_TEXT_BYTES_MAX, 0, NULL, \
			NULL, 0                                                                \
	}
#define U64(T, key, member, low, high, flags)                                             \
	{                                                                                 \
		key, DOC_U64, flags, offsetof(struct T, member), high, low, NULL, NULL, 0 \
	}
#define I64(T, key, member, flags)                                                   \
	{                                                                            \
		key, DOC_I64, flags, offsetof(struct T, member), 0, 0, NULL, NULL, 0 \
	}
#define TIME(T, key, member, flags)                                                   \
	{                                                                             \
		key, DOC_TIME, flags, offsetof(struct T, member), 0, 0, NULL, NULL, 0 \
	}
#define BOOL(T, key, member, flags)                                                   \
	{                                                                             \
		key, DOC_BOOL, flags, offsetof(struct T, member), 0, 0, NULL, NULL, 0 \
	}
#define WORD(T, key, member, words, flags)                                           \
	{                                                                            \
		key, DOC_WORD, flags, offsetof(struct T, member), 0, 0, NULL, words, \
			ARRAY_LEN(words)                                             \
	}
#define TEXTS(T, key, member, flags)                                                               \
	{                                                                                          \
		key, DOC_TEXTS, flags, offsetof(struct T, member), DOC_ENTRIES_MAX, 0, NULL, NULL, \
			0                                                                          \
	}
#define LIST(T, key, member, of, most, flags)                                          \
	{                                                                              \
		key, DOC_LIST, flags, offsetof(struct T, member), most, 0, of, NULL, 0 \
	}
#define OBJECT(T, key, member, of, flags)                                             \
	{                                                                             \
		key, DOC_OBJECT, flags, offsetof(struct T, member), 0, 0, of, NULL, 0 \
	}
#define REST(T, member)                                                                           \
	{                                                                                         \
		"", DOC_REST, 0, offsetof(struct T, member), DOC_REST_BYTES_MAX, 0, NULL, NULL, 0 \
	}
#define TYPE(name, T, members, views)                                      \
	{                                                                  \
		name, sizeof(struct T), members, ARRAY_LEN(members), views \
	}

static const struct doc_member gate_members[] = {
	TEXT(gate, "id", id, DOC_NEEDED),
	TEXT(gate, "description", description, 0),
	WORD(gate, "status", status, gate_words, 0),
	TEXT(gate, "reason", reason, 0),
	TIME(gate, "created_at", created_ms, 0),
	TIME(gate, "approved_at", approved_ms, 0),
	TIME(gate, "rejected_at", rejected_ms, 0),
	TIME(gate, "passed_at", passed_ms, 0),
	TIME(gate, "failed_at", failed_ms, 0),
	REST(gate, rest),
};
const struct doc_type gate_type = TYPE("gate", gate, gate_members, NULL);

static const struct doc_member criterion_members[] = {
	TEXT(criterion, "id", id, DOC_NEEDED),
	TEXT(criterion, "description", description, 0),
	TEXT(criterion, "verification_command", command, 0),
	U64(criterion, "timeout_seconds", timeout_s, 1, TIMEOUT_S_MAX, 0),
	WORD(criterion, "status", status, criterion_words, 0),
	TIME(criterion, "verified_at", verified_ms, 0),
	TIME(criterion, "failed_at", failed_ms, 0),
	TEXT(criterion, "evidence", evidence, 0),
	I64(criterion, "exit_code", exit_code, 0),
	TEXT(criterion, "output_digest", output_digest, 0),
	TEXT(criterion, "tree", tree, 0),
	U64(criterion, "duration_ms", duration_ms, 0, 0, 0),
	REST(criterion, rest),
};
const struct doc_type criterion_type = TYPE("criterion", criterion, criterion_members, NULL);

static const struct doc_member ask_members[] = {
	TEXT(criterion, "id", id, 0),
	TEXT(criterion, "description", description, 0),
	TEXT(criterion, "verification_command", command, 0),
	U64(criterion, "timeout_seconds", timeout_s, 1, TIMEOUT_S_MAX, 0),
	REST(criterion, rest),
};
const struct doc_type criterion_ask_type = TYPE("criterion", criterion, ask_members, NULL);

static const struct doc_member iteration_members[] = {
	U64(iteration, "number", number, 1, 0, 0),
	TEXTS(iteration, "tentacles", tentacles, 0),
	TIME(iteration, "started_at", started_ms, 0),
	TIME(iteration, "completed_at", completed_ms, 0),
	TEXT(iteration, "eval_decision", decision, 0),
	BOOL(iteration, "over_budget", over_budget, 0),
};
const struct doc_type iteration_type = TYPE("iteration", iteration, iteration_members, NULL);

static const struct doc_member evaluation_members[] = {
	U64(evaluation, "iteration", iteration, 0, 0, 0),
	TEXT(evaluation, "decision", decision, 0),
	TEXT(evaluation, "notes", notes, 0),
	TIME(evaluation, "evaluated_at", at_ms, 0),
	U64(evaluation, "gates_passed", gates_passed, 0, 0, 0),
	U64(evaluation, "gates_total", gates_total, 0, 0, 0),
	U64(evaluation, "criteria_verified", criteria_verified, 0, 0, 0),
	U64(evaluation, "criteria_total", criteria_total, 0, 0, 0),
	TEXTS(evaluation, "blocked_by_gates", blocked_by_gates, 0),
	TEXT(evaluation, "source", source, 0),
};
const struct doc_type evaluation_type = TYPE("evaluation", evaluation, evaluation_members, NULL);

static const struct doc_member result_members[] = {
	TEXT(verify_result, "id", id, 0),
	I64(verify_result, "exit_code", exit_code, 0),
	TEXT(verify_result, "output_hash", output_hash, 0),
	U64(verify_result, "output_len", output_len, 0, 0, 0),
	TIME(verify_result, "timestamp", at_ms, 0),
	TEXT(verify_result, "command_digest", command_digest, 0),
	U64(verify_result, "identical_failures", identical, 0, 0, 0),
};
const struct doc_type verify_result_type = TYPE("result", verify_result, result_members, NULL);

static const struct doc_member attempt_members[] = {
	U64(verify_attempt, "attempt", attempt, 1, 0, 0),
	TIME(verify_attempt, "timestamp", at_ms, 0),
	BOOL(verify_attempt, "all_passed", all_passed, 0),
	TEXT(verify_attempt, "tree", tree, 0),
	LIST(verify_attempt, "results", results, &verify_result_type, DOC_ENTRIES_MAX, 0),
};
const struct doc_type verify_attempt_type = TYPE("attempt", verify_attempt, attempt_members, NULL);

static const struct doc_member budget_members[] = {
	U64(goal_budget, "max_iterations", max_iterations, 1, 0, 0),
	U64(goal_budget, "max_tentacles", max_tentacles, 1, 0, 0),
	U64(goal_budget, "timeout_minutes", timeout_minutes, 1, 0, 0),
	U64(goal_budget, "max_tokens", max_tokens, 1, 0, 0),
	U64(goal_budget, "max_cost_micros", max_cost_micros, 1, 0, 0),
	REST(goal_budget, rest),
};
static const struct doc_type budget_type = TYPE("budget", goal_budget, budget_members, NULL);

static const struct doc_member goal_members[] = {
	TEXT(goal, "goal_id", id, DOC_OURS),
	TEXT(goal, "title", title, 0),
	TEXT(goal, "description", description, 0),
	WORD(goal, "status", status, goal_words, DOC_NEEDED),
	U64(goal, "iteration", iteration, 1, 1000000, DOC_NEEDED),
	TIME(goal, "created_at", created_ms, DOC_OURS),
	TIME(goal, "updated_at", updated_ms, DOC_OURS),
	LIST(goal, "iterations", iterations, &iteration_type, 100000, DOC_KEYED | DOC_OURS),
	LIST(goal, "eval_history", eval_history, &evaluation_type, GOAL_HISTORY_KEPT,
	     DOC_GROWS | DOC_OURS),
	LIST(goal, "success_criteria", criteria, &criterion_type, DOC_ENTRIES_MAX, 0),
	LIST(goal, "gates", gates, &gate_type, DOC_ENTRIES_MAX, 0),
	OBJECT(goal, "budget", budget, &budget_type, 0),
	LIST(goal, "verify_loop_history", verify_history, &verify_attempt_type, GOAL_HISTORY_KEPT,
	     DOC_GROWS | DOC_OURS),
	U64(goal, "spent_tokens", spent_tokens, 0, 0, DOC_OURS),
	U64(goal, "spent_cost_micros", spent_micros, 0, 0, DOC_OURS),
	U64(goal, "active_ms", active_ms, 0, 0, DOC_OURS),
	TIME(goal, "active_since", active_since_ms, DOC_OURS),
	TIME(goal, "paused_at", paused_ms, DOC_OURS),
	TEXT(goal, "pause_reason", pause_reason, 0),
	TEXT(goal, "paused_session", paused_session, DOC_OURS),
	TEXT(goal, "previous_status", previous_status, DOC_OURS),
	TIME(goal, "needs_human_at", needs_human_ms, DOC_OURS),
	TEXT(goal, "needs_human_reason", needs_human_reason, 0),
	TEXTS(goal, "needs_human_failing_criteria", needs_human_criteria, DOC_OURS),
	TEXT(goal, "awaiting_gate_id", awaiting_gate_id, DOC_OURS),
	TEXT(goal, "awaiting_gate_reason", awaiting_gate_reason, DOC_OURS),
	TIME(goal, "resumed_at", resumed_ms, DOC_OURS),
	TIME(goal, "completed_at", completed_ms, DOC_OURS),
	TIME(goal, "abandoned_at", abandoned_ms, DOC_OURS),
	REST(goal, rest),
};
/* Written into the file for readers, worked out from the rest. */
static const char *const goal_views[] = { "tentacles", "quota_retry_queue", "last_seq", "sum",
					  NULL };
const struct doc_type goal_type = TYPE("goal", goal, goal_members, goal_views);

static const struct doc_member verification_members[] = {
	TEXT(verification, "label", label, 0),
	TEXT(verification, "command", command, 0),
	TEXT(verification, "cwd", cwd, 0),
	WORD(verification, "severity", severity, check_severity_words, 0),
	TEXT(verification, "source", source, 0),
	I64(verification, "exit_code", exit_code, 0),
	TIME(verification, "started_at", started_ms, 0),
	TIME(verification, "finished_at", finished_ms, 0),
	U64(verification, "duration_ms", duration_ms, 0, 0, 0),
	TEXT(verification, "log_path", log_path, 0),
	TEXT(verification, "tree", tree, 0),
};
const struct doc_type verification_type =
	TYPE("verification", verification, verification_members, NULL);

static const struct doc_member worktree_members[] = {
	BOOL(tentacle_worktree, "prepared", prepared, 0),
	TEXT(tentacle_worktree, "path", path, 0),
	BOOL(tentacle_worktree, "reused", reused, 0),
	TEXT(tentacle_worktree, "branch", branch, 0),
	TEXT(tentacle_worktree, "base", base, 0),
	BOOL(tentacle_worktree, "unmerged", unmerged, 0),
	TEXTS(tentacle_worktree, "conflicts", conflicts, 0),
	TEXT(tentacle_worktree, "merged_commit", merged_commit, 0),
	TEXT(tentacle_worktree, "merged_into", merged_into, 0),
	TIME(tentacle_worktree, "merged_at", merged_ms, 0),
};
static const struct doc_type worktree_type =
	TYPE("worktree", tentacle_worktree, worktree_members, NULL);

static const struct doc_member owner_members[] = {
	U64(tentacle_owner, "pid", pid, 0, 0, 0),
	U64(tentacle_owner, "pid_start_time", pid_start, 0, 0, 0),
	TEXT(tentacle_owner, "boot_id", boot_id, 0),
	TEXT(tentacle_owner, "nonce", nonce, 0),
	TEXT(tentacle_owner, "session", session, 0),
};
static const struct doc_type owner_type = TYPE("owner", tentacle_owner, owner_members, NULL);

static const struct doc_member parked_members[] = {
	TEXT(parked, "quota_reason", kind, 0), TEXT(parked, "provider", provider, 0),
	TEXT(parked, "retry_hint", hint, 0),   TIME(parked, "blocked_at", since_ms, 0),
	TIME(parked, "due_at", due_ms, 0),     BOOL(parked, "held", held, 0),
	U64(parked, "times", times, 0, 0, 0),
};
const struct doc_type parked_type = TYPE("parked", parked, parked_members, NULL);

static const struct doc_member run_members[] = {
	I64(tentacle_run, "exit_code", exit_code, 0),
	U64(tentacle_run, "signal", signal, 0, 0, 0),
	BOOL(tentacle_run, "timed_out", timed_out, 0),
	BOOL(tentacle_run, "told_to_end", stopped, 0),
	TEXT(tentacle_run, "last_line", last_line, 0),
	U64(tentacle_run, "failures", failures, 0, 0, 0),
	U64(tentacle_run, "losses", losses, 0, 0, 0),
};
static const struct doc_type run_type = TYPE("last_run", tentacle_run, run_members, NULL);

static const struct doc_member tentacle_members[] = {
	TEXT(tentacle, "name", name, DOC_OURS),
	TEXT(tentacle, "tentacle_id", id, DOC_OURS),
	TEXT(tentacle, "description", description, 0),
	WORD(tentacle, "status", status, tentacle_words, DOC_NEEDED),
	TIME(tentacle, "created_at", created_ms, DOC_OURS),
	TIME(tentacle, "updated_at", updated_ms, DOC_OURS),
	TEXTS(tentacle, "scope", scope, 0),
	TEXTS(tentacle, "skills", skills, 0),
	TEXTS(tentacle, "todo_deps", todo_deps, 0),
	TEXT(tentacle, "parent_tentacle", parent, DOC_OURS),
	TEXTS(tentacle, "children", children, DOC_OURS),
	TEXT(tentacle, "goal_id", goal_id, DOC_OURS),
	TEXT(tentacle, "goal_name", goal_name, DOC_OURS),
	U64(tentacle, "iteration", iteration, 0, 0, DOC_OURS),
	TEXT(tentacle, "agent", agent, 0),
	TEXT(tentacle, "model", model, 0),
	TIME(tentacle, "resumed_at", resumed_ms, DOC_OURS),
	TIME(tentacle, "dispatched_at", dispatched_ms, DOC_OURS),
	TIME(tentacle, "started_at", started_ms, DOC_OURS),
	TIME(tentacle, "ended_at", ended_ms, DOC_OURS),
	TIME(tentacle, "handed_off_at", handed_off_ms, DOC_OURS),
	TIME(tentacle, "completed_at", completed_ms, DOC_OURS),
	WORD(tentacle, "terminal_status", terminal_status, handoff_words, DOC_OURS),
	TEXTS(tentacle, "changed_files", changed_files, 0),
	TEXTS(tentacle, "bridge_links", bridge_links, 0),
	TEXTS(tentacle, "outside_scope", outside_scope, DOC_OURS),
	BOOL(tentacle, "in_main_checkout", here, DOC_OURS),
	TEXT(tentacle, "started_from", started_from, DOC_OURS),
	TEXTS(tentacle, "changed_before", changed_before, DOC_OURS),
	OBJECT(tentacle, "quota", parked, &parked_type, DOC_OURS),
	OBJECT(tentacle, "last_run", run, &run_type, DOC_OURS),
	LIST(tentacle, "verifications", verifications, &verification_type, DOC_ENTRIES_MAX,
	     DOC_GROWS | DOC_OURS),
	OBJECT(tentacle, "worktree", worktree, &worktree_type, DOC_OURS),
	OBJECT(tentacle, "owner", owner, &owner_type, DOC_OURS),
	U64(tentacle, "attempts", attempts, 0, 0, DOC_OURS),
	U64(tentacle, "spent_tokens", spent_tokens, 0, 0, DOC_OURS),
	U64(tentacle, "spent_cost_micros", spent_micros, 0, 0, DOC_OURS),
	TEXT(tentacle, "task_id", task_id, DOC_OURS),
	TEXT(tentacle, "handoff_digest", handoff_digest, DOC_OURS),
	U64(tentacle, "handoff_bytes", handoff_bytes, 0, 0, DOC_OURS),
	TEXT(tentacle, "handoff_last", handoff_last, DOC_OURS | DOC_APART),
	TEXT(tentacle, "handoff_was", handoff_was, DOC_OURS | DOC_APART),
	{ "todo", DOC_TEXT, DOC_OURS | DOC_APART, offsetof(struct tentacle, todo), TODO_BYTES_MAX,
	  0, NULL, NULL, 0 },
	TEXT(tentacle, "todo_was", todo_was, DOC_OURS | DOC_APART),
	REST(tentacle, rest),
};
static const char *const tentacle_views[] = { "goal_iteration", "quota_reason", "retry_hint",
					      "last_seq",       "sum",          NULL };
const struct doc_type tentacle_type = TYPE("tentacle", tentacle, tentacle_members, tentacle_views);

static const struct doc_member provider_members[] = {
	U64(provider, "failures", failures, 0, 0, 0),
	TIME(provider, "open_until", open_until_ms, 0),
	TEXT(provider, "kind", kind, 0),
	TEXT(provider, "reason", reason, 0),
	TEXT(provider, "probe", probe, 0),
	TIME(provider, "changed_at", changed_ms, 0),
};
const struct doc_type provider_type = TYPE("provider", provider, provider_members, NULL);
