/* Nobody should have to prepare anything before the first lesson. */
#include "cmd/kb/knowledge.h"

#include "cmd/home.h"
#include "kb/kb_migrate.h"

static void tell_nothing(void *arg, const struct kb_told *told)
{
	(void)arg;
	(void)told;
}

int knowledge_open(const char *given, const char *who, int64_t now_ms, struct kb **out,
		   struct err *e)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	struct kb_migrate make = { .who = who, .now_ms = now_ms, .tell = tell_nothing };
	struct kb_open how = { .mode = KB_WRITE, .versions = KB_CURRENT, .who = who };
	struct kb_migrated made;
	struct err missing = ERR_INIT;
	int rc = cmd_database(given, true, &path, e);

	if (rc < 0)
		return rc;
	how.path = make.path = path.p;
	rc = kb_open(&how, out, &missing);
	if (rc != -SK_ENOTFOUND)
		return rc < 0 ? err_set(e, rc, "%s", missing.text) : 0;
	rc = kb_migrate(&make, &made, e);
	return rc < 0 ? rc : kb_open(&how, out, e);
}
