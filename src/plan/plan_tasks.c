/*
 * Every declared task becomes one entry of the submission for each of its instances, at once and in
 * order; what it needs is kept as text until all names are known. Values are read anew for each
 * instance, since any of them may use the matrix; behind the first instance with a problem the
 * others would only repeat it.
 */
#include "plan/plan_expand.h"
#include "plan/plan_model.h"

#define FOLDER_RETRIES 3 /* what the JSON task form has always meant */
#define SHARED_LIMIT (WORKERS_MAX * SLOTS_MAX)

/* The first entries are for one task only; the defaults of a plan begin behind them. */
static const struct field task_words[] = {
	{ "id", SLOT_ID },
	{ "run", SLOT_RUN },
	{ "command", SLOT_RUN },
	{ "needs", SLOT_NEEDS },
	{ "matrix", SLOT_MATRIX },
	{ "foreach", SLOT_FOREACH },
	{ "description", SLOT_DESCRIPTION },
	{ "timeout", SLOT_TIMEOUT },
	{ "retries", SLOT_RETRIES },
	{ "backoff", SLOT_BACKOFF },
	{ "jitter", SLOT_JITTER },
	{ "critical", SLOT_CRITICAL },
	{ "priority", SLOT_PRIORITY },
	{ "estimate", SLOT_ESTIMATE },
	{ "type", SLOT_TYPE },
	{ "resources", SLOT_RESOURCES },
	{ "capabilities", SLOT_CAPABILITIES },
	{ "before", SLOT_BEFORE },
	{ "after", SLOT_AFTER },
	{ "env", SLOT_ENV },
	{ "working_directory", SLOT_WORKING_DIRECTORY },
	{ "limits", SLOT_LIMITS },
};

#define OWN_WORDS 7

/* What reading the tasks of one file needs at hand. */
struct compile {
	struct plan *plan;
	struct plan_file *file;
	uint32_t ws;
	const struct node *defaults[SLOT_COUNT];
	struct task_values values;
	struct buf def, name;
};

static void compile_release(struct compile *c)
{
	task_values_release(&c->values);
	buf_release(&c->def);
	buf_release(&c->name);
}

static uint32_t line_of(const struct compile *c, uint32_t name)
{
	if (name & IS_GROUP)
		return c->file->tasks[name & ~IS_GROUP].place.line;
	return c->plan->out->tasks[name].line;
}

static struct span in_small_letters(struct span name, char *bytes)
{
	for (size_t i = 0; i < name.len; i++)
		bytes[i] = (char)(name.p[i] >= 'A' && name.p[i] <= 'Z' ? name.p[i] - 'A' + 'a'
								       : name.p[i]);
	return (struct span){ bytes, name.len };
}

static int collides(struct compile *c, const struct plan_task *t, struct span name, uint32_t other)
{
	struct span known = other & IS_GROUP ? c->file->tasks[other & ~IS_GROUP].name
					     : c->plan->out->tasks[other].name;
	struct problems *p = &c->plan->problems;

	if (!span_eq(known, name))
		return problem_add(p, t->source, t->place,
				   "name %s collides with %s in line %u; only their case differs. "
				   "Try: rename one",
				   problem_quote(p, name), problem_quote(p, known),
				   line_of(c, other));
	if (t->grouped && !(other & IS_GROUP) && other >= t->first)
		return problem_add(
			p, t->source, t->place,
			"two values of the matrix give the same task name %s. Try: other values",
			problem_quote(p, name));
	return problem_add(p, t->source, t->place,
			   "task %s appears twice (lines %u and %u). Try: rename one",
			   problem_quote(p, name), line_of(c, other), t->place.line);
}

/*
 * Makes a name known. Names in capital letters are also kept folded, so that a plan in small
 * letters costs one look-up. `name` must live as long as the plan.
 */
static int name_add(struct compile *c, const struct plan_task *t, struct span name, uint32_t value)
{
	char bytes[NAME_BYTES_MAX];
	struct span small = in_small_letters(name, bytes);
	bool capitals = !span_eq(small, name);
	uint32_t other = map_find(&c->file->names, name);

	if (other == MAP_NONE && capitals)
		other = map_find(&c->file->names, small);
	if (other == MAP_NONE && c->file->folded.count > 0)
		other = map_find(&c->file->folded, small);
	if (other != MAP_NONE)
		return collides(c, t, name, other);
	map_put(&c->file->names, name, value);
	if (capitals)
		map_put(&c->file->folded, arena_copy(&c->plan->text, small), value);
	return 0;
}

