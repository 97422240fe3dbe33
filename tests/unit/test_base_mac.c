/* Published vectors: RFC 4231 for the HMAC, FIPS 180-4 for the digest. */
#include "test.h"

#include "base/mac.h"

static void test_sign(void **unused)
{
	char key[131], out[MAC_HEX_LEN + 1];

	(void)unused;
	memset(key, 0x0b, 20);
	mac_sign((struct span){ key, 20 }, SPAN_LIT("Hi There"), out);
	assert_string_equal(out,
			    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	mac_sign(SPAN_LIT("Jefe"), SPAN_LIT("what do ya want for nothing?"), out);
	assert_string_equal(out,
			    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	mac_sign((struct span){ key, sizeof(key) },
		 SPAN_LIT("Test Using Larger Than Block-Size Key - Hash Key First"), out);
	assert_string_equal(out,
			    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void test_digest(void **unused)
{
	char out[MAC_HEX_LEN + 1];

	(void)unused;
	mac_digest(SPAN_LIT("abc"), out);
	assert_string_equal(out,
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	mac_digest(SPAN_NONE, out);
	assert_string_equal(out,
			    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void test_equal(void **unused)
{
	(void)unused;
	assert_true(mac_equal(SPAN_LIT("abc"), SPAN_LIT("abc")));
	assert_true(mac_equal(SPAN_NONE, SPAN_LIT("")));
	assert_false(mac_equal(SPAN_LIT("abc"), SPAN_LIT("abd")));
	assert_false(mac_equal(SPAN_LIT("abc"), SPAN_LIT("abcd")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sign),
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
