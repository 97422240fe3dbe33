/* The same rows run here and there, so a page looks the same whoever prints it. */
#include "cmd/served.h"

#include <errno.h>
#include <fcntl.h>
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

static void put_words(struct buf *out, const struct cmd_ctx *c, char *const *words, size_t count)
{
	buf_putc(out, '[');
	buf_put_json(out, span_of(c->cmd->path));
	for (size_t i = 0; i < count; i++) {
		buf_putc(out, ',');
		buf_put_json(out, span_of(words[i]));
	}
	if (c->json)
		buf_puts(out, ",\"--json\"");
	buf_putc(out, ']');
}

int served_ask(struct cmd_ctx *c, char *const *words, size_t count, int *exit_code, struct err *e)
{
	CLEANUP(buf_release)
	struct buf text = BUF_INIT, line = BUF_INIT, scratch = BUF_INIT, why = BUF_INIT;
	CLEANUP(fd_close) int state_fd = paths_open(c->paths, false, &why);
	struct control_request request = { .kind = CONTROL_SHOW,
					   .columns = c->out->columns,
					   .terminal = c->out->terminal,
					   .color = c->out->color };
	struct err ignored = ERR_INIT;
	struct control_reply reply;

	for (size_t i = 0; i < count;
	     i++) /* what stands behind -- is no option of ours to add to */
		if (strcmp(words[i], "--") == 0)
			return 0;
	if (state_fd < 0 || !is_large(state_fd) || !at_root(c->paths))
		return 0;
	put_words(&text, c, words, count);
	request.words = (struct span){ text.p, text.len };
	if (control_ask(state_fd, &request, PATIENCE_MS, &line, &scratch, &reply, &ignored) < 1 ||
	    reply.code == SK_EBUSY)
		return 0;
	if (reply.code)
		return err_set(e, -(int)reply.code, "%.*s", SPAN_ARG(reply.message));
	out_put(c->out, reply.output.p, reply.output.len);
	*exit_code = (int)reply.exit_code;
	return 1;
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

static const struct cmd *find_row(const char *path)
{
	for (size_t i = 0; i < cmd_count; i++)
		if (strcmp(cmd_table[i]->path, path) == 0 && cmd_table[i]->needs & CMD_SERVED)
			return cmd_table[i];
	return NULL;
}

/* The state is lent for the call: the copy is shallow and never released. */
static int run_row(const struct served_by *by, const struct state *st, struct cmd_ctx *c,
		   struct err *e)
{
	struct view view = { .dir = by->state_fd, .st = *st, .alive = true };
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

int served_show(void *ctx, const struct state *st, const struct control_request *request,
		struct buf *out, struct err *e)
{
	const struct served_by *by = ctx;
	CLEANUP(options_release) struct options options = OPTIONS_INIT;
	struct words words = { .text = BUF_INIT };
	struct out page = { .fd = -1,
			    .gathers = true,
			    .terminal = request->terminal,
			    .color = request->color,
			    .columns = (unsigned)request->columns };
	struct cmd_ctx c = { .options = &options,
			     .out = &page,
			     .now_ms = clock_wall_ms(&clock_real),
			     .paths = by->paths };
	int rc = -SK_EBUSY;

	if (read_words(request->words, &words) && at_root(by->paths))
		c.cmd = find_row(words.v[0]);
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
		rc = run_row(by, st, &c, e);
	buf_release(out);
	*out = page.buf;
	buf_release(&words.text);
	return rc;
}
