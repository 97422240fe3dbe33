/*
 * A short task pays more for nine failed look-ups than for its own start, so the answer is kept;
 * but a stale answer would run the wrong tool, so it is kept only while the kernel says that
 * nothing changed. What inotify cannot see (a folder that does not exist yet, a path through a
 * symlink, an entry relative to the working directory) is asked anew each time.
 */
#include "worker/program.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define ENTRIES_MAX 64
#define FOUND_MAX 256
#define WATCHED                                                                             \
	(IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | \
	 IN_MOVE_SELF | IN_ONLYDIR)

static void forget_found(struct program_finder *f)
{
	for (size_t i = 0; i < f->found_count; i++) {
		mem_free(&f->found[i].word);
		mem_free(&f->found[i].path);
	}
	f->found_count = 0;
	map_release(&f->places);
}

void program_finder_release(struct program_finder *f)
{
	forget_found(f);
	mem_free(&f->found);
	mem_free(&f->list);
	if (f->watch_fd >= 0)
		close(f->watch_fd);
	*f = (struct program_finder)PROGRAM_FINDER_INIT;
}

/* Whether a change of what this entry means would be seen: a real folder, no symlink on the way. */
static bool watch_entry(int watch_fd, const char *entry, size_t len)
{
	char path[PATH_MAX], real[PATH_MAX];

	if (len == 0 || entry[0] != '/' || len >= sizeof(path))
		return false;
	memcpy(path, entry, len);
	path[len] = '\0';
	if (!realpath(path, real) || strcmp(path, real) != 0)
		return false;
	return inotify_add_watch(watch_fd, path, WATCHED) >= 0;
}

static void watch_list(struct program_finder *f, const char *list)
{
	program_finder_release(f);
	f->watch_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (f->watch_fd < 0)
		return;
	f->list = mem_strdup(list);
	for (const char *at = list; f->entries < ENTRIES_MAX; at++) {
		size_t len = strcspn(at, ":");

		if (!watch_entry(f->watch_fd, at, len))
			f->blind |= 1ULL << f->entries;
		f->entries++;
		at += len;
		if (!*at)
			break;
	}
}

/* Empties the watch. Returns whether anything happened. */
static bool changed(const struct program_finder *f)
{
	char events[4096] __attribute__((aligned(8)));
	bool any = false;

	while (read(f->watch_fd, events, sizeof(events)) > 0)
		any = true;
	return any;
}

/* Entry number `index` of the list; its length goes to *len. */
static const char *entry_at(const char *list, unsigned index, size_t *len)
{
	while (index--)
		list += strcspn(list, ":") + 1;
	*len = strcspn(list, ":");
	return list;
}

/* Whether a blind entry in front of where it was found has the word by now. */
static bool overtaken(const struct program_finder *f, const struct program_found *found,
		      const char *cwd)
{
	for (unsigned i = 0; i <= found->entry; i++) {
		char one[PATH_MAX], out[PATH_MAX];
		const char *entry;
		size_t len;

		if (!(f->blind >> i & 1))
			continue;
		entry = entry_at(f->list, i, &len);
		if (i == found->entry || len >= sizeof(one))
			return true;
		memcpy(one, entry, len);
		one[len] = '\0';
		if (proc_find_program(found->word, one, cwd, out, sizeof(out)) == 0)
			return true;
	}
	return false;
}

static void remember(struct program_finder *f, const char *word, const char *path)
{
	struct program_found found = { .entry = 0 };
	size_t folder = (size_t)(strrchr(path, '/') - path), len;

	if (f->found_count == FOUND_MAX || strlen(word) > UINT8_MAX)
		return;
	while (found.entry < f->entries) {
		const char *entry = entry_at(f->list, found.entry, &len);

		if (len == folder && memcmp(entry, path, len) == 0)
			break;
		found.entry++;
	}
	if (found.entry == f->entries || f->blind >> found.entry & 1)
		return;
	found.word = mem_strdup(word);
	found.path = mem_strdup(path);
	mem_grow(&f->found, &f->found_capacity, f->found_count + 1, sizeof(found));
	map_put(&f->places, span_of(found.word), (uint32_t)f->found_count);
	f->found[f->found_count++] = found;
}

int program_find(struct program_finder *f, const char *word, const char *path_list, const char *cwd,
		 char *out, size_t out_bytes)
{
	uint32_t index;
	int rc;

	if (strchr(word, '/') || !*word)
		return proc_find_program(word, path_list, cwd, out, out_bytes);
	if (!f->list || strcmp(f->list, path_list) != 0)
		watch_list(f, path_list);
	if (f->watch_fd >= 0 && changed(f)) {
		watch_list(f, path_list); /* a folder may have been replaced by another */
		changed(f);
	}
	index = map_find(&f->places, span_of(word));
	if (index != MAP_NONE && !overtaken(f, &f->found[index], cwd)) {
		int n = snprintf(out, out_bytes, "%s", f->found[index].path);

		return n < 0 || (size_t)n >= out_bytes ? -ENAMETOOLONG : 0;
	}
	rc = proc_find_program(word, path_list, cwd, out, out_bytes);
	if (rc == 0 && index == MAP_NONE && f->list)
		remember(f, word, out);
	return rc;
}
