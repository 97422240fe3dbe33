/* Proof that bytes are from whoever knows a secret (HMAC-SHA256), and a digest that cannot be
 * forged (SHA-256). libsodium stands behind this file alone. */
#ifndef SK_MAC_H
#define SK_MAC_H

#include "base/str.h"

#define MAC_HEX_LEN 64

/* Writes MAC_HEX_LEN lower-case hex digits and a NUL. */
void mac_sign(struct span secret, struct span content, char out[MAC_HEX_LEN + 1]);
void mac_digest(struct span content, char out[MAC_HEX_LEN + 1]);

/* Whether two texts are the same, in a time that does not tell where they differ. */
bool mac_equal(struct span a, struct span b);

#endif
