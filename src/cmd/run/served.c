/* The same rows run here and there, so a page looks the same whoever prints it. */
#include "cmd/run/served.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/scan.h"
#include "cmd/view.h"
#include "ctl/control_ask.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/lock.h"

#define PATIENCE_MS 1000 /* longer than any turn; then reading is the better way */
#define WORDS_MAX 256

/* Hints name plans as seen from the working directory: it must be the same for both. */
static bool at_root(const struct paths *paths)
{
	struct stat here, root;

	return stat(".", &here) == 0 && stat(paths->root, &root) == 0 &&
	       here.st_dev == root.st_dev && here.st_ino == root.st_ino;
}

static bool is_large(int state_fd)
{
	struct stat st;

	return fstatat(state_fd, "current.json", &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       st.st_size >= SERVED_BYTES_MIN;
}

/* What stands behind -- is no option of ours to add to. */
static bool can_be_asked(const struct cmd_ctx *c)
{
	for (size_t i = 0; i < c->word_count; i++)
		if (strcmp(c->words[i], "--") == 0)
			return false;
	return true;
}

static void put_words(struct buf *out, const struct cmd_ctx *c, const char *const *more)
{
	buf_putc(out, '[');
	buf_put_json(out, span_of(c->cmd->path));
	for (size_t i = 0; i < c->word_count; i++) {
		buf_putc(out, ',');
		buf_put_json(out, span_of(c->words[i]));
	}
	for (; more && *more; more++) {
		buf_putc(out, ',');
		buf_put_json(out, span_of(*more));
	}
	if (c->json)
		buf_puts(out, ",\"--json\"");
	buf_putc(out, ']');
}

#define REFUSED 2

/* Returns as served_ask, and REFUSED when an orchestrator answered, but not with the page. */
static int ask_for(struct cmd_ctx *c, struct control_request *request, struct out *out,
		   bool any_size, int *exit_code, struct err *e)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT, scratch = BUF_INIT, why = BUF_INIT;
	CLEANUP(fd_close) int state_fd = paths_open(c->paths, false, &why);
	struct err ignored = ERR_INIT;
	struct control_reply reply;

	request->kind = CONTROL_SHOW;
	request->columns = c->out->columns;
	request->terminal = c->out->terminal;
	request->color = c->out->color;
	if (state_fd < 0 || (!any_size && !is_large(state_fd)))
		return 0;
	if (control_ask(state_fd, request, PATIENCE_MS, &line, &scratch, &reply, &ignored) < 1)
		return 0;
	if (reply.code == SK_EBUSY)
		return REFUSED;
	if (reply.code)
		return err_set(e, -(int)reply.code, "%.*s", SPAN_ARG(reply.message));
	if (out)
		out_put(out, reply.output.p, reply.output.len);
	*exit_code = (int)reply.exit_code;
	return 1;
}

int served_ask(struct cmd_ctx *c, int *exit_code, struct err *e)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct control_request request = { .aside = false };
	int rc = REFUSED;

	if (!can_be_asked(c))
		return 0;
	put_words(&text, c, NULL);
	request.words = (struct span){ text.p, text.len };
	if (at_root(c->paths))
		rc = ask_for(c, &request, c->out, false, exit_code, e);
	return rc == REFUSED ? served_aside(c, &(struct served_wish){ 0 }, exit_code, e) : rc;
}

int served_aside(struct cmd_ctx *c, const struct served_wish *wish, int *exit_code, struct err *e)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct control_request request = { .aside = true };
	char cwd[PATH_MAX];
	int rc;

	if (!can_be_asked(c) || !getcwd(cwd, sizeof(cwd)))
		return 0;
	put_words(&text, c, wish->more);
	request.words = (struct span){ text.p, text.len };
	request.cwd = span_of(cwd);
	rc = ask_for(c, &request, wish->quiet ? NULL : c->out, wish->any_size, exit_code, e);
	return rc == REFUSED ? 0 : rc;
}

