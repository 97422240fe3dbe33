/*
 * The JSON task form, one file a task. Fields that only describe (context, the informative copy of
 * the state) are accepted and left alone; fields that nobody knows are too, as this form is written
 * by other programs, unless they are so near to a known one that they must be a slip.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/lives.h"
#include "plan/plan_json.h"
#include "plan/plan_model.h"
#include "plan/plan_text.h"

enum {
	JSON_SCHEMA,
	JSON_ID,
	JSON_WORKSTREAM,
	JSON_LABEL,
	JSON_DESCRIPTION,
	JSON_TYPE,
	JSON_STATUS,
	JSON_NEEDS,
	JSON_BLOCKS,
	JSON_WORKER,
	JSON_EXECUTION,
	JSON_RESOURCES,
	JSON_CONTEXT,
	JSON_RULES,
	JSON_CRITICAL,
	JSON_PRIORITY,
	JSON_ESTIMATE,
	JSON_STATE,
	JSON_TIMEOUT,
	JSON_COUNT
};

static const struct field task_fields[] = {
	{ "schema_version", JSON_SCHEMA },
	{ "task_id", JSON_ID },
	{ "workstream_id", JSON_WORKSTREAM },
	{ "name", JSON_LABEL },
	{ "description", JSON_DESCRIPTION },
	{ "type", JSON_TYPE },
	{ "status", JSON_STATUS },
	{ "dependencies", JSON_NEEDS },
	{ "blocks", JSON_BLOCKS },
	{ "worker_requirements", JSON_WORKER },
	{ "execution", JSON_EXECUTION },
	{ "resource_requirements", JSON_RESOURCES },
	{ "context_requirements", JSON_CONTEXT },
	{ "validation_rules", JSON_RULES },
	{ "critical", JSON_CRITICAL },
	{ "priority", JSON_PRIORITY },
	{ "estimated_duration_seconds", JSON_ESTIMATE },
	{ "state", JSON_STATE },
	{ "max_runtime_seconds", JSON_TIMEOUT },
	{ "timeout_sec", JSON_TIMEOUT },
	{ "timeout_seconds", JSON_TIMEOUT },
};

/* The nested maps go straight to the slots of a task. */
static const struct field execution_fields[] = {
	{ "command", SLOT_RUN },
	{ "working_directory", SLOT_WORKING_DIRECTORY },
	{ "timeout_seconds", SLOT_TIMEOUT },
	{ "max_runtime_seconds", SLOT_TIMEOUT },
	{ "timeout_sec", SLOT_TIMEOUT },
	{ "max_retries", SLOT_RETRIES },
	{ "retry_delay_seconds", SLOT_BACKOFF },
	{ "env", SLOT_ENV },
};

static const struct field worker_fields[] = {
	{ "capabilities", SLOT_CAPABILITIES },
	{ "min_version", SLOT_MIN_VERSION },
};

static const struct field rule_fields[] = {
	{ "pre_execution", SLOT_BEFORE },
	{ "post_execution", SLOT_AFTER },
};

/* Reads one nested map into slots; null stands for "not given" everywhere in this form. */
static int read_nested(const struct reading *r, const struct node *n, const struct field *words,
		       size_t count, const struct node **slots)
{
	const struct node *found[SLOT_COUNT];
	struct fields fields = { words, count, SLOT_COUNT, "", true };
	struct span key;
	char what[32];
	int rc;

	if (!n || n->kind == NODE_NULL)
		return 0;
	key = node_key(n);
	if (key.len >= sizeof(what))
		key.len = sizeof(what) - 1;
	memcpy(what, key.p, key.len);
	what[key.len] = '\0';
	fields.what = what;
	rc = value_fields(r, n, &fields, found);
	for (size_t i = 0; rc == 0 && i < SLOT_COUNT; i++)
		if (found[i] && found[i]->kind != NODE_NULL)
			slots[i] = found[i];
	return rc;
}

