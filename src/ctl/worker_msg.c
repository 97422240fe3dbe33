/*
 * One table of members and one row a kind: encoder, decoder and the check for missing members all
 * read it, so they cannot disagree. Ids are checked here, at the door, because both sides make file
 * names of them. Members that are zero or empty are not written unless the kind demands them.
 */
#include "ctl/worker_msg.h"

#include <errno.h>
#include <stddef.h>

#include "base/limits.h"

enum member_type {
	TYPE_U64,
	TYPE_I64,
	TYPE_BOOL,
	TYPE_ID,
	TYPE_TASK,
	TYPE_TEXT,
	TYPE_OBJECT,
	TYPE_ARRAY,
	TYPE_OUTCOME
};

/* name, key, type, place in struct worker_msg; they are written in this order */
#define MEMBERS(X)                                            \
	X(SERIAL, "serial", U64, serial)                      \
	X(WORKER, "worker_id", ID, worker_id)                 \
	X(INCARNATION, "incarnation", U64, incarnation)       \
	X(TASK, "task_id", TASK, task_id)                     \
	X(ATTEMPT, "attempt", U64, attempt)                   \
	X(WORKSTREAM, "workstream_id", ID, workstream_id)     \
	X(NAME, "name", TEXT, name)                           \
	X(RUN_NO, "run_no", U64, run_no)                      \
	X(SLOTS, "slots", U64, slots)                         \
	X(PID, "pid", U64, pid)                               \
	X(PID_START, "pid_start", U64, pid_start)             \
	X(BOOT_ID, "boot_id", TEXT, boot_id)                  \
	X(NONCE, "nonce", TEXT, nonce)                        \
	X(VERSION, "version", TEXT, version)                  \
	X(KILL_MODE, "kill_mode", TEXT, kill_mode)            \
	X(CAPABILITIES, "capabilities", ARRAY, capabilities)  \
	X(ACTIVE, "active", ARRAY, active)                    \
	X(ACTIVE_COUNT, "active_count", U64, active_count)    \
	X(AT, "at_ms", I64, at_ms)                            \
	X(EPOCH, "epoch", U64, epoch)                         \
	X(GRACE, "grace_ms", U64, grace_ms)                   \
	X(HEARTBEAT_EVERY, "heartbeat_ms", U64, heartbeat_ms) \
	X(REASON, "reason", TEXT, reason)                     \
	X(TIMEOUT, "timeout_ms", U64, timeout_ms)             \
	X(VALIDATION, "validation", BOOL, validation)         \
	X(DEFINITION, "def", OBJECT, def)                     \
	X(CWD, "cwd", TEXT, cwd)                              \
	X(ENV, "env", OBJECT, env)                            \
	X(OUTCOME, "outcome", OUTCOME, result.outcome)        \
	X(OF_RULES, "of_rules", BOOL, result.validation)      \
	X(EXIT_CODE, "exit_code", I64, result.exit_code)      \
	X(SIGNAL, "signal", U64, result.signal)               \
	X(DURATION, "duration_ms", U64, result.duration_ms)   \
	X(CPU, "cpu_ms", U64, result.cpu_ms)                  \
	X(PEAK, "peak_kb", U64, result.peak_kb)               \
	X(LEFTOVERS, "leftovers", U64, result.leftovers)      \
	X(ERROR, "error", TEXT, result.error)                 \
	X(OUTPUTS, "outputs", OBJECT, result.outputs)

enum member {
#define X(name, key, type, place) MEMBER_##name,
	MEMBERS(X)
#undef X
		MEMBER_COUNT
};

#define BIT(name) (1ULL << MEMBER_##name)

