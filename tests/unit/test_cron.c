/*
 * The configuration beside an editor that asks for no lock, and the names of pages that may be
 * removed by the clock.
 */
#include "test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/fd.h"
#include "setup/cron.h"
#include "setup/cron_aside.h"
#include "setup/cron_reports.h"

struct place {
	char dir[32], config[96];
};

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	close(fd);
}

static void assert_holds(const char *path, const char *text)
{
	CLEANUP(buf_release) struct buf found = BUF_INIT;

	assert_int_equal(fd_read_file_at(AT_FDCWD, path, 65536, &found), 0);
	assert_string_equal(found.p ? found.p : "", text);
}

static int setup(void **state)
{
	struct place *p = mem_zalloc(sizeof(*p));

	*p = (struct place){ .dir = "/tmp/sk_cron.XXXXXX" };
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->config, sizeof(p->config), "%s/" CRON_FOLDER, p->dir);
	assert_int_equal(mkdir(p->config, 0700), 0);
	snprintf(p->config, sizeof(p->config), "%s/" CRON_FOLDER "/" CRON_CONFIG, p->dir);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	assert_int_equal(fd_remove_tree_at(AT_FDCWD, p->dir), 0);
	mem_free(&p);
	return 0;
}

static void fill(struct cron *c, const char *name)
{
	struct err e = ERR_INIT;
	struct cron_task *t = cron_add(c, &e);

	assert_non_null(t);
	assert_true(t->enabled && t->id.len == CRON_ID_LEN);
	t->name = t->template = span_of(name);
	cron_schedule_set(c, &t->schedule, &(struct slot_plan){ .kind = SLOT_DAILY, .hour = 4 });
}

static void test_an_editor_is_not_written_over(void **state)
{
	struct place *p = *state;
	static const char *const edits[] = { "{\"tasks\":[]}", "", "not JSON" };

	for (size_t i = 0; i < ARRAY_LEN(edits); i++) {
		struct cron c = CRON_INIT;
		struct err e = ERR_INIT;

		put(p->config, "{}");
		assert_int_equal(cron_open(&c, p->dir, CRON_WRITE, "test", &e), 0);
		fill(&c, "vacuum");
		put(p->config, edits[i]);
		assert_int_equal(cron_commit(&c, &e), -SK_EBUSY);
		assert_non_null(strstr(e.text, "edited meanwhile"));
		assert_holds(p->config, edits[i]);
		cron_close(&c);
	}
}

static void test_a_file_that_comes_or_goes(void **state)
{
	struct place *p = *state;
	struct cron c = CRON_INIT;
	struct err e = ERR_INIT;

	assert_int_equal(cron_open(&c, p->dir, CRON_WRITE, "test", &e), 0);
	assert_false(c.there);
	fill(&c, "vacuum");
	put(p->config, "{}");
	assert_int_equal(cron_commit(&c, &e), -SK_EBUSY);
	assert_holds(p->config, "{}");
	cron_close(&c);
	err_clear(&e);
	assert_int_equal(cron_open(&c, p->dir, CRON_WRITE, "test", &e), 0);
	fill(&c, "vacuum");
	assert_int_equal(unlink(p->config), 0);
	assert_int_equal(cron_commit(&c, &e), -SK_EBUSY);
	assert_int_equal(access(p->config, F_OK), -1);
	cron_close(&c);
}

/* Two commits of one opening: the second one compares with what the first one wrote. */
static void test_again_and_again(void **state)
{
	struct place *p = *state;
	struct cron c = CRON_INIT, look = CRON_INIT;
	struct err e = ERR_INIT;

	assert_int_equal(cron_open(&c, p->dir, CRON_WRITE, "test", &e), 0);
	for (size_t i = 0; i < 5; i++) {
		fill(&c, "vacuum");
		assert_int_equal(cron_commit(&c, &e), 0);
		assert_int_equal(cron_open(&look, p->dir, 0, "test", &e), 0);
		assert_int_equal(look.tasks.count, i + 1);
		assert_int_equal(cron_at(&look, i)->schedule.plan.hour, 4);
		cron_close(&look);
	}
	cron_remove(&c, 2);
	assert_int_equal(cron_commit(&c, &e), 0);
	cron_close(&c);
	assert_int_equal(cron_open(&c, p->dir, 0, "test", &e), 0);
	assert_int_equal(c.tasks.count, 4);
	assert_int_equal(cron_choose(&c, SPAN_LIT("vacuum"), &e), -SK_EUSAGE);
	assert_int_equal(cron_choose(&c, cron_at(&c, 3)->id, &e), 3);
	assert_int_equal(cron_choose(&c, SPAN_LIT("other"), &e), -SK_ENOTFOUND);
	cron_close(&c);
}

