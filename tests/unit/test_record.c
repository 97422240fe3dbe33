/*
 * A line and its event are the same thing: every kind of event, with all its fields, through the
 * writer, both readers and a general JSON library. Then lines that were changed by a byte: both
 * readers must give the same verdict.
 */
#include "test.h"

#include "record_oracle.h"

#define AT_MS 1790000000123LL

static const char *const texts[] = { "plain",
				     "with \"quotes\" and \\",
				     "tab\tnewline\n",
				     "gr\xc3\xbc\xc3\x9f dich",
				     "\xf0\x9f\x90\x99",
				     "x",
				     "\x01\x1f\x7f" };
static const char *const raws[] = {
	"[]",     "{\"a\":[1,2,{\"b\":null}]}", "[\"t\\u00e4sk\",\"b\"]", "\"text\"",
	"-1.5e3", "{ \"spaced\" : [ ] }"
};

static struct span some_text(uint64_t *seed)
{
	return span_of(texts[test_below(seed, ARRAY_LEN(texts))]);
}

static void fill_field(struct event *ev, const struct field_row *field, uint64_t *seed)
{
	void *at = (char *)ev + field->offset;

	switch (field->kind) {
	case FIELD_KIND_U64:
		*(uint64_t *)at = test_below(seed, 2) ? test_below(seed, 1000) : INTEGER_MAX;
		break;
	case FIELD_KIND_I64:
		*(int64_t *)at =
			test_below(seed, 2) ? -(int64_t)test_below(seed, 1000) : INTEGER_MAX;
		break;
	case FIELD_KIND_TEXT:
		*(struct span *)at = some_text(seed);
		break;
	case FIELD_KIND_RAW:
		*(struct span *)at = span_of(raws[test_below(seed, ARRAY_LEN(raws))]);
		break;
	case FIELD_KIND_TIME:
		*(int64_t *)at = AT_MS + test_below(seed, 100000);
		break;
	}
}

static unsigned states_of(enum event_type type)
{
	switch (type) {
	case EVENT_TYPE_TASK:
		return TASK_STATE_COUNT;
	case EVENT_TYPE_WORKSTREAM:
		return WS_STATE_COUNT;
	case EVENT_TYPE_WORKER:
		return WORKER_STATE_COUNT;
	default:
		return 0;
	}
}

/* An event of this kind; each member is there with the given chance in eight. */
static struct event some_event(enum event_kind kind, unsigned chance, uint64_t *seed)
{
	struct event ev = {
		.kind = kind, .at_ms = AT_MS + test_below(seed, 1 << 30), .from = 255, .to = 255
	};
	struct span *const members[] = { &ev.task_id,     &ev.workstream_id, &ev.worker_id,
					 &ev.resource_id, &ev.operator_name, &ev.reason,
					 &ev.error };
	unsigned states = states_of(event_rows[kind].type);

	ev.seq = test_below(seed, 8) ? 1 + test_below(seed, 1 << 30) : INTEGER_MAX;
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (test_below(seed, 8) < chance)
			*members[i] = some_text(seed);
	if (test_below(seed, 8) < chance)
		ev.tasks = SPAN_LIT("[\"a\",\"b\"]");
	if (test_below(seed, 8) < chance)
		ev.caused_by = test_below(seed, 1000);
	if (states && test_below(seed, 8) < chance) {
		ev.transition = true;
		ev.from = test_below(seed, 4) ? (uint8_t)test_below(seed, states) : 255;
		ev.to = (uint8_t)test_below(seed, states);
		ev.trigger = (uint8_t)(1 + test_below(seed, TRIGGER_COUNT - 1));
	}
	for (int f = 0; f < FIELD_COUNT; f++)
		if (event_rows[kind].fields >> f & 1 && test_below(seed, 8) < chance)
			fill_field(&ev, &field_rows[f], seed);
	return ev;
}

struct reading {
	int rc;
	struct event ev;
	struct record_turn turn;
	uint64_t sum;
	struct record_problem problem;
	struct buf scratch;
};

static void read_line(struct reading *r, struct span line, uint64_t sum_before)
{
	r->turn = (struct record_turn){ 0, 0 };
	r->rc = record_decode(line, sum_before, &r->scratch, &r->ev, &r->turn, &r->sum,
			      &r->problem);
}

static void read_strictly(struct reading *r, struct span line, uint64_t sum_before)
{
	bool fits;

	if (line.len && line.p[line.len - 1] == '\r')
		line.len--;
	fits = record_sum_find(line, &r->sum) && record_sum(line, sum_before) == r->sum;
	r->turn = (struct record_turn){ 0, 0 };
	r->rc = record_decode_strict(line, fits, &r->scratch, &r->ev, &r->turn, &r->problem);
}