static int check_status(const struct reading *r, const struct node *n)
{
	CLEANUP(buf_release) struct buf known = BUF_INIT;
	struct span status;
	int rc;

	if (!n)
		return 0;
	rc = value_text(r, n, &status);
	if (rc < 0)
		return rc;
	for (unsigned s = 0; s < TASK_STATE_COUNT; s++) {
		if (span_is(status, task_state_word(s)))
			return 0;
		buf_putf(&known, "%s%s", s ? ", " : "", task_state_word(s));
	}
	return value_problem(r, n, "status %s unknown. Try: one of %s", value_quote(r, status),
			     known.p);
}

static int check_schema(const struct reading *r, const struct node *n)
{
	struct span version;
	int rc = n ? value_text(r, n, &version) : 0;

	if (!n || rc < 0)
		return rc;
	if (span_starts(version, "1.") || span_starts(version, "2."))
		return 0;
	return value_problem(r, n, "schema_version %s: this sk reads 1.x and 2.x. Try: 2.0.0",
			     value_quote(r, version));
}

static int check_names(const struct reading *r, const struct folder_task *task, struct span ws,
		       const struct node *const *found)
{
	struct span id = SPAN_NONE, stated = ws;
	int rc = value_text(r, found[JSON_ID], &id);

	if (rc == 0 && !span_eq(id, task->stem))
		rc = value_problem(r, found[JSON_ID],
				   "task_id %s, but the file is that of %s. Try: rename one",
				   value_quote(r, id), value_quote(r, task->stem));
	if (rc == 0 && found[JSON_WORKSTREAM])
		rc = value_text(r, found[JSON_WORKSTREAM], &stated);
	if (rc == 0 && !span_eq(stated, ws))
		rc = value_problem(
			r, found[JSON_WORKSTREAM],
			"workstream_id %s, but the folder is that of %s. Try: rename one",
			value_quote(r, stated), value_quote(r, ws));
	return rc;
}

int plan_folder_slots(const struct reading *r, const struct folder_task *task, struct span ws,
		      const struct node **slots)
{
	static const struct fields fields = { task_fields, ARRAY_LEN(task_fields), JSON_COUNT,
					      "a task", true };
	static const struct {
		unsigned from, to;
	} moves[] = { { JSON_DESCRIPTION, SLOT_DESCRIPTION },
		      { JSON_TYPE, SLOT_TYPE },
		      { JSON_NEEDS, SLOT_NEEDS },
		      { JSON_BLOCKS, SLOT_BLOCKS },
		      { JSON_RESOURCES, SLOT_RESOURCES },
		      { JSON_CRITICAL, SLOT_CRITICAL },
		      { JSON_PRIORITY, SLOT_PRIORITY },
		      { JSON_ESTIMATE, SLOT_ESTIMATE },
		      { JSON_TIMEOUT, SLOT_TIMEOUT } };
	const struct node *found[JSON_COUNT];
	int rc;

	for (unsigned i = 0; i < SLOT_COUNT; i++)
		slots[i] = NULL;
	rc = value_fields(r, task->node, &fields, found);
	if (rc < 0)
		return rc;
	for (unsigned i = 0; i < JSON_COUNT; i++)
		if (i != JSON_ID && found[i] && found[i]->kind == NODE_NULL)
			found[i] = NULL;
	for (size_t i = 0; i < ARRAY_LEN(moves); i++)
		slots[moves[i].to] = found[moves[i].from];
	rc = check_names(r, task, ws, found);
	if (rc == 0)
		rc = check_status(r, found[JSON_STATUS]);
	if (rc == 0)
		rc = check_schema(r, found[JSON_SCHEMA]);
	if (rc == 0)
		rc = read_nested(r, found[JSON_EXECUTION], execution_fields,
				 ARRAY_LEN(execution_fields), slots);
	if (rc == 0)
		rc = read_nested(r, found[JSON_WORKER], worker_fields, ARRAY_LEN(worker_fields),
				 slots);
	if (rc == 0)
		rc = read_nested(r, found[JSON_RULES], rule_fields, ARRAY_LEN(rule_fields), slots);
	return rc;
}

static int task_files(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 5 && strcmp(entry->d_name + len - 5, ".json") == 0;
}

