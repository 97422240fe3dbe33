/* The words of a journal line with their lengths at hand: the hot path compares bytes and never
 * measures text. */
#ifndef SK_RECORD_WORDS_H
#define SK_RECORD_WORDS_H

#include "core/event.h"

/* event_rows, severities and types as spans. */
extern const struct span record_event_words[EVENT_COUNT];
extern const struct span record_type_words[EVENT_TYPE_COUNT];
extern const struct span record_severity_words[SEVERITY_COUNT];
extern const struct span record_trigger_words[TRIGGER_COUNT];

/* "key": of each metadata field, quotes and colon included. */
extern const struct span record_field_keys[FIELD_COUNT];

/* The kind of event, or -1. */
int record_event_find(struct span word);

/* The trigger, or -1; the empty word of ON_NONE is none. */
int record_trigger_find(struct span word);

/* The state in the life that the type names, or -1: also for types that have no life. */
int record_state_find(enum event_type type, struct span word);

/* The word of a state in the life that the type names; empty when there is none. */
struct span record_state_word(enum event_type type, unsigned state);

#endif
