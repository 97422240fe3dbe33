/*
 * What agents print says what a run has cost, between everything else that they print. Whatever it
 * is: sums stay within bounds, lines that are no objects change nothing, and money is what the
 * digits say.
 */
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/scan.h"
#include "core/agent_usage.h"

#define DOLLARS_MAX 9e9 /* INTEGER_MAX millionths */

static void read_all(struct span text, struct agent_usage *out)
{
	agent_usage_read(text, out);
	INVARIANT(out->tokens <= (uint64_t)INTEGER_MAX);
	INVARIANT(out->micros <= (uint64_t)INTEGER_MAX);
}

static void check_text(struct span raw)
{
	CLEANUP(buf_release) struct buf more = BUF_INIT;
	struct agent_usage once, again;

	read_all(raw, &once);
	buf_puts(&more, "working\n\n[1]\n");
	buf_put(&more, raw.p, raw.len);
	buf_puts(&more,
		 "\nnothing {\"type\":\"result\",\"total_cost_usd\":7}\n{\"type\":\"result\"");
	read_all((struct span){ more.p, more.len }, &again);
	INVARIANT(once.tokens == again.tokens);
	INVARIANT(once.micros == again.micros);
	buf_putc(&more, '\n');
	buf_put(&more, raw.p, raw.len);
	read_all((struct span){ more.p, more.len }, &again);
	INVARIANT(again.tokens >= once.tokens);
	INVARIANT(again.micros == once.micros);
}

/* The beginning of the input as an amount: two ways to read it agree. */
static void check_amount(struct span raw)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	struct agent_usage said;
	struct span number;
	struct scan s;
	double dollars, off;
	size_t len = 0;

	while (len < raw.len && len < JSON_NUMBER_BYTES_MAX &&
	       memchr("0123456789.eE+-", raw.p[len], 15))
		len++;
	scan_init(&s, (struct span){ raw.p, len });
	scan_number(&s, &number);
	if (!len || scan_end(&s) < 0)
		return;
	buf_puts(&line, "{\"type\":\"result\",\"total_cost_usd\":");
	buf_put(&line, raw.p, len);
	dollars = strtod(line.p + line.len - len, NULL);
	buf_putc(&line, '}');
	read_all((struct span){ line.p, line.len }, &said);
	if (!(dollars > 0))
		INVARIANT(said.micros == 0);
	else if (dollars < DOLLARS_MAX) {
		off = dollars * 1e6 - (double)said.micros;
		INVARIANT(off > -1.0 - dollars * 1e-6);
		INVARIANT(off < 2.0 + dollars * 1e-6);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span raw = { (const char *)data, len };

	check_text(raw);
	check_amount(raw);
	return 0;
}
