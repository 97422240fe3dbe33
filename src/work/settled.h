/*
 * Whether all bytes of a journal, and its name, are known to be durable. Opening for writing has to
 * sync what a killed writer may have left unsynced; two syncs more in each command. Who has synced
 * notes boot id, file and size behind it. The note is only a hint about this boot: it is not
 * synced, and after a power cut it belongs to another one.
 */
#ifndef SK_SETTLED_H
#define SK_SETTLED_H

#include "os/vfs.h"

#define SETTLED_FILE "settled"

/* Both under the writer's lock. `dir_fd` is the folder that vfs is opened on. */
bool settled_known(int dir_fd, const struct vfs *vfs, const char *journal);
void settled_note(int dir_fd, const struct vfs *vfs, const char *journal);

#endif
