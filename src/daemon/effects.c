/*
 * From effects to messages. An effect that cannot be delivered now is not kept: when its worker
 * registers again it tells what it knows, and what it has never heard of is assigned again
 * (decide_report.c).
 */
#include "daemon/orchestrator_impl.h"

#include "base/scan.h"

/* Upper case, and everything that a variable's name cannot hold as _. */
static void put_variable(struct buf *out, struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];

		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')))
			c = '_';
		buf_putc(out, c);
	}
}

static void put_outputs(struct buf *env, const struct task *t)
{
	struct scan_text key, value;
	struct scan s;

	scan_init(&s, t->outputs);
	scan_object(&s);
	while (scan_key(&s, &key)) {
		scan_string(&s, &value);
		if (s.error)
			return;
		buf_puts(env, env->len > 1 ? ",\"SK_OUT_" : "\"SK_OUT_");
		put_variable(env, t->name);
		buf_putc(env, '_');
		put_variable(env, key.raw);
		buf_puts(env, "\":\"");
		buf_put(env, value.raw.p, value.raw.len); /* escaped as it came: it stays JSON */
		buf_putc(env, '"');
	}
}

/* The outputs of everything the task depends on, directly or not. */
static void put_ancestors(struct buf *env, const struct state *st, uint32_t task)
{
	bool *seen = mem_zalloc(st->task_count);
	uint32_t *stack = NULL;
	size_t count = 0, capacity = 0;

	mem_grow(&stack, &capacity, 1, sizeof(*stack));
	stack[count++] = task;
	while (count) {
		const struct task *t = &st->tasks[stack[--count]];

		for (uint32_t i = 0; i < t->needs_count; i++) {
			uint32_t need = t->needs[i] & ~WAIVED;

			if (seen[need])
				continue;
			seen[need] = true;
			if (st->tasks[need].outputs.len)
				put_outputs(env, &st->tasks[need]);
			mem_grow(&stack, &capacity, count + 1, sizeof(*stack));
			stack[count++] = need;
		}
	}
	mem_free(&stack);
	mem_free(&seen);
}

struct ws_settings {
	struct scan_text cwd;
	struct span env; /* raw object, or empty */
};

static struct ws_settings read_ws_def(struct span def)
{
	struct ws_settings out = { { SPAN_NONE, false }, SPAN_NONE };
	struct scan_text key;
	struct scan s;

	if (!def.len)
		return out;
	scan_init(&s, def);
	scan_object(&s);
	while (scan_key(&s, &key)) {
		if (span_is(key.raw, "cwd"))
			scan_string(&s, &out.cwd);
		else if (span_is(key.raw, "env"))
			scan_skip(&s, &out.env);
		else
			scan_skip(&s, NULL);
	}
	return out;
}

/*
 * What the task was to get does not fit a message: its worker reports it as not to be started,
 * with the reason we give, so that it ends the way every attempt ends.
 */
static void send_refusal(struct orchestrator *o, struct peer *p, const struct worker_msg *m)
{
	CLEANUP(buf_release) struct buf reason = BUF_INIT;
	struct worker_msg refusal = *m;

	buf_putf(&reason,
		 "cannot be started: its variables and the outputs of all tasks before it take %zu "
		 "KiB, and at most %d KiB can be handed over",
		 m->env.len / 1024, MESSAGE_BYTES_MAX / 1024);
	refusal.env = SPAN_LIT("{}");
	refusal.reason = (struct span){ reason.p, reason.len };
	peers_send(o, p, &refusal);
}

static void send_assignment(struct orchestrator *o, struct peer *p, const struct effect *fx)
{
	CLEANUP(buf_release) struct buf env = BUF_INIT;
	CLEANUP(buf_release) struct buf cwd = BUF_INIT;
	const struct task *t = &o->st.tasks[fx->task];
	const struct workstream *w = &o->st.ws[t->ws];
	struct ws_settings settings = read_ws_def(w->def);
	struct worker_msg m = { .kind = MSG_ASSIGN,
				.task_id = t->id,
				.attempt = fx->attempt,
				.workstream_id = w->id,
				.name = t->name,
				.run_no = w->run_no,
				.def = t->def,
				.validation = fx->kind == FX_VALIDATE,
				.timeout_ms = t->flags & TASK_TIMEOUT_SET ? t->timeout_ms : 0 };
	size_t before = p->out.len;

	buf_putc(&env, '{');
	if (settings.env.len > 2)
		buf_put(&env, settings.env.p + 1, settings.env.len - 2);
	if (o->st.outputs_bytes)
		put_ancestors(&env, &o->st, fx->task);
	buf_putc(&env, '}');
	scan_unescape(&cwd, settings.cwd);
	m.cwd = (struct span){ cwd.p, cwd.len };
	m.env = (struct span){ env.p, env.len };
	peers_send(o, p, &m);
	if (p->out.len - before > MESSAGE_BYTES_MAX) {
		buf_truncate(&p->out, before);
		send_refusal(o, p, &m);
	}
}

void effects_perform(struct orchestrator *o)
{
	for (size_t i = 0; i < o->fx.count; i++) {
		const struct effect *fx = &o->fx.v[i];
		struct peer *p = fx->worker == NO_ID ? NULL : peers_of_worker(o, fx->worker);

		if (!p || task_gone(&o->st.tasks[fx->task]))
			continue;
		if (fx->kind == FX_CANCEL)
			peers_send(o, p,
				   &(struct worker_msg){ .kind = MSG_CANCEL,
							 .attempt = fx->attempt,
							 .task_id = o->st.tasks[fx->task].id });
		else if (fx->kind != FX_ARCHIVE)
			send_assignment(o, p, fx);
	}
	o->fx.count = 0;
}
