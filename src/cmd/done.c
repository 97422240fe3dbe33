/*
 * Commands print behind the commit, so a full disk behind `sk ... >file` fails when nothing can be
 * taken back any more. Asking again could do it twice; naming the record lets a person look first.
 * Stores and commands only note here what they did, and the frame says it in one place.
 */
#include "cmd/done.h"

#include "base/base.h"

void done_elsewhere(struct done *r, const char *what, const char *look)
{
	r->other = what;
	r->look = look;
}

static void put_range(const struct event_range *r, struct buf *out)
{
	unsigned long long first = r->first, last = r->last;

	if (r->count == 1)
		buf_putf(out, "recorded as event %llu", last);
	else if (r->count == last - first + 1)
		buf_putf(out, "recorded as events %llu to %llu", first, last);
	else /* others recorded something in between */
		buf_putf(out, "recorded as %llu events from %llu to %llu",
			 (unsigned long long)r->count, first, last);
}

void done_put(const struct done *r, const char *path, struct buf *out)
{
	static const char goals[] = "tentacle goal ", tentacles[] = "tentacle ";
	bool goal = strncmp(path, goals, strlen(goals)) == 0;

	if (!r->tasks.count && !r->goals.count && !r->other)
		return;
	buf_puts(out, ", but it was done: ");
	if (r->tasks.count)
		put_range(&r->tasks, out);
	else if (r->goals.count)
		put_range(&r->goals, out);
	else
		buf_puts(out, r->other);
	buf_puts(out, ". Try: sk ");
	if (r->tasks.count)
		buf_putf(out, "events --since %llu", (unsigned long long)r->tasks.first - 1);
	else if (!r->goals.count)
		buf_puts(out, r->look);
	else if (!goal && strncmp(path, tentacles, strlen(tentacles)) == 0)
		buf_puts(out, "tentacle list");
	else
		buf_puts(out, "tentacle goal history");
}
