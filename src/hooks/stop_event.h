/* Which agent has come back: the names and ids in a payload of a stop event, wherever they stand,
 * for hosts differ in where they put them. */
#ifndef SK_STOP_EVENT_H
#define SK_STOP_EVENT_H

#include "base/arena.h"

#define STOP_WORDS_MAX 16

struct stop_event {
	struct arena arena;
	struct span ids[STOP_WORDS_MAX], names[STOP_WORDS_MAX];
	size_t id_count, name_count;
};

/* Fills *out; what is no JSON, or names nobody, leaves it empty. Words that are no names (other
 * than 1 to 128 of A-Z a-z 0-9 . _ : -) and those beyond STOP_WORDS_MAX are passed over. */
void stop_event_read(struct span payload, struct stop_event *out);
void stop_event_release(struct stop_event *s);

#endif
