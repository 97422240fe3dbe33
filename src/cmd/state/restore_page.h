/* What a restore would do or did, as a page and as a document. */
#ifndef SK_RESTORE_PAGE_H
#define SK_RESTORE_PAGE_H

#include "cmd/cmd.h"
#include "store/restore.h"

struct restore_page {
	const struct restore_plan *plan;
	const struct restore_done *done; /* NULL: nothing was done, it is a dry run */
	const char *into;                /* the folder of the copy, or NULL */
	uint64_t seq;                    /* of the last record that is kept */
	int64_t at_ms;                   /* its time */
	uint64_t violations;             /* of what must hold in every state */
	const char *violation;           /* the first one */
};

void restore_page_print(struct cmd_ctx *c, const struct restore_page *page);

/* Appends "12 records (seq 8..19, the last of 2026-11-21 08:43:00)", or nothing when nothing is
 * lost. */
void restore_put_loss(const struct restore_plan *plan, struct buf *out);

/* Appends the one line for the diary. */
void restore_put_summary(const struct restore_page *page, struct buf *out);

#endif
