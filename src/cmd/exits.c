/* Exit codes are decided in one place: what a layer below calls its error, a script sees as one of
 * these numbers. */
#include "cmd/cmd.h"

enum exit_code exit_of(int code)
{
	switch (-code) {
	case SK_EUSAGE:
		return EXIT_USAGE;
	case SK_ENOTFOUND:
		return EXIT_NOT_FOUND;
	case SK_EREFUSED:
		return EXIT_REFUSED;
	case SK_ECONFIRM:
		return EXIT_CONFIRM;
	case SK_EBUSY:
		return EXIT_BUSY;
	case SK_ECORRUPT:
		return EXIT_DAMAGED;
	case SK_EWORK:
		return EXIT_WORK_FAILED;
	case SK_EGATE:
		return EXIT_AWAITING_GATE;
	case SK_EHUMAN:
		return EXIT_NEEDS_HUMAN;
	case SK_EBUDGET:
		return EXIT_OVER_BUDGET;
	case SK_EPARKED:
		return EXIT_PARKED;
	default:
		return EXIT_IO; /* SK_EIO and every -errno */
	}
}

const char *exit_word(enum exit_code code)
{
	switch (code) {
#define X(name, number, word, meaning) \
	case EXIT_##name:              \
		return word;
		EXIT_CODES(X)
#undef X
	}
	return "io";
}
