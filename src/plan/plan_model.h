/*
 * A run being compiled: the files, what they declare, and the submission that grows from them.
 * Inside of plan/ only.
 *
 * The steps, each over all files: plan_files.c reads them; plan_header.c takes what stands beside
 * the tasks; plan_tasks.c expands the tasks; plan_check.c ties needs to tasks and looks for cycles;
 * plan_select.c applies
 * --only and --from. Each step adds problems and goes on where that makes sense; a step is not
 * begun while there are any that would only make it repeat them.
 */
#ifndef SK_PLAN_MODEL_H
#define SK_PLAN_MODEL_H

#include "base/map.h"
#include "core/submit.h"
#include "plan/node.h"
#include "plan/plan.h"
#include "plan/plan_task.h"

enum top_slot {
	TOP_WORKSTREAM,
	TOP_DESCRIPTION,
	TOP_MAX_PARALLEL,
	TOP_TIMEOUT,
	TOP_RESOURCES,
	TOP_WORKERS,
	TOP_RULES,
	TOP_NOTIFY,
	TOP_ENV,
	TOP_WORKING_DIRECTORY,
	TOP_DEFAULTS,
	TOP_PARAMS,
	TOP_TASKS,
	TOP_COUNT
};

/* One task of a folder: its own file. */
struct folder_task {
	const struct source *source;
	const struct node *node;
	struct span stem; /* file name without .json: must be the task's id */
};

/* As declared, before expansion. */
struct plan_task {
	struct span name;
	const struct source *source;
	const struct node *node;
	const struct folder_task *folder; /* NULL in a file of many tasks */
	const struct node *blocks;        /* folders only */
	struct place place;               /* of its name */
	uint32_t first, count;            /* its instances in submission.tasks */
	bool grouped;                     /* instances have names of their own */
};

struct plan_file {
	const struct source
		*source; /* of the file; of workstream.json, or the folder itself, for a folder */
	struct node_tree tree;
	struct buf raw;
	const struct node *root; /* top level; NULL for a folder without workstream.json */
	const struct node *slots[TOP_COUNT];
	bool folder, broken;   /* broken: could not be read, its problems are known */
	struct span stem;      /* default name of the workstream */
	struct span name;      /* of the workstream */
	struct span directory; /* absolute: where its tasks run */
	struct folder_task *folder_tasks;
	size_t folder_count, folder_capacity;
	struct binding *params;
	struct bindings bindings;
	struct rule_book rules;
	struct plan_task *tasks;
	size_t task_count, task_capacity;
	struct map names;  /* of tasks and instances -> index in submission.tasks, or IS_GROUP |
			      index in tasks */
	struct map folded; /* names with capital letters, in small letters, likewise */
};

#define IS_GROUP 0x80000000u

/* A need as written; tied to tasks by plan_check.c. */
struct want {
	struct span text; /* with parameters put in */
	const struct node *node;
};

struct plan {
	const struct plan_options *options;
	struct submission *out;
	struct problems problems;
	struct arena text;
	struct plan_file *files;
	size_t file_count, file_capacity;
	struct want *wants;
	size_t want_count, want_capacity;
	size_t *wants_at;   /* of each task of the submission; one more than tasks at the end */
	uint32_t *declared; /* each task's index in its file's tasks */
	size_t wants_at_capacity, declared_capacity, task_capacity;
	struct map resources; /* -> index in out->resources */
	struct {
		struct span ws;
		const struct source *source;
		struct place place;
	} * resource_origins;
	size_t resource_capacity, origin_capacity;
	struct declared_worker {
		struct span name, text; /* as in the definition of a workstream */
		const struct source *source;
		struct place place;
	} workers[PLAN_WORKERS_MAX];
	size_t worker_count;
	bool *params_used; /* of options->params: some plan declares it */
};

void plan_init(struct plan *p, const struct plan_options *options, struct submission *out);
void plan_release(struct plan *p);

/* A reading of something in `file` as declared in `source`. */
static inline struct reading plan_reading(struct plan *p, const struct plan_file *file,
					  const struct source *source)
{
	return (struct reading){ &p->problems, source, &file->bindings, &p->text };
}

/* The files of the command line -> p->files. Returns 0 also when some are broken. */
void plan_files_read(struct plan *p);

/* Refuses a path behind which there is nothing, and names the plans that are beside it. */
int plan_missing(struct plan *p, const struct source *source, struct span path);

/* Adds a file; the pointer is valid until the next call. */
struct plan_file *plan_file_add(struct plan *p, const struct source *source, struct span stem);

/* A folder of JSON tasks, or a folder of such folders -> p->files. */
void plan_folder_read(struct plan *p, const char *path);

/* Sorts the nested members of a folder's task into the slots of a task. Returns 0 or -SK_EUSAGE. */
int plan_folder_slots(const struct reading *r, const struct folder_task *task, struct span ws,
		      const struct node **slots);

/* Everything beside the tasks, of all files. */
void plan_headers_read(struct plan *p);

/* Declares the resource `name`; the limit of one that is known already must be the same. */
int plan_resource_add(struct plan *p, const struct reading *r, struct span name, uint32_t limit,
		      struct place at);

/* `workers:` of a plan -> a member of its workstream's definition. */
int plan_workers_read(struct plan *p, const struct reading *r, const struct node *n,
		      struct buf *out);

/* All tasks of all files -> submission.tasks, and their needs as wants. */
void plan_tasks_read(struct plan *p);

/* The tasks a name stands for: out->tasks[first .. first + count). */
struct task_range {
	uint32_t first, count;
};

/*
 * Looks up `task` in the workstream of `file`, or `workstream/task` in any. Returns 0, or
 * -SK_ENOTFOUND with *near (which may be NULL) set to the end of a sentence: "; did you mean ...",
 * or what is wrong with the workstream.
 */
int plan_task_find(struct plan *p, const struct plan_file *file, struct span name,
		   struct task_range *out, const char **near);

/* Wants -> needs; resources that cannot ever be had; cycles. */
void plan_check(struct plan *p);

/* --only, --from -> selected. */
void plan_select(struct plan *p);

#endif
