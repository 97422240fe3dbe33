/*
 * The marker as bytes: what was written is read again, every change of it breaks the signature,
 * every shape there ever was is understood, and of many writers none loses anything.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mac.h"
#include "os/fd.h"
#include "os/host.h"
#include "work/marker_impl.h"

#define NOW 1795262400123LL
#define SECRET "a secret of sixty-four digits, or of any other length"

struct place {
	char root[64];
};

static int place_open(void **state)
{
	struct place *p = mem_zalloc(sizeof(*p));

	snprintf(p->root, sizeof(p->root), "/tmp/sk-marker-XXXXXX");
	*state = p;
	return mkdtemp(p->root) ? 0 : -1;
}

static int place_close(void **state)
{
	struct place *p = *state;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execlp("rm", "rm", "-rf", p->root, (char *)NULL);
		_exit(127);
	}
	mem_free(state);
	return waitpid(pid, &status, 0) == pid ? status : -1;
}

static void write_file(const struct place *p, const char *name, const char *text, mode_t mode)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	CLEANUP(fd_close) int fd = -1;

	buf_putf(&path, "%s/hooks", p->root);
	mkdir(path.p, 0700);
	buf_truncate(&path, 0);
	buf_putf(&path, "%s/markers", p->root);
	mkdir(path.p, 0700);
	buf_truncate(&path, 0);
	buf_putf(&path, "%s/%s", p->root, name);
	fd = open(path.p, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static void read_marker(const struct place *p, struct buf *out)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;

	buf_putf(&path, "%s/markers/%s", p->root, MARKER_NAME);
	buf_truncate(out, 0);
	assert_int_equal(fd_read_file_at(AT_FDCWD, path.p, MARKER_BYTES_MAX, out), 0);
}

static struct marker_entry entry_of(const char *name, const char *root)
{
	struct marker_entry t = { .name = span_of(name),
				  .git_root = span_of(root),
				  .tentacle_id = SPAN_LIT("7d1c"),
				  .session = SPAN_LIT("s-1"),
				  .nonce = SPAN_LIT("00ff"),
				  .at_ms = NOW - 5000 };

	assert_int_equal(proc_self(&t.who), 0);
	return t;
}

static enum marker_trust trust_of(const char *secret, struct span text)
{
	struct marker m = { .dir_fd = -1, .lock = LOCK_INIT };
	struct err e = ERR_INIT;
	enum marker_trust trust;

	buf_puts(&m.secret, secret);
	buf_puts(&m.path, "marker");
	trust = marker_decode(&m, text, &e) == 0 ? m.trust : MARKER_TRUST_COUNT;
	marker_close(&m);
	return trust;
}

static void test_round(void **state)
{
	const struct place *p = *state;
	struct marker m;
	struct err e = ERR_INIT;
	char host[HOST_NAME_BYTES_MAX];
	struct marker_entry t = entry_of("docs \"quoted\"", "/home/x/repo");
	struct stat st;
	CLEANUP(buf_release) struct buf path = BUF_INIT;

	host_name(host);
	t.host = span_of(host);
	write_file(p, "hooks/" MARKER_SECRET, SECRET "\n", 0600);
	assert_int_equal(marker_open(&m, p->root, MARKER_WRITE, "test", &e), 0);
	assert_int_equal(m.trust, MARKER_NONE);
	assert_int_equal(m.count, 0);
	marker_put(&m, &t);
	m.mode = SPAN_LIT("prompt");
	assert_int_equal(marker_commit(&m, NOW, &e), 0);
	marker_close(&m);

	assert_int_equal(marker_open(&m, p->root, 0, "test", &e), 0);
	assert_int_equal(m.trust, MARKER_SIGNED);
	assert_int_equal(m.count, 1);
	assert_int_equal(m.at_ms, NOW);
	assert_int_equal(m.ttl_ms, MARKER_TTL_MS);
	assert_true(span_eq(m.v[0].name, t.name));
	assert_true(span_eq(m.v[0].git_root, t.git_root));
	assert_true(span_eq(m.v[0].tentacle_id, t.tentacle_id));
	assert_true(span_eq(m.v[0].session, t.session));
	assert_true(span_eq(m.v[0].nonce, t.nonce));
	assert_int_equal(m.v[0].at_ms, t.at_ms / 1000 * 1000);
	assert_int_equal(m.v[0].who.pid, t.who.pid);
	assert_int_equal(m.v[0].who.start, t.who.start);
	assert_string_equal(m.v[0].who.boot_id, t.who.boot_id);
	assert_int_equal(marker_owner_of(&m.v[0]), MARKER_OWNER_ALIVE);
	marker_close(&m);

	buf_putf(&path, "%s/markers/%s", p->root, MARKER_NAME);
	assert_int_equal(stat(path.p, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	/* The last entry takes the file with it. */
	assert_int_equal(marker_open(&m, p->root, MARKER_WRITE, "test", &e), 0);
	marker_drop(&m, 0);
	assert_int_equal(marker_commit(&m, NOW, &e), 0);
	marker_close(&m);
	assert_int_equal(stat(path.p, &st), -1);
	assert_int_equal(errno, ENOENT);
}

