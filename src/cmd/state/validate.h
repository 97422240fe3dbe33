/* Every check of a state folder that `sk state validate` makes: read only, without any lock. */
#ifndef SK_VALIDATE_H
#define SK_VALIDATE_H

#include "cmd/state/validation.h"

struct store;

/* validate_journal.c: the journal, its closed files, the snapshot. Fills v->st. */
void validate_journal(struct validation *v);

/* The closed files alone: those that nobody has verified are read, and must lead to `first_seq`.
 * False when only the whole journal can tell. */
bool validate_closed(struct validation *v, uint64_t first_seq);

/*
 * validate_known.c: the same from what the orchestrator knows, in whose copy we are and whose state
 * and store these are: it has read or written every byte, so only what somebody else may have
 * written is read. False when that cannot be told: then everything has to be read.
 */
bool validate_known(struct validation *v, const struct state *st, struct store *store);

/* validate_files.c: the state as a whole, and all files that are made from it. */
void validate_state(struct validation *v);
void validate_files(struct validation *v);

#endif
