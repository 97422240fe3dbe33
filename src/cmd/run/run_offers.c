/*
 * A worker that was started before any orchestrator is in no journal yet, so its own file is read:
 * it lives when its lock is held. A wrong answer does no harm: the task waits, as it does when the
 * worker leaves later.
 */
#include "cmd/run/run_offers.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "core/schedule.h"
#include "daemon/orchestrator.h"
#include "os/fd.h"
#include "os/lock.h"
#include "worker/identity.h"

#define LOCK_SUFFIX ".lock"

void run_offers_release(struct run_offers *o)
{
	mem_free(&o->v);
	arena_release(&o->text);
}

static void add(struct run_offers *o, int workers_fd, const char *lock)
{
	size_t len = strlen(lock), suffix = sizeof(LOCK_SUFFIX) - 1;
	struct worker_identity id = { .incarnation = 0 };
	char name[NAME_BYTES_MAX + 1];

	if (len <= suffix || len - suffix > NAME_BYTES_MAX || o->count == WORKERS_MAX ||
	    strcmp(lock + len - suffix, LOCK_SUFFIX) != 0)
		return;
	memcpy(name, lock, len - suffix);
	name[len - suffix] = '\0';
	if (strcmp(name, LOCAL_WORKER) == 0 || lock_probe(workers_fd, lock, NULL) != 1 ||
	    worker_identity_read(workers_fd, name, &id) != 1)
		return;
	mem_grow(&o->v, &o->capacity, o->count + 1, sizeof(*o->v));
	o->v[o->count++] = arena_copy(&o->text, span_of(id.capabilities));
}

static void look(struct run_offers *o)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	CLEANUP(fd_close) int state_fd = paths_open(o->paths, false, &why);
	int workers_fd = state_fd < 0 ? -1 : paths_open_inside(state_fd, "workers", false, &why);
	DIR *folder = workers_fd < 0 ? NULL : fdopendir(workers_fd);
	const struct dirent *entry;

	o->known = true;
	if (!folder)
		return;
	while ((entry = readdir(folder)))
		add(o, workers_fd, entry->d_name);
	closedir(folder); /* and with it workers_fd */
}

bool run_offers_cover(struct run_offers *o, struct span def)
{
	if (!o->known)
		look(o);
	for (size_t i = 0; i < o->count; i++)
		if (!capability_missing(o->v[i], def).len)
			return true;
	return false;
}
