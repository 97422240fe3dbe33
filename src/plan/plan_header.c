/*
 * Parameters come first, because everything else may use them. A resource may be declared by
 * several files of a run, but only with one limit: it is one thing, whoever takes it.
 */
#include "plan/plan_model.h"

#define MAX_PARALLEL_MAX (WORKERS_MAX * SLOTS_MAX)

static const struct field top_words[] = {
	{ "workstream", TOP_WORKSTREAM },
	{ "description", TOP_DESCRIPTION },
	{ "max_parallel", TOP_MAX_PARALLEL },
	{ "timeout", TOP_TIMEOUT },
	{ "max_duration", TOP_TIMEOUT },
	{ "resources", TOP_RESOURCES },
	{ "workers", TOP_WORKERS },
	{ "rules", TOP_RULES },
	{ "notify", TOP_NOTIFY },
	{ "env", TOP_ENV },
	{ "working_directory", TOP_WORKING_DIRECTORY },
	{ "defaults", TOP_DEFAULTS },
	{ "params", TOP_PARAMS },
	{ "tasks", TOP_TASKS },
};

static const struct fields top_fields = { top_words, ARRAY_LEN(top_words), TOP_COUNT, "the plan",
					  false };

static bool param_name_ok(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
		      (i && ((c >= '0' && c <= '9') || c == '-'))))
			return false;
	}
	return name.len > 0 && name.len <= NAME_BYTES_MAX && !span_is(name, "item") &&
	       !span_is(name, "matrix");
}

static const char *param_given(struct plan *p, struct span name)
{
	const char *value = NULL;

	for (size_t i = 0; i < p->options->param_count; i++)
		if (span_is(name, p->options->params[i].key)) {
			p->params_used[i] = true;
			value = p->options->params[i].value;
		}
	return value;
}

static int read_param(struct plan *p, const struct reading *r, const struct node *n,
		      struct binding *out)
{
	const char *given = param_given(p, node_key(n));

	if (!param_name_ok(node_key(n)))
		return problem_add(r->problems, r->source, node_key_place(n),
				   "parameter %s: use letters, digits, _ and -, starting with a "
				   "letter; not item or matrix. Try: another name",
				   value_quote(r, node_key(n)));
	out->name = node_key(n);
	if (given) {
		out->value = span_of(given);
		return 0;
	}
	if (n->kind == NODE_NULL)
		return problem_add(
			r->problems, r->source, node_key_place(n),
			"parameter %s has no default and was not given. Try: add -p %.*s=VALUE",
			value_quote(r, node_key(n)), SPAN_ARG(node_key(n)));
	return value_text(r, n, &out->value);
}

static int read_params(struct plan *p, struct plan_file *f)
{
	struct reading r = { &p->problems, f->source, NULL, &p->text };
	const struct node *n = f->slots[TOP_PARAMS];
	int rc;

	if (!n)
		return 0;
	rc = value_map(&r, n);
	if (rc < 0)
		return rc;
	if (n->len > PLAN_PARAMS_MAX)
		return value_problem(&r, n, "more than %d parameters. Try: fewer", PLAN_PARAMS_MAX);
	f->params = mem_zalloc((n->len + 1) * sizeof(*f->params));
	f->bindings.v = f->params;
	for (const struct node *at = n->child; at; at = at->next) {
		int bad = read_param(p, &r, at, &f->params[f->bindings.count++]);

		rc = bad < 0 ? bad : rc;
	}
	return rc;
}

static int read_name(struct plan *p, struct plan_file *f, struct ws_spec *ws)
{
	struct reading r = plan_reading(p, f, f->source);
	const struct node *n = f->slots[TOP_WORKSTREAM];
	struct place at = n ? node_place(n) : (struct place){ 0, 0 };
	struct span name = f->stem;

	if (n && value_name(&r, n, &name) < 0)
		return -SK_EUSAGE;
	if (!n && name_problem(name))
		return problem_add(
			&p->problems, f->source, at,
			"the name %s makes no workstream (%s). Try: add workstream: NAME",
			value_quote(&r, name), name_problem(name));
	if (f->folder && !span_eq(name, f->stem))
		return problem_add(&p->problems, f->source, at,
				   "workstream %s lies in the folder %s. Try: rename one",
				   value_quote(&r, name), value_quote(&r, f->stem));
	for (struct plan_file *other = p->files; other < f; other++)
		if (span_eq(other->name, name))
			return problem_add(
				&p->problems, f->source, at,
				"workstream %s is already that of %.*s. Try: name them apart",
				value_quote(&r, name), SPAN_ARG(other->source->path));
	f->name = ws->name = arena_copy(&p->out->text, name);
	return 0;
}

