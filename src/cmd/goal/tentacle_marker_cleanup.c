/*
 * What killed dispatchers left behind, shown with the reason for each entry before anything is
 * taken away. The dry run and the act ask the same function, so what was shown is what happens.
 */
#include "cmd/cmd.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/when.h"
#include "cmd/fit.h"
#include "cmd/home.h"
#include "hooks/hook_read.h"
#include "hooks/stop_event.h"
#include "os/clock.h"
#include "os/host.h"
#include "work/marker.h"

#define COMMAND "sk tentacle marker-cleanup"

struct row {
	struct marker_entry entry; /* as it was found; its texts are the marker's */
	enum marker_owner owner;
	enum marker_verdict verdict;
	bool at_work; /* it holds commits back where its agent works */
};

struct cleanup {
	struct cmd_ctx *c;
	struct marker m;
	struct marker_asker asker;
	char root[PATH_MAX];
	struct row *rows; /* one an entry, as it was found */
	size_t total, clearable;
	int64_t written_ms; /* before anything was changed */
	bool applied;
};

static void judge_all(struct cleanup *k)
{
	k->total = k->m.count;
	k->rows = mem_zalloc((k->total + 1) * sizeof(*k->rows));
	for (size_t i = 0; i < k->total; i++) {
		k->rows[i].entry = k->m.v[i];
		k->rows[i].owner = marker_owner_of(&k->m.v[i]);
		k->rows[i].verdict =
			marker_judge(&k->m.v[i], k->rows[i].owner, k->m.ttl_ms, &k->asker);
		k->rows[i].at_work =
			marker_entry_counts(&k->m.v[i], k->rows[i].owner, k->m.ttl_ms, &k->asker);
		k->clearable += marker_verdict_clears(k->rows[i].verdict);
	}
}

/* Takes out what is judged so. */
static int apply_all(struct cleanup *k, struct err *e)
{
	if (k->m.trust == MARKER_BROKEN && !k->asker.force)
		return err_set(e, -SK_EREFUSED,
			       "marker '%s': marker content does not match its signature: nothing "
			       "was cleared, because writing it again would sign what somebody "
			       "changed. Try: " COMMAND " --apply --force",
			       k->m.path.p);
	if (!k->clearable)
		return 0;
	for (size_t i = k->total; i-- > 0;)
		if (marker_verdict_clears(k->rows[i].verdict))
			marker_drop(&k->m, i);
	return marker_commit(&k->m, k->c->now_ms, e);
}

/* --- pages --- */

static void put_age(const struct cleanup *k, const struct marker_entry *t, struct buf *out)
{
	int64_t age_ms = k->c->now_ms - t->at_ms;

	if (!t->at_ms) {
		buf_puts(out, "no time");
		return;
	}
	if (age_ms < -MARKER_CLOCK_SLACK_MS) {
		buf_puts(out, "marker time is ");
		buf_put_duration(out, -age_ms);
		buf_puts(out, " ahead of the clock");
		return;
	}
	buf_put_duration(out, age_ms);
	if (age_ms > k->m.ttl_ms)
		buf_puts(out, ", expired");
}

static void print_entry(const struct cleanup *k, size_t i, struct table *t)
{
	CLEANUP(buf_release) struct buf age = BUF_INIT, about = BUF_INIT;
	const struct row *row = &k->rows[i];
	const struct marker_entry *entry = &row->entry;
	bool clears = marker_verdict_clears(row->verdict);

	put_age(k, entry, &age);
	table_span(t, STYLE_PLAIN, entry->name);
	table_cell(t, row->owner == MARKER_OWNER_DEAD ? STYLE_BAD : STYLE_PLAIN, "owner %s",
		   marker_owner_word(row->owner));
	table_cell(t, STYLE_PLAIN, "%s", age.p);
	buf_putf(&about, "%s: %s", clears ? "clear" : "keep", marker_verdict_text(row->verdict));
	if (row->at_work)
		buf_puts(&about, "; it holds commits back");
	if (entry->who.pid)
		buf_putf(&about, "; %s pid %llu on %.*s",
			 entry->by_dispatcher ? "sent out by" : "agent",
			 (unsigned long long)entry->who.pid, SPAN_ARG(entry->host));
	if (entry->git_root.len)
		buf_putf(&about, "; repository %.*s", SPAN_ARG(entry->git_root));
	if (entry->worktree.len)
		buf_putf(&about, "; worktree %.*s", SPAN_ARG(entry->worktree));
	if (entry->session.len)
		buf_putf(&about, "; session %.*s", SPAN_ARG(entry->session));
	table_cell(t, clears ? STYLE_WARN : STYLE_PLAIN, "%s", about.p);
}

