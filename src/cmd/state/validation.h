/*
 * What the checks of `sk state validate` have found: per check, with the place. Nothing here looks
 * at a state or prints.
 */
#ifndef SK_VALIDATION_H
#define SK_VALIDATION_H

#include "core/state_check.h"
#include "os/vfs.h"

/* name, word for people and JSON, whether a problem there means that the truth is damaged */
#define CHECKS(X)                                     \
	X(JOURNAL_FILE, "journal-file", true)         \
	X(JOURNAL_LINES, "journal-lines", true)       \
	X(JOURNAL_SEQUENCE, "journal-sequence", true) \
	X(JOURNAL_TIMES, "journal-times", true)       \
	X(TRANSITIONS, "journal-transitions", true)   \
	X(HISTORY, "closed-journals", true)           \
	X(SNAPSHOT, "snapshot", true)                 \
	X(INVARIANTS, "invariants", false)            \
	X(WORKSTREAMS, "workstream-state", false)     \
	X(RESOURCES, "resources", false)              \
	X(WORKERS, "worker-tasks", false)             \
	X(CHECKPOINTS, "checkpoints", false)          \
	X(VIEWS, "indexes-and-graphs", false)         \
	X(BACKUPS, "backups", false)                  \
	X(DIARY, "interventions", false)              \
	X(LEFTOVERS, "left-overs", false)

#define X(name, word, truth) CHECK_##name,
enum check_id { CHECKS(X) CHECK_COUNT };
#undef X

const char *check_word(enum check_id id);
bool check_is_of_truth(enum check_id id);

#define PROBLEMS_SHOWN_MAX 20

struct problem {
	char file[128];
	uint64_t line; /* 0 = of the file as a whole */
	char text[400];
};

struct check {
	uint64_t count; /* of problems; the first ones are in `problems` */
	struct problem problems[PROBLEMS_SHOWN_MAX];
	char note[200]; /* what was looked at */
	bool skipped;   /* it could not be made: note says why */
};

struct known_files;

struct validation {
	const struct vfs *vfs; /* on the state folder, `dir` */
	int dir;
	bool alive;      /* an orchestrator writes meanwhile */
	struct state st; /* the fold of the journal, as far as it is good */
	bool known;      /* there is such a state */
	bool ends_early; /* the journal went on behind it, and that cannot be read */
	bool lent;       /* it is an orchestrator's own, in a copy of it */
	int64_t now_ms;
	struct known_files *files; /* those that need not be read, or NULL */
	uint64_t journal_bytes;    /* when looking began */
	struct check checks[CHECK_COUNT];
};

/* Allocates one, empty. */
struct validation *validation_new(const struct vfs *vfs, int dir, bool alive);
void validation_freep(struct validation **v);

void validation_add(struct validation *v, enum check_id id, const char *file, uint64_t line,
		    const char *fmt, ...) PRINTF_LIKE(5, 6);
void validation_note(struct validation *v, enum check_id id, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
void validation_skip(struct validation *v, enum check_id id, const char *why);

#endif
