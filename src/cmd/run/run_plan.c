/*
 * A plan is checked completely before the first byte of state is touched, so that every refusal can
 * say that nothing was started and be right.
 */
#include "cmd/run/run_plan.h"

#include "cmd/run/run_offers.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "core/schedule.h"
#include "core/worker_def.h"
#include "plan/plan.h"

#define SHOWN_BYTES_MAX 200 /* of a path we repeat */

void run_request_release(struct run_request *r)
{
	submission_release(&r->submission);
	mem_free(&r->capabilities);
	mem_free(&r->operator_name);
}

/* "a,b@1.2" -> ["a","b@1.2"] */
char *capability_list(const char *text)
{
	CLEANUP(buf_release) struct buf list = BUF_INIT;

	buf_putc(&list, '[');
	while (text && *text) {
		size_t len = strcspn(text, ",");

		if (len) {
			if (list.len > 1)
				buf_putc(&list, ',');
			buf_put_json(&list, (struct span){ text, len });
		}
		text += len + (text[len] == ',');
	}
	buf_putc(&list, ']');
	return buf_take(&list);
}

static const char **each_value(const struct options *o, const char *name, size_t *count)
{
	const char **values = NULL, *value;
	size_t capacity = 0;

	for (*count = 0; (value = options_each(o, name, *count)); ++*count) {
		mem_grow(&values, &capacity, *count + 1, sizeof(*values));
		values[*count] = value;
	}
	return values;
}

static int split_params(const char **texts, size_t count, struct plan_param *out, char **storage,
			struct err *e)
{
	for (size_t i = 0; i < count; i++) {
		char *copy = mem_strdup(texts[i]), *equals = strchr(copy, '=');

		storage[i] = copy;
		if (!equals || equals == copy)
			return err_set(e, -SK_EUSAGE,
				       "-p \"%.60s\": expected key=value; nothing was started. "
				       "Try: sk run -p key=value PLAN",
				       texts[i]);
		*equals = '\0';
		out[i] = (struct plan_param){ copy, equals + 1 };
	}
	return 0;
}

/* Each problem on a line of its own as it stands in the file, then one line that counts them. */
static int show_problems(const struct cmd_ctx *c, const struct plan_problems *found, int code,
			 struct err *e)
{
	const struct options *o = c->options;

	if (!found->placed && found->count < 2)
		return code; /* the sentence says it all */
	fwrite(found->lines.p, 1, found->lines.len, stderr);
	if (c->json)
		return code; /* a program gets the first one with the number of the others */
	err_clear(e);
	return err_set(
		e, code,
		"%.*s: %s%u problem%s, told above; nothing was started. Try: repair %s, then "
		"sk run --dry-run %.*s",
		SHOWN_BYTES_MAX, o->arg_count == 1 ? o->args[0] : "the plans",
		found->more ? "more than " : "", (unsigned)found->count,
		found->count == 1 ? "" : "s", found->count == 1 ? "it" : "them", SHOWN_BYTES_MAX,
		o->args[0]);
}

static int load_files(const struct cmd_ctx *c, struct run_request *out, struct plan_options *plan,
		      struct err *e)
{
	CLEANUP(plan_problems_release) struct plan_problems found = { .lines = BUF_INIT };
	int rc = plan_load_all(plan, &out->submission, &found, e);

	return rc < 0 ? show_problems(c, &found, rc, e) : 0;
}

static int load_plan(const struct cmd_ctx *c, struct run_request *out, struct err *e)
{
	size_t only_count, param_count;
	CLEANUP(mem_free) const char **only = each_value(c->options, "only", &only_count);
	CLEANUP(mem_free) const char **texts = each_value(c->options, "param", &param_count);
	CLEANUP(mem_free)
	struct plan_param *params = mem_alloc((param_count + 1) * sizeof(*params));
	CLEANUP(mem_free) char **storage = mem_zalloc((param_count + 1) * sizeof(*storage));
	CLEANUP(mem_free) char *here = getcwd(NULL, 0);
	struct plan_options plan = { .files = c->options->args,
				     .file_count = c->options->arg_count,
				     .params = params,
				     .param_count = param_count,
				     .only = only,
				     .only_count = only_count,
				     .from = options_text(c->options, "from"),
				     .halt_on_cycle = options_has(c->options, "halt-on-cycle"),
				     .cwd = c->paths->chosen && here ? here : c->paths->root };
	int rc = split_params(texts, param_count, params, storage, e);

	if (rc == 0)
		rc = load_files(c, out, &plan, e);
	for (size_t i = 0; i < param_count; i++)
		mem_free(&storage[i]);
	return rc;
}

