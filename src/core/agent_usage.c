/*
 * Only the two lines that tell of the run itself are read: numbers that stand in what an agent
 * quotes or prints are inside of other members and never reached. Money is read digit by digit: a
 * sum of floating point numbers is not the sum of the bills.
 */
#include "core/agent_usage.h"

#include "base/limits.h"
#include "base/scan.h"

#define MICRO_DIGITS 6
#define EXPONENT_MAX 24

/* "0.0123", "1.2e-5" -> millionths, rounded down. */
static uint64_t micros_of(struct span number)
{
	int shift = MICRO_DIGITS, exponent = 0, sign = 1;
	bool point = false;
	uint64_t v = 0;
	size_t i = 0;

	for (; i < number.len; i++) {
		char c = number.p[i];

		if (c == '.') {
			point = true;
			continue;
		}
		if (c < '0' || c > '9')
			break;
		if (v > (uint64_t)INTEGER_MAX / 10) {
			shift += !point; /* fifteen digits of a bill are enough */
			continue;
		}
		v = v * 10 + (uint64_t)(c - '0');
		shift -= point;
	}
	if (i < number.len && (number.p[i] == 'e' || number.p[i] == 'E')) {
		for (i++; i < number.len; i++) {
			if (number.p[i] == '-')
				sign = -1;
			else if (number.p[i] != '+' && exponent < EXPONENT_MAX)
				exponent = exponent * 10 + (number.p[i] - '0');
		}
	}
	for (shift += sign * exponent; shift > 0 && v; shift--) {
		if (v > (uint64_t)INTEGER_MAX / 10)
			return (uint64_t)INTEGER_MAX;
		v *= 10;
	}
	for (; shift < 0 && v; shift++)
		v /= 10;
	return v;
}

struct said {
	bool result, turn; /* which of the two lines it is */
	uint64_t input, output, cache_written, cached, micros;
};

static void read_usage(struct scan *s, struct said *out)
{
	struct scan_text key;

	scan_object(s);
	while (scan_key(s, &key)) {
		uint64_t *to = span_is(key.raw, "input_tokens")    ? &out->input
			       : span_is(key.raw, "output_tokens") ? &out->output
			       : span_is(key.raw, "cache_creation_input_tokens")
				       ? &out->cache_written
			       : span_is(key.raw, "cached_input_tokens") ? &out->cached
									 : NULL;

		if (to && scan_peek(s) == '0')
			scan_u64(s, INTEGER_MAX, to);
		else
			scan_skip(s, NULL);
	}
}

static void read_line(struct span line, struct said *out)
{
	struct scan_text key, text;
	struct span number;
	struct scan s;

	scan_init(&s, line);
	scan_object(&s);
	while (scan_key(&s, &key)) {
		char next = scan_peek(&s);

		if (span_is(key.raw, "type") && next == '"') {
			scan_string(&s, &text);
			out->result = span_is(text.raw, "result");
			out->turn = span_is(text.raw, "turn.completed");
		} else if (span_is(key.raw, "usage") && next == '{') {
			read_usage(&s, out);
		} else if (span_is(key.raw, "total_cost_usd") && next == '0') {
			scan_number(&s, &number);
			out->micros = micros_of(number);
		} else {
			scan_skip(&s, NULL);
		}
	}
	if (scan_end(&s) < 0)
		*out = (struct said){ false };
}

static uint64_t plus(uint64_t a, uint64_t b)
{
	return a > (uint64_t)INTEGER_MAX - b ? (uint64_t)INTEGER_MAX : a + b;
}

void agent_usage_read(struct span output, struct agent_usage *out)
{
	struct agent_usage last = { 0, 0 }, sum = { 0, 0 };
	const char *at = output.p, *end = output.p + output.len;

	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		struct span line = { at, (size_t)((stop ? stop : end) - at) };
		struct said said = { false };

		at = stop ? stop + 1 : end;
		if (!line.len || line.p[0] != '{')
			continue;
		read_line(line, &said);
		if (said.result)
			last = (struct agent_usage){
				plus(plus(said.input, said.output), said.cache_written), said.micros
			};
		else if (said.turn)
			sum.tokens =
				plus(sum.tokens,
				     plus(said.input > said.cached ? said.input - said.cached : 0,
					  said.output));
	}
	out->tokens = plus(last.tokens, sum.tokens);
	out->micros = last.micros;
}
