/*
 * todo.md: a text of people and agents in which lines such as "- [ ] write the test" are to-dos. A
 * line begins with blanks or tabs, then - * or +, a blank, and [ ] or [x]. Everything else in the
 * text is somebody's and means nothing here. To-dos are numbered from 0 in the order of the text.
 *
 * An edit changes one to-do and leaves every other byte as it is.
 */
#ifndef SK_TODO_H
#define SK_TODO_H

#include "base/buf.h"
#include "base/str.h"

struct todo_item {
	size_t at, end; /* its line, without what ends it */
	size_t mark;    /* the byte between the brackets */
	struct span text;
	unsigned depth; /* columns it is indented; a tab goes to the next fourth */
	bool done;
};

/* What stands between two fences (three backticks or tildes) is an example and no to-do. */

/* The next to-do at or behind *at, which begins with 0 and is moved on; false behind the last. */
bool todo_next(struct span text, size_t *at, struct todo_item *out);

/* To-do number `index`; false when there are fewer. */
bool todo_find(struct span text, size_t index, struct todo_item *out);

struct todo_count {
	size_t done, total;
};
struct todo_count todo_count(struct span text);

/* What is wrong with words for a new to-do, as the end of a sentence; NULL when nothing is. */
const char *todo_words_problem(struct span words);

/* Appends the text with one more to-do, behind the last one and what hangs on it. */
void todo_add(struct span text, struct span words, struct buf *out);

/* Appends the text with that to-do done, or not. */
void todo_mark(struct span text, const struct todo_item *item, bool done, struct buf *out);

/* Appends the text without its open to-dos. */
void todo_drop_open(struct span text, struct buf *out);

/* Appends the text with all to-dos done. */
void todo_mark_all(struct span text, struct buf *out);

#endif
