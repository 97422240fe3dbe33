/*
 * workers/<id>.json is a view for people and for the sweep after a SIGKILL; whether a worker lives
 * is decided by its lock alone. Nothing is signalled on the word of this file: it only says which
 * tag to look for.
 */
#include "worker/identity.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/scan.h"
#include "os/fd.h"
#include "worker/tree.h"

#define IDENTITY_BYTES_MAX 8192

static void take(struct scan *s, char *out, size_t out_bytes)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct scan_text value = { SPAN_NONE, false };

	scan_string(s, &value);
	scan_unescape(&text, value);
	if (text.len >= out_bytes)
		scan_fail(s, "is too long");
	snprintf(out, out_bytes, "%s", text.p ? text.p : "");
}

static int decode(struct span text, struct worker_identity *out)
{
	struct scan_text key;
	struct scan s;

	scan_init(&s, text);
	scan_object(&s);
	while (scan_key(&s, &key)) {
		if (span_is(key.raw, "pid"))
			scan_u64(&s, INT32_MAX, &out->who.pid);
		else if (span_is(key.raw, "pid_start"))
			scan_u64(&s, INT64_MAX, &out->who.start);
		else if (span_is(key.raw, "boot_id"))
			take(&s, out->who.boot_id, sizeof(out->who.boot_id));
		else if (span_is(key.raw, "incarnation"))
			scan_u64(&s, INT64_MAX, &out->incarnation);
		else if (span_is(key.raw, "nonce"))
			take(&s, out->nonce, sizeof(out->nonce));
		else if (span_is(key.raw, "cgroup"))
			take(&s, out->group_dir, sizeof(out->group_dir));
		else if (span_is(key.raw, "capabilities"))
			take(&s, out->capabilities, sizeof(out->capabilities));
		else if (span_is(key.raw, "left_before"))
			scan_u64(&s, INT64_MAX, &out->left_before);
		else if (span_is(key.raw, "left"))
			scan_bool(&s, &out->left);
		else
			scan_skip(&s, NULL);
	}
	return scan_end(&s);
}

int worker_identity_read(int workers_fd, const char *worker_id, struct worker_identity *out)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct worker_identity id = { .incarnation = 0 };
	char name[80];
	int rc;

	snprintf(name, sizeof(name), "%s.json", worker_id);
	rc = fd_read_file_at(workers_fd, name, IDENTITY_BYTES_MAX, &text);
	if (rc == -ENOENT || rc == -EFBIG)
		return 0;
	if (rc < 0)
		return rc;
	if (decode((struct span){ text.p, text.len }, &id) < 0)
		return 0;
	*out = id;
	return 1;
}

int worker_identity_write(int workers_fd, const char *worker_id, const struct worker_identity *id)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	char name[80];

	buf_puts(&text, "{\"worker_id\":");
	buf_put_json(&text, span_of(worker_id));
	buf_putf(&text,
		 ",\"incarnation\":%llu,\"pid\":%llu,\"pid_start\":%llu,\"boot_id\":\"%s\","
		 "\"nonce\":\"%s\",\"cgroup\":",
		 (unsigned long long)id->incarnation, (unsigned long long)id->who.pid,
		 (unsigned long long)id->who.start, id->who.boot_id, id->nonce);
	buf_put_json(&text, span_of(id->group_dir));
	buf_puts(&text, ",\"capabilities\":");
	buf_put_json(&text, span_of(id->capabilities));
	buf_putf(&text, ",\"left\":%s,\"left_before\":%llu}\n", id->left ? "true" : "false",
		 (unsigned long long)id->left_before);
	snprintf(name, sizeof(name), "%s.json", worker_id);
	return fd_replace_view_at(workers_fd, name, text.p, text.len);
}

bool worker_left(int workers_fd, const char *worker_id, uint64_t incarnation)
{
	struct worker_identity id;

	return worker_identity_read(workers_fd, worker_id, &id) == 1 &&
	       ((id.left && id.incarnation == incarnation) || id.left_before == incarnation);
}

int worker_sweep(int workers_fd, const char *worker_id, int wait_ms)
{
	char boot[BOOT_ID_LEN + 1];
	struct worker_identity id;
	int rc = worker_identity_read(workers_fd, worker_id, &id);

	if (rc <= 0 || id.left)
		return rc < 0 ? rc : 0;
	rc = proc_boot_id(boot);
	if (rc < 0)
		return rc;
	if (strcmp(boot, id.who.boot_id) != 0)
		return 0; /* the machine restarted since: nothing of it can be left */
	return tree_sweep_worker(id.nonce, id.group_dir, wait_ms);
}
