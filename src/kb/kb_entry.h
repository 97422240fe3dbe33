/* One thing that was learned: writing it down, reading it again. */
#ifndef SK_KB_ENTRY_H
#define SK_KB_ENTRY_H

#include "base/str.h"
#include "kb/kb.h"

/* word, confidence when nobody says one. The words are on disk. */
#define KB_CATEGORIES(X) \
	X(mistake, 0.7)  \
	X(pattern, 0.7)  \
	X(decision, 0.8) \
	X(tool, 0.5)     \
	X(feature, 0.7)  \
	X(refactor, 0.6) \
	X(discovery, 0.6)

/* The same words, as a choice. */
#define KB_CATEGORY_CHOICES "mistake|pattern|decision|tool|feature|refactor|discovery"

/* A number from 0 to 1, digits and one point, as people type it. Returns 0 or -EINVAL. */
int kb_confidence_decode(const char *text, double *out);

/* All of it is borrowed for the call. Texts may be empty. */
struct kb_lesson {
	struct span category, title, content;
	struct span tags; /* separated by commas */
	struct span session_id, task_id;
	const struct span *files; /* paths that it is about */
	size_t file_count;
	double confidence; /* 0..1; negative = as the category has it */
	int64_t now_ms;
};

struct kb_learned {
	int64_t id;
	int64_t occurrences; /* 1 = it is new */
	double confidence;
};

/*
 * Writes it down, durably, and makes it found by searches. One of the same category and title is
 * brought up to date instead: it counts one more occurrence, gains 0.05 confidence (or what is
 * given, if that is more), keeps the longer text, and tags and files are joined. Refuses
 * (-SK_EREFUSED) what kb_scan finds something in, and (-SK_EUSAGE) what is empty or too long.
 * Returns 0 or a negative code; then nothing was written.
 */
int kb_entry_learn(struct kb *kb, const struct kb_lesson *lesson, struct kb_learned *out,
		   struct err *e);

/* An entry as it is read. */
struct kb_entry {
	int64_t id;
	char *category, *title, *content, *tags, *session_id, *task_id;
	char *files; /* a JSON list */
	char *first_seen, *last_seen;
	double confidence;
	int64_t occurrences;
};

void kb_entry_release(struct kb_entry *entry);

/* Reads one that is not deleted. -SK_ENOTFOUND. */
int kb_entry_read(struct kb *kb, int64_t id, struct kb_entry *out, struct err *e);

#endif
