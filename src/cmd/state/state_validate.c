/*
 * One line a check, in a fixed order, so that two outputs can be compared. Nothing is repaired and
 * no lock is taken: it may be asked at any time, also beside a busy orchestrator.
 */
#include <errno.h>

#include "cmd/cmd.h"
#include "cmd/next.h"
#include "cmd/run/served.h"
#include "cmd/state/validate.h"
#include "cmd/view.h"
#include "os/fd.h"
#include "store/journal.h"
#include "store/snapshot.h"

struct verdict {
	unsigned failed;
	bool damaged;
	struct buf next;
};

static const char *outcome(const struct check *c)
{
	return c->count ? "FAIL" : c->skipped ? "SKIP" : "PASS";
}

static void print_check(struct out *out, const struct validation *v, enum check_id id)
{
	const struct check *c = &v->checks[id];
	size_t shown = c->count < PROBLEMS_SHOWN_MAX ? (size_t)c->count : PROBLEMS_SHOWN_MAX;

	if (!c->count) {
		out_style(out, c->skipped ? STYLE_WARN : STYLE_GOOD, outcome(c));
		out_putf(out, "  %-20s  %s\n", check_word(id), c->note);
		return;
	}
	for (size_t i = 0; i < shown; i++) {
		const struct problem *p = &c->problems[i];

		out_style(out, STYLE_BAD, "FAIL");
		out_putf(out, "  %-20s  ", check_word(id));
		out_visible(out, span_of(p->file));
		if (p->line)
			out_putf(out, ":%llu", (unsigned long long)p->line);
		out_puts(out, p->file[0] ? ": " : "");
		out_visible(out, span_of(p->text));
		out_puts(out, "\n");
	}
	if (shown < c->count)
		out_putf(out, "FAIL  %-20s  and %llu more\n", check_word(id),
			 (unsigned long long)(c->count - shown));
}

static void print_text(struct out *out, const struct validation *v, const struct verdict *verdict)
{
	for (int id = 0; id < CHECK_COUNT; id++)
		print_check(out, v, (enum check_id)id);
	if (verdict->failed)
		out_putf(out, "\n%u of %u checks failed%s.\n", verdict->failed, CHECK_COUNT,
			 verdict->damaged ? ": the state is damaged" : "");
	else
		out_putf(out, "\nThe state is in order: %u checks.\n", CHECK_COUNT);
	if (v->lent)
		out_puts(out,
			 "Read was what nobody had read or written before; --full reads all.\n");
	out_next(out, &verdict->next);
}

static void put_problems(struct json *j, const struct check *c)
{
	json_array(j, "problems");
	for (size_t i = 0; i < c->count && i < PROBLEMS_SHOWN_MAX; i++) {
		json_object(j, NULL);
		json_text(j, "file", c->problems[i].file[0] ? c->problems[i].file : NULL);
		if (c->problems[i].line)
			json_u64(j, "line", c->problems[i].line);
		json_text(j, "problem", c->problems[i].text);
		json_object_end(j);
	}
	json_array_end(j);
}

