/* What became different between two states, member by member under the names of current.json. */
#include "core/state_diff.h"

#include <errno.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/when.h"
#include "cmd/cmd.h"
#include "cmd/state/past.h"
#include "cmd/view.h"
#include "os/fd.h"

#define VALUE_SHOWN_MAX 200 /* of a value as text; JSON has all of it */

struct diffing {
	struct cmd_ctx *c;
	struct past a, b;
	struct json j;
	uint64_t changes;
	char id[TASK_ID_BYTES_MAX]; /* of the thing printed last */
	size_t id_len;
	int part;
};

static void put_value(struct out *out, struct span value)
{
	if (!value.len)
		value = SPAN_LIT("-");
	out_visible(out, (struct span){ value.p, value.len < VALUE_SHOWN_MAX ? value.len
									     : VALUE_SHOWN_MAX });
	out_puts(out, value.len > VALUE_SHOWN_MAX ? "..." : "");
}

static void print_change(struct diffing *d, const struct state_change *c)
{
	struct out *out = d->c->out;

	if (d->part != (int)c->part || !span_eq((struct span){ d->id, d->id_len }, c->id)) {
		out_puts(out, d->changes > 1 ? "\n" : "");
		out_puts(out, state_part_word(c->part));
		out_puts(out, " ");
		out_visible(out, c->id);
		out_puts(out, c->born   ? "  (only in the second)\n"
			      : c->gone ? "  (only in the first)\n"
					: "\n");
	}
	d->part = (int)c->part;
	d->id_len = c->id.len < sizeof(d->id) ? c->id.len : sizeof(d->id);
	memcpy(d->id, c->id.p, d->id_len);
	out_puts(out, "  ");
	out_visible(out, c->member);
	out_puts(out, ": ");
	if (!c->born)
		put_value(out, c->from);
	out_puts(out, c->born || c->gone ? "" : " -> ");
	if (!c->gone)
		put_value(out, c->to);
	out_puts(out, "\n");
}

static int on_change(void *ctx, const struct state_change *c)
{
	struct diffing *d = ctx;

	d->changes++;
	if (!d->c->json) {
		print_change(d, c);
		return d->c->out->error != 0;
	}
	json_object(&d->j, NULL);
	json_text(&d->j, "entity_type", state_part_word(c->part));
	json_span(&d->j, "entity_id", c->id);
	json_text(&d->j, "change", c->born ? "only_second" : c->gone ? "only_first" : "changed");
	json_span(&d->j, "member", c->member);
	json_raw(&d->j, "from", c->from);
	json_raw(&d->j, "to", c->to);
	json_object_end(&d->j);
	return d->c->out->error != 0;
}

static void put_side(struct json *j, const char *key, const struct past *p)
{
	json_object(j, key);
	json_text(j, "name", p->label);
	json_u64(j, "seq", p->st.last_seq);
	json_time(j, "at", p->st.last_at_ms);
	json_object_end(j);
}

static void print_side(struct out *out, const char *name, const struct past *p)
{
	CLEANUP(buf_release) struct buf when = BUF_INIT;

	buf_put_when(&when, p->st.last_at_ms);
	out_putf(out, "%s  ", name);
	out_visible(out, span_of(p->label));
	out_putf(out, ": behind seq %llu, %s UTC\n", (unsigned long long)p->st.last_seq, when.p);
}

static void print(struct diffing *d)
{
	if (d->c->json) {
		json_open(&d->j, d->c->out, "state_diff");
		put_side(&d->j, "first", &d->a);
		put_side(&d->j, "second", &d->b);
		json_array(&d->j, "changes");
		state_diff(&d->a.st, &d->b.st, on_change, d);
		json_array_end(&d->j);
		json_u64(&d->j, "count", d->changes);
		json_close(&d->j);
		return;
	}
	print_side(d->c->out, "first ", &d->a);
	print_side(d->c->out, "second", &d->b);
	out_puts(d->c->out, "\n");
	state_diff(&d->a.st, &d->b.st, on_change, d);
	if (!d->changes)
		out_puts(d->c->out, "They are the same.\n");
}

static int diff(struct cmd_ctx *c, const struct vfs *vfs, struct err *e)
{
	struct diffing d = { .c = c, .part = -1 };
	int rc;

	state_init(&d.b.st);
	rc = past_read(c, vfs, c->options->args[0], &d.a, e);
	if (rc == 0)
		rc = past_read(c, vfs, c->options->args[1], &d.b, e);
	if (rc == 0)
		print(&d);
	past_release(&d.a);
	past_release(&d.b);
	return rc < 0 ? rc : EXIT_DONE;
}

static int state_diff_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	CLEANUP(fd_close) int dir = paths_open(c->paths, false, &why);
	struct vfs vfs;
	int rc;

	if (dir == -ENOENT)
		return view_missing(c->paths, e);
	if (dir < 0)
		return view_paths_problem(dir, &why, e);
	vfs_real_open(&vfs, dir);
	rc = diff(c, &vfs, e);
	vfs_real_close(&vfs);
	return rc;
}

const struct cmd cmd_state_diff = {
	.path = "state diff",
	.summary = "show what is different between two states",
	.usage = "A B",
	.about = "A and B are each one of: current, a record's number (the state behind it), a "
		 "time such as 2026-11-21T08:43:00Z or 10m for ten minutes ago, latest for the "
		 "newest backup, the name of a backup, or the path of a snapshot or journal. It "
		 "only reads and takes no lock.",
	.example = "sk state diff latest current\nsk state diff 120 180\nsk state diff 10m current "
		   "--format json",
	.needs = NEED_STATE,
	.args = ARG_FILE,
	.args_min = 2,
	.args_max = 2,
	.run = state_diff_run,
};
