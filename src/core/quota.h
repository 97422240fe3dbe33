/*
 * Does this text of an agent say "come back later"? The one classifier of agents' output, hand-offs
 * and errors. Pure: the clock and its zone are given.
 *
 * What decides, in this order:
 *
 *  1. Structured output: JSON lines, or JSON documents, of the agents and of the services behind
 *     them, also when one stands behind words ("API Error: 429 {...}"). Only members that tell of
 *     the run itself count; what tools printed and people wrote inside of them does not. The last
 *     error counts, unless the agent went on or ended well after it.
 *  2. Words, in the last QUOTA_WORDS_BYTES and QUOTA_WORDS_LINES of what is not structured and
 *     stands behind a good end. The last group of lines that says something counts; within it the
 *     most exact kind (a daily quota is more exact than "429"). Source code, test reports, changes
 *     ("Added handling of 429") and numbers of lines are no hits. Words that may mean anything
 *     ("billing", "rate limit", "overloaded", "quota") count only beside a word of trouble, or in a
 *     message: a text of at most QUOTA_MESSAGE_LINES lines, like a hand-off.
 *
 * A network that is not there is a limit for an agent that could not work, and nothing at all in
 * what somebody tells of the program that he works on: callers that read such texts ask
 * quota_of_service.
 *
 * The result names line and words that decided.
 */
#ifndef SK_QUOTA_H
#define SK_QUOTA_H

#include "base/limits.h"
#include "base/str.h"
#include "core/quota_time.h"

/* word, retryable, meaning: from the least exact to the most. */
#define QUOTA_KINDS(X)                                                                    \
	X(NONE, "none", false, "nothing about a limit was found")                         \
	X(NETWORK, "network", true, "the service cannot be reached from here")            \
	X(RATE_LIMIT, "rate_limit", true, "too many requests in a short time")            \
	X(OVERLOADED, "overloaded", true, "the service has too much to do")               \
	X(QUOTA_EXCEEDED, "quota_exceeded", true, "the allowance is used up")             \
	X(TOKEN_QUOTA, "token_quota", true, "the allowance of tokens is used up")         \
	X(DAILY_QUOTA, "daily_quota", true, "the allowance of a day is used up")          \
	X(MONTHLY_QUOTA, "monthly_quota", true, "the allowance of a month is used up")    \
	X(CONTEXT_LIMIT, "context_limit", false, "the conversation is too long to go on") \
	X(BILLING, "billing", false, "somebody has to pay, or to change the account")

#define X(name, word, retryable, meaning) QUOTA_##name,
enum quota_kind { QUOTA_KINDS(X) QUOTA_KIND_COUNT };
#undef X

#define QUOTA_PROVIDERS(X)        \
	X(UNKNOWN, "unknown")     \
	X(ANTHROPIC, "anthropic") \
	X(OPENAI, "openai")       \
	X(GITHUB, "github")       \
	X(GOOGLE, "google")

#define X(name, word) QUOTA_BY_##name,
enum quota_provider { QUOTA_PROVIDERS(X) QUOTA_PROVIDER_COUNT };
#undef X

struct quota_verdict {
	enum quota_kind kind;
	enum quota_provider provider;
	bool retryable;  /* trying again later, without anybody doing anything, can help */
	bool structured; /* a structured error decided, not words */
	unsigned status; /* of HTTP, or 0 */
	struct quota_time time;
	int64_t retry_at_ms;                  /* UTC; 0 when the text does not tell */
	size_t line;                          /* from 1; 0 when nothing was found */
	char words[QUOTA_EVIDENCE_BYTES_MAX]; /* that decided, as they stand there, perhaps cut */
	bool ended_well;                      /* a structured good end was the last that was said */
};

/* `provider`: the one to assume when the text names none. `now` is when the text was written. */
void quota_classify(struct span text, const struct quota_now *now, enum quota_provider provider,
		    struct quota_verdict *out);

/* Takes back a verdict that is about the network and not about a service. */
void quota_of_service(struct quota_verdict *v);

const char *quota_kind_word(enum quota_kind kind);
const char *quota_kind_text(enum quota_kind kind);
const char *quota_provider_word(enum quota_provider provider);

/* Return whether there is such a word. */
bool quota_kind_of(struct span word, enum quota_kind *out);
bool quota_provider_of(struct span word, enum quota_provider *out);

#endif
