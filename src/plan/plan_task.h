/*
 * One task: its members -> values -> the definition that journal and worker keep (core/task_def.h).
 * A task is read in two layers, the defaults of the plan and then its own members; what it gives
 * itself wins, and variables are merged.
 */
#ifndef SK_PLAN_TASK_H
#define SK_PLAN_TASK_H

#include "plan/plan_rule.h"

/* Where a member of a task goes. Folders of JSON tasks have other words for the same slots. */
enum task_slot {
	SLOT_ID,
	SLOT_RUN,
	SLOT_NEEDS,
	SLOT_BLOCKS, /* folders only: must agree with the needs of others */
	SLOT_TIMEOUT,
	SLOT_RETRIES,
	SLOT_BACKOFF,
	SLOT_JITTER,
	SLOT_CRITICAL,
	SLOT_PRIORITY,
	SLOT_ESTIMATE,
	SLOT_TYPE,
	SLOT_DESCRIPTION,
	SLOT_RESOURCES,
	SLOT_CAPABILITIES,
	SLOT_MIN_VERSION, /* folders only */
	SLOT_BEFORE,
	SLOT_AFTER,
	SLOT_ENV,
	SLOT_WORKING_DIRECTORY,
	SLOT_LIMITS,
	SLOT_MATRIX,
	SLOT_FOREACH,
	SLOT_COUNT
};

struct amount_value {
	struct span resource;
	uint32_t amount; /* 0 = all of it */
	bool shared;     /* said "shared" */
	const struct node *node;
};

struct env_value {
	struct span name, value;
};

#define TASK_CAPABILITIES_MAX 32

struct task_values {
	struct command_value command;
	struct span type, working_directory;
	int64_t timeout_ms, retries, backoff_ms, priority, estimate_ms;
	bool jitter, critical;
	struct amount_value resources[TASK_RESOURCES_MAX];
	struct span capabilities[TASK_CAPABILITIES_MAX];
	struct rule_value before[RULES_MAX], after[RULES_MAX];
	uint32_t resource_count, capability_count, before_count, after_count;
	struct env_value *env;
	size_t env_count, env_capacity;
	int64_t memory_bytes, open_files, cpu_s, processes; /* 0 = no limit */
};

/* Back to what a task has that says nothing; keeps the memory of env. */
void task_values_reset(struct task_values *v);
void task_values_release(struct task_values *v);

/* Sets a variable, replacing one of the same name. */
void task_values_env(struct task_values *v, struct span name, struct span value);

/* Puts the members in slots[] over what v holds. Returns 0 or -SK_EUSAGE with the problems added.
 */
int task_read(const struct reading *r, const struct node *const *slots,
	      const struct rule_book *rules, struct task_values *v);

/* "1.2.3": numbers with dots between them. */
bool version_ok(struct span version);

/* Reads a map of variables; calls task_values_env for each. */
int env_read(const struct reading *r, const struct node *n, struct task_values *v);

/* Appends the definition. Members with their default are left out; variables and resources are
 * sorted by name. */
void task_encode(struct task_values *v, struct buf *out);

/* Appends {"NAME":"value",...} sorted by name: the env of a workstream. */
void env_encode(struct task_values *v, struct buf *out);

/* Appends the command of notify: as an object. */
void notify_encode(const struct rule_value *v, struct buf *out);

#endif