/* `directory` seen from the one the command runs in. */
static struct span absolute(struct plan *p, struct span directory)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;

	if (directory.len == 0 || directory.p[0] != '/')
		buf_puts(&path, p->options->cwd);
	if (directory.len && directory.p[0] != '/' && !(path.len == 1 && path.p[0] == '/'))
		buf_putc(&path, '/');
	buf_put(&path, directory.p, directory.len);
	while (path.len > 1 && path.p[path.len - 1] == '/')
		buf_truncate(&path, path.len - 1);
	return arena_copy(&p->text, (struct span){ path.p, path.len });
}

static int read_workstream(struct plan *p, struct plan_file *f, struct ws_spec *ws)
{
	CLEANUP(task_values_release) struct task_values env = { .env_count = 0 };
	CLEANUP(buf_release) struct buf def = BUF_INIT;
	struct reading r = plan_reading(p, f, f->source);
	struct span directory = SPAN_NONE, ignored;
	struct rule_value notify = { .timeout_ms = 0 };
	const struct node *const *slots = f->slots;
	int64_t parallel = 0;
	int rc = read_name(p, f, ws);

	if (slots[TOP_DESCRIPTION] && slots[TOP_DESCRIPTION]->kind != NODE_NULL &&
	    value_text(&r, slots[TOP_DESCRIPTION], &ignored) < 0)
		rc = -SK_EUSAGE;
	if (slots[TOP_MAX_PARALLEL] &&
	    value_integer(&r, slots[TOP_MAX_PARALLEL], 1, MAX_PARALLEL_MAX, &parallel) < 0)
		rc = -SK_EUSAGE;
	if (slots[TOP_TIMEOUT] &&
	    value_duration(&r, slots[TOP_TIMEOUT], 1, TIMEOUT_S_MAX, &ws->max_duration_ms) < 0)
		rc = -SK_EUSAGE;
	if (slots[TOP_WORKING_DIRECTORY] &&
	    value_line(&r, slots[TOP_WORKING_DIRECTORY], 4095, &directory) < 0)
		rc = -SK_EUSAGE;
	if (slots[TOP_ENV] && env_read(&r, slots[TOP_ENV], &env) < 0)
		rc = -SK_EUSAGE;
	if (slots[TOP_NOTIFY] && notify_read(&r, slots[TOP_NOTIFY], &notify) < 0)
		rc = -SK_EUSAGE;
	ws->max_parallel = (uint32_t)parallel;
	f->directory = absolute(p, directory);
	buf_puts(&def, "{\"cwd\":");
	buf_put_json(&def, f->directory);
	if (env.env_count > 0) {
		buf_puts(&def, ",\"env\":");
		env_encode(&env, &def);
	}
	if (notify.command.run.len || notify.command.argc) {
		buf_puts(&def, ",\"notify\":");
		notify_encode(&notify, &def);
	}
	if (slots[TOP_WORKERS] && plan_workers_read(p, &r, slots[TOP_WORKERS], &def) < 0)
		rc = -SK_EUSAGE;
	buf_putc(&def, '}');
	if (def.len > TASK_DEF_BYTES_MAX)
		rc = problem_add(&p->problems, f->source, node_key_place(slots[TOP_ENV]),
				 "env: larger than %d KiB together", TASK_DEF_BYTES_MAX / 1024);
	ws->def = arena_copy(&p->out->text, (struct span){ def.p, def.len });
	return rc;
}

int plan_resource_add(struct plan *p, const struct reading *r, struct span name, uint32_t limit,
		      struct place at)
{
	struct submission *out = p->out;
	uint32_t known = map_find(&p->resources, name);

	if (known != MAP_NONE) {
		if (out->resources[known].limit == limit)
			return 0;
		return problem_add(r->problems, r->source, at,
				   "resource %.*s has the limit %u here and %u in %.*s:%u; it is "
				   "one resource. Try: the same limit",
				   SPAN_ARG(name), limit, out->resources[known].limit,
				   SPAN_ARG(p->resource_origins[known].source->path),
				   p->resource_origins[known].place.line);
	}
	if (out->resource_count == RESOURCES_MAX)
		return problem_add(r->problems, r->source, at, "more than %d resources. Try: fewer",
				   RESOURCES_MAX);
	mem_grow(&out->resources, &p->resource_capacity, out->resource_count + 1,
		 sizeof(*out->resources));
	mem_grow(&p->resource_origins, &p->origin_capacity, out->resource_count + 1,
		 sizeof(*p->resource_origins));
	name = arena_copy(&out->text, name);
	p->resource_origins[out->resource_count].source = r->source;
	p->resource_origins[out->resource_count].place = at;
	out->resources[out->resource_count] = (struct resource_spec){ name, limit };
	map_put(&p->resources, name, out->resource_count++);
	return 0;
}

enum { RESOURCE_LIMIT, RESOURCE_SLOTS };

