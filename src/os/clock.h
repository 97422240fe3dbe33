/*
 * Time, as a table of functions so that a test can put its own behind it. Wall time is for people
 * and never decides order; the monotonic clock stands still while the machine is suspended, so a
 * suspend is not charged to a task.
 */
#ifndef SK_CLOCK_H
#define SK_CLOCK_H

#include "base/base.h"

struct clock {
	void *ctx;
	int64_t (*wall_ms)(void *ctx); /* milliseconds since 1970, UTC */
	int64_t (*mono_us)(void *ctx); /* microseconds since some start; never goes back */
};

/* The clocks of the kernel. */
extern const struct clock clock_real;

static inline int64_t clock_wall_ms(const struct clock *c)
{
	return c->wall_ms(c->ctx);
}

static inline int64_t clock_mono_us(const struct clock *c)
{
	return c->mono_us(c->ctx);
}

static inline int64_t clock_mono_ms(const struct clock *c)
{
	return c->mono_us(c->ctx) / 1000;
}

#endif
