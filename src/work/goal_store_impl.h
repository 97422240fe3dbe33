/* What the parts of the goal store share, and nobody else uses. */
#ifndef SK_GOAL_STORE_IMPL_H
#define SK_GOAL_STORE_IMPL_H

#include "base/map.h"
#include "os/lock.h"
#include "os/proc.h"
#include "store/store.h"
#include "work/doc_file.h"
#include "work/goal_store.h"
#include "work/looked.h"

/* A file as it was found, or as it was written last. */
struct seen_file {
	char *path;
	struct doc_file file;
};

/* A tentacle whose files were read by this command, and what they were just before. */
struct looked_at {
	char *name;
	struct file_identity was[LOOKED_FILES];
};

struct goal_store {
	int fd;
	char *dir, *root;
	unsigned flags;
	int64_t now_ms;
	const struct vfs *vfs;
	struct vfs own; /* the real disk below fd, when it is open */
	struct lock lock;
	struct state st;
	struct store *store; /* NULL: read only, and there is no journal yet */
	struct events batch;
	struct effects fx;
	struct buf why;
	struct buf notices; /* see goal_store_notices */
	struct turn turn;
	struct goal_file_problem *problems;
	size_t problem_count, problem_capacity;
	struct seen_file *seen;
	size_t seen_count, seen_capacity;
	struct map seen_paths;
	struct buf *aside; /* with GOALS_FROM_JOURNAL: told what was put aside; NULL else */
	struct file_identity began; /* of the lock, which we wrote at that moment */
	struct looked *looked;      /* NULL on a disk of the caller's: then all is read */
	struct looked_at *read;
	size_t read_count, read_capacity;
	struct map read_names;
	struct event_range opening;  /* what was recorded before anybody counted */
	struct event_range *counted; /* goal_store_count */
	uint64_t written_seq; /* up to this event the files were brought up to date, or looked at */
};

#define GOALS_DIR "goals"

/* Locks the store without looking into it; begin follows. It is closed as any other. */
int goal_store_begin_mending(const struct paths *where, const char *command, int64_t now_ms,
			     struct goal_store **out, struct err *e);

/* Reads journal and files, and records what people changed. */
int goal_store_begin(struct goal_store *s, struct err *e);

/* goal_mend.c: -SK_ECORRUPT when the file contains records that the journal does not have. 1 when
 * that does not count and it was put aside, else 0. */
int file_loss(struct goal_store *s, struct seen_file *seen, struct err *e);

/* -SK_ECORRUPT when there is no journal and a file contains records of one. */
int goal_files_claims(struct goal_store *s, struct err *e);

/* goal_files.c: takes in what people changed: events in the batch, problems in s->problems. */
int goal_files_look(struct goal_store *s, struct err *e);

/* Brings every file up to date whose text differs from what was seen. Files with problems are left
 * alone. */
int goal_files_write(struct goal_store *s, struct err *e);

void goal_files_release(struct goal_store *s);

/* Shared by goal_files.c and tentacle_files.c. */
struct seen_file *seen_add(struct goal_store *s, const char *path); /* takes a copy of path */
struct seen_file *seen_find(const struct goal_store *s, const char *path); /* or NULL */
void problem_note(struct goal_store *s, const char *path, struct span subject, bool tentacle,
		  bool stale, const char *text);
bool problem_about(const struct goal_store *s, const char *path);

/* Writes `text` at `path` unless that is what it holds, and remembers it. Returns whether that is
 * what it held. A first failure is kept in *e and the rest goes on. */
bool file_write(struct goal_store *s, const char *path, struct buf *text, bool sealed,
		struct err *e);

bool doc_differs(const struct doc_type *type, const void *was, const void *now);

/* Whether an edit was made of another version than the newest one: `updated_at` in it is another.
 */
bool edit_stale(struct span text, int64_t updated_ms);

/* Notes why the turn would not take an edit over: what s->why says, with its place. */
void edit_refused(struct goal_store *s, const char *path, struct span text, struct span subject,
		  bool tentacle);

/* One parked tentacle, as the retry queue shows it. */
void retry_entry_encode(const struct tentacle *t, struct buf *out);

/* Before the name of a folder whose tentacle is being deleted: no name begins with a dot. */
#define AWAY_PREFIX ".deleted-"

/* tentacle_dir.c: finishes a deletion that the journal knows, takes back one that it does not. */
void tentacle_settle_away(struct goal_store *s, const char *entry);

/* handoff_file.c: takes in what others made of it; appends what is recorded and missing. */
void handoff_file_look(struct goal_store *s, const struct tentacle *t);
/* Returns whether there was nothing to write. */
bool handoff_file_write(struct goal_store *s, const struct tentacle *t, struct err *e);

/*
 * tentacle_files.c: which tentacles' files are looked at. With GOALS_NAMED some that are not known
 * to be in line, so that each is in its turn; else all, but those that are known are not read.
 */
int tentacle_files_look(struct goal_store *s, struct err *e);

/*
 * Reads the files of the tentacle with this name, unless this command has done so, and looks at
 * those that it waits for and at its family; of a name that the journal does not know, all folders
 * that belong to nobody. Returns 0, or a negative code when they tell of a lost journal.
 */
int tentacle_look(struct goal_store *s, struct span name, struct err *e);

/* retry_queue_import.c: parks what the goal.json of an earlier program says was stopped by a quota.
 * To be called when its goal and its tentacles were taken in. */
void retry_queue_import(struct goal_store *s);

/* Brings those up to date that were read or changed. */
void tentacle_files_write(struct goal_store *s, struct err *e);

/* Before a rotation, and at the end of a command. */
void tentacle_files_prune(struct goal_store *s);
void tentacle_files_release(struct goal_store *s);

/* owner.c: records whose agent is gone. The files of such a tentacle are looked at before. */
void owners_look(struct goal_store *s);

#endif
