/*
 * What a run of a workstream left, kept apart from the state: .state/archive/<workstream>/ for its
 * first end, run-2/, run-3/, ... below it for later ones (a retry ends again, a new run ends for
 * itself). An archive is made in a folder that nobody looks into and renamed, so it is there whole
 * or not at all. It is a copy for people: nothing is decided by it.
 *
 *	metadata.json        what ended, when and how; its seq says which end this is
 *	current.json         the workstream's part of the state
 *	dag.json execution_plan.json
 *	logs/                second names of the tasks' logs
 *
 * All functions return 0 or more, or -errno.
 */
#ifndef SK_ARCHIVE_H
#define SK_ARCHIVE_H

#include "views/view.h"

/* The event that an archive of the workstream, as it is now, is about: its end, or the last thing
 * that happened in it while it has none. */
uint64_t archive_seq(const struct state *st, uint32_t ws);

/*
 * Whether its newest archive is about that event: 1 or 0. Its path goes to *path, when there is one
 * at all, else *path is empty.
 */
int archive_find(const struct vfs *vfs, const struct state *st, uint32_t ws, struct buf *path);

/*
 * Makes the archive unless archive_find finds it; *path is its path. After a return of 0 it
 * survives anything, and logs are linked unless there are more than ARCHIVE_LINKS_MAX tasks or the
 * file system knows no links.
 */
int archive_make(const struct vfs *vfs, struct view_source *src, uint32_t ws, int64_t now_ms,
		 struct buf *path);

/*
 * Takes the logs that the newest archive of the workstream holds out of logs/: a new run is about
 * to write logs of the same names, which would go on in the same files. A log without a second name
 * in the archive stays where it is. Returns how many were moved.
 */
int archive_move_logs(const struct vfs *vfs, struct span ws);

/*
 * Removes what a crash left unfinished, and archives of completed runs that ended ARCHIVE_DAYS ago;
 * all others stay. At most ARCHIVES_PRUNED_MAX, and it looks at ARCHIVES_LOOKED_MAX workstreams
 * only, others each second: all get their turn. Returns how many were removed.
 */
int archive_prune(const struct vfs *vfs, int64_t now_ms);

#endif
