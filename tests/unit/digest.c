/* SHA-256: the examples of FIPS 180 (B.1, B.2), whole and in pieces. */
#include "base/digest.h"

#include "unit.h"

static void check(const char *text, size_t piece, const char *want)
{
	unsigned char out[DIGEST_LEN];
	char hex[2 * DIGEST_LEN + 1];
	struct digest d;
	size_t n = strlen(text);

	digest_init(&d);
	for (size_t at = 0; at < n; at += piece)
		digest_add(&d, text + at, n - at < piece ? n - at : piece);
	digest_end(&d, out);
	for (int i = 0; i < DIGEST_LEN; i++)
		snprintf(hex + (size_t)2 * i, 3, "%02x", out[i]);
	CHECK_STR(hex, want);
}

TEST(examples)
{
	static const char *const two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

	check("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	check("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	for (size_t piece = 1; piece < 60; piece++)
		check(
		    two, piece, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

UNIT_MAIN
