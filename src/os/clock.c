/* The real clocks. Neither call can fail on Linux with these clock ids, so there is no error to
 * hand on. */
#include "os/clock.h"

#include <time.h>

static int64_t real_us(clockid_t which)
{
	struct timespec t;
	int rc = clock_gettime(which, &t);

	INVARIANT(rc == 0);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t real_wall_ms(void *ctx)
{
	(void)ctx;
	return real_us(CLOCK_REALTIME) / 1000;
}

static int64_t real_mono_us(void *ctx)
{
	(void)ctx;
	return real_us(CLOCK_MONOTONIC);
}

const struct clock clock_real = { NULL, real_wall_ms, real_mono_us };
