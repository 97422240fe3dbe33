/*
 * Ids are made where the rows are, by a function that SQL can call on our own connections alone: a
 * view or trigger in a foreign file cannot. NUL stands between the parts, which no text holds, so
 * that two lists of parts never look the same.
 */
#include <string.h>

#include "base/mac.h"
#include "kb/kb_migrate_impl.h"

static void stable_id(sqlite3_context *context, int count, sqlite3_value **parts)
{
	CLEANUP(buf_release) struct buf all = BUF_INIT;
	char digest[MAC_HEX_LEN + 1];

	for (int i = 0; i < count; i++) {
		const unsigned char *text = sqlite3_value_text(parts[i]);

		if (i > 0)
			buf_putc(&all, '\0');
		if (text)
			buf_put(&all, text, (size_t)sqlite3_value_bytes(parts[i]));
	}
	mac_digest((struct span){ all.p, all.len }, digest);
	sqlite3_result_text(context, digest, MAC_HEX_LEN, SQLITE_TRANSIENT);
}

int kb_backfill_enable(sqlite3 *db)
{
	return sqlite3_create_function_v2(db, "sk_stable_id", -1,
					  SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY,
					  NULL, stable_id, NULL, NULL, NULL);
}
