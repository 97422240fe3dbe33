/* `sk why` as a document. Its members are a promise: they are added, never renamed. */
#include "cmd/task/why.h"

#include "cmd/task/event_text.h"

static void event_json(struct json *j, const struct event *ev)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	event_put_sentence(ev, &text);
	json_object(j, NULL);
	json_u64(j, "seq", ev->seq);
	json_time(j, "timestamp", ev->at_ms);
	json_text(j, "event", event_rows[ev->kind].word);
	json_text(j, "text", text.p);
	json_u64(j, "attempt", ev->attempt);
	json_i64(j, "exit_code", ev->exit_code);
	json_u64(j, "signal", ev->signal);
	json_u64(j, "duration_ms", ev->duration_ms);
	json_time(j, "retry_at", ev->retry_at_ms);
	json_object_end(j);
}

void why_json(struct cmd_ctx *c, uint32_t task, const struct why_chain *chain,
	      const struct events *events)
{
	CLEANUP(buf_release) struct buf next = BUF_INIT;
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	const struct task *t = &c->view->st.tasks[task];
	struct json j;

	why_put_next(c, task, chain, &next);
	json_open(&j, c->out, "why");
	why_story_json(&j, c, task);
	json_u64(&j, "attempt", t->attempt);
	json_u64(&j, "max_retries", t->retries);
	json_i64(&j, "exit_code", t->exit_code);
	json_u64(&j, "signal", t->signal);
	json_span(&j, "error", t->error);
	json_text(&j, "log", put_log_path(c->paths, t->id, &path) ? path.p : NULL);
	json_u64(&j, "blocks", why_count_blocked(&c->view->st, task));
	json_bool(&j, "orchestrator_died", c->view->died);
	json_array(&j, "chain");
	for (size_t i = 0; i < chain->count; i++) {
		json_object(&j, NULL);
		why_story_json(&j, c, chain->v[i]);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_array(&j, "events");
	for (size_t i = 0; i < events->count; i++)
		event_json(&j, &events->v[i]);
	json_array_end(&j);
	json_next(&j, &next);
	json_close(&j);
}
