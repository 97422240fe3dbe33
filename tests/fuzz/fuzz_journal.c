/*
 * Any bytes as a journal file. Reading must end, and keep its word: what it calls whole must be
 * whole when it is read again up to there, and nothing behind that place may be called whole as
 * well.
 */
#include "crash/simdisk.h"
#include "fuzz/fuzz.h"
#include "store/journal.h"

static const struct journal_place start = { 0, 0, 0 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct journal_end end, again;
	struct simdisk disk;
	struct err e = ERR_INIT;
	int rc;

	simdisk_init(&disk);
	simdisk_put(&disk, JOURNAL_FILE, data, size);
	rc = journal_read(&disk.vfs, JOURNAL_FILE, start, JOURNAL_NO_LIMIT, NULL, NULL, &end, &e);
	INVARIANT(rc == 0 || rc == -SK_ECORRUPT);
	INVARIANT((rc < 0) == (e.text[0] != '\0'));
	if (rc == 0) {
		INVARIANT(end.bytes == size);
		INVARIANT(end.torn == (end.place.offset != size));
		INVARIANT(journal_read(&disk.vfs, JOURNAL_FILE, start, end.place.offset, NULL, NULL,
				       &again, &e) == 0);
		INVARIANT(!again.torn && again.place.seq == end.place.seq &&
			  again.place.sum == end.place.sum);
	}
	simdisk_release(&disk);
	return 0;
}
