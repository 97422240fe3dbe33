/* Settings of the place rather than of one run, so they are variables; a mistake is told at once.
 */
#include "cmd/run/timing.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/when.h"

static int read_one(const char *name, int64_t least_ms, int64_t most_ms, int64_t *out,
		    struct err *e)
{
	const char *text = getenv(name);
	int64_t ms = 0;

	if (!text || !*text)
		return 0;
	if (duration_decode(span_of(text), &ms) < 0 || ms < least_ms || ms > most_ms)
		return err_set(
			e, -SK_EUSAGE,
			"%s: \"%.40s\" is not a duration from %lld ms to %lld s: nothing was "
			"started. Try: %s=20s",
			name, text, (long long)least_ms, (long long)most_ms / 1000, name);
	*out = ms;
	return 0;
}

int worker_timing_read(struct orchestrator_timing *out, struct err *e)
{
	int rc = 0;

	*out = (struct orchestrator_timing){ .heartbeat_ms = 0 };
#define X(name, member, least, most) \
	if (rc == 0)                 \
		rc = read_one(name, least, most, &out->member, e);
	WORKER_TIMINGS(X)
#undef X
	return rc;
}
