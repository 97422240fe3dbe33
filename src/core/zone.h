/*
 * Time zones by name, without a zone data base: the fixed ones, and those whose summer time follows
 * one of five rules that have not changed for years. A zone that is not in the table is unknown,
 * and whoever asks must say so instead of guessing: an hour too early costs a failed try, a wrong
 * zone half a day.
 */
#ifndef SK_ZONE_H
#define SK_ZONE_H

#include "base/str.h"

/*
 * Minutes east of UTC at the moment `utc_ms` in the zone of that name: an IANA name of the table
 * ("Europe/Berlin"), an abbreviation that means one thing ("PST", "CEST"), "UTC", "GMT", "Z",
 * "UTC+2", "+02:00", "+0530". Upper and lower case are the same. Returns whether it is known.
 */
bool zone_offset(struct span name, int64_t utc_ms, int *out_minutes);

/*
 * The moment at which a clock on the wall of that zone shows `wall_ms` (taken as if it were UTC).
 * In the hour that happens twice it is the first one; in the hour that is left out, the moment the
 * clock would have shown it. Returns whether the zone is known.
 */
bool zone_to_utc(struct span name, int64_t wall_ms, int64_t *out_utc_ms);

#endif
