/*
 * The steps of compiling in their order. Each needs what the one before found out, so a step that
 * would only repeat its problems in other words is left out.
 */
#include "plan/plan.h"

#include "plan/plan_model.h"

int plan_load_all(const struct plan_options *options, struct submission *out, struct buf *problems,
		  struct err *e)
{
	CLEANUP(plan_release) struct plan p;

	plan_init(&p, options, out);
	plan_files_read(&p);
	plan_headers_read(&p);
	plan_tasks_read(&p);
	if (!problems_full(&p.problems))
		plan_check(&p);
	if (p.problems.count == 0)
		plan_select(&p);
	return problems_report(&p.problems, problems, e);
}

int plan_load(const struct plan_options *options, struct submission *out, struct err *e)
{
	return plan_load_all(options, out, NULL, e);
}
