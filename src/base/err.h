/*
 * The error value: a code and one sentence. Floors 1 and 2 return the code alone; from floor 3 up
 * the last parameter is a `struct err *`, filled once by whoever knows most, printed only by floors
 * 5 and 6.
 */
#ifndef SK_ERR_H
#define SK_ERR_H

#include <stdarg.h>

#include "base/base.h"

/* Codes of our own, beside -errno. Returned negative. The exit code of each is fixed in cmd/cmd.h.
 */
enum sk_code {
	SK_EUSAGE = 4096, /* a word the user typed, a plan or a configuration cannot be used */
	SK_ENOTFOUND,     /* no such task, workstream, worker, ... */
	SK_EREFUSED,      /* the state forbids it */
	SK_ECONFIRM,      /* needs --yes */
	SK_EBUSY,         /* someone else holds what is needed */
	SK_ECORRUPT,      /* our own files are damaged */
	SK_EIO,           /* the disk or the system refused */
	SK_EWORK,         /* the work itself failed */
	SK_EGATE,         /* a goal waits for somebody's approval */
	SK_EHUMAN,        /* a goal needs a person who decides */
	SK_EBUDGET,       /* beyond what a goal may use */
	SK_EPARKED,       /* waits for a quota: try later */
};

#define ERR_TEXT_MAX 1024

struct err {
	int code;                /* 0, or the negative code */
	char text[ERR_TEXT_MAX]; /* one sentence, without "sk: " and without newline */
};

#define ERR_INIT      \
	{             \
		0, "" \
	}

/* Fills *e (which may be NULL) unless it is filled already, and returns `code`, which must be
 * negative. */
int err_set(struct err *e, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
int err_setv(struct err *e, int code, const char *fmt, va_list args) PRINTF_LIKE(3, 0);

/* Empties *e, which may be NULL as well: who asks for no sentence gets none. */
void err_clear(struct err *e);

#endif