static struct span known_resource(const void *ctx, size_t index)
{
	return ((const struct resource_spec *)ctx)[index].name;
}

/* A resource that a folder's task takes without any declaration: exclusive and shared explain
 * themselves, so does one. */
static int declare_in_passing(struct compile *c, const struct reading *r,
			      const struct amount_value *a)
{
	if (a->amount > 1)
		return value_problem(
			r, a->node,
			"resource %s is not declared. Try: declare its limit in workstream.json",
			value_quote(r, a->resource));
	return plan_resource_add(c->plan, r, a->resource,
				 a->shared || a->amount == 0 ? SHARED_LIMIT : 1,
				 node_place(a->node));
}

static int check_resources(struct compile *c, const struct reading *r)
{
	const struct submission *out = c->plan->out;

	for (uint32_t i = 0; i < c->values.resource_count; i++) {
		const struct amount_value *a = &c->values.resources[i];
		uint32_t known = map_find(&c->plan->resources, a->resource);

		if (known == MAP_NONE && c->file->folder) {
			if (declare_in_passing(c, r, a) < 0)
				return -SK_EUSAGE;
			continue;
		}
		if (known == MAP_NONE)
			return value_problem(
				r, a->node, "resource %s is not declared under resources%s",
				value_quote(r, a->resource),
				value_suggest(r, a->resource,
					      &(struct words){ known_resource, out->resources,
							       out->resource_count }));
		if (out->resources[known].limit && a->amount > out->resources[known].limit)
			return value_problem(r, a->node,
					     "takes %u of resource %s, which has %u: it could "
					     "never start. Try: take less",
					     a->amount, value_quote(r, a->resource),
					     out->resources[known].limit);
	}
	return 0;
}

static int read_wants(struct compile *c, const struct reading *r, const struct node *needs)
{
	struct plan *p = c->plan;
	size_t first = p->want_count;

	if (!needs)
		return 0;
	if (needs->kind == NODE_MAP || needs->kind == NODE_NULL)
		return value_list(r, needs);
	for (const struct node *at = value_first(needs); at; at = value_next(needs, at)) {
		struct span text;
		int rc = value_line(r, at, 2 * NAME_BYTES_MAX + 1, &text);

		if (rc == 0)
			rc = value_fill(r, at, node_text(at), true, &text);
		if (rc < 0)
			return rc;
		if (p->want_count - first == NEEDS_MAX)
			return value_problem(r, at,
					     "more than %d dependencies of one task. Try: fewer",
					     NEEDS_MAX);
		mem_grow(&p->wants, &p->want_capacity, p->want_count + 1, sizeof(*p->wants));
		p->wants[p->want_count++] = (struct want){ text, at };
	}
	return 0;
}

/* Puts the instance whose values are read at the end of the submission. */
static int instance_add(struct compile *c, struct plan_task *t, struct span name,
			const struct reading *r, const struct node *needs)
{
	struct plan *p = c->plan;
	struct submission *out = p->out;
	uint32_t at = out->task_count;
	int rc;

	if (at == TASKS_MAX)
		return problem_add(&p->problems, t->source, t->place,
				   "more than %d tasks. Try: fewer", TASKS_MAX);
	buf_truncate(&c->def, 0);
	task_encode(&c->values, &c->def);
	if (c->def.len > TASK_DEF_BYTES_MAX)
		return problem_add(&p->problems, t->source, t->place,
				   "task %s is larger than %d KiB. Try: put its script into a file",
				   problem_quote(&p->problems, name), TASK_DEF_BYTES_MAX / 1024);
	mem_grow(&out->tasks, &p->task_capacity, (size_t)at + 1, sizeof(*out->tasks));
	mem_grow(&p->declared, &p->declared_capacity, (size_t)at + 1, sizeof(*p->declared));
	mem_grow(&p->wants_at, &p->wants_at_capacity, (size_t)at + 2, sizeof(*p->wants_at));
	name = arena_copy(&out->text, name);
	out->tasks[at] =
		(struct task_spec){ .name = name,
				    .ws = c->ws,
				    .line = t->place.line,
				    .selected = true,
				    .def = arena_copy(&out->text,
						      (struct span){ c->def.p, c->def.len }) };
	p->declared[at] = (uint32_t)(t - c->file->tasks);
	p->wants_at[at] = p->want_count;
	rc = read_wants(c, r, needs);
	if (rc == 0)
		rc = name_add(c, t, name, at);
	out->task_count++;
	t->count++;
	p->wants_at[at + 1] = p->want_count;
	return rc;
}

