/* One recorded fact for a reader: as a sentence, and as the full record that other programs know.
 */
#ifndef SK_EVENT_TEXT_H
#define SK_EVENT_TEXT_H

#include "cmd/print.h"
#include "core/event.h"

/* Appends the happening without time and subject: "started, attempt 2". Made visible. */
void event_put_sentence(const struct event *ev, struct buf *out);

/* The id of what it is about, or "sk" for the program itself. */
struct span event_subject(const struct event *ev);

#define EVENT_ID_LEN                                                                              \
	30 /* evt_ and 26 characters of a ULID: time, then sequence number, so ids sort as events \
	      do */

void event_id(int64_t at_ms, uint64_t seq, char out[EVENT_ID_LEN]);

/*
 * One line of JSON with every member that readers of such records know: schema_version, seq,
 * event_id, timestamp, event, event_type, severity, entity_type, entity_id, the ids, states,
 * trigger, caused_by (an event_id), operator, reason, metadata. cause_ms is the time of the causing
 * event (0 when there is none).
 */
void event_put_json(struct out *out, const struct event *ev, int64_t cause_ms);

#endif
