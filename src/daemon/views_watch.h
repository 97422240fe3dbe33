/* Notices when somebody removes a view or writes over it, for the keeper (views_keeper.h). */
#ifndef SK_VIEWS_WATCH_H
#define SK_VIEWS_WATCH_H

#include "os/watch.h"

struct views_keeper;

struct views_watch {
	struct views_keeper *keeper; /* borrowed */
	int state_fd;                /* borrowed */
	int fd;                      /* readable when there are notices; -1 = there never are */
	int home, checkpoints; /* the folders that are watched, as watch_add_names calls them */
};

#define VIEWS_WATCH_INIT             \
	{                            \
		NULL, -1, -1, -1, -1 \
	}

/* From now on what happens in the keeper's state folder is noticed. It never fails: at worst
 * nothing is. */
void views_watch_init(struct views_watch *w, struct views_keeper *k);
void views_watch_release(struct views_watch *w);

/* Tells the keeper of all that was noticed; it writes when it is its time. */
void views_watch_read(struct views_watch *w);

#endif
