/*
 * The keys are those of the files that earlier programs wrote, so that their schedules are taken
 * over as they are; what is new was added beside them. A template that this program does not know
 * is no damage: the task stays in the file and is told as such where it would have run.
 */
#include "setup/cron_doc.h"

#include "base/limits.h"

#define TEXT(T, key, member, most)                                                   \
	{                                                                            \
		key, DOC_TEXT, 0, offsetof(struct T, member), most, 0, NULL, NULL, 0 \
	}
#define U64(T, key, member, low, high)                                                \
	{                                                                             \
		key, DOC_U64, 0, offsetof(struct T, member), high, low, NULL, NULL, 0 \
	}
#define TIME(T, key, member)                                                      \
	{                                                                         \
		key, DOC_TIME, 0, offsetof(struct T, member), 0, 0, NULL, NULL, 0 \
	}
#define OBJECT(T, key, member, of)                                                \
	{                                                                         \
		key, DOC_OBJECT, 0, offsetof(struct T, member), 0, 0, of, NULL, 0 \
	}
#define REST(T, member)                                                                           \
	{                                                                                         \
		"", DOC_REST, 0, offsetof(struct T, member), DOC_REST_BYTES_MAX, 0, NULL, NULL, 0 \
	}
#define TYPE(name, T, members)                                            \
	{                                                                 \
		name, sizeof(struct T), members, ARRAY_LEN(members), NULL \
	}

static const struct doc_member schedule_members[] = {
	{ "type", DOC_WORD, 0, offsetof(struct cron_schedule, kind), 0, 0, NULL, slot_kind_words,
	  SLOT_KIND_COUNT },
	U64(cron_schedule, "minutes", minutes, 1, SLOT_MINUTES_MAX),
	TEXT(cron_schedule, "day", day, NAME_BYTES_MAX),
	U64(cron_schedule, "day_of_month", day_of_month, 1, 31),
	TEXT(cron_schedule, "time", time, NAME_BYTES_MAX),
	REST(cron_schedule, rest),
};
static const struct doc_type schedule_type = TYPE("schedule", cron_schedule, schedule_members);

static const struct doc_member running_members[] = {
	U64(cron_running, "pid", pid, 1, 0),
	U64(cron_running, "pid_start", start, 0, 0),
	TEXT(cron_running, "boot_id", boot_id, BOOT_ID_LEN),
	TIME(cron_running, "since", since_ms),
};
static const struct doc_type running_type = TYPE("running", cron_running, running_members);

static const struct doc_member task_members[] = {
	TEXT(cron_task, "id", id, NAME_BYTES_MAX),
	TEXT(cron_task, "name", name, NAME_BYTES_MAX),
	TEXT(cron_task, "template", template, NAME_BYTES_MAX),
	OBJECT(cron_task, "schedule", schedule, &schedule_type),
	U64(cron_task, "retention_days", retention_days, 1, CRON_RETENTION_DAYS_MAX),
	{ "enabled", DOC_BOOL, DOC_TRUE, offsetof(struct cron_task, enabled), 0, 0, NULL, NULL, 0 },
	TIME(cron_task, "created_at", created_ms),
	TIME(cron_task, "last_run_at", last_run_ms),
	TEXT(cron_task, "last_status", last_status, NAME_BYTES_MAX),
	TEXT(cron_task, "last_message", last_message, DOC_TEXT_BYTES_MAX),
	TIME(cron_task, "last_attempt_at", last_try_ms),
	OBJECT(cron_task, "running", running, &running_type),
	REST(cron_task, rest),
};
const struct doc_type cron_task_type = TYPE("task", cron_task, task_members);

static const struct doc_member doc_members[] = {
	{ "tasks", DOC_LIST, 0, offsetof(struct cron_doc, tasks), CRON_TASKS_MAX, 0,
	  &cron_task_type, NULL, 0 },
	REST(cron_doc, rest),
};
const struct doc_type cron_doc_type = TYPE("cron", cron_doc, doc_members);

static int bad(const char *path, size_t index, struct err *e, const char *fmt, ...)
	PRINTF_LIKE(4, 5);

static int bad(const char *path, size_t index, struct err *e, const char *fmt, ...)
{
	CLEANUP(buf_release) struct buf what = BUF_INIT;
	va_list args;

	va_start(args, fmt);
	buf_putfv(&what, fmt, args);
	va_end(args);
	return err_set(e, -SK_EUSAGE, "%s: tasks[%zu].%s: nothing was changed", path, index,
		       what.p);
}

static int check_schedule(const char *path, size_t index, struct cron_schedule *s, struct err *e)
{
	struct slot_plan plan = { .kind = s->kind };
	CLEANUP(buf_release) struct buf shown = BUF_INIT;

	if (plan.kind == SLOT_INTERVAL) {
		plan.minutes = (uint32_t)s->minutes;
		if (!s->minutes)
			return bad(path, index, e,
				   "schedule.minutes: missing; expected an integer from 1 to %d",
				   SLOT_MINUTES_MAX);
		s->plan = plan;
		return 0;
	}
	if (slot_decode_time(s->time, &plan.hour, &plan.minute) < 0) {
		buf_put_quoted(&shown, s->time, NAME_BYTES_MAX);
		return bad(path, index, e,
			   "schedule.time: %s is no time of the day; expected one like \"04:30\"",
			   shown.p);
	}
	if (plan.kind == SLOT_WEEKLY && slot_decode_weekday(s->day, &plan.weekday) < 0) {
		buf_put_quoted(&shown, s->day, NAME_BYTES_MAX);
		return bad(path, index, e,
			   "schedule.day: %s unknown; one of sunday, monday, tuesday, wednesday, "
			   "thursday, friday, saturday",
			   shown.p);
	}
	if (plan.kind == SLOT_MONTHLY && !s->day_of_month)
		return bad(path, index, e,
			   "schedule.day_of_month: missing; expected an integer from 1 to 31");
	plan.day = (uint8_t)s->day_of_month;
	s->plan = plan;
	return 0;
}

static int check_task(const char *path, size_t index, struct cron_task *t, struct err *e)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;
	const char *problem = name_problem(t->id);

	buf_put_quoted(&shown, t->id, NAME_BYTES_MAX);
	if (problem)
		return bad(path, index, e, "id: %s: %s", shown.p, problem);
	if (!t->name.len)
		return bad(path, index, e, "name: missing");
	if (!t->template.len)
		return bad(path, index, e, "template: missing");
	return check_schedule(path, index, &t->schedule, e);
}

int cron_doc_check(const struct cron_doc *doc, const char *path, struct err *e)
{
	struct cron_task *all = doc->tasks.v;

	for (size_t i = 0; i < doc->tasks.count; i++) {
		int rc = check_task(path, i, &all[i], e);

		if (rc < 0)
			return rc;
		for (size_t k = 0; k < i; k++)
			if (span_eq(all[k].id, all[i].id))
				return bad(path, i, e, "id: \"%.*s\" is that of tasks[%zu] as well",
					   SPAN_ARG(all[i].id), k);
	}
	return 0;
}
