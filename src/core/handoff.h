/*
 * handoff.md: what agents leave behind for whoever comes next. A text of sections, each begun by a
 * line "## [time]". At the beginning of a line these words tell something about the work; the value
 * stands behind the colon:
 *
 *	STATUS: DONE           one of the words of HANDOFF_STATES but none; any case
 *	QUOTA_REASON: word     why a quota stopped it
 *	RETRY_HINT: text       when to come back
 *	Changed: path          a file that was changed; any number of them
 *	Bridge: criterion      a criterion that is met by this; any number of them
 *
 * The newest section whose STATUS is one of those words tells the status; reason and hint are taken
 * from the same section only, files and criteria from all of them. In a section the last of several
 * lines of one word counts. Everything else is for people.
 *
 * What the encoder writes is read as exactly what it was given: a line of somebody's words that
 * would mean something gets a blank in front.
 */
#ifndef SK_HANDOFF_H
#define SK_HANDOFF_H

#include "core/goal.h"

struct handoff_section {
	size_t at, end;   /* its bytes, from the "##" on */
	struct span when; /* between the brackets */
	uint8_t status;   /* enum handoff_state; NONE when it tells none that is known */
	struct span quota_reason, retry_hint;
};

/* The next section at or behind *at, which begins with 0 and is moved on; false behind the last. */
bool handoff_next(struct span text, size_t *at, struct handoff_section *out);

/* What all sections together say. */
struct handoff_facts {
	size_t sections;
	uint8_t status;
	struct span quota_reason, retry_hint; /* borrowed from the text */
	struct span section;                  /* the one that tells the status */
	struct texts changed, bridges;        /* in the order of their first mention */
};

/* Reads it; lists and their texts lie in the arena. */
void handoff_read(struct span text, struct arena *arena, struct handoff_facts *out);

/* One hand-off. Empty members are left out. */
struct handoff_entry {
	int64_t at_ms;
	struct span message;
	uint8_t status;
	struct texts changed, bridges;
	struct span quota_reason, retry_hint;
	/* With any of these it is written in parts with headings. */
	struct span summary, next, output;
	struct texts decisions, blockers, files_read;
};

/* The value of the last STATUS line when that is none of the words, or an empty span. */
struct span handoff_odd_status(struct span text);

/* What is wrong with it, as the end of a sentence, or NULL. */
const char *handoff_problem(const struct handoff_entry *entry);

/* Appends it as a section behind `before`, with the heading of the file when that is empty and a
 * newline when its last line has none. */
void handoff_encode(const struct handoff_entry *entry, struct span before, struct buf *out);

#endif
