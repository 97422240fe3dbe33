/*
 * What people and programs read. `out` gathers bytes and notices when they cannot be written;
 * `json` writes one document with its schema version; `table` aligns columns. Colour only on a
 * terminal that wants it.
 */
#ifndef SK_PRINT_H
#define SK_PRINT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define JSON_SCHEMA \
	"1.0.0" /* of every document this program prints: members are added, never changed */

enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_GOOD, STYLE_WARN, STYLE_BAD };

struct out {
	int fd;
	bool closed;  /* there is nobody to write to: what is printed is lost, which is an error */
	int error;    /* 0, or -errno of the first write that failed; what follows is dropped */
	bool gathers; /* nothing is written: whoever made it takes the bytes */
	bool terminal;
	bool color;
	unsigned columns; /* of the terminal; 0 = no limit */
	const char *goal; /* as typed behind --goal, borrowed: advice carries it (hint.h) */
	struct buf buf;
};

/* Asks what `fd` is. Colour is used only when `color` and it is a terminal, without NO_COLOR and
 * TERM=dumb. */
void out_init(struct out *o, int fd, bool color);
void out_release(struct out *o);

void out_put(struct out *o, const void *p, size_t len);
void out_puts(struct out *o, const char *text);
void out_putf(struct out *o, const char *fmt, ...) PRINTF_LIKE(2, 3);
void out_style(struct out *o, enum style style, const char *text);

/* Our own running text, broken between words so that no line is longer than 78 columns, each
 * indented. */
void out_wrapped(struct out *o, const char *text, unsigned indent);
/* Likewise, for a first line that stands at that column already. */
void out_hanging(struct out *o, const char *text, unsigned indent);

/* Untrusted text for a terminal: nothing in it can move the cursor or deceive. */
void out_visible(struct out *o, struct span text);

/* Writes what was gathered. Returns 0 or -errno; the first failure sticks. */
int out_flush(struct out *o);

/*
 * Makes the three standard streams safe: a closed one becomes the null device, so that no file of
 * ours is ever opened as stdout; a closed pipe is an error of write and not a signal. Returns the
 * set of streams that were closed (1 << fd).
 */
unsigned streams_prepare(void);

/* "sk: " and the sentence on stderr, made visible: one line, but on a terminal that it does not
 * fit. */
void print_problem(const char *text);

/* A JSON document on its way to an out. `key` is NULL inside arrays. */
struct json {
	struct out *out;
	bool fresh;
};

/* {"schema_version":"1.0.0","kind":"..." */
void json_open(struct json *j, struct out *out, const char *kind);
/* }\n */
void json_close(struct json *j);
void json_object(struct json *j, const char *key);
void json_object_end(struct json *j);
void json_array(struct json *j, const char *key);
void json_array_end(struct json *j);
void json_span(struct json *j, const char *key, struct span text);
void json_text(struct json *j, const char *key, const char *text); /* NULL is null */
void json_u64(struct json *j, const char *key, uint64_t v);
void json_i64(struct json *j, const char *key, int64_t v);
void json_bool(struct json *j, const char *key, bool v);
void json_time(struct json *j, const char *key, int64_t ms);      /* 0 is null */
void json_raw(struct json *j, const char *key, struct span text); /* empty is null */
void json_null(struct json *j, const char *key);

/* The error document: {"schema_version":..., "error":{"code","exit","message","try"}}. */
void json_error(struct out *out, const char *code, int exit_code, const char *text);

/* Rows of cells; text is made visible, trailing empty cells take no room. */
struct table {
	struct table_cell {
		size_t at, len;
		unsigned width;
		enum style style;
	} * cells;
	size_t count, capacity;
	unsigned columns;
	struct buf text;
};

#define TABLE_INIT(columns)                   \
	{                                     \
		NULL, 0, 0, columns, BUF_INIT \
	}

void table_release(struct table *t);
void table_span(struct table *t, enum style style, struct span text);
void table_cell(struct table *t, enum style style, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Prints all rows indented, columns two blanks apart; on a terminal a line is cut where it ends. */
void table_print(const struct table *t, struct out *o, unsigned indent);

/* "1 task", "2 tasks": what stands behind the noun. */
#define PLURAL(count) ((count) == 1 ? "" : "s")

/* Columns that valid UTF-8 text takes on a terminal, one a character. */
unsigned text_width(struct span text);

#endif