static void print_head(const struct cleanup *k)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	buf_putf(&text, "%s: ", k->m.path.p);
	if (k->m.trust == MARKER_NONE) {
		buf_puts(&text, "no marker, nobody was sent out");
	} else {
		buf_puts(&text, "written ");
		buf_put_when(&text, k->written_ms);
		buf_puts(&text, " UTC; entries that name no process count for ");
		buf_put_duration(&text, k->m.ttl_ms);
		buf_putf(&text, "; %s", marker_trust_text(k->m.trust));
	}
	fit_text(k->c->out, (struct span){ text.p, text.len }, 0);
}

static void print_end(const struct cleanup *k)
{
	if (k->m.trust == MARKER_NONE)
		return;
	if (k->applied)
		out_putf(k->c->out, "cleared %zu of %zu\n", k->clearable, k->total);
	else if (k->clearable)
		out_putf(k->c->out,
			 "would clear %zu of %zu; nothing was changed\nnext: " COMMAND
			 " --apply%s\n",
			 k->clearable, k->total, k->asker.force ? " --force" : "");
	else
		out_putf(k->c->out, "nothing to clear among %zu\n", k->total);
}

static void print_text(const struct cleanup *k)
{
	CLEANUP(table_release) struct table t = TABLE_INIT(4);

	print_head(k);
	for (size_t i = 0; i < k->total; i++)
		print_entry(k, i, &t);
	fit_table(&t, k->c->out, 2);
	print_end(k);
}

static void put_span(struct json *j, const char *key, struct span text)
{
	if (text.len)
		json_span(j, key, text);
	else
		json_null(j, key);
}

static void put_entry_json(const struct cleanup *k, size_t i, struct json *j)
{
	const struct row *row = &k->rows[i];
	const struct marker_entry *t = &row->entry;

	json_object(j, NULL);
	json_span(j, "name", t->name);
	put_span(j, "tentacle_id", t->tentacle_id);
	put_span(j, "git_root", t->git_root);
	put_span(j, "session", t->session);
	put_span(j, "host", t->host);
	if (t->who.pid)
		json_u64(j, "pid", t->who.pid);
	else
		json_null(j, "pid");
	json_text(j, "kept_by", !t->who.pid ? NULL : t->by_dispatcher ? "dispatcher" : "agent");
	put_span(j, "worktree", t->worktree);
	put_span(j, "branch", t->branch);
	json_array(j, "scope");
	for (size_t k_scope = 0; k_scope < t->scope.count; k_scope++)
		json_span(j, NULL, t->scope.v[k_scope]);
	json_array_end(j);
	json_bool(j, "at_work", row->at_work);
	json_time(j, "written_at", t->at_ms);
	if (t->at_ms)
		json_i64(j, "age_ms", k->c->now_ms - t->at_ms);
	else
		json_null(j, "age_ms");
	json_bool(j, "expired", t->at_ms && k->c->now_ms - t->at_ms > k->m.ttl_ms);
	json_text(j, "owner", marker_owner_word(row->owner));
	json_text(j, "verdict", marker_verdict_word(row->verdict));
	json_text(j, "meaning", marker_verdict_text(row->verdict));
	json_bool(j, "clear", marker_verdict_clears(row->verdict));
	json_object_end(j);
}

static void print_json(const struct cleanup *k)
{
	struct json j;

	json_open(&j, k->c->out, "marker_cleanup");
	json_text(&j, "marker", k->m.path.p);
	json_bool(&j, "present", k->m.trust != MARKER_NONE);
	json_text(&j, "trust", marker_trust_word(k->m.trust));
	json_text(&j, "trust_meaning", marker_trust_text(k->m.trust));
	json_time(&j, "written_at", k->written_ms);
	json_i64(&j, "ttl_seconds", k->m.ttl_ms / 1000);
	json_array(&j, "entries");
	for (size_t i = 0; i < k->total; i++)
		put_entry_json(k, i, &j);
	json_array_end(&j);
	json_bool(&j, "applied", k->applied);
	json_u64(&j, "total", k->total);
	json_u64(&j, "clearable", k->clearable);
	json_u64(&j, "removed", k->applied ? k->clearable : 0);
	json_close(&j);
}

/* --- what is asked for --- */

static int clean(struct cleanup *k, bool apply, struct err *e)
{
	int rc;

	k->written_ms = k->m.at_ms;
	judge_all(k);
	rc = apply ? apply_all(k, e) : 0;
	if (rc < 0)
		return rc;
	k->applied = apply;
	if (apply)
		done_elsewhere(k->c->done, "the marker was changed", "tentacle marker-cleanup");
	if (k->c->json)
		print_json(k);
	else
		print_text(k);
	return EXIT_DONE;
}

