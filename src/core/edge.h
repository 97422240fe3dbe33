/*
 * A life as a table: one row for each legal change of state. decide() works out the facts and finds
 * the row; the row's id is recorded; apply() obeys it. No row is a refusal: an error to a client,
 * damage in replay.
 */
#ifndef SK_EDGE_H
#define SK_EDGE_H

#include "core/event.h"

#define NO_STATE 255 /* of a life that has not begun */

/* Facts that choose between rows of the same state and trigger. */
enum edge_facts {
	RETRY_LEFT = 1 << 0,    /* retry_count < retries */
	REASSIGN_LEFT = 1 << 1, /* reassign_count < REASSIGN_MAX */
	FACTS_ALL = RETRY_LEFT | REASSIGN_LEFT,
};

/* What a row does to the state beside the state word itself; carried out by apply. */
enum edge_acts {
	DO_QUEUE = 1 << 0,   /* stands in line for a worker */
	DO_START = 1 << 1,   /* its command runs */
	DO_RESULT = 1 << 2,  /* keeps exit code, duration, error of the attempt */
	DO_FREE = 1 << 3,    /* gives back worker and resources */
	DO_SETTLE = 1 << 4,  /* dependents count it as done */
	DO_RETRY = 1 << 6,   /* waits for retry_at */
	DO_RESET = 1 << 7,   /* begins again as if never run */
	DO_END = 1 << 8,     /* ended_ms */
	DO_ARCHIVE = 1 << 9, /* the workstream's slice is copied to archive/ */
};

struct edge {
	const char *id; /* stays for ever: the journal names it */
	uint8_t from;   /* NO_STATE: birth */
	enum trigger on;
	unsigned yes, no; /* facts that must, and must not, hold */
	uint8_t to;
	enum event_kind event; /* the event that records it */
	unsigned acts;
};

/* A table and the words of its states, for documents and checks. */
struct life {
	const char *name;
	const struct edge *edges;
	size_t edge_count;
	unsigned state_count;
	const char *(*state_word)(unsigned state);
	bool (*final)(unsigned state);
};

extern const struct life task_life, ws_life, worker_life, goal_life, tentacle_life;

/* The row for this situation, or NULL: then the state forbids it. At most one row fits (tested in
 * full). */
const struct edge *edge_find(const struct life *life, unsigned from, enum trigger on,
			     unsigned facts);

/* The row that an event claims to record, or NULL when there is no such row. */
const struct edge *edge_of_event(const struct life *life, const struct event *ev);

#endif
