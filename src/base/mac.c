/* Nothing here needs sodium_init: it only chooses among faster forms of other things, and a hook
 * must start within a millisecond. */
#include "base/mac.h"

#include <sodium/crypto_auth_hmacsha256.h>
#include <sodium/crypto_hash_sha256.h>
#include <sodium/utils.h>

static void put_hex(const unsigned char raw[32], char out[MAC_HEX_LEN + 1])
{
	for (size_t i = 0; i < 32; i++) {
		out[2 * i] = "0123456789abcdef"[raw[i] >> 4];
		out[2 * i + 1] = "0123456789abcdef"[raw[i] & 15];
	}
	out[MAC_HEX_LEN] = '\0';
}

void mac_sign(struct span secret, struct span content, char out[MAC_HEX_LEN + 1])
{
	crypto_auth_hmacsha256_state s;
	unsigned char raw[32];

	crypto_auth_hmacsha256_init(&s, (const unsigned char *)secret.p, secret.len);
	crypto_auth_hmacsha256_update(&s, (const unsigned char *)content.p, content.len);
	crypto_auth_hmacsha256_final(&s, raw);
	put_hex(raw, out);
	sodium_memzero(&s, sizeof(s));
}

void mac_digest(struct span content, char out[MAC_HEX_LEN + 1])
{
	unsigned char raw[32];

	crypto_hash_sha256(raw, (const unsigned char *)content.p, content.len);
	put_hex(raw, out);
}

bool mac_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || sodium_memcmp(a.p, b.p, a.len) == 0);
}