static void release(struct reading *r)
{
	buf_release(&r->scratch);
}

static void check_round_trip(enum event_kind kind, unsigned chance, uint64_t *seed)
{
	CLEANUP(release) struct reading fast = { .rc = 0 }, strict = { .rc = 0 };
	struct record_turn turn = { test_below(seed, 100), test_below(seed, 3) };
	struct event ev = some_event(kind, chance, seed);
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	uint64_t before = test_random(seed), sum = before;
	struct span text;

	if (!turn.lines)
		turn.epoch = 0;
	record_encode(&line, &ev, turn, &sum);
	assert_int_equal(line.p[line.len - 1], '\n');
	assert_null(memchr(line.p, '\n', line.len - 1));
	text = (struct span){ line.p, line.len - 1 };
	read_line(&fast, text, before);
	read_strictly(&strict, text, before);
	if (fast.rc || strict.rc || !oracle_same_event(&ev, &fast.ev) ||
	    !oracle_same_event(&ev, &strict.ev) || !oracle_agrees(text, &ev, turn))
		fail_msg("not the same: %s", line.p);
	assert_int_equal(fast.sum, sum);
	assert_int_equal(fast.turn.lines, turn.lines);
	assert_int_equal(fast.turn.epoch, turn.epoch);
	assert_int_equal(strict.turn.lines, turn.lines);
}

static void every_event_comes_back(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (int kind = 0; kind < EVENT_COUNT; kind++) {
		check_round_trip((enum event_kind)kind, 8, &seed);
		check_round_trip((enum event_kind)kind, 0, &seed);
		for (unsigned i = 0; i < test_rounds(50, 2000); i++)
			check_round_trip((enum event_kind)kind, 4, &seed);
	}
}

/* Changes a byte, doubles a piece, drops a piece, or puts a blank somewhere. */
static void mutate(struct buf *line, uint64_t *seed)
{
	static const char chars[] = "\"\\{}[],:0123456789-+.eEtrufalsn /\x01\x80\xc3\xff";
	CLEANUP(buf_release) struct buf copy = BUF_INIT;
	size_t limit = line->len - RECORD_TAIL_BYTES, at = test_below(seed, (unsigned)limit);
	size_t len = test_below(seed, (unsigned)(limit - at)) % 24;

	buf_put(&copy, line->p, line->len);
	switch (test_below(seed, 4)) {
	case 0:
		line->p[at] = chars[test_below(seed, sizeof(chars) - 1)];
		break;
	case 1:
		buf_truncate(line, at);
		buf_put(line, copy.p + at + len, copy.len - at - len);
		break;
	case 2:
		buf_truncate(line, at);
		buf_put(line, copy.p + at, len);
		buf_put(line, copy.p + at, copy.len - at);
		break;
	default:
		buf_truncate(line, at);
		buf_putc(line, ' ');
		buf_put(line, copy.p + at, copy.len - at);
	}
}

static unsigned check_mutant(uint64_t *seed)
{
	CLEANUP(release) struct reading fast = { .rc = 0 }, strict = { .rc = 0 };
	struct event ev = some_event((enum event_kind)test_below(seed, EVENT_COUNT), 4, seed);
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	uint64_t before = test_random(seed), sum = before;
	struct span text;

	record_encode(&line, &ev, (struct record_turn){ 3, 1 }, &sum);
	buf_truncate(&line, line.len - 1);
	for (unsigned i = 0; i <= test_below(seed, 2); i++)
		mutate(&line, seed);
	oracle_seal(&line, before);
	text = (struct span){ line.p, line.len };
	read_line(&fast, text, before);
	read_strictly(&strict, text, before);
	if (fast.rc != strict.rc || (fast.rc == 0 && !oracle_same_event(&fast.ev, &strict.ev)))
		fail_msg("two verdicts (%d, %d): %s", fast.rc, strict.rc, line.p);
	if (fast.rc == 0 && !oracle_agrees(text, &fast.ev, fast.turn))
		fail_msg("the JSON library reads it differently: %s", line.p);
	return fast.rc == 0;
}

static void both_readers_agree_on_changed_lines(void **state)
{
	unsigned accepted = 0, rounds = test_rounds(30000, 1000000);
	uint64_t seed = 2;

	(void)state;
	for (unsigned i = 0; i < rounds; i++)
		accepted += check_mutant(&seed);
	assert_true(accepted > rounds / 100);
	assert_true(accepted < rounds);
}

