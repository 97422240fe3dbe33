/*
 * The dispatch marker: one file for the whole machine that says which agents were sent out and have
 * not come back, so that git hooks and people know that somebody is at work in a repository.
 *
 * An entry carries the identity of the process that keeps it alive (boot, pid, start time, host):
 * when that process is gone, the entry is worth nothing at once, however young it is; while it
 * lives, age alone takes nothing from it. Entries of other programs, which have no identity, count
 * until their time is over.
 *
 * The signature covers every member in one form of writing, so white space may change and nothing
 * else. Without the secret there is no signature and no proof, which is said.
 *
 * Changes are made under a kernel lock on a file beside it and replace the file as a whole: after a
 * crash it is the old one or the new one. Readers take no lock.
 */
#ifndef SK_MARKER_H
#define SK_MARKER_H

#include "base/arena.h"
#include "base/err.h"
#include "core/doc.h"
#include "os/lock.h"

#define MARKER_NAME "dispatched-subagent-active"
#define MARKER_FOLDER "markers"
#define MARKER_SECRET_FOLDER "hooks"
#define MARKER_SECRET ".marker-secret"

struct marker_entry {
	struct span name, git_root, tentacle_id, session, host, nonce;
	struct span worktree;     /* of its own; empty: it works in the main checkout */
	struct span branch;       /* that is checked out there; empty: not known */
	struct texts scope;       /* the paths that it may change; none: all */
	int64_t at_ms;            /* when it was written; 0 = it does not say */
	struct proc_identity who; /* pid 0 = it does not say */
	/* The process is the one that sent it out, not the agent's own: it may live for days after
	   the work was done, so its life proves nothing once the time is over. */
	bool by_dispatcher;
	struct span rest; /* members of others, as they stood, with a comma in front */
};

/* word, meaning */
#define MARKER_TRUSTS(X)                                                                    \
	X(NONE, "none", "there is no marker")                                               \
	X(SIGNED, "signed", "the signature covers everything and is right")                 \
	X(NO_SECRET, "no-secret", "there is no secret to check it with")                    \
	X(UNSIGNED, "unsigned", "it has no signature, although there is a secret")          \
	X(OLD, "old-signature", "the signature covers name and time only, not the entries") \
	X(BROKEN, "broken", "marker content does not match its signature")

#define X(name, word, meaning) MARKER_##name,
enum marker_trust { MARKER_TRUSTS(X) MARKER_TRUST_COUNT };
#undef X

const char *marker_trust_word(enum marker_trust trust);
const char *marker_trust_text(enum marker_trust trust);

struct marker {
	int dir_fd; /* of the folder markers; -1 = there is none */
	struct lock lock;
	struct arena arena;
	struct buf secret; /* empty: there is none */
	enum marker_trust trust;
	int64_t at_ms; /* of the last write */
	int64_t ttl_ms;
	struct span git_root, scope, mode; /* of the last writer */
	struct span rest;                  /* members of others */
	struct marker_entry *v;
	size_t count, capacity;
	struct buf path; /* of the file, for people */
};

enum marker_flags {
	MARKER_WRITE = 1 << 0, /* takes the lock; makes the folder when it is missing */
};

/*
 * Reads the marker below `copilot` (os/home.h). `command` is told to whoever finds the lock taken.
 * No file, or no folder, is an empty marker. Returns 0; -SK_EBUSY after MARKER_PATIENCE_MS with the
 * holder named; -SK_EREFUSED when marker, lock or secret are a link or not ours; -SK_ECORRUPT with
 * line and column when it cannot be understood (with MARKER_WRITE the lock is then let go).
 */
int marker_open(struct marker *m, const char *copilot, unsigned flags, const char *command,
		struct err *e);
void marker_close(struct marker *m);

/*
 * Adds an entry, in place of the one with the same tentacle_id; without ids, of the one of the same
 * name and repository that has none either. The texts are copied.
 */
