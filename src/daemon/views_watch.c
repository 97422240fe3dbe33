/*
 * Views that somebody removes or writes over while we live. They are noticed and not looked for: a
 * look at every file, again and again, would cost most where there is most to keep. Without
 * notices, where the kernel gives none, a view comes back with the next change of what it shows.
 */
#include "daemon/views_watch.h"

#include <fcntl.h>

#include "daemon/views_keeper.h"
#include "os/fd.h"
#include "views/checkpoint.h"

/*
 * The folder may not be there yet; it is added when it appears. What is removed from it before that
 * is not noticed, so who adds it has to look behind it.
 */
static void watch_checkpoints(struct views_watch *w)
{
	CLEANUP(fd_close)
	int dir = fd_open_at(w->state_fd, CHECKPOINT_DIR, O_RDONLY | O_DIRECTORY, 0);

	w->checkpoints = dir < 0 ? -1 : watch_add_names(w->fd, dir);
}

void views_watch_init(struct views_watch *w, struct views_keeper *k)
{
	*w = (struct views_watch){ .keeper = k, .state_fd = k->state_fd, .checkpoints = -1 };
	w->fd = watch_open();
	if (w->fd < 0)
		return;
	w->home = watch_add_names(w->fd, w->state_fd);
	if (w->home < 0)
		fd_close(&w->fd);
	else
		watch_checkpoints(w);
}

void views_watch_release(struct views_watch *w)
{
	fd_close(&w->fd);
}

static void take(void *ctx, const struct watch_notice *notice)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	struct views_watch *w = ctx;
	bool folder = notice->folder == w->home && strcmp(notice->name, CHECKPOINT_DIR) == 0;

	if (notice->what == WATCH_MISSED) {
		watch_checkpoints(w);
		views_keeper_look(w->keeper);
		return;
	}
	if (folder) {
		if (notice->what == WATCH_GONE && w->checkpoints >= 0)
			watch_remove(w->fd, w->checkpoints); /* it may only have been moved */
		watch_checkpoints(w);
	}
	if (notice->what == WATCH_APPEARED) {
		if (folder)
			views_keeper_look_at_checkpoints(w->keeper);
		return;
	}
	if (notice->folder == w->checkpoints)
		buf_puts(&path, CHECKPOINT_DIR "/");
	else if (notice->folder != w->home)
		return; /* of a folder that we watch no more */
	buf_puts(&path, notice->name);
	views_keeper_lost(w->keeper, (struct span){ path.p, path.len });
}

void views_watch_read(struct views_watch *w)
{
	if (w->fd >= 0)
		watch_read(w->fd, take, w);
}
