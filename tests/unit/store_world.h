/* A simulated disk and a user of its store, for the tests of the store. */
#ifndef SK_STORE_WORLD_H
#define SK_STORE_WORLD_H

#include "test.h"

#include "../crash/power.h"
#include "store/journal.h"
#include "store/snapshot.h"

struct world {
	struct simdisk disk;
	struct user user;
};

static inline void world_init(struct world *w)
{
	simdisk_init(&w->disk);
	user_init(&w->user, &w->disk.vfs);
}

static inline void world_release(struct world *w)
{
	user_release(&w->user);
	simdisk_release(&w->disk);
}

/* A store with this many turns, closed again. */
static inline void world_with_turns(struct world *w, int turns)
{
	world_init(w);
	assert_int_equal(user_open(&w->user, 0), 0);
	for (int i = 0; i < turns; i++)
		assert_int_equal(user_turn(&w->user), 0);
}

static inline void assert_says(const struct err *e, const char *words)
{
	if (!strstr(e->text, words))
		fail_msg("expected \"%s\" in: %s", words, e->text);
}

static inline void assert_opens(struct world *w, uint64_t turns)
{
	if (user_open(&w->user, 0) < 0)
		fail_msg("%s", w->user.e.text);
	assert_int_equal(user_turns(&w->user), turns);
}

static inline void assert_refused(struct world *w, int code, const char *words)
{
	uint64_t calls = w->disk.calls;

	assert_int_equal(user_open(&w->user, 0), code);
	assert_says(&w->user.e, words);
	assert_int_equal(w->disk.calls, calls); /* nothing was changed */
}

static inline size_t files_in(struct world *w, const char *path)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	size_t count = 0;

	w->disk.vfs.list(w->disk.vfs.ctx, path, &names);
	for (size_t at = 0; at < names.len; at += strlen(names.p + at) + 1)
		count++;
	return count;
}

#endif
