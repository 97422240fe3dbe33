/*
 * Hand-offs, as decisions. The state remembers handoff.md by its length and digest, and the newest
 * section that this program wrote word for word: so a crash between the record and the file is
 * mended from the record, and what others appended or changed is told from that.
 *
 * A section with a STATUS hands the work off; one without is a note. `name` is always one that is
 * there.
 */
#ifndef SK_TENTACLE_HANDOFF_H
#define SK_TENTACLE_HANDOFF_H

#include "core/goal_turn.h"

/* What a quota says about work that it stopped. */
struct quota_park {
	struct span kind;     /* a word of core/quota.h */
	struct span provider; /* empty: unknown */
	struct span hint;
	int64_t due_ms; /* 0 = nobody knows */
	bool held;      /* waiting does not help: a person releases it */
};

struct handoff_given {
	struct span before; /* handoff.md as it is */
	struct span entry;  /* what comes behind it: one section, with a STATUS or without */
	const struct quota_park *park; /* NULL unless a quota stopped the work */
	const struct texts *outside;   /* changed files outside of its scope; NULL = not known */
};

/*
 * Records a section of ours; the store appends it to the file behind the commit. Returns 0;
 * -SK_EREFUSED with a sentence in t->why when it is completed and the section has a STATUS, or when
 * the file would grow too large.
 */
int tentacle_hand_off(struct turn *t, struct span name, const struct handoff_given *given,
		      const struct goal_words *words);

enum handoff_change {
	HANDOFF_APPENDED, /* `fresh` came behind what we knew */
	HANDOFF_EDITED,   /* anything else: `fresh` is empty */
};

/*
 * Records what somebody else made of the file: it is `text` now. `ours` is a section of ours that
 * is recorded and not in it, to be appended again; or empty. A STATUS in `fresh` hands the work off
 * as one of ours would, where the tentacle's life permits it.
 */
void tentacle_adopt_handoff(struct turn *t, struct span name, enum handoff_change change,
			    struct span text, struct span fresh, struct span ours,
			    const struct quota_park *park);

/*
 * An earlier program knew that a quota stopped it at `since_ms`: parked, also when that program had
 * closed it as BLOCKED. One that is parked already stays as it is. Returns 0; -SK_EREFUSED for one
 * whose life does not permit it.
 */
int tentacle_park_imported(struct turn *t, struct span name, const struct quota_park *stopped,
			   int64_t since_ms);

/* A parked one stays until a person releases it, or not any more. -SK_EREFUSED when it is not
 * parked. */
int tentacle_hold(struct turn *t, struct span name, bool held, const struct goal_words *words);

#endif
