/*
 * From effects to messages. An effect that cannot be delivered now is not kept: when its worker
 * registers again it tells what it knows, and what it has never heard of is assigned again
 * (decide_report.c).
 */
#include "daemon/orchestrator_impl.h"

#include "daemon/bury.h"
#include "daemon/task_env.h"

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

	task_surroundings(&o->st, fx->task, &env, &cwd);
	m.cwd = (struct span){ cwd.p, cwd.len };
	m.env = (struct span){ env.p, env.len };
	peers_send(o, p, &m);
	if (p->out.len - before > MESSAGE_BYTES_MAX) {
		buf_truncate(&p->out, before);
		send_refusal(o, p, &m);
	}
}

/* An end that the kernel refuses is tried again as long as the worker holds its lock. */
static void perform_on_worker(struct orchestrator *o, const struct effect *fx, struct peer *p)
{
	if (fx->kind == FX_END_WORKER) {
		end_worker_process(o->workers_fd, &o->st.workers[fx->worker], SIGKILL);
		o->look_again_ms = 0;
	} else if (fx->kind == FX_DRAIN_WORKER && p) {
		peers_send(o, p, &(struct worker_msg){ .kind = MSG_DRAIN });
	}
}

void effects_perform(struct orchestrator *o)
{
	for (size_t i = 0; i < o->fx.count; i++) {
		const struct effect *fx = &o->fx.v[i];
		struct peer *p = fx->worker == NO_ID ? NULL : peers_of_worker(o, fx->worker);

		if (fx->task == NO_ID) {
			perform_on_worker(o, fx, p);
			continue;
		}
		if (!p || task_gone(&o->st.tasks[fx->task]))
			continue;
		if (fx->kind == FX_CANCEL)
			peers_send(o, p,
				   &(struct worker_msg){ .kind = MSG_CANCEL,
							 .attempt = fx->attempt,
							 .task_id = o->st.tasks[fx->task].id });
		else
			send_assignment(o, p, fx);
	}
	o->fx.count = 0;
}