void marker_put(struct marker *m, const struct marker_entry *entry);

/* Takes out entry number `index`. */
void marker_drop(struct marker *m, size_t index);

/* Signs and writes what is in memory, or removes the file when no entry is left. With MARKER_WRITE
 * alone. Durable when it returns 0. */
int marker_commit(struct marker *m, int64_t now_ms, struct err *e);

/* Puts a marker that cannot be understood aside as <name>.damaged-<time>; -SK_EBUSY as above. */
int marker_put_aside(const char *copilot, const char *command, int64_t now_ms, struct err *e);

/* --- what an entry is worth: pure --- */

/* word */
#define MARKER_OWNERS(X)      \
	X(UNKNOWN, "unknown") \
	X(ALIVE, "alive")     \
	X(DEAD, "dead")

#define X(name, word) MARKER_OWNER_##name,
enum marker_owner { MARKER_OWNERS(X) MARKER_OWNER_COUNT };
#undef X

const char *marker_owner_word(enum marker_owner owner);

/* Asks the kernel: whether the process that keeps the entry alive is there. Entries without
 * identity, and those of other hosts, are unknown. */
enum marker_owner marker_owner_of(const struct marker_entry *entry);

/* Who asks. */
struct marker_asker {
	int64_t now_ms;
	struct span git_root; /* empty: outside of any repository */
	struct span session;  /* empty: not known */
	struct proc_identity
		who; /* the process that asks for: its own entries are of its session */
	bool force;
};

/* word, whether it is cleared, sentence */
#define MARKER_VERDICTS(X)                                                                 \
	X(OWNER_DEAD, "owner-dead", true, "its process is gone")                           \
	X(EXPIRED, "expired", true, "its time is over and nobody is known to keep it")     \
	X(FORCED, "forced", true, "cleared because of --force")                            \
	X(ALIVE, "alive", false, "its process is at work")                                 \
	X(EXPIRED_ALIVE, "expired-alive", false, "expired, owner alive: kept")             \
	X(YOUNG, "young", false, "nobody is known to keep it, but its time is not over")   \
	X(NO_TIME, "no-time", false, "it says neither when nor by whom it was written")    \
	X(FUTURE, "future", false, "its time is ahead of the clock")                       \
	X(OTHER_REPOSITORY, "other-repository", false, "it belongs to another repository") \
	X(OTHER_SESSION, "other-session", false, "it belongs to another session, which is at work")

#define X(name, word, clears, text) MARKER_IS_##name,
enum marker_verdict { MARKER_VERDICTS(X) MARKER_VERDICT_COUNT };
#undef X

/*
 * What becomes of an entry; the dry run and the act share it. Another repository's entries are
 * never cleared without `force`, and with it only when their process is gone or their time is over;
 * live ones of another repository or session never are.
 */
enum marker_verdict marker_judge(const struct marker_entry *entry, enum marker_owner owner,
				 int64_t ttl_ms, const struct marker_asker *asker);

const char *marker_verdict_word(enum marker_verdict verdict);
const char *marker_verdict_text(enum marker_verdict verdict);
bool marker_verdict_clears(enum marker_verdict verdict);

/*
 * Whether the entry tells that an agent is at work in this repository. Its own process proves that
 * however old the entry is; one of whoever sent it out, or nobody at all, does until its time is
 * over.
 */
bool marker_entry_counts(const struct marker_entry *entry, enum marker_owner owner, int64_t ttl_ms,
			 const struct marker_asker *asker);

/* Takes out the entries whose process is known to be gone, of whatever repository: they are worth
 * nothing to anybody. Returns how many. */
size_t marker_clear_dead(struct marker *m);

/* Takes out the entries with one of these ids; then, for each name that exactly one entry has which
 * has no id, that one. Returns how many. */
size_t marker_clear_named(struct marker *m, const struct span *ids, size_t id_count,
			  const struct span *names, size_t name_count);

#endif
