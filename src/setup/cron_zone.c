/* The C library knows the zone and when its clocks are changed; core/ does the arithmetic. */
#include "setup/cron_zone.h"

#include <time.h>

static bool split(int64_t ms, struct tm *out)
{
	time_t seconds = (time_t)(ms / 1000);

	return localtime_r(&seconds, out) != NULL;
}

static int64_t offset_ms(void *ctx, int64_t utc_ms)
{
	struct tm wall;

	(void)ctx;
	return split(utc_ms, &wall) ? wall.tm_gmtoff * 1000 : 0;
}

void cron_zone_open(struct slot_zone *out)
{
	tzset();
	*out = (struct slot_zone){ NULL, offset_ms };
}

void cron_zone_put(struct buf *out, int64_t ms)
{
	struct tm wall;

	if (split(ms, &wall))
		buf_putf(out, "%04d-%02d-%02d %02d:%02d %s", wall.tm_year + 1900, wall.tm_mon + 1,
			 wall.tm_mday, wall.tm_hour, wall.tm_min, wall.tm_zone);
}

void cron_zone_put_iso(struct buf *out, int64_t ms)
{
	struct tm wall;
	long minutes;

	if (!split(ms, &wall))
		return;
	minutes = (wall.tm_gmtoff < 0 ? -wall.tm_gmtoff : wall.tm_gmtoff) / 60;
	buf_putf(out, "%04d-%02d-%02dT%02d:%02d:%02d%c%02ld:%02ld", wall.tm_year + 1900,
		 wall.tm_mon + 1, wall.tm_mday, wall.tm_hour, wall.tm_min, wall.tm_sec,
		 wall.tm_gmtoff < 0 ? '-' : '+', minutes / 60, minutes % 60);
}
