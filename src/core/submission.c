/* A submission is filled once by the plan compiler and emptied here; it has a file of its own
 * because both link it. */
#include "core/submit.h"

void submission_release(struct submission *s)
{
	mem_free(&s->ws);
	mem_free(&s->tasks);
	mem_free(&s->resources);
	mem_free(&s->needs);
	arena_release(&s->text);
	*s = (struct submission)SUBMISSION_INIT;
}