/* Each byte of a signed marker, changed: never signed, unless what was changed has no meaning. */
static void test_every_change_is_seen(void **state)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT, emptied = BUF_INIT;
	struct marker m = { .dir_fd = -1, .lock = LOCK_INIT, .ttl_ms = MARKER_TTL_MS };
	struct marker_entry t = entry_of("docs", "/home/x/repo");
	const char *list, *end;

	(void)state;
	t.host = SPAN_LIT("machine");
	t.rest = SPAN_LIT(",\"theirs\":[1,2]");
	m.at_ms = NOW;
	buf_puts(&m.secret, SECRET);
	marker_put(&m, &t);
	marker_encode(&m, &text);
	assert_int_equal(trust_of(SECRET, (struct span){ text.p, text.len }), MARKER_SIGNED);
	assert_int_equal(trust_of("other", (struct span){ text.p, text.len }), MARKER_BROKEN);
	assert_int_equal(trust_of("", (struct span){ text.p, text.len }), MARKER_NO_SECRET);
	for (size_t i = 0; i + 1 < text.len; i++) {
		char was = text.p[i];

		text.p[i] = was == '1' ? '2' : was == ' ' ? 'x' : '1';
		if (trust_of(SECRET, (struct span){ text.p, text.len }) == MARKER_SIGNED)
			fail_msg("byte %zu: %.30s", i, text.p + i);
		text.p[i] = was;
	}
	/* Emptied by hand, the way that used to open the guard. */
	list = strstr(text.p, "[{");
	end = strstr(text.p, "],\"sig\"");
	assert_non_null(list);
	assert_non_null(end);
	buf_put(&emptied, text.p, (size_t)(list + 1 - text.p));
	buf_puts(&emptied, end);
	assert_int_equal(trust_of(SECRET, (struct span){ emptied.p, emptied.len }), MARKER_BROKEN);
	/* White space has no meaning. */
	buf_truncate(&emptied, 0);
	for (size_t i = 0; i < text.len; i++) {
		buf_putc(&emptied, text.p[i]);
		if (text.p[i] == ',' && text.p[i + 1] == '"')
			buf_puts(&emptied, "\n  ");
	}
	assert_int_equal(trust_of(SECRET, (struct span){ emptied.p, emptied.len }), MARKER_SIGNED);
	marker_close(&m);
}

