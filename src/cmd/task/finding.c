/*
 * The trees ask the state, because it is the fold of all that was recorded; the journal is read
 * once at the end for the sentences of the evidence. Where a tree ends in a command, that command
 * comes from the page that shows the same thing (task show, workstream analyze, worker check,
 * resource list), so that no two pages advise differently.
 */
#include "cmd/task/finding.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/when.h"
#include "cmd/task/analysis.h"
#include "cmd/task/dag.h"
#include "cmd/task/event_text.h"
#include "cmd/task/fault.h"
#include "cmd/next.h"
#include "cmd/task/resource_page.h"
#include "cmd/task/story.h"
#include "cmd/task/worker_page.h"
#include "core/state_check.h"
#include "store/search.h"

#define WATCH_AFTER_MS 30000 /* a worker that was silent for longer than this is watched */

const char *finding_word(enum finding_kind kind)
{
#define X(name, word) word,
	static const char *const words[] = { FINDINGS(X) };
#undef X
	return words[kind];
}

const char *finding_level_word(enum finding_level level)
{
	static const char *const words[] = { "", "automatic", "one command", "investigate",
					     "change the program" };

	return words[level];
}

const char *urgency_word(enum urgency urgency)
{
	static const char *const words[] = { "low", "medium", "high" };

	return words[urgency];
}

void findings_release(struct findings *f)
{
	for (size_t i = 0; i < f->count; i++) {
		buf_release(&f->v[i].text);
		buf_release(&f->v[i].next);
		buf_release(&f->v[i].evidence);
	}
	mem_free(&f->v);
	*f = (struct findings)FINDINGS_INIT;
}

/* Each kind with the one weight it has; NULL when there are enough of it. */
static struct finding *add(struct findings *f, enum finding_kind kind, struct span id)
{
	static const struct {
		const char *entity_type;
		enum finding_level level;
		enum urgency urgency;
		enum severity severity;
	} rows[] = {
		[FINDING_TASK_FAILED] = { "task", LEVEL_INVESTIGATE, URGENCY_MEDIUM,
					  SEVERITY_ERROR },
		[FINDING_TASK_RETRYING] = { "task", LEVEL_AUTOMATIC, URGENCY_LOW,
					    SEVERITY_WARNING },
		[FINDING_TASK_CANCELLED] = { "task", LEVEL_SCRIPT, URGENCY_MEDIUM,
					     SEVERITY_WARNING },
		[FINDING_WS_FAILED] = { "workstream", LEVEL_INVESTIGATE, URGENCY_HIGH,
					SEVERITY_CRITICAL },
		[FINDING_WS_INTERRUPTED] = { "workstream", LEVEL_SCRIPT, URGENCY_MEDIUM,
					     SEVERITY_WARNING },
		[FINDING_CYCLE] = { "workstream", LEVEL_INVESTIGATE, URGENCY_HIGH,
				    SEVERITY_CRITICAL },
		[FINDING_WORKER_SILENT] = { "worker", LEVEL_AUTOMATIC, URGENCY_MEDIUM,
					    SEVERITY_ERROR },
		[FINDING_WORKER_GONE] = { "worker", LEVEL_SCRIPT, URGENCY_MEDIUM, SEVERITY_ERROR },
		[FINDING_WORKER_LOCK] = { "worker", LEVEL_SCRIPT, URGENCY_HIGH, SEVERITY_ERROR },
		[FINDING_WORKER_RECOVERED] = { "worker", LEVEL_AUTOMATIC, URGENCY_LOW,
					       SEVERITY_WARNING },
		[FINDING_RESOURCE] = { "resource", LEVEL_SCRIPT, URGENCY_HIGH, SEVERITY_CRITICAL },
		[FINDING_PAUSED] = { "system", LEVEL_SCRIPT, URGENCY_MEDIUM, SEVERITY_WARNING },
		[FINDING_HUNG] = { "system", LEVEL_INVESTIGATE, URGENCY_HIGH, SEVERITY_ERROR },
		[FINDING_INVARIANT] = { "system", LEVEL_CODE, URGENCY_HIGH, SEVERITY_CRITICAL },
		[FINDING_DAMAGE] = { "system", LEVEL_INVESTIGATE, URGENCY_HIGH, SEVERITY_CRITICAL },
	};
	struct finding *one;