/* What options_parse wants: words that end in NUL. The first one is the path. */
struct words {
	struct buf text;
	char *v[WORDS_MAX];
	size_t count;
};

static bool read_words(struct span raw, struct words *out)
{
	size_t at[WORDS_MAX];
	struct scan s;

	scan_init(&s, raw);
	scan_array(&s);
	while (scan_item(&s)) {
		struct scan_text word = { SPAN_NONE, false };

		scan_string(&s, &word);
		if (s.error || out->count == WORDS_MAX)
			return false;
		at[out->count++] = out->text.len;
		scan_unescape(&out->text, word);
		buf_putc(&out->text, '\0');
	}
	for (size_t i = 0; i < out->count; i++)
		out->v[i] = out->text.p + at[i];
	return out->count > 0;
}

/* What a copy may run is never run by the orchestrator itself: it may decide on an act. */
static const struct cmd *find_row(const char *path, bool aside)
{
	unsigned wanted = aside ? CMD_ASIDE | CMD_SERVED : CMD_SERVED;

	for (size_t i = 0; i < cmd_count; i++)
		if (strcmp(cmd_table[i]->path, path) == 0 && cmd_table[i]->needs & wanted)
			return cmd_table[i];
	return NULL;
}

/* The state is lent for the call: the copy is shallow and never released, only an act that is
 * rehearsed in a copy of the process changes it. */
static int run_row(const struct served_by *by, const struct state *st, struct store *store,
		   struct cmd_ctx *c, struct err *e)
{
	struct view view = {
		.dir = by->state_fd, .st = *st, .store = store, .alive = true, .lent = true
	};
	/* Our own lock, looked at as others see it: so the page is the one they would make. */
	int rc = lock_probe(by->state_fd, ORCHESTRATOR_LOCK, &view.holder);

	if (rc < 0)
		return err_set(e, rc, "%s: %s: nothing was shown", ORCHESTRATOR_LOCK,
			       strerror(-rc));
	vfs_real_open(&view.vfs, by->state_fd);
	c->view = &view;
	rc = c->cmd->run(c, e);
	vfs_real_close(&view.vfs);
	return rc;
}

/* A copy goes where the words were typed: what is printed may name files as seen from there. */
static bool goes_there(const struct served_by *by, const struct control_request *request)
{
	CLEANUP(mem_free) char *cwd = span_dup(request->cwd);

	return request->aside ? chdir(cwd) == 0 : at_root(by->paths);
}

int served_show(void *ctx, const struct state *st, struct store *store,
		const struct control_request *request, struct buf *out, struct err *e)
{
	const struct served_by *by = ctx;
	CLEANUP(options_release) struct options options = OPTIONS_INIT;
	struct words words = { .text = BUF_INIT };
	struct out page = { .fd = -1,
			    .gathers = true,
			    .terminal = request->terminal,
			    .color = request->color,
			    .columns = (unsigned)request->columns };
	struct done nothing = { .other = NULL }; /* a page changes nothing */
	struct cmd_ctx c = { .options = &options,
			     .out = &page,
			     .done = &nothing,
			     .now_ms = clock_wall_ms(&clock_real),
			     .paths = by->paths };
	int rc = -SK_EBUSY;

	if (read_words(request->words, &words) && goes_there(by, request))
		c.cmd = find_row(words.v[0], request->aside);
	if (c.cmd)
		rc = options_parse(&options, c.cmd, words.v + 1, words.count - 1, NULL, e);
	else
		err_set(e, rc, "orchestrator: it does not show this page");
	if (rc == 0) {
		const char *format = options_text(&options, "format");

		c.json = options_has(&options, "json") || (format && strcmp(format, "json") == 0);
		rc = options_check_args(&options, e);
	}
	if (rc == 0)
		rc = run_row(by, st, store, &c, e);
	buf_release(out);
	*out = page.buf;
	buf_release(&words.text);
	return rc;
}
