/*
 * Looking for a few records among many, for pages. Lines that have nothing of what is looked for
 * are passed over unread, so this is no check of the journal: reading the state was, or `sk state
 * validate` is.
 */
#ifndef SK_SEARCH_H
#define SK_SEARCH_H

#include "base/err.h"
#include "core/event.h"
#include "os/vfs.h"

#define SEARCH_WORDS_MAX 128

/*
 * Which lines are read: those of events whose word begins so (NULL = any), and that contain any of
 * the words, as they stand in JSON in quotes (none at all = every line).
 */
struct search {
	const char *event;
	struct buf text;
	size_t at[SEARCH_WORDS_MAX + 1];
	size_t count;
};

#define SEARCH_INIT                      \
	{                                \
		NULL, BUF_INIT, { 0 }, 0 \
	}

void search_release(struct search *s);

/* Adds an id or a word that stands in quotes; false when there are too many. */
bool search_add(struct search *s, struct span word);

/*
 * Calls fn for each record from `from_seq` on in whole turns that contains one of the words, oldest
 * first, closed files included, until it returns nonzero. Finding `from_seq` costs O(log n). 0;
 * -ENOENT (no sentence) when there is no journal; -SK_ECORRUPT when such a record does not fit its
 * checksum; -SK_EIO.
 */
int store_search(const struct vfs *vfs, uint64_t from_seq, const struct search *words,
		 int (*fn)(void *ctx, const struct event *ev), void *ctx, struct err *e);

#endif