	if (++f->of_kind[kind] > FINDINGS_KIND_MAX)
		return NULL;
	mem_grow(&f->v, &f->capacity, f->count + 1, sizeof(*f->v));
	one = &f->v[f->count++];
	*one = (struct finding){ .kind = kind,
				 .level = rows[kind].level,
				 .urgency = rows[kind].urgency,
				 .severity = rows[kind].severity,
				 .entity_type = rows[kind].entity_type,
				 .id = id };
	return one;
}

/* Tree 1. Retries left: it happens by itself. None left: by how it failed. */
static void look_at_task(const struct cmd_ctx *c, struct findings *f, uint32_t task)
{
	const struct state *st = &c->view->st;
	const struct task *t = &st->tasks[task];
	struct finding *one = NULL;

	if (t->state == TASK_RETRYING) {
		one = add(f, FINDING_TASK_RETRYING, t->id);
		if (one) {
			story_put(c->view, task, c->now_ms, &one->text);
			buf_puts(&one->text, "; retries are left: nothing to do");
			next_add(&one->next, "sk why %.*s", SPAN_ARG(t->id));
		}
	} else if (t->state == TASK_FAILED) {
		one = add(f, FINDING_TASK_FAILED, t->id);
		if (one) {
			enum remedy remedy = remedy_of(t);

			if (remedy == REMEDY_TRANSIENT || remedy == REMEDY_WORKER ||
			    fault_of(t) == FAULT_VALIDATION)
				one->level = LEVEL_SCRIPT;
			story_put(c->view, task, c->now_ms, &one->text);
			buf_putf(&one->text, "; %s", remedy_text(remedy));
			remedy_put_next(st, task, &one->next);
		}
	}
	if (one)
		one->seq = t->last_seq;
}

/* Cancelled by a person, and others still wait for it: nothing would ever tell them. */
static void look_at_cancelled(const struct cmd_ctx *c, struct findings *f, uint32_t task)
{
	const struct state *st = &c->view->st;
	const struct task *t = &st->tasks[task];
	uint32_t waiting = 0;
	struct finding *one;

	if (t->state != TASK_CANCELLED || t->flags & (TASK_WAIVES | TASK_DROPPED) ||
	    ws_state_final(st->ws[t->ws].state))
		return;
	for (uint32_t i = 0; i < t->dependents_count; i++)
		waiting += st->tasks[t->dependents[i]].state == TASK_PENDING;
	one = waiting ? add(f, FINDING_TASK_CANCELLED, t->id) : NULL;
	if (!one)
		return;
	one->seq = t->last_seq;
	buf_putf(&one->text,
		 "cancelled, but %u task%s wait%s for it: mend the dependency, then go on", waiting,
		 PLURAL(waiting), waiting == 1 ? "s" : "");
	next_add(&one->next, "sk task retry --task-id %.*s", SPAN_ARG(t->id));
	next_add(&one->next, "sk task deps %.*s", SPAN_ARG(t->id));
}

static void put_cycle(const struct cmd_ctx *c, uint32_t ws, struct finding *one)
{
	struct dag d;

	dag_init(&d, &c->view->st, ws);
	buf_puts(&one->text, "halted: its tasks wait for each other in a circle");
	for (uint32_t i = 0; d.cycle_count && i < d.cycle_at[1] && i < 8; i++)
		buf_putf(&one->text, "%s%.*s", i ? " needs " : ": ",
			 SPAN_ARG(dag_task(&d, d.cycle[i])->id));
	if (d.cycle_count)
		buf_putf(&one->text, " needs %.*s", SPAN_ARG(dag_task(&d, d.cycle[0])->id));
	next_add(&one->next, "sk workstream dag %.*s", SPAN_ARG(d.w->id));
	if (d.cycle_count)
		next_add(&one->next, "sk dep remove --from %.*s --to %.*s",
			 SPAN_ARG(dag_task(&d, d.cycle[0])->id),
			 SPAN_ARG(dag_task(&d, d.cycle[d.cycle_at[1] - 1])->id));
	next_add(&one->next, "sk workstream resume --workstream-id %.*s", SPAN_ARG(d.w->id));
	dag_release(&d);
}