static int read_values(struct compile *c, const struct plan_task *t, const struct reading *r,
		       const struct node *const *slots)
{
	struct reading above = *r;
	int rc;

	above.source = c->file->source;
	task_values_reset(&c->values);
	if (c->file->folder)
		c->values.retries = FOLDER_RETRIES;
	rc = task_read(&above, c->defaults, &c->file->rules, &c->values);
	if (rc == 0)
		rc = task_read(r, slots, &c->file->rules, &c->values);
	if (rc == 0 && !c->values.command.run.len && !c->values.command.argv)
		rc = problem_add(r->problems, t->source, t->place,
				 "task %s has no run. Try: run: COMMAND", value_quote(r, t->name));
	return rc < 0 ? rc : check_resources(c, r);
}

static int read_instance(struct compile *c, struct plan_task *t, const struct expansion *x,
			 uint32_t i, const struct node *const *slots)
{
	struct binding own[MATRIX_AXES_MAX];
	struct bindings bindings = { own, x->axis_count, &c->file->bindings };
	struct reading r = { &c->plan->problems, t->source, &bindings, &c->plan->text };
	struct span name = t->name;
	int rc;

	for (uint32_t a = 0; a < x->axis_count; a++)
		own[a] = (struct binding){ x->references[a],
					   x->rows[(size_t)i * x->axis_count + a] };
	rc = read_values(c, t, &r, slots);
	if (rc < 0)
		return rc;
	for (uint32_t a = 0; a < x->axis_count; a++)
		task_values_env(&c->values, x->variables[a], own[a].value);
	if (x->grouped) {
		buf_truncate(&c->name, 0);
		expansion_name(x, t->name, i, &c->name);
		name = (struct span){ c->name.p, c->name.len };
	}
	if (x->grouped && name_problem(name))
		return problem_add(r.problems, t->source, t->place,
				   "the matrix gives the task name %s: %s. Try: shorter values",
				   value_quote(&r, name), name_problem(name));
	return instance_add(c, t, name, &r, slots[SLOT_NEEDS]);
}

static void read_task(struct compile *c, struct plan_task *t)
{
	static const struct fields fields = { task_words, ARRAY_LEN(task_words), SLOT_COUNT,
					      "a task", false };
	CLEANUP(expansion_release) struct expansion x = EXPANSION_INIT;
	struct reading r = plan_reading(c->plan, c->file, t->source);
	const struct node *slots[SLOT_COUNT];
	int rc;

	t->first = c->plan->out->task_count;
	rc = t->folder ? plan_folder_slots(&r, t->folder, c->file->name, slots)
		       : value_fields(&r, t->node, &fields, slots);
	if (rc == 0)
		rc = expansion_read(&r, slots[SLOT_MATRIX], slots[SLOT_FOREACH], c->file->directory,
				    &x);
	t->grouped = x.grouped;
	t->blocks = slots[SLOT_BLOCKS];
	if (rc == 0 && x.grouped)
		rc = name_add(c, t, t->name, IS_GROUP | (uint32_t)(t - c->file->tasks));
	for (uint32_t i = 0; rc == 0 && i < x.count; i++)
		rc = read_instance(c, t, &x, i, slots);
	/* What needs a task with a problem should not be told that there is none. */
	if (rc < 0 && map_find(&c->file->names, t->name) == MAP_NONE)
		map_put(&c->file->names, t->name, IS_GROUP | (uint32_t)(t - c->file->tasks));
}

static int name_refused(struct compile *c, const struct source *source, struct place at,
			struct span name)
{
	return problem_add(&c->plan->problems, source, at, "invalid name %s: %s%s",
			   problem_quote(&c->plan->problems, name), name_problem(name),
			   value_name_advice(&c->plan->problems, name));
}

/* Where task number `index` has its name: the key of a map, the member id of a list's element or of
 * a folder's file. */
