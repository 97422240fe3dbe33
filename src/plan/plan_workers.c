/*
 * Workers are the run's, whichever of its plans names them: one that several plans name is one
 * process and has to be the same in all of them. They travel in the definition of the workstream,
 * so whoever goes on with it later has them as well.
 */
#include "core/worker_def.h"
#include "plan/plan_model.h"

enum { WORKER_SLOTS, WORKER_CAPABILITIES, WORKER_FIELDS };

/* "name" or "name@1.2.3". */
static int read_offer(const struct reading *r, const struct node *n, struct span *out)
{
	struct span text, name, version = SPAN_NONE;
	const char *at;
	int rc = value_line(r, n, 2 * NAME_BYTES_MAX, &text);

	if (rc < 0)
		return rc;
	if (memmem(text.p, text.len, ">=", 2))
		return value_problem(r, n,
				     "capability %s: a worker asks for nothing, it has one "
				     "version. Try: gpu@1.2",
				     value_quote(r, text));
	at = memchr(text.p, '@', text.len);
	name = (struct span){ text.p, at ? (size_t)(at - text.p) : text.len };
	if (at)
		version = (struct span){ at + 1, text.len - name.len - 1 };
	if (name_problem(name))
		return value_problem(
			r, n, "capability %s: %s, then perhaps @ and a version. Try: gpu@1.2",
			value_quote(r, text), name_problem(name));
	if (at && !version_ok(version))
		return value_problem(r, n, "capability %s: not a version. Try: 1.2.3",
				     value_quote(r, text));
	*out = text;
	return 0;
}

static int put_offers(const struct reading *r, const struct node *n, struct buf *out)
{
	size_t count = 0, before = out->len;
	struct span text = SPAN_NONE;

	if (n->kind == NODE_MAP)
		return value_list(r, n);
	buf_puts(out, ",\"capabilities\":[");
	for (const struct node *at = value_first(n); at; at = value_next(n, at)) {
		if (count == WORKER_CAPABILITIES_MAX)
			return value_problem(r, at,
					     "more than %d capabilities of one worker. Try: fewer",
					     WORKER_CAPABILITIES_MAX);
		if (read_offer(r, at, &text) < 0)
			return -SK_EUSAGE;
		if (count++)
			buf_putc(out, ',');
		buf_put_json(out, text);
	}
	buf_putc(out, ']');
	if (out->len - before > WORKER_CAPABILITIES_BYTES_MAX)
		return value_problem(r, n, "capabilities: more than %d bytes together. Try: fewer",
				     WORKER_CAPABILITIES_BYTES_MAX);
	return 0;
}

static int read_worker(const struct reading *r, const struct node *n, struct buf *out)
{
	static const struct field words[] = { { "slots", WORKER_SLOTS },
					      { "capabilities", WORKER_CAPABILITIES } };
	static const struct fields fields = { words, ARRAY_LEN(words), WORKER_FIELDS, "a worker",
					      false };
	const struct node *slots[WORKER_FIELDS] = { NULL, NULL }, *size = n;
	int64_t count = 1;
	int rc = 0;

	if (n->kind == NODE_MAP) {
		rc = value_fields(r, n, &fields, slots);
		size = slots[WORKER_SLOTS];
	}
	if (rc == 0 && size && size->kind != NODE_NULL)
		rc = value_integer(r, size, 1, SLOTS_MAX, &count);
	buf_puts(out, "{\"id\":");
	buf_put_json(out, node_key(n));
	buf_putf(out, ",\"slots\":%d", (int)count);
	if (rc == 0 && slots[WORKER_CAPABILITIES])
		rc = put_offers(r, slots[WORKER_CAPABILITIES], out);
	buf_putc(out, '}');
	return rc;
}

static int check_name(const struct reading *r, const struct node *n)
{
	const char *problem = name_problem(node_key(n));

	if (problem)
		return problem_add(r->problems, r->source, node_key_place(n),
				   "invalid name %s: %s%s", value_quote(r, node_key(n)), problem,
				   value_name_advice(r->problems, node_key(n)));
	if (span_is(node_key(n), LOCAL_WORKER))
		return problem_add(r->problems, r->source, node_key_place(n),
				   "worker \"" LOCAL_WORKER "\" is the run's own. Try: another "
				   "name, or sk run -j for its slots and --capabilities");
	return 0;
}

/* The same worker of another plan of this run, or a new one. */
static int declare(struct plan *p, const struct reading *r, const struct node *n, struct span text)
{
	for (size_t i = 0; i < p->worker_count; i++) {
		const struct declared_worker *known = &p->workers[i];

		if (!span_eq(known->name, node_key(n)))
			continue;
		if (span_eq(known->text, text))
			return 0;
		return problem_add(r->problems, r->source, node_key_place(n),
				   "worker %.*s is not the one of %.*s:%u, and there is one of a "
				   "name. Try: the same slots and capabilities, or another name",
				   SPAN_ARG(node_key(n)), SPAN_ARG(known->source->path),
				   known->place.line);
	}
	if (p->worker_count == PLAN_WORKERS_MAX)
		return problem_add(r->problems, r->source, node_key_place(n),
				   "more than %d workers in a run. Try: fewer", PLAN_WORKERS_MAX);
	p->workers[p->worker_count++] = (struct declared_worker){ arena_copy(&p->text, node_key(n)),
								  arena_copy(&p->text, text),
								  r->source, node_key_place(n) };
	return 0;
}

int plan_workers_read(struct plan *p, const struct reading *r, const struct node *n,
		      struct buf *out)
{
	int rc = value_map(r, n);

	if (rc < 0 || !n->child)
		return rc;
	if (n->len > PLAN_WORKERS_MAX)
		return value_problem(r, n, "more than %d workers. Try: fewer", PLAN_WORKERS_MAX);
	buf_puts(out, ",\"workers\":[");
	for (const struct node *at = n->child; at && !problems_full(r->problems); at = at->next) {
		CLEANUP(buf_release) struct buf one = BUF_INIT;
		int bad = check_name(r, at);

		if (bad == 0)
			bad = read_worker(r, at, &one);
		if (bad == 0)
			bad = declare(p, r, at, (struct span){ one.p, one.len });
		rc = bad < 0 ? bad : rc;
		if (at != n->child)
			buf_putc(out, ',');
		buf_put(out, one.p, one.len);
	}
	buf_putc(out, ']');
	return rc;
}