/* Begun, not at its end, and no orchestrator: its workers may still be at what they were given. */
static bool left_alone(const struct view *v, const struct workstream *w)
{
	return story_ws_interrupted(v, w) ||
	       (!v->alive && w->started_ms && !ws_state_final(w->state));
}

/* Tree 2. All that ran failed, or a critical task, or others only. */
static void look_at_ws(const struct cmd_ctx *c, struct findings *f, uint32_t ws)
{
	const struct view *v = c->view;
	const struct workstream *w = &v->st.ws[ws];
	struct finding *one;

	if (w->flags & WSF_HALTED) {
		one = add(f, FINDING_CYCLE, w->id);
		if (one)
			put_cycle(c, ws, one);
	} else if (w->state == WS_FAILED) {
		struct analysis a;

		one = add(f, FINDING_WS_FAILED, w->id);
		if (!one)
			return;
		analysis_make(v, ws, &a);
		buf_putf(&one->text, "%u of %zu task%s failed. %s", w->by_state[TASK_FAILED],
			 w->task_count, PLURAL(w->task_count), verdict_text(a.verdict));
		next_add(&one->next, "sk workstream analyze %.*s", SPAN_ARG(w->id));
		analysis_put_next(v, ws, &a, &one->next);
		one->seq = w->last_seq;
	} else if (left_alone(v, w)) {
		CLEANUP(buf_release) struct buf run = BUF_INIT;

		one = add(f, FINDING_WS_INTERRUPTED, w->id);
		if (!one)
			return;
		if (story_ws_interrupted(v, w))
			buf_puts(&one->text, "nobody works on it");
		else
			buf_putf(&one->text,
				 "%u task%s of it go%s on, but nobody starts what follows",
				 w->assigned, PLURAL(w->assigned), w->assigned == 1 ? "es" : "");
		buf_putf(&one->text, "%s; the next run goes on where it was left",
			 v->died ? ", because the last run was killed" : "");
		put_run_command(&v->st, ws, &run);
		next_add(&one->next, "%s", run.p);
		one->seq = w->last_seq;
	}
}

static void put_silence(const struct cmd_ctx *c, const struct worker *w,
			const struct worker_facts *facts, struct finding *one)
{
	int64_t silent_ms = facts->unresponsive_ms ? c->now_ms - facts->unresponsive_ms : 0;

	buf_puts(&one->text, "does not answer, for ");
	buf_put_duration(&one->text, silent_ms);
	if (silent_ms < WORKER_SILENT_MAX_MS) {
		buf_puts(&one->text, "; it has 3 minutes to recover: wait");
		next_add(&one->next, "sk worker check %.*s", SPAN_ARG(w->id));
		return;
	}
	one->level = LEVEL_SCRIPT;
	one->urgency = URGENCY_HIGH;
	buf_puts(&one->text, ", which is too long: shut it down, restart it, reassign its tasks");
}

/* Tree 3. Wait; then force it to shut down, restart it and reassign its tasks. */
static void look_at_worker(const struct cmd_ctx *c, struct findings *f, uint32_t worker,
			   const struct worker_facts *facts)
{
	static const enum finding_kind kinds[WORKER_HEALTH_COUNT] = {
		[WORKER_HEALTH_SILENT] = FINDING_WORKER_SILENT,
		[WORKER_HEALTH_GONE] = FINDING_WORKER_GONE,
		[WORKER_HEALTH_DEAF] = FINDING_WORKER_LOCK,
	};
	const struct worker *w = &c->view->st.workers[worker];
	struct finding *one;

	if (facts->health == WORKER_HEALTH_GOOD && facts->recovered_ms &&
	    facts->recovered_ms - facts->unresponsive_ms > WATCH_AFTER_MS) {
		one = add(f, FINDING_WORKER_RECOVERED, w->id);
		if (one) {
			buf_puts(&one->text,
				 "answers again after a long silence: watch it closely");
			next_add(&one->next, "sk worker check %.*s", SPAN_ARG(w->id));
		}
		return;
	}
	if (worker_health_calm(facts->health))
		return;
	if (facts->health == WORKER_HEALTH_GONE && !w->assigned)
		return; /* it left nothing behind: the next start buries it */
	one = add(f, kinds[facts->health], w->id);
	if (!one)
		return;
	if (facts->health == WORKER_HEALTH_SILENT)
		put_silence(c, w, facts, one);
	else
		buf_puts(&one->text, worker_health_text(facts->health));
	if (facts->health == WORKER_HEALTH_GONE && c->view->alive) {
		one->level = LEVEL_AUTOMATIC;
		buf_puts(&one->text, "; the orchestrator is about to do it");
	}
	if (one->level != LEVEL_AUTOMATIC)
		worker_put_next(&c->view->st, worker, facts, &one->next);
}