static int declare(struct compile *c, const struct node *n, const struct folder_task *folder)
{
	struct plan_file *f = c->file;
	struct reading r = plan_reading(c->plan, f, folder ? folder->source : f->source);
	struct plan_task t = { .name = node_key(n),
			       .source = r.source,
			       .node = n,
			       .folder = folder,
			       .place = node_key_place(n) };
	const struct node *id =
		n->kind == NODE_MAP ? node_member(n, folder ? "task_id" : "id") : NULL;

	if (n->key_len && id)
		return value_problem(&r, id,
				     "id: the key %s is the name already. Try: leave id out",
				     value_quote(&r, node_key(n)));
	if (n->kind != NODE_MAP)
		return value_problem(&r, n, "a task: expected a map, found %s. Try: {run: make}",
				     node_kind_words(n));
	if (!n->key_len) {
		t.place = node_place(id ? id : n);
		if (!id)
			return value_problem(&r, n, "a task without %s. Try: %s: NAME",
					     folder ? "task_id" : "id", folder ? "task_id" : "id");
		if (value_text(&r, id, &t.name) < 0)
			return -SK_EUSAGE;
	}
	if (name_problem(t.name))
		return name_refused(c, r.source, t.place, t.name);
	mem_grow(&f->tasks, &f->task_capacity, f->task_count + 1, sizeof(*f->tasks));
	f->tasks[f->task_count++] = t;
	return 0;
}

static int declare_all(struct compile *c, const struct node *tasks)
{
	struct plan_file *f = c->file;
	int rc = 0, bad;

	for (size_t i = 0; i < f->folder_count; i++) {
		bad = declare(c, f->folder_tasks[i].node, &f->folder_tasks[i]);
		rc = bad < 0 ? bad : rc;
	}
	if (f->folder)
		return rc;
	for (const struct node *n = tasks->child; n; n = n->next) {
		bad = declare(c, n, NULL);
		rc = bad < 0 ? bad : rc;
		if (problems_full(&c->plan->problems))
			break;
	}
	return rc;
}

static int check_container(struct compile *c, const struct node *tasks)
{
	struct plan_file *f = c->file;
	struct reading r = plan_reading(c->plan, f, f->source);

	if (f->folder && tasks)
		return value_problem(
			&r, tasks,
			"the tasks of a folder are its other files. Try: leave tasks out");
	if (f->folder && f->folder_count > 0)
		return 0;
	if (f->folder || !tasks)
		return problem_add(r.problems, r.source,
				   f->root ? node_place(f->root) : (struct place){ 0, 0 },
				   "the plan has no tasks. Try: tasks: {hello: {run: echo hello}}");
	if (tasks->kind != NODE_MAP && tasks->kind != NODE_LIST)
		return value_map(&r, tasks);
	return tasks->len
		       ? 0
		       : value_problem(
				 &r, tasks,
				 "the plan has no tasks. Try: tasks: {hello: {run: echo hello}}");
}

static void read_file(struct plan *p, struct plan_file *f)
{
	static const struct fields defaults = { task_words + OWN_WORDS,
						ARRAY_LEN(task_words) - OWN_WORDS, SLOT_COUNT,
						"defaults", false };
	CLEANUP(compile_release)
	struct compile c = { .plan = p, .file = f, .ws = (uint32_t)(f - p->files) };
	struct reading r = plan_reading(p, f, f->source);
	const struct node *tasks = f->slots[TOP_TASKS];

	if (check_container(&c, tasks) < 0)
		return;
	if (f->slots[TOP_DEFAULTS] &&
	    value_fields(&r, f->slots[TOP_DEFAULTS], &defaults, c.defaults) < 0)
		return;
	if (declare_all(&c, tasks) < 0 && problems_full(&p->problems))
		return;
	map_reserve(&f->names, f->task_count);
	for (size_t i = 0; i < f->task_count && !problems_full(&p->problems); i++)
		read_task(&c, &f->tasks[i]);
}

void plan_tasks_read(struct plan *p)
{
	p->wants_at = mem_zalloc(sizeof(*p->wants_at));
	p->wants_at_capacity = 1;
	for (size_t i = 0; i < p->file_count; i++)
		if (!p->files[i].broken)
			read_file(p, &p->files[i]);
}