static void every_flipped_bit_is_found(void **state)
{
	CLEANUP(release) struct reading r = { .rc = 0 };
	struct event ev = {
		.kind = EV_TASK_STARTED, .seq = 7, .at_ms = AT_MS, .from = 255, .to = 255
	};
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	uint64_t sum = 99;

	(void)state;
	ev.task_id = SPAN_LIT("compile");
	record_encode(&line, &ev, (struct record_turn){ 1, 1 }, &sum);
	for (size_t bit = 0; bit < (line.len - 1) * 8; bit++) {
		line.p[bit / 8] ^= (char)(1 << bit % 8);
		read_line(&r, (struct span){ line.p, line.len - 1 }, 99);
		if (r.rc == 0)
			fail_msg("bit %zu of byte %zu changed unnoticed", bit % 8, bit / 8);
		line.p[bit / 8] ^= (char)(1 << bit % 8);
	}
	read_line(&r, (struct span){ line.p, line.len - 1 }, 98);
	assert_int_equal(r.problem.flaw, RECORD_BAD_SUM);
}

#define HEAD                                                                     \
	"\"timestamp\":\"2026-11-21T08:43:00.123Z\",\"event\":\"task_started\"," \
	"\"event_type\":\"task_state_transition\",\"severity\":\"info\""
#define TAIL ",\"epoch\":1,\"turn\":1,\"sum\":\"0000000000000000\"}"

static const struct hostile {
	const char *line;
	enum record_flaw flaw;
	const char *what;
} hostiles[] = {
	{ "{\"seq\":1," HEAD TAIL, RECORD_OK, NULL },
	{ "{ \"seq\" : 1 , " HEAD " ,\"later\":{\"x\":[]}" TAIL, RECORD_OK, NULL },
	{ "{" HEAD ",\"seq\":1" TAIL, RECORD_OK, NULL },
	{ "{\"s\\u0065q\":1," HEAD TAIL, RECORD_OK, NULL },
	{ "{\"seq\":1," HEAD TAIL "\r", RECORD_OK, NULL },
	{ "{\"seq\":1," HEAD ",\"metadata\":{}" TAIL, RECORD_OK, NULL },
	{ "{\"seq\":1e3," HEAD TAIL, RECORD_BAD_JSON, "seq is not an integer" },
	{ "{\"seq\":-1," HEAD TAIL, RECORD_BAD_JSON, "seq is not an integer" },
	{ "{\"seq\":1.5," HEAD TAIL, RECORD_BAD_JSON, "seq is not an integer" },
	{ "{\"seq\":\"7\"," HEAD TAIL, RECORD_BAD_JSON, "seq is not an integer" },
	{ "{\"seq\":0," HEAD TAIL, RECORD_BAD_JSON, "seq is not an integer" },
	{ "{\"seq\":null," HEAD TAIL, RECORD_BAD_JSON, "seq is not an integer" },
	{ "{\"seq\":9223372036854775808," HEAD TAIL, RECORD_BAD_JSON, "seq is not an integer" },
	{ "{\"seq\":18446744073709551616," HEAD TAIL, RECORD_BAD_JSON, "seq is not an integer" },
	{ "{\"seq\":9007199254740992," HEAD TAIL, RECORD_BAD_JSON, "seq is not an integer" },
	{ "{\"seq\":01," HEAD TAIL, RECORD_BAD_JSON, "malformed number" },
	{ "{\"seq\":1,\"seq\":1," HEAD TAIL, RECORD_BAD_JSON, "twice" },
	{ "{\"seq\":1," HEAD ",\"s\\u0065q\":2" TAIL, RECORD_BAD_JSON, "twice" },
	{ "{\"seq\":1," HEAD ",\"metadata\":{\"pid\":1,\"pid\":2}" TAIL, RECORD_BAD_JSON, "twice" },
	{ "{\"seq\":1," HEAD ",\"reason\":\"\xc0\x80\"" TAIL, RECORD_BAD_JSON, "invalid UTF-8" },
	{ "{\"seq\":1," HEAD ",\"reason\":\"\\ud800\"" TAIL, RECORD_BAD_JSON, "surrogate" },
	{ "{\"seq\":1," HEAD ",\"reason\":\"\\u0000\"" TAIL, RECORD_BAD_JSON, "U+0000" },
	{ "{\"seq\":1," HEAD ",\"metadata\":[]" TAIL, RECORD_BAD_JSON, "expected an object" },
	{ "{\"seq\":1," HEAD ",\"metadata\":{\"pid\":-1}" TAIL, RECORD_BAD_JSON, "whole number" },
	{ "{\"seq\":1," HEAD ",\"to_state\":\"running\"" TAIL, RECORD_BAD_JSON, "stand together" },
	{ "{\"seq\":1," HEAD
	  ",\"from_state\":\"queued\",\"to_state\":\"walking\",\"trigger\":\"worker_started\"" TAIL,
	  RECORD_BAD_JSON, "unknown state" },
	{ "{\"seq\":1," HEAD
	  ",\"from_state\":\"queued\",\"to_state\":\"running\",\"trigger\":\"\"" TAIL,
	  RECORD_BAD_JSON, "unknown trigger" },
	{ "{\"seq\":1," HEAD ",\"epoch\":1,\"sum\":\"0000000000000000\"}", RECORD_BAD_JSON,
	  "stand together" },
	{ "{\"seq\":1," HEAD ",\"epoch\":1,\"turn\":0,\"sum\":\"0000000000000000\"}",
	  RECORD_BAD_JSON, "turn" },
	{ "{\"seq\":1," HEAD ",\"epoch\":1,\"turn\":1,\"format\":3,\"sum\":\"0000000000000000\"}",
	  RECORD_TOO_NEW, "newer format" },
	{ "{\"seq\":1," HEAD ",\"epoch\":1,\"turn\":1,\"format\":1,\"sum\":\"0000000000000000\"}",
	  RECORD_OK, NULL },
	{ "{\"seq\":1,\"timestamp\":\"2026-11-21T08:43:00.123Z\",\"event\":\"task_sang\",\"event_"
	  "type\":\"x\","
	  "\"severity\":\"info\"" TAIL,
	  RECORD_TOO_NEW, "unknown event" },
	{ "{\"seq\":1,\"timestamp\":\"2026-02-30T08:43:00.123Z\",\"event\":\"task_started\","
	  "\"event_type\":"
	  "\"task_state_transition\",\"severity\":\"info\"" TAIL,
	  RECORD_BAD_JSON, "timestamp" },
	{ "{\"seq\":1,\"event\":\"task_started\"" TAIL, RECORD_BAD_JSON, "are needed" },
	{ "{\"seq\":1," HEAD "}", RECORD_BAD_JSON, "does not end in its checksum" },
	{ "{\"sum\":\"0000000000000000\",\"seq\":1," HEAD TAIL, RECORD_BAD_JSON, "twice" },
	{ "[1]", RECORD_BAD_JSON, "expected an object" },
	{ "", RECORD_BAD_JSON, "unexpected end" },
	{ "{\"seq\":1," HEAD ",}", RECORD_BAD_JSON, "unexpected \",\"" },
};

