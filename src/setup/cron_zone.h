/* The time zone of whoever runs us (TZ, else /etc/localtime): schedules mean the clock on the wall.
 */
#ifndef SK_CRON_ZONE_H
#define SK_CRON_ZONE_H

#include "core/slot.h"

/* Looks which zone it is now, also when it has changed since. */
void cron_zone_open(struct slot_zone *out);

/* Appends "2026-11-22 04:30 CET". */
void cron_zone_put(struct buf *out, int64_t ms);

/* Appends "2026-11-22T04:30:00+01:00". */
void cron_zone_put_iso(struct buf *out, int64_t ms);

#endif