static int folders(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

struct entries {
	struct dirent **v;
	int count;
};

static void entries_release(struct entries *e)
{
	for (int i = 0; i < e->count; i++)
		mem_free(&e->v[i]);
	mem_free(&e->v);
}

/* Reads one file of the folder: a task, or what stands beside the tasks. */
static int read_file(struct plan *p, struct plan_file *f, const char *folder, const char *name)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	CLEANUP(buf_release) struct buf raw = BUF_INIT;
	const struct source *source;
	struct folder_task *task;
	struct span text;
	int rc;

	buf_putf(&path, "%s%s%s", folder, folder[strlen(folder) - 1] == '/' ? "" : "/", name);
	source = problems_source(&p->problems, (struct span){ path.p, path.len });
	rc = text_read(&p->problems, source, path.p, RECORD_BYTES_MAX, &raw);
	if (rc < 0)
		return rc;
	text = arena_copy(&f->tree.arena, (struct span){ raw.p, raw.len });
	rc = text_check(&p->problems, source, text);
	if (rc == 0)
		rc = json_read(&p->problems, source, text, &f->tree);
	if (rc < 0)
		return rc;
	if (f->tree.root->kind != NODE_MAP)
		return problem_add(
			&p->problems, source, node_place(f->tree.root),
			"expected an object, found %s. Try: {\"task_id\": \"NAME\", ...}",
			node_kind_words(f->tree.root));
	if (strcmp(name, "workstream.json") == 0 && !node_member(f->tree.root, "task_id")) {
		f->source = source;
		f->root = f->tree.root;
		return 0;
	}
	mem_grow(&f->folder_tasks, &f->folder_capacity, f->folder_count + 1,
		 sizeof(*f->folder_tasks));
	task = &f->folder_tasks[f->folder_count++];
	*task = (struct folder_task){
		source, f->tree.root,
		arena_copy(&p->text, (struct span){ name, strlen(name) - strlen(".json") })
	};
	return 0;
}

static void read_workstream(struct plan *p, const char *path, const struct entries *files)
{
	struct span shown = span_of(path), stem;
	char real[PATH_MAX];
	struct plan_file *f;

	while (shown.len > 1 && shown.p[shown.len - 1] == '/')
		shown.len--;
	stem = span_of(realpath(path, real) ? strrchr(real, '/') + 1 : "");
	f = plan_file_add(p, problems_source(&p->problems, shown), stem);
	f->folder = true;
	for (int i = 0; i < files->count && !problems_full(&p->problems); i++)
		if (read_file(p, f, path, files->v[i]->d_name) < 0)
			f->broken = true;
}

void plan_folder_read(struct plan *p, const char *path)
{
	CLEANUP(entries_release) struct entries files = { NULL, 0 }, below = { NULL, 0 };
	const struct source *source = problems_source(&p->problems, span_of(path));
	size_t before = p->file_count;

	files.count = scandir(path, &files.v, task_files, by_bytes);
	if (files.count > 0) {
		read_workstream(p, path, &files);
		return;
	}
	below.count = files.count < 0 ? -1 : scandir(path, &below.v, folders, by_bytes);
	if (below.count < 0) {
		problem_add_code(&p->problems, -errno, source, "cannot be read: %s",
				 strerror(errno));
		return;
	}
	for (int i = 0; i < below.count && p->file_count < PLAN_FILES_MAX; i++) {
		CLEANUP(entries_release) struct entries inner = { NULL, 0 };
		CLEANUP(buf_release) struct buf folder = BUF_INIT;
		struct stat st;

		buf_putf(&folder, "%s%s%s", path, path[strlen(path) - 1] == '/' ? "" : "/",
			 below.v[i]->d_name);
		if (stat(folder.p, &st) < 0 || !S_ISDIR(st.st_mode))
			continue;
		inner.count = scandir(folder.p, &inner.v, task_files, by_bytes);
		if (inner.count > 0)
			read_workstream(p, folder.p, &inner);
	}
	if (p->file_count == before)
		problem_add(&p->problems, source, (struct place){ 0, 0 },
			    "no JSON task in this folder. Try: the path of a plan");
}
