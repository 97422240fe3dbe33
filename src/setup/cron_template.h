/*
 * What maintenance there is: a table of templates. Each does its work once, may be killed at any
 * moment and may be done again. They open no configuration and write no record.
 */
#ifndef SK_CRON_TEMPLATE_H
#define SK_CRON_TEMPLATE_H

#include "base/err.h"
#include "core/slot.h"

/* word, whether its turn is over, code it stands for where a person asked for that run */
#define CRON_STATUSES(X)                           \
	X(OK, "ok", true, 0)                       \
	X(BUSY, "busy", false, 0)                  \
	X(MISSING, "missing", true, -SK_ENOTFOUND) \
	X(CORRUPT, "corrupt", true, -SK_ECORRUPT)  \
	X(ERROR, "error", true, -SK_EIO)           \
	X(INTERRUPTED, "interrupted", false, 0)    \
	X(UNKNOWN, "unknown-template", false, -SK_EUSAGE)

#define X(name, word, over, code) CRON_##name,
enum cron_status { CRON_STATUSES(X) CRON_STATUS_COUNT };
#undef X

const char *cron_status_word(enum cron_status status);
/* Whether the slot is done with: what was busy is tried again. */
bool cron_status_over(enum cron_status status);
int cron_status_code(enum cron_status status);

/* What a template is given; borrowed. */
struct cron_place {
	const char *copilot; /* the folder .copilot */
	const char *db_path; /* of the knowledge database */
	int64_t db_wait_ms;  /* for others that use it */
	const char *command; /* which others are told, while it holds them up */
	int64_t now_ms;
	uint64_t retention_days; /* of what is cleaned up */
};

/* What came of it. */
struct cron_outcome {
	enum cron_status status;
	struct buf said;  /* one line for people, without a full stop */
	struct buf facts; /* members of a JSON object, without its brackets; may be empty */
};

#define CRON_OUTCOME_INIT                   \
	{                                   \
		CRON_OK, BUF_INIT, BUF_INIT \
	}

void cron_outcome_release(struct cron_outcome *o);

struct cron_template {
	const char *name;
	const char *summary;
	struct slot_plan plan; /* when nobody says anything else */
	void (*run)(const struct cron_place *place, struct cron_outcome *out);
};

extern const struct cron_template cron_templates[];
extern const size_t cron_template_count;

const struct cron_template *cron_template_find(struct span name);

/* Appends the names of all, with ", " between them. */
void cron_template_names(struct buf *out);

#endif