static void look_at_resource(const struct cmd_ctx *c, struct findings *f, uint32_t resource)
{
	const struct resource *r = &c->view->st.resources[resource];
	CLEANUP(mem_free) uint32_t *waiters = NULL;
	struct finding *one;
	size_t count;

	if (!r->exhausted_ms)
		return;
	one = add(f, FINDING_RESOURCE, r->id);
	if (!one)
		return;
	count = resource_waiters(&c->view->st, resource, &waiters);
	buf_puts(&one->text, "exhausted for ");
	buf_put_duration(&one->text, c->now_ms - r->exhausted_ms);
	buf_putf(&one->text,
		 ": %llu of %u held, %zu task%s in line; wait, raise the limit, or cancel a holder",
		 (unsigned long long)r->held, r->limit, count, PLURAL(count));
	next_add(&one->next, "sk resource show %.*s", SPAN_ARG(r->id));
	resource_put_next(&c->view->st, resource, &one->next);
}

/* Only where something waits for it. */
static void look_at_pause(const struct cmd_ctx *c, struct findings *f)
{
	const struct state *st = &c->view->st;
	struct finding *one;
	size_t i = 0;

	while (i < st->ws_count && (!st->ws[i].id.len || ws_state_final(st->ws[i].state)))
		i++;
	if (i == st->ws_count || !view_paused(c->view))
		return;
	one = add(f, FINDING_PAUSED, SPAN_LIT("orchestrator"));
	buf_putf(&one->text,
		 "the orchestrator (pid %llu) is paused: what runs goes on, nothing begins",
		 (unsigned long long)c->view->holder.who.pid);
	next_add(&one->next, "sk daemon release");
}

static void on_violation(void *ctx, enum state_rule rule, struct span id, const char *what)
{
	struct finding *one = add(ctx, FINDING_INVARIANT, id);

	if (!one)
		return;
	buf_putf(&one->text, "the rule \"%s\" is broken: %s; never repair this without knowing why",
		 state_rule_word(rule), what);
	next_add(&one->next, "sk state validate");
}

/* What a finding without a record of its own is shown by: the last such record about its subject.
 */
static bool is_evidence(const struct finding *one, const struct event *ev)
{
	switch (one->kind) {
	case FINDING_CYCLE:
		return ev->kind == EV_CYCLE_DETECTED && span_eq(ev->workstream_id, one->id);
	case FINDING_WORKER_SILENT:
		return ev->kind == EV_WORKER_UNRESPONSIVE && span_eq(ev->worker_id, one->id);
	case FINDING_WORKER_RECOVERED:
		return ev->kind == EV_WORKER_RECOVERED && span_eq(ev->worker_id, one->id);
	case FINDING_WORKER_GONE:
	case FINDING_WORKER_LOCK:
		return ev->kind == EV_WORKER_REGISTERED && span_eq(ev->worker_id, one->id);
	case FINDING_RESOURCE:
		return ev->kind == EV_RESOURCE_EXHAUSTED && span_eq(ev->resource_id, one->id);
	default:
		return false; /* it is known by its number */
	}
}

static void put_evidence(struct finding *one, const struct event *ev)
{
	one->seq = ev->seq;
	one->at_ms = ev->at_ms;
	buf_truncate(&one->evidence, 0);
	event_put_sentence(ev, &one->evidence);
}

static int take_last(void *ctx, const struct event *ev)
{
	struct findings *f = ctx;

	for (size_t i = 0; i < f->count; i++)
		if (is_evidence(&f->v[i], ev))
			put_evidence(&f->v[i], ev);
	return 0;
}

