/*
 * Values are read one member at a time by a table of readers, in the order of the slots, so that a
 * new member is one line and one function. The definition is written by plan_encode.c.
 */
#include "plan/plan_task.h"

#define ESTIMATE_S_MAX 31536000
#define PRIORITY_MAX 1000000

void task_values_release(struct task_values *v)
{
	mem_free(&v->env);
	v->env_count = v->env_capacity = 0;
}

void task_values_reset(struct task_values *v)
{
	v->command = (struct command_value){ SPAN_NONE, NULL, 0 };
	v->type = v->working_directory = SPAN_NONE;
	v->timeout_ms = TIMEOUT_S_DEFAULT * 1000LL;
	v->retries = v->backoff_ms = v->priority = v->estimate_ms = 0;
	v->jitter = v->critical = false;
	v->resource_count = v->capability_count = v->before_count = v->after_count = 0;
	v->env_count = 0;
	v->memory_bytes = v->open_files = v->cpu_s = v->processes = 0;
}

void task_values_env(struct task_values *v, struct span name, struct span value)
{
	for (size_t i = 0; i < v->env_count; i++)
		if (span_eq(v->env[i].name, name)) {
			v->env[i].value = value;
			return;
		}
	mem_grow(&v->env, &v->env_capacity, v->env_count + 1, sizeof(*v->env));
	v->env[v->env_count++] = (struct env_value){ name, value };
}

static int read_run(const struct reading *r, const struct node *n, struct task_values *v)
{
	return command_read(r, n, &v->command);
}

static int read_task_timeout(const struct reading *r, const struct node *n, struct task_values *v)
{
	return timeout_read(r, n, &v->timeout_ms);
}

static int read_retries(const struct reading *r, const struct node *n, struct task_values *v)
{
	return value_integer(r, n, 0, RETRIES_MAX, &v->retries);
}

static int read_backoff(const struct reading *r, const struct node *n, struct task_values *v)
{
	return value_duration(r, n, 0, RETRY_DELAY_MAX_MS / 1000, &v->backoff_ms);
}

static int read_jitter(const struct reading *r, const struct node *n, struct task_values *v)
{
	return value_bool(r, n, &v->jitter);
}

static int read_critical(const struct reading *r, const struct node *n, struct task_values *v)
{
	return value_bool(r, n, &v->critical);
}

static int read_priority(const struct reading *r, const struct node *n, struct task_values *v)
{
	return value_integer(r, n, -PRIORITY_MAX, PRIORITY_MAX, &v->priority);
}

static int read_estimate(const struct reading *r, const struct node *n, struct task_values *v)
{
	return value_duration(r, n, 0, ESTIMATE_S_MAX, &v->estimate_ms);
}

static int read_type(const struct reading *r, const struct node *n, struct task_values *v)
{
	return value_line(r, n, NAME_BYTES_MAX, &v->type);
}

static int read_description(const struct reading *r, const struct node *n, struct task_values *v)
{
	struct span ignored;

	(void)v;
	return n->kind == NODE_NULL ? 0 : value_text(r, n, &ignored);
}

/* A map's member says how much; a list's element is a name and means one. */
static int read_amount(const struct reading *r, const struct node *n, struct amount_value *a)
{
	int64_t amount = 1;
	struct span word;
	int rc;

	*a = (struct amount_value){ .node = n };
	if (!n->key_len) {
		a->amount = 1;
		return value_name(r, n, &a->resource);
	}
	a->resource = node_key(n);
	if (name_problem(a->resource))
		return problem_add(r->problems, r->source, node_key_place(n),
				   "invalid name %s: %s%s", value_quote(r, a->resource),
				   name_problem(a->resource),
				   value_name_advice(r->problems, a->resource));
	if (n->kind == NODE_TEXT) {
		rc = value_text(r, n, &word);
		if (rc < 0)
			return rc;
		a->shared = span_is(word, "shared");
		a->amount = a->shared;
		if (a->shared || span_is(word, "exclusive"))
			return 0;
		if (span_eq(word, node_text(n)))
			return value_problem(
				r, n,
				"%.*s %s: expected a number, exclusive or shared. Try: exclusive",
				SPAN_ARG(a->resource), value_quote(r, word));
	}
	rc = value_integer(r, n, 1, INT32_MAX, &amount);
	a->amount = (uint32_t)amount;
	return rc;
}

