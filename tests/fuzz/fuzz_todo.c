/*
 * todo.md is written by people and agents. Whatever it holds: an edit of one to-do changes its one
 * byte, adding one adds one, and what was there before is all still there.
 */
#include "fuzz/fuzz.h"

#include "core/todo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	CLEANUP(buf_release) struct buf marked = BUF_INIT;
	struct span text = { (const char *)data, len };
	struct todo_count count = todo_count(text);
	struct todo_item item;

	INVARIANT(count.done <= count.total);
	todo_add(text, SPAN_LIT("q"), &out);
	INVARIANT(out.len > len);
	INVARIANT(todo_count((struct span){ out.p, out.len }).total == count.total + 1);
	if (!count.total)
		return 0;
	INVARIANT(todo_find(text, count.total - 1, &item));
	INVARIANT(item.end <= len);
	todo_mark(text, &item, !item.done, &marked);
	INVARIANT(marked.len == len);
	marked.p[item.mark] = text.p[item.mark];
	INVARIANT(memcmp(marked.p, text.p, len) == 0);
	return 0;
}