static int read_resource(struct plan *p, const struct reading *r, const struct node *n)
{
	static const struct field words[] = { { "max_holders", RESOURCE_LIMIT },
					      { "limit", RESOURCE_LIMIT } };
	static const struct fields fields = { words, ARRAY_LEN(words), RESOURCE_SLOTS, "a resource",
					      false };
	const struct node *slots[RESOURCE_SLOTS], *value = n;
	const char *problem = name_problem(node_key(n));
	int64_t limit = 1;
	int rc;

	if (problem)
		return problem_add(r->problems, r->source, node_key_place(n),
				   "invalid name %s: %s%s", value_quote(r, node_key(n)), problem,
				   value_name_advice(r->problems, node_key(n)));
	if (n->kind == NODE_MAP) {
		rc = value_fields(r, n, &fields, slots);
		if (rc < 0)
			return rc;
		value = slots[RESOURCE_LIMIT];
	}
	rc = value ? value_integer(r, value, 0, INT32_MAX, &limit) : 0;
	return rc < 0 ? rc
		      : plan_resource_add(p, r, node_key(n), (uint32_t)limit, node_key_place(n));
}

static int read_header(struct plan *p, struct plan_file *f, struct ws_spec *ws)
{
	struct reading r = plan_reading(p, f, f->source);
	int rc = 0;

	ws->plan = arena_copy(&p->out->text, f->source->path);
	if (f->root)
		rc = value_fields(&r, f->root, &top_fields, f->slots);
	if (read_params(p, f) < 0)
		rc = -SK_EUSAGE;
	if (read_workstream(p, f, ws) < 0)
		rc = -SK_EUSAGE;
	if (f->slots[TOP_RESOURCES] && value_map(&r, f->slots[TOP_RESOURCES]) < 0)
		rc = -SK_EUSAGE;
	else if (f->slots[TOP_RESOURCES])
		for (const struct node *n = f->slots[TOP_RESOURCES]->child; n; n = n->next)
			if (read_resource(p, &r, n) < 0)
				rc = -SK_EUSAGE;
	if (f->slots[TOP_RULES] && rules_read(&r, f->slots[TOP_RULES], &f->rules) < 0)
		rc = -SK_EUSAGE;
	return rc;
}

/* All parameters that any file declares, for "did you mean". */
static struct span param_name(const void *ctx, size_t index)
{
	const struct plan *p = ctx;

	for (size_t i = 0; i < p->file_count; i++) {
		if (index < p->files[i].bindings.count)
			return p->files[i].bindings.v[index].name;
		index -= p->files[i].bindings.count;
	}
	return SPAN_NONE;
}

static void check_given_params(struct plan *p)
{
	const struct plan_options *o = p->options;
	struct reading r = { &p->problems, NULL, NULL, &p->text };
	size_t known = 0;

	for (size_t i = 0; i < p->file_count; i++)
		known += p->files[i].bindings.count;
	for (size_t i = 0; i < o->param_count; i++) {
		struct span key = span_of(o->params[i].key);

		if (!p->params_used[i])
			problem_add(
				&p->problems, NULL, (struct place){ 0, 0 },
				"-p %s: no plan declares this parameter%s", value_quote(&r, key),
				value_suggest(&r, key, &(struct words){ param_name, p, known }));
		for (size_t j = 0; j < i; j++)
			if (strcmp(o->params[i].key, o->params[j].key) == 0)
				problem_add(&p->problems, NULL, (struct place){ 0, 0 },
					    "-p %s is given twice. Try: keep one",
					    value_quote(&r, key));
	}
}

/* Values from the command line have not passed the checks of a file. */
static bool given_params_are_text(struct plan *p)
{
	struct reading r = { &p->problems, NULL, NULL, &p->text };
	bool fine = true;

	for (size_t i = 0; i < p->options->param_count; i++) {
		struct span value = span_of(p->options->params[i].value);

		for (size_t at = 0, len; at < value.len; at += len) {
			len = utf8_len(value.p + at, value.len - at);
			if (len > 0)
				continue;
			problem_add(&p->problems, NULL, (struct place){ 0, 0 },
				    "-p %s: the value is not UTF-8. Try: save it as UTF-8",
				    value_quote(&r, span_of(p->options->params[i].key)));
			fine = false;
			break;
		}
	}
	return fine;
}

void plan_headers_read(struct plan *p)
{
	bool broken = false;

	if (!given_params_are_text(p)) {
		for (size_t i = 0; i < p->file_count; i++)
			p->files[i].broken = true;
		return;
	}
	p->out->ws = mem_zalloc((p->file_count + 1) * sizeof(*p->out->ws));
	p->out->ws_count = (uint32_t)p->file_count;
	for (size_t i = 0; i < p->file_count; i++) {
		struct plan_file *f = &p->files[i];

		broken |= f->broken;
		if (!f->broken)
			f->broken = read_header(p, f, &p->out->ws[i]) < 0;
	}
	if (!broken)
		check_given_params(p);
}
