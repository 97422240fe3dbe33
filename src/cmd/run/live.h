/*
 * What a person sees while a plan runs, on stderr. On a terminal: lasting lines for what matters,
 * and below them a calm area that is drawn anew (running tasks with time and last output line, a
 * bar, what waits). Elsewhere: a line per event.
 */
#ifndef SK_LIVE_H
#define SK_LIVE_H

#include "cmd/print.h"
#include "core/state.h"

struct live {
	int fd, logs_fd; /* stderr; folder of the task logs, borrowed */
	bool terminal, color, quiet;
	bool calm; /* what goes well has no lines: for a log that is kept for months */
	unsigned rows, columns;
	unsigned drawn;  /* lines of the area that stand on the screen */
	bool every_task; /* few enough tasks: each completion gets its line */
	int64_t begun_ms;
	bool dropped;       /* something was not shown because nobody read */
	struct buf text;    /* gathered output */
	const char *notice; /* "draining ..." or NULL; shown in the area */
};

void live_open(struct live *l, int logs_fd, bool color, bool quiet, size_t tasks, int64_t now_ms);
void live_release(struct live *l);

/* The lines for a batch that was committed. */
void live_events(struct live *l, const struct state *st, const struct events *batch);

/* A line of our own, kept on the screen. */
void live_say(struct live *l, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Draws the area anew, in the size that the terminal has now; does nothing off a terminal. */
void live_draw(struct live *l, const struct state *st, int64_t now_ms);

/* Takes the area off the screen, for what is printed next. */
void live_clear(struct live *l);

/* Milliseconds until the area should be drawn again; -1 = never. */
int live_interval_ms(const struct live *l);

#endif
