/*
 * The steps of compiling in their order. Each needs what the one before found out, so a step that
 * would only repeat its problems in other words is left out.
 */
#include "plan/plan.h"

#include "plan/plan_model.h"

void plan_problems_release(struct plan_problems *p)
{
	buf_release(&p->lines);
	*p = (struct plan_problems){ .lines = BUF_INIT };
}

int plan_load_all(const struct plan_options *options, struct submission *out,
		  struct plan_problems *problems, struct err *e)
{
	CLEANUP(plan_release) struct plan p;
	int rc;

	plan_init(&p, options, out);
	plan_files_read(&p);
	plan_headers_read(&p);
	plan_tasks_read(&p);
	if (!problems_full(&p.problems))
		plan_check(&p);
	if (p.problems.count == 0)
		plan_select(&p);
	rc = problems_report(&p.problems, problems ? &problems->lines : NULL, e);
	if (rc < 0 && problems) {
		problems->count = p.problems.count;
		problems->more = p.problems.more;
		problems->placed = p.problems.v[0].place.line > 0;
	}
	return rc;
}