static void test_names_of_pages(void **unused)
{
	static const struct {
		const char *name;
		bool ours, begun;
	} rows[] = {
		{ "20261122T033000.123Z-0123456789ab.md", true, false },
		{ "20261122T033000.123Z-0123456789ab.md.sk-tmp", true, true },
		{ "20261122T033000.123Z-a.b-c.md", true, false },
		{ "20261122T033000.123Z-.md", false, false },
		{ "20261122T033000.123Z.md", false, false },
		{ "20261122T033000.123Z-..md", false, false },
		{ "20261122T033000.123Z-a/b.md", false, false },
		{ "20261322T033000.123Z-a.md", false, false },
		{ "20261122T033000.12Z-a.md", false, false },
		{ "20261122T033000.123+-a.md", false, false },
		{ "20261122 033000.123Z-a.md", false, false },
		{ "20261122T033000.123Z-a.txt", false, false },
		{ "20261122T033000.123Z-a", false, false },
		{ "x20261122T033000.123Z-a.md", false, false },
		{ ".md", false, false },
		{ ".md.sk-tmp", false, false },
		{ "", false, false },
	};
	CLEANUP(buf_release) struct buf name = BUF_INIT;
	struct span task;
	int64_t at_ms;
	bool begun;

	(void)unused;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool ours = cron_report_decode(span_of(rows[i].name), &at_ms, &task, &begun);

		if (ours != rows[i].ours || (ours && begun != rows[i].begun))
			fail_msg("%s", rows[i].name);
	}
	cron_report_name(1795318200123, SPAN_LIT("0123456789ab"), &name);
	assert_string_equal(name.p, rows[0].name);
	assert_true(cron_report_decode(span_of(name.p), &at_ms, &task, &begun));
	assert_true(at_ms == 1795318200123 && span_is(task, "0123456789ab"));
}

static void test_names_of_copies(void **unused)
{
	static const struct {
		const char *name;
		int kind; /* -1 = none of ours */
		unsigned number;
	} rows[] = {
		{ "k.db.backup-20261121T214425Z", CRON_ASIDE_BACKUP, 1 },
		{ "k.db.replaced-20261121T214425Z-2", CRON_ASIDE_REPLACED, 2 },
		{ "k.db.corrupt-20261121T214425Z-13-wal", CRON_ASIDE_CORRUPT, 13 },
		{ "k.db.corrupt-20261121T214425Z-shm", CRON_ASIDE_CORRUPT, 1 },
		{ "k.db.orphan-20261121T214425Z-journal", CRON_ASIDE_ORPHAN, 1 },
		{ "k.db", -1, 0 },
		{ "k.db-wal", -1, 0 },
		{ "k.db.backup", -1, 0 },
		{ "k.db.backup-", -1, 0 },
		{ "k.db.backup-20261121T214425", -1, 0 },
		{ "k.db.backup-20261321T214425Z", -1, 0 },
		{ "k.db.backup-20261121 214425Z", -1, 0 },
		{ "k.db.backup-20261121T214425Z-", -1, 0 },
		{ "k.db.backup-20261121T214425Z-1", -1, 0 },
		{ "k.db.backup-20261121T214425Z-02", -1, 0 },
		{ "k.db.backup-20261121T214425Zx", -1, 0 },
		{ "k.db.backup-20261121T214425Z.md", -1, 0 },
		{ "k.db.mine-20261121T214425Z", -1, 0 },
		{ "other.db.backup-20261121T214425Z", -1, 0 },
		{ "k.dbxbackup-20261121T214425Z", -1, 0 },
	};

	(void)unused;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cron_aside found = { .number = 99 };
		bool ours = cron_aside_decode(span_of(rows[i].name), SPAN_LIT("k.db"), &found);

		if (ours != (rows[i].kind >= 0))
			fail_msg("%s", rows[i].name);
		if (!ours) {
			assert_int_equal(found.number, 99);
			continue;
		}
		assert_int_equal(found.kind, rows[i].kind);
		assert_int_equal(found.number, rows[i].number);
		assert_true(found.at_ms == 1795297465000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_an_editor_is_not_written_over, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_file_that_comes_or_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_again_and_again, setup, teardown),
		cmocka_unit_test(test_names_of_pages),
		cmocka_unit_test(test_names_of_copies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