static const struct member_row {
	const char *key;
	size_t key_len, offset;
	enum member_type type;
} member_rows[MEMBER_COUNT] = {
#define X(name, key, type, place) \
	{ key, sizeof(key) - 1, offsetof(struct worker_msg, place), TYPE_##type },
	MEMBERS(X)
#undef X
};

#define RESULT_MEMBERS                                                                            \
	(BIT(OUTCOME) | BIT(OF_RULES) | BIT(EXIT_CODE) | BIT(SIGNAL) | BIT(DURATION) | BIT(CPU) | \
	 BIT(PEAK) | BIT(LEFTOVERS) | BIT(ERROR) | BIT(OUTPUTS))

static const struct kind_row {
	uint64_t must, may;
} kind_rows[MSG_COUNT] = {
	[MSG_REGISTER] = { BIT(WORKER) | BIT(INCARNATION) | BIT(SLOTS) | BIT(PID) | BIT(PID_START) |
				   BIT(BOOT_ID) | BIT(NONCE) | BIT(VERSION) | BIT(KILL_MODE) |
				   BIT(CAPABILITIES) | BIT(ACTIVE),
			   BIT(SERIAL) },
	[MSG_HEARTBEAT] = { BIT(ACTIVE_COUNT) | BIT(SERIAL), 0 },
	[MSG_STARTED] = { BIT(SERIAL) | BIT(TASK) | BIT(ATTEMPT) | BIT(PID) | BIT(AT),
			  BIT(WORKSTREAM) | BIT(RUN_NO) },
	[MSG_FINISHED] = { BIT(SERIAL) | BIT(TASK) | BIT(ATTEMPT) | BIT(OUTCOME),
			   BIT(WORKSTREAM) | BIT(RUN_NO) | RESULT_MEMBERS },
	[MSG_BYE] = { 0, 0 },
	[MSG_REGISTERED] = { BIT(EPOCH) | BIT(GRACE), BIT(SLOTS) | BIT(HEARTBEAT_EVERY) },
	[MSG_REJECTED] = { BIT(REASON), 0 },
	[MSG_ASSIGN] = { BIT(TASK) | BIT(ATTEMPT) | BIT(WORKSTREAM) | BIT(DEFINITION),
			 BIT(VALIDATION) | BIT(NAME) | BIT(RUN_NO) | BIT(CWD) | BIT(ENV) |
				 BIT(REASON) | BIT(TIMEOUT) },
	[MSG_CANCEL] = { BIT(TASK) | BIT(ATTEMPT), 0 },
	[MSG_ACK] = { BIT(SERIAL), 0 },
	[MSG_DRAIN] = { 0, 0 },
	[MSG_SHUTDOWN] = { 0, 0 },
};

static const char *const kind_words[MSG_COUNT] = {
#define X(name, word, direction) word,
	WORKER_MSGS(X)
#undef X
};

static const char *const outcome_words[OUTCOME_COUNT] = {
	[OUTCOME_EXIT] = "exit",         [OUTCOME_SIGNAL] = "signal",
	[OUTCOME_TIMEOUT] = "timeout",   [OUTCOME_KILLED] = "killed",
	[OUTCOME_PRECHECK] = "precheck", [OUTCOME_SPAWN_FAILED] = "spawn_failed",
};

static int word_find(const char *const *words, int count, struct span word)
{
	for (int i = 0; i < count; i++)
		if (span_is(word, words[i]))
			return i;
	return -EINVAL;
}

static const void *member_at(const struct worker_msg *m, const struct member_row *row)
{
	return (const char *)m + row->offset;
}

/* Whether the member holds nothing. The outcome has no empty value. */
static bool member_empty(const struct member_row *row, const void *at)
{
	switch (row->type) {
	case TYPE_U64:
	case TYPE_I64:
		return *(const uint64_t *)at == 0;
	case TYPE_BOOL:
		return !*(const bool *)at;
	case TYPE_OUTCOME:
		return false;
	default:
		return ((const struct span *)at)->len == 0;
	}
}

static void put_member(struct buf *out, const struct member_row *row, const void *at)
{
	const struct span *text = at;

	buf_put(out, ",\"", 2);
	buf_put(out, row->key, row->key_len);
	buf_put(out, "\":", 2);
	switch (row->type) {
	case TYPE_U64:
		buf_put_u64(out, *(const uint64_t *)at);
		break;
	case TYPE_I64:
		buf_put_i64(out, *(const int64_t *)at);
		break;
	case TYPE_BOOL:
		buf_puts(out, *(const bool *)at ? "true" : "false");
		break;
	case TYPE_OUTCOME:
		buf_putc(out, '"');
		buf_puts(out, outcome_words[*(const enum outcome *)at]);
		buf_putc(out, '"');
		break;
	case TYPE_OBJECT:
	case TYPE_ARRAY:
		if (text->len)
			buf_put(out, text->p, text->len);
		else
			buf_puts(out, row->type == TYPE_OBJECT ? "{}" : "[]");
		break;
	default:
		buf_put_json(out, *text);
	}
}

void worker_msg_encode(struct buf *out, const struct worker_msg *m)
{
	const struct kind_row *kind = &kind_rows[m->kind];
	uint64_t left = kind->must | kind->may;

	buf_puts(out, "{\"msg\":\"");
	buf_puts(out, kind_words[m->kind]);
	buf_putc(out, '"');
	while (left) {
		int i = __builtin_ctzll(left);
		const void *at = member_at(m, &member_rows[i]);

		left &= left - 1;
		if ((kind->must >> i & 1) || !member_empty(&member_rows[i], at))
			put_member(out, &member_rows[i], at);
	}
	buf_puts(out, "}\n");
}

/* Room was reserved for everything the line can hold, so what was unescaped before does not move.
 */
static struct span take_text(struct scan *s, struct buf *scratch)
{
	struct scan_text text = { SPAN_NONE, false };
	size_t from = scratch->len;

	scan_string(s, &text);
	if (s->error || !text.escaped)
		return text.raw;
	scan_unescape(scratch, text);
	return (struct span){ scratch->p + from, scratch->len - from };
}

/* A name, or two joined by a dot. Nothing in it can lead out of a folder. */
static bool is_task_id(struct span id)
{
	const char *dot = id.len ? memchr(id.p, '.', id.len) : NULL;

	if (id.len <= NAME_BYTES_MAX)
		return !name_problem(id);
	while (id.len <= TASK_ID_BYTES_MAX && dot) {
		struct span first = { id.p, (size_t)(dot - id.p) };
		struct span second = { dot + 1, id.len - first.len - 1 };

		if (!name_problem(first) && !name_problem(second))
			return true;
		dot = memchr(second.p, '.', second.len);
	}
	return false;
}

static void take_member(struct scan *s, const struct member_row *row, struct buf *scratch, void *at)
{
	struct span text;
	int word;

	switch (row->type) {
	case TYPE_U64:
		scan_u64(s, INTEGER_MAX, at);
		break;
	case TYPE_I64:
		scan_i64(s, at);
		break;
	case TYPE_BOOL:
		scan_bool(s, at);
		break;
	case TYPE_OBJECT:
	case TYPE_ARRAY:
		if (scan_peek(s) != (row->type == TYPE_OBJECT ? '{' : '['))
			scan_fail(s, "is of the wrong type");
		scan_skip(s, at);
		break;
	case TYPE_OUTCOME:
		text = take_text(s, scratch);
		word = word_find(outcome_words, OUTCOME_COUNT, text);
		if (word < 0)
			scan_fail(s, "is no outcome");
		else
			*(enum outcome *)at = (enum outcome)word;
		break;
	default:
		text = take_text(s, scratch);
		if (row->type == TYPE_ID && !s->error && name_problem(text))
			scan_fail(s, "is no name");
		if (row->type == TYPE_TASK && !s->error && !is_task_id(text))
			scan_fail(s, "is no id of a task");
		*(struct span *)at = text;
	}
}

/* The row of a key, or MEMBER_COUNT. */
static unsigned member_find(struct span key)
{
	unsigned i = 0;

	while (i < MEMBER_COUNT && (member_rows[i].key_len != key.len ||
				    memcmp(member_rows[i].key, key.p, key.len) != 0))
		i++;
	return i;
}

int worker_msg_decode(struct span line, struct buf *scratch, struct worker_msg *out)
{
	struct worker_msg m = { 0 };
	struct scan_text key;
	uint64_t seen = 0;
	int kind = -1;
	struct scan s;

	if (line.len == 0 || line.len > MESSAGE_BYTES_MAX)
		return -EINVAL;
	buf_reserve(scratch, 2 * line.len + 64);
	scan_init(&s, line);
	scan_object(&s);
	while (scan_key(&s, &key)) {
		unsigned i = member_find(key.raw);

		if (span_is(key.raw, "msg") && kind < 0) {
			kind = word_find(kind_words, MSG_COUNT, take_text(&s, scratch));
			if (kind < 0)
				return -EINVAL;
		} else if (i == MEMBER_COUNT && !span_is(key.raw, "msg")) {
			scan_skip(&s, NULL);
		} else if (i == MEMBER_COUNT || (seen >> i & 1)) {
			return -EINVAL; /* given twice */
		} else {
			seen |= 1ULL << i;
			take_member(&s, &member_rows[i], scratch,
				    (char *)&m + member_rows[i].offset);
		}
	}
	if (scan_end(&s) < 0 || kind < 0 || (kind_rows[kind].must & ~seen))
		return -EINVAL;
	m.kind = (enum worker_msg_kind)kind;
	*out = m;
	return 0;
}
