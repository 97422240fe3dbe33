/*
 * The graph for other programs. An id holds nothing that a quoted text of Graphviz could trip over
 * (id_valid), but labels are escaped all the same. Drawing is left to `dot`, which is optional: it
 * reads all of its input before it writes anything, so feeding it first cannot block.
 */
#include "cmd/task/dag.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/next.h"
#include "os/fd.h"
#include "os/proc.h"

static void put_quoted(struct buf *out, struct span text)
{
	buf_putc(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '"' || text.p[i] == '\\')
			buf_putc(out, '\\');
		buf_putc(out, text.p[i]);
	}
	buf_putc(out, '"');
}

static const char *fill_of(unsigned state)
{
	static const char *const colors[TASK_STATE_COUNT] = {
		[TASK_PENDING] = "#f2f2f2",  [TASK_QUEUED] = "#e6eeff",
		[TASK_RUNNING] = "#99bbff",  [TASK_VALIDATING] = "#99bbff",
		[TASK_RETRYING] = "#ffe0a3", [TASK_COMPLETED] = "#b7e1b0",
		[TASK_FAILED] = "#f4a6a0",   [TASK_CANCELLED] = "#d9d9d9",
	};

	return colors[state];
}

static void put_node(const struct dag *d, uint32_t node, struct buf *out)
{
	const struct task *t = dag_task(d, node);

	buf_puts(out, "\t");
	put_quoted(out, t->id);
	buf_puts(out, " [label=\"");
	buf_put(out, t->id.p, t->id.len);
	buf_putf(out, "\\n%s%s\", fillcolor=\"%s\"", task_state_word(t->state),
		 t->flags & TASK_CRITICAL ? ", critical" : "", fill_of(t->state));
	if (d->on_cycle[node])
		buf_puts(out, ", color=\"#cc0000\", penwidth=3");
	else if (d->on_path[node])
		buf_puts(out, ", penwidth=3");
	buf_puts(out, "];\n");
}

static void put_edge(struct buf *out, struct span need, struct span task, const char *style)
{
	buf_puts(out, "\t");
	put_quoted(out, need);
	buf_puts(out, " -> ");
	put_quoted(out, task);
	buf_puts(out, style);
	buf_puts(out, ";\n");
}

static void put_edges(const struct dag *d, uint32_t node, struct buf *out)
{
	const struct graph *g = &d->g.graph;
	const struct task *t = dag_task(d, node);

	for (uint32_t i = g->needs_at[node]; i < g->needs_at[node + 1]; i++) {
		uint32_t need = g->needs[i];
		const char *style = "";

		if (d->on_cycle[node] && d->on_cycle[need])
			style = " [color=\"#cc0000\", penwidth=3]";
		else if (d->on_path[node] && d->on_path[need])
			style = " [penwidth=3]";
		put_edge(out, dag_task(d, need)->id, t->id, style);
	}
	for (uint32_t i = 0; i < t->needs_count; i++) {
		const struct task *need = &d->st->tasks[t->needs[i] & ~WAIVED];

		if (t->needs[i] & WAIVED)
			put_edge(out, need->id, t->id, " [style=dotted]");
		else if (&d->st->ws[need->ws] != d->w)
			put_edge(out, need->id, t->id, " [style=dashed]");
	}
}

void dag_put_dot(const struct dag *d, struct buf *out)
{
	buf_puts(out, "digraph ");
	put_quoted(out, d->w->id);
	buf_puts(out, " {\n\trankdir=LR;\n\tnode [shape=box, style=\"rounded,filled\", "
		      "fontname=\"sans-serif\"];\n");
	for (uint32_t i = 0; i < d->count; i++)
		put_node(d, i, out);
	for (uint32_t i = 0; i < d->count; i++)
		put_edges(d, i, out);
	buf_puts(out, "}\n");
}

static void nodes_json(struct json *j, const struct dag *d)
{
	json_array(j, "nodes");
	for (uint32_t i = 0; i < d->count; i++) {
		const struct task *t = dag_task(d, i);

		json_object(j, NULL);
		json_span(j, "task_id", t->id);
		json_span(j, "name", t->name);
		json_text(j, "status", task_state_word(t->state));
		json_u64(j, "stage", d->stage[i]);
		json_bool(j, "critical", t->flags & TASK_CRITICAL);
		json_bool(j, "on_critical_path", d->on_path[i]);
		json_bool(j, "on_cycle", d->on_cycle[i]);
		json_u64(j, "estimate_ms", d->g.estimate_ms[i]);
		json_object_end(j);
	}
	json_array_end(j);
}