static void test_old_shapes(void **state)
{
	static const char text[] =
		"{\"name\":\"dispatched-subagent-active\",\"ts\":\"1795262000\",\"git_root\":null,"
		"\"active_tentacles\":[\"plain\",{\"name\":\"with\",\"ts\":\"1795262000\","
		"\"git_root\":\"/r\"},{\"name\":\"idd\",\"ts\":1795262000.5,\"git_root\":null,"
		"\"tentacle_id\":\"abc\",\"pid\":-4,\"extra\":{\"a\":1}}],\"tentacle\":\"single\","
		"\"ttl_seconds\":14400,\"written_at\":\"2026-11-21T11:53:20.000001+00:00\"%s}";
	CLEANUP(buf_release) struct buf signed_text = BUF_INIT, sig_member = BUF_INIT;
	struct marker m = { .dir_fd = -1, .lock = LOCK_INIT };
	struct err e = ERR_INIT;
	char sig[MAC_HEX_LEN + 1];

	(void)state;
	mac_sign(SPAN_LIT(SECRET), SPAN_LIT("dispatched-subagent-active:1795262000"), sig);
	buf_putf(&sig_member, ",\"sig\":\"%s\"", sig);
	for (const char *at = text; *at; at++) {
		if (at[0] == '%' && at[1] == 's') {
			buf_put(&signed_text, sig_member.p, sig_member.len);
			at++;
		} else {
			buf_putc(&signed_text, *at);
		}
	}
	buf_puts(&m.secret, SECRET);
	assert_int_equal(marker_decode(&m, (struct span){ signed_text.p, signed_text.len }, &e), 0);
	assert_int_equal(m.trust, MARKER_OLD);
	assert_int_equal(m.count, 4);
	assert_true(span_is(m.v[0].name, "plain"));
	assert_int_equal(m.v[0].at_ms, 0);
	assert_true(span_is(m.v[1].git_root, "/r"));
	assert_int_equal(m.v[1].at_ms, 1795262000000LL);
	assert_int_equal(m.v[2].at_ms, 1795262000000LL);
	assert_int_equal(m.v[2].who.pid, 0);
	assert_true(span_is(m.v[2].rest, ",\"extra\":{\"a\":1}"));
	assert_true(span_is(m.v[3].name, "single"));
	for (size_t i = 0; i < m.count; i++)
		assert_int_equal(marker_owner_of(&m.v[i]), MARKER_OWNER_UNKNOWN);
	marker_close(&m);
	assert_int_equal(trust_of(SECRET, SPAN_LIT("{\"active_tentacles\":[]}")), MARKER_UNSIGNED);
}

static void test_damaged(void **state)
{
	static const char *const bad[] = { "",
					   "[]",
					   "{",
					   "{\"active_tentacles\":{}}",
					   "{\"a\":1,}",
					   "null",
					   "{\"active_tentacles\":[1]}" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct marker m = { .dir_fd = -1, .lock = LOCK_INIT };
		struct err e = ERR_INIT;

		buf_puts(&m.path, "marker");
		assert_int_equal(marker_decode(&m, span_of(bad[i]), &e), -SK_ECORRUPT);
		assert_non_null(strstr(e.text, "line 1, column "));
		marker_close(&m);
	}
}

static void test_put(void **state)
{
	struct marker m = { .dir_fd = -1, .lock = LOCK_INIT };
	struct marker_entry t = { .name = SPAN_LIT("a"), .git_root = SPAN_LIT("/r") };

	(void)state;
	marker_put(&m, &t);
	t.at_ms = 5;
	marker_put(&m, &t);
	assert_int_equal(m.count, 1); /* same name and repository, no ids */
	t.git_root = SPAN_LIT("/other");
	marker_put(&m, &t);
	assert_int_equal(m.count, 2);
	t.tentacle_id = SPAN_LIT("id-1");
	marker_put(&m, &t);
	assert_int_equal(m.count, 2); /* an older entry of the same one, now with its id */
	t.name = SPAN_LIT("renamed");
	marker_put(&m, &t);
	assert_int_equal(m.count, 2);
	assert_true(span_is(m.v[1].name, "renamed"));
	t.tentacle_id = SPAN_LIT("id-2");
	marker_put(&m, &t);
	assert_int_equal(m.count, 3); /* same name, another id */
	marker_close(&m);
}

static void test_clear_named(void **state)
{
	const struct span ids[] = { SPAN_LIT("id-1") },
			  names[] = { SPAN_LIT("twice"), SPAN_LIT("once"), SPAN_LIT("with-id") };
	struct marker m = { .dir_fd = -1, .lock = LOCK_INIT };
	struct marker_entry t = { .name = SPAN_LIT("x"), .tentacle_id = SPAN_LIT("id-1") };

	(void)state;
	marker_put(&m, &t);
	t = (struct marker_entry){ .name = SPAN_LIT("twice"), .git_root = SPAN_LIT("/a") };
	marker_put(&m, &t);
	t.git_root = SPAN_LIT("/b");
	marker_put(&m, &t);
	t.name = SPAN_LIT("once");
	marker_put(&m, &t);
	t = (struct marker_entry){ .name = SPAN_LIT("with-id"), .tentacle_id = SPAN_LIT("id-9") };
	marker_put(&m, &t);
	assert_int_equal(marker_clear_named(&m, ids, 1, names, 3), 2);
	assert_int_equal(m.count, 3);
	assert_true(span_is(m.v[2].name, "with-id"));
	marker_close(&m);
}