static int take_numbered(void *ctx, const struct event *ev)
{
	struct finding *one = ctx;

	if (ev->seq == one->seq)
		put_evidence(one, ev);
	return 1;
}

/* Whether a finding is shown by a record that only a search through the journal finds. */
static bool is_searched_for(const struct findings *f)
{
	static const enum finding_kind kinds[] = {
		FINDING_CYCLE,       FINDING_WORKER_SILENT, FINDING_WORKER_RECOVERED,
		FINDING_WORKER_GONE, FINDING_WORKER_LOCK,   FINDING_RESOURCE
	};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (f->of_kind[kinds[i]])
			return true;
	return false;
}

/* Those that have a number are looked up; the others are the last of their kind. */
static int find_evidence(const struct view *v, struct findings *f, struct err *e)
{
	static const struct search any = SEARCH_INIT;
	static const char *const kinds[] = { "worker_", "dependency_", "resource_" };
	int rc = 0;

	for (size_t i = 0; i < f->count && rc == 0; i++)
		if (f->v[i].seq)
			rc = store_search(&v->vfs, f->v[i].seq, &any, take_numbered, &f->v[i], e);
	for (size_t i = 0; is_searched_for(f) && i < ARRAY_LEN(kinds) && rc == 0; i++) {
		struct search of_kind = { .event = kinds[i] };

		rc = store_search(&v->vfs, 1, &of_kind, take_last, f, e);
	}
	return rc;
}

static int by_weight(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	if (x->severity != y->severity)
		return x->severity > y->severity ? -1 : 1;
	if (x->urgency != y->urgency)
		return x->urgency > y->urgency ? -1 : 1;
	if (x->level != y->level)
		return x->level > y->level ? -1 : 1;
	if (x->seq != y->seq)
		return x->seq < y->seq ? -1 : 1;
	return span_compare(x->id, y->id);
}

int findings_make(const struct cmd_ctx *c, struct findings *out, struct err *e)
{
	CLEANUP(mem_free) struct worker_facts *facts = NULL;
	const struct state *st = &c->view->st;
	int rc = worker_facts_read(c->view, &facts, e);

	if (rc < 0)
		return rc;
	state_check(st, on_violation, out);
	for (uint32_t i = 0; i < st->ws_count; i++)
		if (st->ws[i].id.len)
			look_at_ws(c, out, i);
	for (uint32_t i = 0; i < st->resource_count; i++)
		look_at_resource(c, out, i);
	for (uint32_t i = 0; i < st->worker_count; i++)
		look_at_worker(c, out, i, &facts[i]);
	for (uint32_t i = 0; i < st->task_count; i++) {
		if (task_gone(&st->tasks[i]))
			continue;
		look_at_task(c, out, i);
		look_at_cancelled(c, out, i);
	}
	look_at_pause(c, out);
	rc = find_evidence(c->view, out, e);
	if (out->count)
		qsort(out->v, out->count, sizeof(*out->v), by_weight);
	return rc < 0 ? rc : 0;
}

void findings_hung(struct findings *out, uint64_t pid)
{
	struct finding *one = add(out, FINDING_HUNG, SPAN_LIT("orchestrator"));

	buf_putf(&one->text,
		 "the orchestrator (pid %llu) does not answer: nothing begins and no act is taken; "
		 "its tasks go on. When it hangs for good, end it with kill -9: the next one goes "
		 "on",
		 (unsigned long long)pid);
	next_add(&one->next, "sk daemon status");
	qsort(out->v, out->count, sizeof(*out->v), by_weight);
}

void findings_damage(struct findings *out, const struct err *why)
{
	static const char mark[] = ". Try: ";
	struct finding *one = add(out, FINDING_DAMAGE, SPAN_NONE);
	const char *advice = strstr(why->text, mark);

	buf_put(&one->text, why->text, advice ? (size_t)(advice - why->text) : strlen(why->text));
	if (advice)
		next_add(&one->next, "%s", advice + strlen(mark));
	next_add(&one->next, "sk state validate");
	next_add(&one->next, "sk state restore --from-backup latest --dry-run");
}