static void print_json(struct out *out, const struct validation *v, const struct verdict *verdict)
{
	struct json j;

	json_open(&j, out, "validation");
	json_bool(&j, "valid", !verdict->failed);
	json_bool(&j, "damaged", verdict->damaged);
	json_bool(&j, "orchestrator_alive", v->alive);
	json_bool(&j, "full", !v->lent);
	json_u64(&j, "seq", v->st.last_seq);
	json_u64(&j, "failed", verdict->failed);
	json_array(&j, "checks");
	for (int id = 0; id < CHECK_COUNT; id++) {
		const struct check *c = &v->checks[id];

		json_object(&j, NULL);
		json_text(&j, "check", check_word((enum check_id)id));
		json_text(&j, "outcome", outcome(c));
		json_text(&j, "note", c->note[0] ? c->note : NULL);
		json_u64(&j, "problem_count", c->count);
		put_problems(&j, c);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_next(&j, &verdict->next);
	json_close(&j);
}

static void judge(const struct validation *v, struct verdict *out)
{
	bool journal = false;

	for (int id = 0; id < CHECK_COUNT; id++) {
		bool truth = v->checks[id].count && check_is_of_truth((enum check_id)id);

		out->failed += v->checks[id].count != 0;
		out->damaged |= truth;
		journal |= truth && id != CHECK_SNAPSHOT;
	}
	if (out->failed && !journal) /* a snapshot can be had from the journal again */
		next_add(&out->next, "sk state repair");
	if (out->damaged)
		next_add(&out->next, "sk state restore --from-backup latest --dry-run");
}

static int tell(struct cmd_ctx *c, const struct validation *v)
{
	struct verdict verdict = { .next = BUF_INIT };

	judge(v, &verdict);
	if (c->json)
		print_json(c->out, v, &verdict);
	else
		print_text(c->out, v, &verdict);
	buf_release(&verdict.next);
	return verdict.damaged ? EXIT_DAMAGED : verdict.failed ? EXIT_WORK_FAILED : EXIT_DONE;
}

static int validate(struct cmd_ctx *c, const struct vfs *vfs, int dir, struct err *e)
{
	CLEANUP(validation_freep) struct validation *v = NULL;
	int alive = lock_probe(dir, ORCHESTRATOR_LOCK, NULL);

	if (alive < 0)
		return err_set(e, alive, "%s: %s: nothing was checked", ORCHESTRATOR_LOCK,
			       strerror(-alive));
	v = validation_new(vfs, dir, alive == 1);
	v->now_ms = c->now_ms;
	validate_journal(v);
	validate_state(v);
	validate_files(v);
	return tell(c, v);
}

/* In a copy of the orchestrator. */
static int validate_at_hand(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(validation_freep)
	struct validation *v = validation_new(&c->view->vfs, c->view->dir, true);

	v->now_ms = c->now_ms;
	if (!validate_known(v, &c->view->st, c->view->store))
		return err_set(e, -SK_EBUSY,
			       "journal: somebody else may have written to it: read it");
	validate_state(v);
	validate_files(v);
	return tell(c, v);
}

/* A folder that was made, but in which nothing has ever been recorded: a journal that is missing
 * beside a snapshot, backups or closed journals is damage, and no matter for this. */
static bool never_used(const struct vfs *vfs)
{
	static const char *const files[] = { JOURNAL_FILE, SNAPSHOT_FILE };
	static const char *const folders[] = { "backups", "archive", "workers" };
	struct vfs_stat st;

	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (vfs->stat(vfs->ctx, files[i], &st) != -ENOENT)
			return false;
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		CLEANUP(buf_release) struct buf names = BUF_INIT;
		int rc = vfs->list(vfs->ctx, folders[i], &names);

		if (rc != -ENOENT && (rc < 0 || names.len))
			return false;
	}
	return true;
}

static int state_validate_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	CLEANUP(fd_close) int dir = paths_open(c->paths, false, &why);
	struct vfs vfs;
	int rc = 0, exit_code = 0;

	if (dir == -ENOENT)
		return view_missing(c->paths, e);
	if (dir < 0)
		return view_paths_problem(dir, &why, e);
	if (c->view)
		return validate_at_hand(c, e);
	if (!options_has(c->options, "full"))
		rc = served_aside(c, &(struct served_wish){ 0 }, &exit_code, e);
	if (rc != 0)
		return rc < 0 ? rc : exit_code;
	vfs_real_open(&vfs, dir);
	rc = never_used(&vfs) ? view_missing(c->paths, e) : validate(c, &vfs, dir, e);
	vfs_real_close(&vfs);
	return rc;
}

static const struct option_row state_validate_options[] = {
	{ .name = "full",
	  .kind = OPTION_FLAG,
	  .summary = "read every byte, also what a live orchestrator has read or written itself" },
	{ .name = NULL },
};

const struct cmd cmd_state_validate = {
	.path = "state validate",
	.alias = "validate_state",
	.summary = "check everything that is kept",
	.usage = "[--full]",
	.about =
		"Journal, snapshot, rules, checkpoints and backups. One line a check: PASS, FAIL "
		"with file and line, or SKIP when what it needs is "
		"damaged. It only reads, takes no lock and works beside a busy orchestrator. The "
		"exit code is 0 when all is in order, 7 when the journal or its snapshot is "
		"damaged, 1 when something else is wrong. All records are read, also those in "
		"closed journals.\n\n"
		"Where the state is large and an orchestrator lives, it answers: it has read every "
		"byte at its start or written it since, so what still looks untouched (which file, "
		"how long, when it was written last) is not read again, and each line says so. A "
		"file that somebody else wrote to is read. Rot of the disk below is found by "
		"--full, which reads everything.",
	.example = "sk state validate\nsk state validate --full --format json",
	.options = state_validate_options,
	.needs = NEED_STATE | CMD_ASIDE,
	.run = state_validate_run,
};
