/*
 * Everything that the promises of this program depend on and that differs between machines, looked
 * at before a night depends on it. Nothing is repaired here: what to type is said beside each
 * finding.
 */
#include "cmd/setup/doctor.h"

#include <stdarg.h>

struct check_row {
	const char *name;
	check_fn *run;
};

static const struct check_row rows[] = {
	{ "kernel", check_kernel },
	{ "pidfd", check_pidfd },
	{ "kill_mode", check_kill_mode },
	{ "landlock", check_landlock },
	{ "state", check_state },
	{ "fsync", check_fsync },
	{ "tmpfile", check_tmpfile },
	{ "leftovers", check_leftovers },
	{ "orchestrator", check_orchestrator },
	{ "goals", check_goals },
	{ "git", check_git },
	{ "git_settings", check_git_settings },
	{ "tracked", check_tracked },
	{ "agents", check_agents },
	{ "commit_guard", check_guard },
	{ "host_hooks", check_hosts },
	{ "home", check_home },
	{ "hooks_secret", check_secret },
};

static const struct {
	const char *word;
	enum style style;
} healths[HEALTH_COUNT] = {
	[HEALTH_PASS] = { "PASS", STYLE_GOOD },
	[HEALTH_WARN] = { "WARN", STYLE_WARN },
	[HEALTH_FAIL] = { "FAIL", STYLE_BAD },
};

void check_say(struct check *k, enum health health, const char *try, const char *fmt, ...)
{
	va_list args;

	k->health = health;
	buf_truncate(&k->text, 0);
	buf_truncate(&k->try, 0);
	va_start(args, fmt);
	buf_putfv(&k->text, fmt, args);
	va_end(args);
	if (try)
		buf_puts(&k->try, try);
}

static void print_text(struct out *out, const struct check *k)
{
	out_style(out, healths[k->health].style, healths[k->health].word);
	out_putf(out, "  %-13s ", k->name);
	out_visible(out, (struct span){ k->text.p, k->text.len });
	if (k->try.len) {
		out_puts(out, ". Try: ");
		out_visible(out, (struct span){ k->try.p, k->try.len });
	}
	out_puts(out, "\n");
}

static void print_json(struct json *j, const struct check *k)
{
	json_object(j, NULL);
	json_text(j, "name", k->name);
	json_text(j, "result", healths[k->health].word);
	json_span(j, "text", (struct span){ k->text.p, k->text.len });
	json_text(j, "try", k->try.len ? k->try.p : NULL);
	json_object_end(j);
}

static int doctor_run(struct cmd_ctx *c, struct err *e)
{
	uint64_t counts[HEALTH_COUNT] = { 0 };
	struct json j;

	(void)e;
	if (c->json) {
		json_open(&j, c->out, "doctor");
		json_array(&j, "checks");
	}
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct check k = { .c = c, .name = rows[i].name };

		rows[i].run(&k);
		counts[k.health]++;
		if (c->json)
			print_json(&j, &k);
		else
			print_text(c->out, &k);
		buf_release(&k.text);
		buf_release(&k.try);
	}
	if (c->json) {
		json_array_end(&j);
		json_u64(&j, "passed", counts[HEALTH_PASS]);
		json_u64(&j, "warned", counts[HEALTH_WARN]);
		json_u64(&j, "failed", counts[HEALTH_FAIL]);
		json_close(&j);
	} else {
		out_putf(c->out, "%llu passed, %llu warned, %llu failed\n",
			 (unsigned long long)counts[HEALTH_PASS],
			 (unsigned long long)counts[HEALTH_WARN],
			 (unsigned long long)counts[HEALTH_FAIL]);
	}
	return counts[HEALTH_FAIL] ? EXIT_WORK_FAILED : EXIT_DONE;
}

const struct cmd cmd_doctor = {
	.path = "doctor",
	.summary = "check what this machine can do, and what not",
	.usage = "",
	.about = "One line a check: PASS, WARN (it works, with less) or FAIL (a promise cannot be "
		 "kept), and\nwhat to do about it. Exit code 1 when one failed. Nothing is "
		 "repaired or left behind.",
	.example = "sk doctor\nsk doctor --json",
	.needs = NEED_STATE | NEED_GOALS,
	.args = ARG_NONE,
	.run = doctor_run,
};
