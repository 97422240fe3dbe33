/* The parts of the classifier, for its own files. */
#ifndef SK_QUOTA_IMPL_H
#define SK_QUOTA_IMPL_H

#include "core/quota.h"

/* What one line, or one structured event, says. */
struct quota_hit {
	enum quota_kind kind;
	enum quota_provider provider;
	unsigned status;
	bool no_retry; /* the service said that it is of no use */
	size_t line;   /* from 1 */
	struct quota_time time;
	char words[QUOTA_EVIDENCE_BYTES_MAX];
};

/* How much a text is trusted to be about its own run. */
enum quota_trust {
	QUOTA_LOG,     /* a line among many: weak words need a word of trouble beside them */
	QUOTA_MESSAGE, /* few lines: weak words count, unless they are about work on code */
	QUOTA_ERROR,   /* the text of an error: everything counts */
};

/* The most exact kind that a line tells of; false when it tells of none. Only kind, provider,
 * status and words of *out are set. */
bool quota_words_judge(struct span line, enum quota_trust trust, struct quota_hit *out);

/* The provider whose name stands in a text. */
enum quota_provider quota_provider_named(struct span text);

/* Sets words to the text from `at` on, `len` bytes and a little of what is around, cut. */
void quota_hit_words(struct quota_hit *hit, struct span line, size_t at, size_t len);

/* `next` is said after `hit`, in the same breath: the more exact kind stays, with its evidence, and
 * what only one of them knows is kept. */
void quota_hit_join(struct quota_hit *hit, const struct quota_hit *next);

/* What a JSON document says of the run that printed it. */
enum quota_sense {
	QUOTA_SENSE_INVALID,  /* it is no JSON object */
	QUOTA_SENSE_SILENT,   /* nothing about how things go */
	QUOTA_SENSE_PROGRESS, /* the agent works */
	QUOTA_SENSE_END,      /* it ended well */
	QUOTA_SENSE_LIMIT,    /* an error that is about a limit: *out is filled */
};

/*
 * Reads the object at the beginning of `text`. *used = its length, when it is valid; how far it was
 * read when it is not. *at = the offset of what decided.
 */
enum quota_sense quota_event_read(struct span text, const struct quota_now *now,
				  struct quota_hit *out, size_t *used, size_t *at);

#endif