static unsigned default_slots(const struct submission *s)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned slots = 0;

	for (uint32_t i = 0; i < s->ws_count; i++)
		if (s->ws[i].max_parallel > slots)
			slots = s->ws[i].max_parallel;
	if (slots)
		return slots > SLOTS_MAX ? SLOTS_MAX : slots;
	return cores < 1 ? 1 : cores > SLOTS_MAX ? SLOTS_MAX : (unsigned)cores;
}

int run_request_load(const struct cmd_ctx *c, struct run_request *out, struct err *e)
{
	const char *user = getenv("USER");
	int rc;

	*out = (struct run_request){ .submission = SUBMISSION_INIT };
	rc = load_plan(c, out, e);
	if (rc < 0)
		return rc;
	if (options_has(c->options, "keep-going") && options_has(c->options, "fail-fast"))
		return err_set(
			e, -SK_EUSAGE,
			"--keep-going and --fail-fast exclude each other; nothing was started. "
			"Try: sk help run");
	if (options_has(c->options, "new-run") && options_has(c->options, "accept-changes"))
		return err_set(
			e, -SK_EUSAGE,
			"--new-run and --accept-changes exclude each other; nothing was started. "
			"Try: sk help run");
	out->flags = (options_has(c->options, "new-run") ? SUBMIT_NEW_RUN : 0) |
		     (options_has(c->options, "accept-changes") ? SUBMIT_ACCEPT_CHANGES : 0) |
		     (options_has(c->options, "keep-going") ? SUBMIT_KEEP_GOING : 0) |
		     (options_has(c->options, "fail-fast") ? SUBMIT_FAIL_FAST : 0) |
		     (options_has(c->options, "halt-on-cycle") ? SUBMIT_HALT_ON_CYCLE : 0);
	out->slots = default_slots(&out->submission);
	out->operator_name = mem_strdup(user && *user ? user : "operator");
	return 0;
}

void run_request_size(const struct cmd_ctx *c, struct run_request *r)
{
	r->slots = (unsigned)options_number(c->options, "jobs", r->slots);
	r->capabilities = capability_list(options_text(c->options, "capabilities"));
}

/* Whether a worker that one of the plans names offers all that the task wants. */
static bool plans_cover(const struct submission *s, struct span def)
{
	struct worker_def worker;

	for (uint32_t i = 0; i < s->ws_count; i++)
		for (unsigned k = 0; ws_def_worker(s->ws[i].def, k, &worker) == 1; k++)
			if (!capability_missing(worker.capabilities, def).len)
				return true;
	return false;
}

int run_check_capabilities(const struct cmd_ctx *c, const struct run_request *r, struct err *e)
{
	CLEANUP(run_offers_release) struct run_offers offers = { .paths = c->paths };

	for (uint32_t i = 0; i < r->submission.task_count; i++) {
		const struct task_spec *t = &r->submission.tasks[i];
		struct span missing = capability_missing(span_of(r->capabilities), t->def);

		if (!missing.len || plans_cover(&r->submission, t->def) ||
		    run_offers_cover(&offers, t->def))
			continue;
		return err_set(
			e, -SK_EUSAGE,
			"task \"%.*s\" (%.*s, line %u): wants capability \"%.*s\", which no worker "
			"of "
			"this run offers; nothing was started. Try: sk run --capabilities %.*s",
			SPAN_ARG(t->name), SPAN_ARG(r->submission.ws[t->ws].plan),
			(unsigned)t->line, SPAN_ARG(missing), (int)strcspn(missing.p, ">\""),
			missing.p);
	}
	return 0;
}

int run_refuse_changes(const struct run_request *r, const struct submit_report *report,
		       struct err *e)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;
	struct span name = r->submission.ws[0].name, plan = r->submission.ws[0].plan;
	const char *at = report->changes.p;

	for (unsigned lines = 0; at && *at && lines < 20; lines++) {
		size_t len = strcspn(at, "\n");

		buf_puts(&shown, "  ");
		buf_put_visible(&shown, (struct span){ at, len });
		buf_putc(&shown, '\n');
		at += len + (at[len] == '\n');
	}
	fprintf(stderr, "%s%s", shown.p ? shown.p : "", at && *at ? "  ...\n" : "");
	return err_set(
		e, -SK_EREFUSED,
		"workstream \"%.*s\": the plan is not what its recorded run was made from (%.*s; "
		"the "
		"differences are above); nothing was started. Try: sk run --accept-changes %.*s to "
		"go on with the new plan, or sk run --new-run %.*s to begin anew",
		SPAN_ARG(name), SPAN_ARG(plan), SPAN_ARG(plan), SPAN_ARG(plan));
}
