/*
 * The bundle of a tentacle: what an agent should read beside its prompt, gathered in its folder
 * bundle/. It is worked out anew each time and is the truth of nothing; what there is no source for
 * has a file that says so.
 */
#ifndef SK_BUNDLE_H
#define SK_BUNDLE_H

#include "work/goal_store.h"

#define BUNDLE_DIR "bundle"

/*
 * Makes it: manifest.json, briefing.md, instructions.md, skills.md, session-metadata.md,
 * goal-context.md and recall-pack.json. Each file is replaced whole; manifest.json comes last.
 * Sources are looked for in the root of the repository; one that cannot be read counts as missing.
 * Returns 0 or -SK_EIO with the sentence.
 */
int bundle_make(const struct goal_store *s, const struct tentacle *t, int64_t now_ms,
		struct err *e);

#endif