static void test_links_are_refused(void **state)
{
	const struct place *p = *state;
	CLEANUP(buf_release) struct buf lock = BUF_INIT, marker = BUF_INIT, victim = BUF_INIT;
	CLEANUP(buf_release) struct buf kept = BUF_INIT;
	struct marker m;
	struct err e = ERR_INIT;

	write_file(p, "victim", "keep me", 0600);
	buf_putf(&victim, "%s/victim", p->root);
	buf_putf(&lock, "%s/markers/" MARKER_NAME ".lock", p->root);
	buf_putf(&marker, "%s/markers/" MARKER_NAME, p->root);
	unlink(lock.p);
	assert_int_equal(symlink(victim.p, lock.p), 0);
	assert_int_equal(marker_open(&m, p->root, MARKER_WRITE, "test", &e), -SK_EREFUSED);
	assert_non_null(strstr(e.text, "is a symbolic link; refused"));
	unlink(lock.p);
	err_clear(&e);
	assert_int_equal(symlink(victim.p, marker.p), 0);
	assert_int_equal(marker_open(&m, p->root, 0, "test", &e), -SK_EREFUSED);
	unlink(marker.p);
	assert_int_equal(fd_read_file_at(AT_FDCWD, victim.p, 100, &kept), 0);
	assert_string_equal(kept.p, "keep me");
}

static void test_secret_of_others(void **state)
{
	const struct place *p = *state;
	struct marker m;
	struct err e = ERR_INIT;

	write_file(p, "hooks/" MARKER_SECRET, SECRET, 0622);
	assert_int_equal(marker_open(&m, p->root, 0, "test", &e), -SK_EREFUSED);
	assert_non_null(strstr(e.text, "can be written by others"));
	write_file(p, "hooks/" MARKER_SECRET, SECRET, 0600);
}

/* Garbage in the lock file is nobody's lock; a live holder is named. */
static void test_lock(void **state)
{
	static const char *const garbage[] = { "",   "garbage",    "0",          "1",
					       "-1", "2147483648", "{\"pid\":1}" };
	const struct place *p = *state;
	struct marker m, second;
	struct err e = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(garbage); i++) {
		write_file(p, "markers/" MARKER_NAME ".lock", garbage[i], 0600);
		assert_int_equal(marker_open(&m, p->root, MARKER_WRITE, "test", &e), 0);
		marker_close(&m);
	}
	assert_int_equal(marker_open(&m, p->root, MARKER_WRITE, "sk tentacle dispatch", &e), 0);
	assert_int_equal(marker_open(&second, p->root, MARKER_WRITE, "second", &e), -SK_EBUSY);
	assert_non_null(strstr(e.text, "(sk tentacle dispatch)"));
	/* Who only looks is not kept waiting. */
	assert_int_equal(marker_open(&second, p->root, 0, "second", &e), 0);
	marker_close(&second);
	marker_close(&m);
}

/* Many writers at once, each with an entry of its own: none is lost. */
static void test_writers(void **state)
{
	const struct place *p = *state;
	enum { WRITERS = 8, EACH = 5 };
	struct marker m;
	struct err e = ERR_INIT;
	int status, failed = 0;

	for (unsigned w = 0; w < WRITERS; w++) {
		if (fork() != 0)
			continue;
		for (unsigned i = 0; i < EACH; i++) {
			char name[32];
			struct marker_entry t = { .at_ms = NOW };

			snprintf(name, sizeof(name), "w%u-%u", w, i);
			t.name = t.tentacle_id = span_of(name);
			if (marker_open(&m, p->root, MARKER_WRITE, "writer", &e) < 0)
				_exit(1);
			marker_put(&m, &t);
			if (marker_commit(&m, NOW, &e) < 0)
				_exit(2);
			marker_close(&m);
		}
		_exit(0);
	}
	while (wait(&status) > 0)
		failed += status != 0;
	assert_int_equal(failed, 0);
	assert_int_equal(marker_open(&m, p->root, 0, "test", &e), 0);
	assert_int_equal(m.count, WRITERS * EACH);
	assert_int_equal(m.trust, MARKER_SIGNED);
	marker_close(&m);
}