static int read_resources(const struct reading *r, const struct node *n, struct task_values *v)
{
	int rc;

	v->resource_count = 0;
	if (n->kind != NODE_MAP && n->kind != NODE_LIST && n->kind != NODE_TEXT)
		return value_list(r, n);
	if (n->kind != NODE_TEXT && n->len > TASK_RESOURCES_MAX)
		return value_problem(r, n, "more than %d resources in one task. Try: fewer",
				     TASK_RESOURCES_MAX);
	for (const struct node *at = n->kind == NODE_TEXT ? n : n->child; at;
	     at = n->kind == NODE_TEXT ? NULL : at->next) {
		struct amount_value *a = &v->resources[v->resource_count];
		struct node plain = *at;

		if (n->kind != NODE_MAP)
			plain.key_len = 0;
		rc = read_amount(r, &plain, a);
		if (rc < 0)
			return rc;
		a->node = at;
		for (uint32_t i = 0; i < v->resource_count; i++)
			if (span_eq(v->resources[i].resource, a->resource))
				return value_problem(
					r, at, "resource %s appears twice. Try: write {%.*s: 2}",
					value_quote(r, a->resource), SPAN_ARG(a->resource));
		v->resource_count++;
	}
	return 0;
}

bool version_ok(struct span version)
{
	for (size_t i = 0; i < version.len; i++) {
		bool digit = version.p[i] >= '0' && version.p[i] <= '9';

		if (!digit && (version.p[i] != '.' || i == 0 || version.p[i - 1] == '.'))
			return false;
	}
	return version.len > 0 && version.p[version.len - 1] != '.';
}

/* "name" or "name>=1.2.3". */
static int read_capability(const struct reading *r, const struct node *n, struct span *out)
{
	struct span text, name, version = SPAN_NONE;
	const char *sign;
	int rc = value_line(r, n, 2 * NAME_BYTES_MAX, &text);

	if (rc < 0)
		return rc;
	sign = memmem(text.p, text.len, ">=", 2);
	name = (struct span){ text.p, sign ? (size_t)(sign - text.p) : text.len };
	if (sign)
		version = (struct span){ sign + 2, text.len - name.len - 2 };
	if (name_problem(name))
		return value_problem(
			r, n, "capability %s: %s, then perhaps >= and a version. Try: gpu>=1.2",
			value_quote(r, text), name_problem(name));
	if (sign && !version_ok(version))
		return value_problem(r, n, "capability %s: not a version. Try: 1.2.3",
				     value_quote(r, text));
	*out = text;
	return 0;
}

static int read_capabilities(const struct reading *r, const struct node *n, struct task_values *v)
{
	if (n->kind == NODE_MAP)
		return value_list(r, n);
	v->capability_count = 0;
	for (const struct node *at = value_first(n); at; at = value_next(n, at)) {
		int rc;

		if (v->capability_count == TASK_CAPABILITIES_MAX)
			return value_problem(r, at,
					     "more than %d capabilities in one task. Try: fewer",
					     TASK_CAPABILITIES_MAX);
		rc = read_capability(r, at, &v->capabilities[v->capability_count]);
		if (rc < 0)
			return rc;
		v->capability_count++;
	}
	return 0;
}

/* The lowest version of sk itself, as one more capability of the worker. */
static int read_min_version(const struct reading *r, const struct node *n, struct task_values *v)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct span version;
	struct node whole = *n;
	int rc;

	if (n->kind == NODE_NULL)
		return 0;
	rc = value_line(r, n, NAME_BYTES_MAX, &version);
	if (rc < 0)
		return rc;
	if (v->capability_count == TASK_CAPABILITIES_MAX)
		return value_problem(r, n, "more than %d capabilities in one task. Try: fewer",
				     TASK_CAPABILITIES_MAX);
	buf_putf(&text, "sk>=%.*s", SPAN_ARG(version));
	version = arena_copy(r->text, (struct span){ text.p, text.len });
	whole.p = version.p;
	whole.len = (uint32_t)version.len;
	whole.kind = NODE_TEXT;
	rc = read_capability(r, &whole, &v->capabilities[v->capability_count]);
	v->capability_count += rc == 0;
	return rc;
}

static bool env_reserved(struct span name)
{
	static const char *const words[] = { "SK_TASK_ID", "SK_ATTEMPT", "SK_WORKSTREAM_ID",
					     "SK_OUTPUT", "SK_ITEM" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (span_is(name, words[i]))
			return true;
	return span_starts(name, "SK_OUT_") || span_starts(name, "SK_MATRIX_");
}

static bool env_name_ok(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
		      (i && c >= '0' && c <= '9')))
			return false;
	}
	return name.len > 0;
}