static void check_hostile(const struct hostile *h)
{
	CLEANUP(release) struct reading r = { .rc = 0 };
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	bool cr;

	buf_puts(&line, h->line);
	cr = line.len && line.p[line.len - 1] == '\r';
	line.len -= cr;
	oracle_seal(&line, 5);
	line.len += cr;
	read_line(&r, (struct span){ line.p, line.len }, 5);
	if (h->flaw == RECORD_OK) {
		if (r.rc != 0)
			fail_msg("refused (%s): %s", r.problem.what, h->line);
		assert_int_equal(r.ev.seq, 1);
	} else if (r.rc == 0 || r.problem.flaw != h->flaw || !strstr(r.problem.what, h->what)) {
		fail_msg("%d, flaw %d, \"%s\": %s", r.rc, (int)r.problem.flaw,
			 r.rc ? r.problem.what : "", h->line);
	}
}

static void hostile_lines_are_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hostiles); i++)
		check_hostile(&hostiles[i]);
}

/* A NUL never ends a value early. */
static void nul_bytes_are_found(void **state)
{
	CLEANUP(release) struct reading r = { .rc = 0 };
	CLEANUP(buf_release) struct buf line = BUF_INIT;

	(void)state;
	buf_puts(&line, "{\"seq\":1," HEAD ",\"reason\":\"a#b\"" TAIL);
	*strchr(line.p, '#') = '\0';
	oracle_seal(&line, 0);
	read_line(&r, (struct span){ line.p, line.len }, 0);
	assert_int_equal(r.rc, -22);
	assert_string_equal(r.problem.what, "NUL byte");
}

static void a_newer_line_with_a_wrong_sum_is_damage(void **state)
{
	static const char text[] =
		"{\"seq\":1," HEAD
		",\"epoch\":1,\"turn\":1,\"format\":3,\"sum\":\"0000000000000000\"}";
	CLEANUP(release) struct reading r = { .rc = 0 };

	(void)state;
	read_line(&r, SPAN_LIT(text), 0);
	assert_int_equal(r.problem.flaw, RECORD_BAD_SUM);
	assert_int_equal(r.problem.found_sum, 0);
	assert_true(r.problem.expected_sum != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_event_comes_back),
		cmocka_unit_test(both_readers_agree_on_changed_lines),
		cmocka_unit_test(every_flipped_bit_is_found),
		cmocka_unit_test(hostile_lines_are_named),
		cmocka_unit_test(nul_bytes_are_found),
		cmocka_unit_test(a_newer_line_with_a_wrong_sum_is_damage),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