static void test_put_aside(void **state)
{
	const struct place *p = *state;
	CLEANUP(buf_release) struct buf kept = BUF_INIT, path = BUF_INIT;
	struct marker m;
	struct err e = ERR_INIT;

	write_file(p, "markers/" MARKER_NAME, "half a docu", 0600);
	read_marker(p, &kept);
	assert_int_equal(marker_open(&m, p->root, MARKER_WRITE, "test", &e), -SK_ECORRUPT);
	err_clear(&e);
	assert_int_equal(marker_put_aside(p->root, "test", 17, &e), 0);
	assert_int_equal(marker_open(&m, p->root, 0, "test", &e), 0);
	assert_int_equal(m.count, 0);
	marker_close(&m);
	buf_putf(&path, "%s/markers/" MARKER_NAME ".damaged-17", p->root);
	buf_truncate(&kept, 0);
	assert_int_equal(fd_read_file_at(AT_FDCWD, path.p, 100, &kept), 0);
	assert_string_equal(kept.p, "half a docu");
}

/* Place and scope are under the signature, in a form that programs which do not know them keep. */
static void test_place_and_scope(void **state)
{
	static struct span paths[] = { { "src/a b", 7 }, { "doc/*.md", 8 } };
	static const char *const changes[][2] = {
		{ "\"worktree\":\"/trees/x\"", "\"worktree\":\"/trees/y\"" },
		{ "\"branch\":\"t/x\"", "\"branch\":\"t/y\"" },
		{ "\"doc/*.md\"", "\"doc/*\"" },
		{ "\"kept_by\":\"dispatcher\",", "" },
	};
	const struct place *p = *state;
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct marker_entry t = entry_of("docs", "/home/x/repo");
	struct err e = ERR_INIT;
	struct marker m;

	t.worktree = SPAN_LIT("/trees/x");
	t.branch = SPAN_LIT("t/x");
	t.scope = (struct texts){ paths, 2 };
	t.by_dispatcher = true;
	write_file(p, "hooks/" MARKER_SECRET, SECRET "\n", 0600);
	assert_int_equal(marker_open(&m, p->root, MARKER_WRITE, "test", &e), 0);
	marker_put(&m, &t);
	assert_int_equal(marker_commit(&m, NOW, &e), 0);
	marker_close(&m);
	assert_int_equal(marker_open(&m, p->root, 0, "test", &e), 0);
	assert_int_equal(m.trust, MARKER_SIGNED);
	assert_true(span_is(m.v[0].worktree, "/trees/x"));
	assert_true(span_is(m.v[0].branch, "t/x"));
	assert_true(m.v[0].by_dispatcher);
	assert_int_equal(m.v[0].scope.count, 2);
	assert_true(span_is(m.v[0].scope.v[1], "doc/*.md"));
	assert_int_equal(m.v[0].rest.len, 0);
	marker_close(&m);
	read_marker(p, &text);
	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		CLEANUP(buf_release) struct buf changed = BUF_INIT;
		const char *at = strstr(text.p, changes[i][0]);

		assert_non_null(at);
		buf_put(&changed, text.p, (size_t)(at - text.p));
		buf_puts(&changed, changes[i][1]);
		buf_puts(&changed, at + strlen(changes[i][0]));
		assert_int_equal(trust_of(SECRET, (struct span){ changed.p, changed.len }),
				 MARKER_BROKEN);
	}
}

/* Words and shapes of others in these members are theirs. */
static void test_members_of_others(void **state)
{
	struct marker m = { .dir_fd = -1, .lock = LOCK_INIT };
	struct err e = ERR_INIT;

	(void)state;
	buf_puts(&m.path, "marker");
	assert_int_equal(
		marker_decode(&m,
			      SPAN_LIT("{\"active_tentacles\":[{\"name\":\"a\",\"kept_by\":"
				       "\"them\",\"scope\":\"all\",\"worktree\":7}]}"),
			      &e),
		0);
	assert_false(m.v[0].by_dispatcher);
	assert_int_equal(m.v[0].scope.count, 0);
	assert_true(span_is(m.v[0].rest, ",\"kept_by\":\"them\",\"scope\":\"all\",\"worktree\":7"));
	marker_close(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_every_change_is_seen),
		cmocka_unit_test(test_old_shapes),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_put),
		cmocka_unit_test(test_clear_named),
		cmocka_unit_test(test_links_are_refused),
		cmocka_unit_test(test_secret_of_others),
		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_writers),
		cmocka_unit_test(test_put_aside),
		cmocka_unit_test(test_place_and_scope),
		cmocka_unit_test(test_members_of_others),
	};

	return cmocka_run_group_tests(tests, place_open, place_close);
}