static void edge_json(struct json *j, struct span need, struct span task, bool waived)
{
	json_object(j, NULL);
	json_span(j, "from", need);
	json_span(j, "to", task);
	json_text(j, "type", "depends_on");
	json_bool(j, "waived", waived);
	json_object_end(j);
}

static void edges_json(struct json *j, const struct dag *d)
{
	const struct graph *g = &d->g.graph;

	json_array(j, "edges");
	for (uint32_t node = 0; node < d->count; node++) {
		const struct task *t = dag_task(d, node);

		for (uint32_t i = g->needs_at[node]; i < g->needs_at[node + 1]; i++)
			edge_json(j, dag_task(d, g->needs[i])->id, t->id, false);
		for (uint32_t i = 0; i < t->needs_count; i++) {
			const struct task *need = &d->st->tasks[t->needs[i] & ~WAIVED];

			if (t->needs[i] & WAIVED || &d->st->ws[need->ws] != d->w)
				edge_json(j, need->id, t->id, t->needs[i] & WAIVED);
		}
	}
	json_array_end(j);
}

static void list_json(struct json *j, const struct dag *d, const char *key, const uint32_t *nodes,
		      uint32_t count)
{
	json_array(j, key);
	for (uint32_t i = 0; i < count; i++)
		json_span(j, NULL, dag_task(d, nodes[i])->id);
	json_array_end(j);
}

void dag_put_json(struct cmd_ctx *c, const struct dag *d)
{
	struct json j;

	json_open(&j, c->out, "dag");
	json_span(&j, "workstream_id", d->w->id);
	json_time(&j, "generated_at", c->now_ms);
	nodes_json(&j, d);
	edges_json(&j, d);
	list_json(&j, d, "topological_order", d->order, d->ordered);
	list_json(&j, d, "critical_path_tasks", d->path, d->path_count);
	json_u64(&j, "critical_path_ms", d->path_ms);
	json_array(&j, "cycles");
	for (uint32_t i = 0; i < d->cycle_count; i++)
		list_json(&j, d, NULL, d->cycle + d->cycle_at[i],
			  d->cycle_at[i + 1] - d->cycle_at[i]);
	json_array_end(&j);
	json_close(&j);
}

/* Feeds the source to the process and waits for its end. Returns 0, or a negative code. */
static int feed(pid_t pid, int *to, const struct buf *source, struct err *e)
{
	int rc = fd_write_all(*to, source->p, source->len), status = 0;

	fd_close(to);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_set(e, -errno, "dag: cannot wait for dot: %s", strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && rc >= 0)
		return 0;
	return err_set(e, -SK_EIO,
		       "dag: the program dot ended without a drawing: what was written is not "
		       "whole. Try: sk workstream dag --format dot");
}

int dag_draw(struct cmd_ctx *c, const struct dag *d, struct err *e)
{
	CLEANUP(buf_release) struct buf source = BUF_INIT;
	CLEANUP(fd_close) int in = -1;
	CLEANUP(fd_close) int to = -1;
	const char *list = getenv("PATH");
	char program[PATH_MAX];
	char name[] = "dot", format[] = "-Tsvg";
	char *argv[] = { name, format, NULL };
	struct proc_spawn s = { .path = program,
				.argv = argv,
				.envp = environ,
				.cgroup_fd = -1,
				.dies_with_parent = true };
	enum proc_step failed;
	int pipe_fds[2];
	pid_t pid;

	if (c->out->gathers) /* dot writes to where the page goes, which is not here */
		return err_set(e, -SK_EBUSY, "dag: drawn only by whoever wants it");
	if (proc_find_program(name, list ? list : "/usr/bin:/bin", NULL, program, sizeof(program)) <
	    0)
		return err_set(e, -SK_EUSAGE,
			       "dag: the program dot, which draws, is not installed (package "
			       "graphviz): nothing was drawn. Try: sk workstream dag %.*s "
			       "--format dot",
			       SPAN_ARG(d->w->id));
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_set(e, -errno, "dag: cannot make a pipe: %s", strerror(errno));
	in = pipe_fds[0];
	to = pipe_fds[1];
	dag_put_dot(d, &source);
	s.stdin_fd = in;
	s.stdout_fd = c->out->fd;
	s.stderr_fd = STDERR_FILENO;
	pid = proc_spawn(&s, &failed);
	if (pid < 0)
		return err_set(e, -SK_EIO, "dag: cannot start %s: %s: nothing was drawn", program,
			       strerror((int)-pid));
	fd_close(&in);
	return feed(pid, &to, &source, e);
}
