/* A worker as three commands see it: what is recorded, what the kernel says, what the journal
 * remembers. */
#ifndef SK_WORKER_PAGE_H
#define SK_WORKER_PAGE_H

#include "cmd/cmd.h"
#include "cmd/view.h"

/* name, word in JSON, as people say it */
#define WORKER_HEALTHS(X)                                                            \
	X(GOOD, "healthy", "healthy")                                                \
	X(STARTING, "starting", "starting, not registered yet")                      \
	X(STOPPED, "stopped", "not running: it stopped in good order or was buried") \
	X(SILENT, "unresponsive", "lives, but does not answer")                      \
	X(GONE, "gone", "its process is gone, and nobody has buried it yet")         \
	X(DEAF, "lock_lost", "its process lives, but does not hold its lock: it cannot be adopted")

#define X(name, word, text) WORKER_HEALTH_##name,
enum worker_health { WORKER_HEALTHS(X) WORKER_HEALTH_COUNT };
#undef X

struct worker_facts {
	enum worker_life life;
	bool locked;             /* it holds its kernel lock: it lives */
	int64_t last_sign_ms;    /* of the last record about it; 0 = none at hand */
	int64_t unresponsive_ms; /* when it fell silent last; 0 = never, as far as the journal goes
				  */
	int64_t recovered_ms;    /* when it answered again after that; 0 = not yet */
	enum worker_health health;
};

/* Asks the kernel and reads the journal once for all workers: facts[0..worker_count), freed by the
 * caller with mem_free. Returns 0 or a negative code with *e filled. */
int worker_facts_read(const struct view *v, struct worker_facts **out, struct err *e);

const char *worker_health_word(enum worker_health health);
const char *worker_health_text(enum worker_health health);

/* Its state as people say it: draining is no state of its own in the journal. */
const char *worker_shown_state(const struct worker *w);

/* Whether it needs nobody's help: healthy, starting, or stopped in good order. */
bool worker_health_calm(enum worker_health health);

/* The members; the caller opens and ends the object. */
void worker_put_json(const struct cmd_ctx *c, struct json *j, uint32_t worker,
		     const struct worker_facts *f);

/* Appends what to type next for it; nothing when it is well. */
void worker_put_next(const struct state *st, uint32_t worker, const struct worker_facts *f,
		     struct buf *commands);

#endif