int env_read(const struct reading *r, const struct node *n, struct task_values *v)
{
	int rc = value_map(r, n);

	if (rc < 0)
		return rc;
	for (const struct node *at = n->child; at; at = at->next) {
		struct span value;

		if (!env_name_ok(node_key(at)))
			return problem_add(r->problems, r->source, node_key_place(at),
					   "variable %s: use letters, digits and _, not "
					   "starting with a digit. Try: another name",
					   value_quote(r, node_key(at)));
		if (env_reserved(node_key(at)))
			return problem_add(r->problems, r->source, node_key_place(at),
					   "variable %.*s is set by sk itself. Try: another name",
					   SPAN_ARG(node_key(at)));
		if (at->kind == NODE_NULL)
			return value_problem(r, at,
					     "%.*s has no value. Try: write \"\" for an empty one",
					     SPAN_ARG(node_key(at)));
		rc = value_text(r, at, &value);
		if (rc < 0)
			return rc;
		if (value.len > COMMAND_BYTES_MAX - 256)
			return value_problem(r, at,
					     "%.*s: longer than 128 KiB. Try: put it into a file",
					     SPAN_ARG(node_key(at)));
		task_values_env(v, node_key(at), value);
		if (v->env_count > TASK_ENV_MAX)
			return value_problem(r, at, "more than %d variables. Try: fewer",
					     TASK_ENV_MAX);
	}
	return 0;
}

static int read_working_directory(const struct reading *r, const struct node *n,
				  struct task_values *v)
{
	return value_line(r, n, 4095, &v->working_directory);
}

enum { LIMIT_MEMORY, LIMIT_FILES, LIMIT_CPU, LIMIT_PROCESSES, LIMIT_SLOTS };

static int read_limits(const struct reading *r, const struct node *n, struct task_values *v)
{
	static const struct field words[] = { { "memory", LIMIT_MEMORY },
					      { "open_files", LIMIT_FILES },
					      { "cpu", LIMIT_CPU },
					      { "processes", LIMIT_PROCESSES } };
	static const struct fields fields = { words, ARRAY_LEN(words), LIMIT_SLOTS, "limits",
					      false };
	const struct node *slots[LIMIT_SLOTS];
	int64_t cpu_ms = 0;
	int rc = value_fields(r, n, &fields, slots);

	if (rc == 0 && slots[LIMIT_MEMORY])
		rc = value_bytes(r, slots[LIMIT_MEMORY], &v->memory_bytes);
	if (rc == 0 && slots[LIMIT_FILES])
		rc = value_integer(r, slots[LIMIT_FILES], 1, 1048576, &v->open_files);
	if (rc == 0 && slots[LIMIT_CPU])
		rc = value_duration(r, slots[LIMIT_CPU], 1, TIMEOUT_S_MAX, &cpu_ms);
	if (rc == 0 && slots[LIMIT_PROCESSES])
		rc = value_integer(r, slots[LIMIT_PROCESSES], 1, 4194304, &v->processes);
	if (rc == 0 && cpu_ms > 0)
		v->cpu_s = (cpu_ms + 999) / 1000;
	return rc;
}

int task_read(const struct reading *r, const struct node *const *slots,
	      const struct rule_book *rules, struct task_values *v)
{
	static int (*const readers[SLOT_COUNT])(const struct reading *, const struct node *,
						struct task_values *) = {
		[SLOT_RUN] = read_run,
		[SLOT_TIMEOUT] = read_task_timeout,
		[SLOT_RETRIES] = read_retries,
		[SLOT_BACKOFF] = read_backoff,
		[SLOT_JITTER] = read_jitter,
		[SLOT_CRITICAL] = read_critical,
		[SLOT_PRIORITY] = read_priority,
		[SLOT_ESTIMATE] = read_estimate,
		[SLOT_TYPE] = read_type,
		[SLOT_DESCRIPTION] = read_description,
		[SLOT_RESOURCES] = read_resources,
		[SLOT_CAPABILITIES] = read_capabilities,
		[SLOT_MIN_VERSION] = read_min_version,
		[SLOT_ENV] = env_read,
		[SLOT_WORKING_DIRECTORY] = read_working_directory,
		[SLOT_LIMITS] = read_limits,
	};
	int rc = 0, bad;

	for (unsigned slot = 0; slot < SLOT_COUNT; slot++) {
		bad = slots[slot] && readers[slot] ? readers[slot](r, slots[slot], v) : 0;
		rc = bad < 0 ? bad : rc;
	}
	bad = slots[SLOT_BEFORE]
		      ? rule_list_read(r, slots[SLOT_BEFORE], rules, v->before, &v->before_count)
		      : 0;
	rc = bad < 0 ? bad : rc;
	bad = slots[SLOT_AFTER]
		      ? rule_list_read(r, slots[SLOT_AFTER], rules, v->after, &v->after_count)
		      : 0;
	return bad < 0 ? bad : rc;
}