static int clean_damaged(struct cleanup *k, const char *copilot, struct err *e)
{
	int rc;

	err_clear(e);
	rc = marker_put_aside(copilot, COMMAND, k->c->now_ms, e);
	if (rc < 0)
		return rc;
	rc = marker_open(&k->m, copilot, 0, COMMAND, e);
	return rc < 0 ? rc : clean(k, false, e);
}

/* A hook of a host: whatever happens, it is told "fine", and why not on the page. */
static int clean_stopped(struct cleanup *k, const char *copilot, struct err *e)
{
	CLEANUP(buf_release) struct buf payload = BUF_INIT;
	struct stop_event stop;
	size_t cleared = 0;
	int rc;

	(void)hook_read(STDIN_FILENO, clock_mono_ms(&clock_real) + HOOK_DEADLINE_MS, &payload);
	stop_event_read((struct span){ payload.p, payload.len }, &stop);
	rc = stop.id_count + stop.name_count ? marker_open(&k->m, copilot, MARKER_WRITE, COMMAND, e)
					     : 1;
	if (rc == 0 && k->m.trust == MARKER_BROKEN)
		rc = err_set(e, -SK_EREFUSED, "marker content does not match its signature");
	if (rc == 0)
		cleared = marker_clear_named(&k->m, stop.ids, stop.id_count, stop.names,
					     stop.name_count);
	if (cleared)
		rc = marker_commit(&k->m, k->c->now_ms, e);
	stop_event_release(&stop);
	if (k->c->json) {
		struct json j;

		json_open(&j, k->c->out, "marker_cleanup");
		json_u64(&j, "removed", rc >= 0 ? cleared : 0);
		json_text(&j, "problem", rc < 0 ? e->text : NULL);
		json_close(&j);
	} else if (rc < 0) {
		print_problem(e->text);
	} else {
		out_putf(k->c->out, "cleared %zu\n", cleared);
	}
	return EXIT_DONE;
}

static void ask_who(struct cleanup *k)
{
	struct host host;

	k->asker.now_ms = k->c->now_ms;
	k->asker.session = cmd_session();
	k->asker.force = options_has(k->c->options, "force");
	if (k->c->goal_paths->git_dir && realpath(k->c->goal_paths->root, k->root))
		k->asker.git_root = span_of(k->root);
	if (host_find(&host) == 0)
		k->asker.who = host.who;
}

static int marker_cleanup_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(buf_release) struct buf copilot = BUF_INIT;
	struct cleanup k = { .c = c, .m = { .dir_fd = -1, .lock = LOCK_INIT } };
	bool apply = options_has(c->options, "apply");
	int rc = cmd_home(&copilot, e);

	if (rc < 0)
		return options_has(c->options, "from-stop-event") ? EXIT_DONE : rc;
	ask_who(&k);
	if (options_has(c->options, "from-stop-event")) {
		rc = clean_stopped(&k, copilot.p, e);
	} else {
		rc = marker_open(&k.m, copilot.p, apply ? MARKER_WRITE : 0, COMMAND, e);
		if (rc == 0)
			rc = clean(&k, apply, e);
		else if (rc == -SK_ECORRUPT && apply && k.asker.force)
			rc = clean_damaged(&k, copilot.p, e);
	}
	marker_close(&k.m);
	mem_free(&k.rows);
	return rc;
}

static const struct option_row marker_cleanup_options[] = {
	{ .name = "apply", .kind = OPTION_FLAG, .summary = "clear what is shown as such" },
	{ .name = "force",
	  .kind = OPTION_FLAG,
	  .summary = "also young entries of this repository, and dead ones of others" },
	{ .name = "from-stop-event",
	  .kind = OPTION_FLAG,
	  .summary = "clear the agents that a payload on standard input names" },
	{ .name = NULL },
};

const struct cmd cmd_tentacle_marker_cleanup = {
	.path = "tentacle marker-cleanup",
	.alias = "marker-cleanup",
	.summary = "clear what killed dispatchers left behind",
	.usage = "[--apply] [--force] [--from-stop-event]",
	.about = "Without --apply nothing is changed. An entry is cleared when the process that "
		 "keeps "
		 "it alive is gone, however young it is, or when it names no process and its time "
		 "(4 "
		 "hours) is over. What is alive stays, however old; entries of another repository "
		 "or "
		 "session are shown and left alone. --force also clears entries of this repository "
		 "that nobody is known to keep, dead or expired ones of other repositories, and a "
		 "marker that cannot be read or whose signature is wrong; never what is alive in "
		 "another repository or session.\n\n"
		 "--from-stop-event is for hooks: it clears the entries of the agents named in the "
		 "payload and always ends with exit code 0.",
	.example = "sk tentacle marker-cleanup\nsk tentacle marker-cleanup --apply",
	.options = marker_cleanup_options,
	.needs = NEED_GOALS,
	.run = marker_cleanup_run,
};
