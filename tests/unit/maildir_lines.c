/* Line ends: to the file, to the wire, and the digest that is the same for both. */
#include "store/maildir_lines.h"

#include "unit.h"

/* Each text in pieces of every size, up to a few. */
static void check_lf(const char *in, const char *want)
{
	size_t n = strlen(in);

	for (size_t piece = 1; piece <= n + 1; piece++) {
		char out[256];
		size_t len = 0;
		bool held = false;

		for (size_t at = 0; at < n; at += piece)
			len +=
			    lines_to_lf(out + len, in + at, n - at < piece ? n - at : piece, &held);
		if (held)
			out[len++] = '\r';
		CHECK_MEM(out, len, want, strlen(want));
	}
}

static void check_crlf(const char *in, const char *want)
{
	size_t n = strlen(in);

	for (size_t piece = 1; piece <= n + 1; piece++) {
		char out[256];
		size_t len = 0;
		bool after_cr = false;

		for (size_t at = 0; at < n; at += piece)
			len += lines_to_crlf(
			    out + len, in + at, n - at < piece ? n - at : piece, &after_cr);
		CHECK_MEM(out, len, want, strlen(want));
	}
}

TEST(to_lf)
{
	check_lf("", "");
	check_lf("a", "a");
	check_lf("a\r\nb\r\n", "a\nb\n");
	check_lf("\r\n\r\n", "\n\n");
	check_lf("a\nb", "a\nb");
	check_lf("a\rb\r", "a\rb\r");
	check_lf("a\r\r\nb", "a\r\nb");
	check_lf("\r\r\r", "\r\r\r");
	check_lf("\n\r\n\r", "\n\n\r");
}

TEST(to_crlf)
{
	check_crlf("", "");
	check_crlf("a", "a");
	check_crlf("a\nb\n", "a\r\nb\r\n");
	check_crlf("\n\n", "\r\n\r\n");
	check_crlf("a\r\nb\n", "a\r\nb\r\n");
	check_crlf("a\rb\n\r", "a\rb\r\n\r");
	check_crlf("\r\r\n\n", "\r\r\n\r\n");
}

static void digest_of(const char *in, size_t n, size_t piece, unsigned char out[static DIGEST_LEN])
{
	struct lines_digest d;

	lines_digest_init(&d);
	for (size_t at = 0; at < n; at += piece)
		lines_digest_add(&d, in + at, n - at < piece ? n - at : piece);
	lines_digest_end(&d, out);
}

static bool same_digest(const char *a, const char *b)
{
	unsigned char x[DIGEST_LEN], y[DIGEST_LEN];
	bool same = true;

	digest_of(b, strlen(b), 1000, y);
	for (size_t piece = 1; piece <= strlen(a) + 1; piece++) {
		digest_of(a, strlen(a), piece, x);
		same = same && memcmp(x, y, DIGEST_LEN) == 0;
	}
	return same;
}

TEST(digests)
{
	CHECK(same_digest("", ""));
	CHECK(same_digest("a\r\nb\r\n", "a\nb\n"));
	CHECK(same_digest("a\r\r\nb", "a\nb"));
	CHECK(same_digest("\r\n\n\r\n", "\n\n\n"));
	CHECK(!same_digest("a\rb", "ab"));
	CHECK(!same_digest("a\rb", "a\nb"));
	CHECK(!same_digest("a\r", "a"));
	CHECK(!same_digest("a\r\r", "a\r"));
	CHECK(!same_digest("a", "a\n"));
}

/* Many CRs do not need memory. */
TEST(digest_of_many_crs)
{
	static char crs[1000];
	unsigned char a[DIGEST_LEN], b[DIGEST_LEN];
	struct digest plain;

	memset(crs, '\r', sizeof(crs));
	digest_of(crs, sizeof(crs), 7, a);
	digest_init(&plain);
	digest_add(&plain, crs, sizeof(crs));
	digest_end(&plain, b);
	CHECK_MEM(a, sizeof(a), b, sizeof(b));
}

UNIT_MAIN
