/*
 * What lies in a tentacle's folder beside its documents: CONTEXT.md, which the first command writes
 * and people go on with, logs of verifications, the bundle. None of it is the truth of anything: a
 * missing file is made again where somebody asks for it.
 */
#ifndef SK_TENTACLE_DIR_H
#define SK_TENTACLE_DIR_H

#include "work/goal_store.h"

#define CONTEXT_FILE "CONTEXT.md"
#define HANDOFF_FILE "handoff.md"
#define TODO_FILE "todo.md"
#define META_FILE "meta.json"

/* Appends "tentacles/<name>/<file>", relative to the store's folder. */
void tentacle_path(struct span name, const char *file, struct buf *out);

/* Appends what CONTEXT.md begins as. */
void context_encode(const struct tentacle *t, bool recall, struct buf *out);

/*
 * Appends what a CONTEXT.md says that a prompt does not say by itself: without name, scope and
 * skills as we wrote them. Those that a person put in other words stay.
 */
void context_own_words(const struct tentacle *t, struct span context, struct buf *out);

/*
 * Writes CONTEXT.md unless there is one. Its loss in a crash does no harm: it is made again when
 * somebody reads it. Returns 0 or -SK_EIO.
 */
int context_make(const struct goal_store *s, const struct tentacle *t, bool recall, struct err *e);

/* Appends a file of the folder, of at most `max` bytes. Returns 1; 0 when there is none; a negative
 * code with the sentence when it cannot be used. */
int tentacle_read(const struct goal_store *s, struct span name, const char *file, int64_t max,
		  struct buf *out, struct err *e);

/* Appends CONTEXT.md, or what it would begin as when there is none. */
int context_read(const struct goal_store *s, const struct tentacle *t, struct buf *out,
		 struct err *e);

/* Appends handoff.md as it was found when the store was opened. -SK_EIO while a recorded section
 * cannot be appended to it. */
int tentacle_handoff_text(const struct goal_store *s, const struct tentacle *t, struct buf *out,
			  struct err *e);

/* Whether anything has this name in the folder of tentacles. */
bool tentacle_folder_there(const struct goal_store *s, struct span name);

/*
 * Takes the folder of a tentacle out of the way, durably, for a deletion that was decided in this
 * turn and is committed next. A crash in between leaves either both or nothing done: the next
 * command that writes brings the folder back while the journal knows the tentacle, and removes it
 * when it does not. 0 or -SK_EIO with the sentence.
 */
int tentacle_put_away(struct goal_store *s, struct span name, struct err *e);

#endif
