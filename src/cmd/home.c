/* The environment is read on this floor and handed down: what lies below can be tested without. */
#include "cmd/home.h"

#include <errno.h>
#include <stdlib.h>

#include "kb/kb.h"
#include "os/fd.h"
#include "os/home.h"

int cmd_home(struct buf *out, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	int rc = home_find(getenv("SK_HOME"), getenv("HOME"), out, &why);

	if (rc < 0)
		return err_set(e, rc == -ENOENT || rc == -EPERM ? -SK_EIO : rc, "%s",
			       why.len ? why.p : "the home directory cannot be used");
	return 0;
}

struct span cmd_session(void)
{
	static const char *const names[] = { "SK_SESSION_ID",
					     "COPILOT_AGENT_SESSION_ID",
					     "CLAUDE_CODE_SESSION_ID",
					     "CLAUDE_SESSION_ID",
					     "GEMINI_SESSION_ID",
					     "CODEX_THREAD_ID",
					     NULL };

	for (size_t i = 0; names[i]; i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return span_of(value);
	}
	return SPAN_NONE;
}

int cmd_database(const char *given, bool make_folder, struct buf *out, struct err *e)
{
	const char *variable = getenv("SK_DB_PATH");
	CLEANUP(buf_release) struct buf home = BUF_INIT;
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	CLEANUP(fd_close) int folder = -1;
	int rc;

	rc = kb_default_path(given, variable, getenv("SK_HOME"), getenv("HOME"), out, e);
	if (rc < 0 || !make_folder || given || (variable && *variable))
		return rc;
	rc = cmd_home(&home, e);
	if (rc < 0)
		return rc;
	folder = home_open(home.p, KB_FOLDER, true, &why);
	if (folder < 0)
		return err_set(e, folder == -EPERM ? -SK_EREFUSED : -SK_EIO, "%s",
			       why.len ? why.p : strerror(-folder));
	return 0;
}
