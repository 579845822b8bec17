#include "msg/decode.h"

#include <stdlib.h>

#include "unit.h"

static const char coded_qp[] = "Caf=E9 au lait, soft=\r\n break.  \r\nEnd=3D";
static const char plain_qp[] = "Caf\xe9 au lait, soft break.\r\nEnd=";

/* The decoded text, fed in pieces of `piece` octets. */
static void decode(struct buf *out, enum decode_kind kind, const char *s, size_t n, size_t piece,
    uint64_t offset, uint64_t length)
{
	struct decode d;
	const char *p;
	size_t len;

	buf_reset(out);
	decode_init(&d, kind, offset, length);
	for (size_t at = 0; at < n; at += piece) {
		len = decode_feed(&d, s + at, n - at < piece ? n - at : piece, &p);
		buf_put(out, p, len);
	}
	len = decode_end(&d, &p);
	buf_put(out, p, len);
	decode_free(&d);
}

static void check_all_pieces(enum decode_kind kind, const char *s, const char *want)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	for (size_t piece = 1; piece <= strlen(s) + 1; piece++) {
		decode(&b, kind, s, strlen(s), piece, 0, 0);
		CHECK_STR(buf_str(&b), want);
	}
	buf_free(&b);
}

TEST(decode_kind_knows_the_five_encodings)
{
	static const struct {
		const char *name;
		enum decode_kind kind;
	} rows[] = {{NULL, DECODE_NONE}, {"", DECODE_NONE}, {"7bit", DECODE_NONE},
	    {"8BIT", DECODE_NONE}, {"Binary", DECODE_NONE}, {"base64", DECODE_BASE64},
	    {" BASE64 ", DECODE_BASE64}, {"quoted-printable", DECODE_QUOTED},
	    {"Quoted-Printable\t", DECODE_QUOTED}, {"x-uuencode", DECODE_UNKNOWN},
	    {"base6", DECODE_UNKNOWN}, {"base644", DECODE_UNKNOWN}, {"base64;", DECODE_UNKNOWN}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_INT(decode_kind(rows[i].name), rows[i].kind);
}

TEST(decode_in_pieces_of_any_size)
{
	check_all_pieces(DECODE_QUOTED, coded_qp, plain_qp);
	check_all_pieces(DECODE_BASE64, "aGVs\r\nbG8g!!d29y bGQ=\r\n", "hello world");
	check_all_pieces(DECODE_BASE64, "aGVsbG8", "hello");
	check_all_pieces(DECODE_NONE, "a=3D\r\n", "a=3D\r\n");
	check_all_pieces(DECODE_UNKNOWN, "begin 644 x", "begin 644 x");
	check_all_pieces(DECODE_QUOTED, "", "");
	check_all_pieces(DECODE_BASE64, "", "");
}

static void check_ranges(enum decode_kind kind, const char *s, const char *plain)
{
	size_t n = strlen(plain);
	struct buf b;

	buf_init(&b, 1 << 20);
	for (size_t offset = 0; offset <= n + 1; offset++)
		for (size_t length = 0; length <= n + 1; length++) {
			size_t from = offset < n ? offset : n;
			size_t len = length == 0 || length > n - from ? n - from : length;

			decode(&b, kind, s, strlen(s), 1 + offset % 5, offset, length);
			CHECK_MEM(b.data, b.len, plain + from, len);
		}
	buf_free(&b);
}

TEST(decode_gives_a_range_of_what_is_decoded)
{
	check_ranges(DECODE_QUOTED, coded_qp, plain_qp);
	check_ranges(DECODE_BASE64, "aGVsbG8gd29ybGQ=", "hello world");
	check_ranges(DECODE_NONE, "hello world", "hello world");
}

/* What quoted-printable holds back is blanks, up to a limit; then they come out with the rest of a whole piece. */
TEST(decode_has_room_for_a_whole_piece_and_what_was_held)
{
	size_t n = DECODE_PIECE;
	char *p = malloc(n);
	struct decode d;
	const char *out;
	size_t len = 0;

	REQUIRE(p != NULL);
	memset(p, ' ', n);
	decode_init(&d, DECODE_QUOTED, 0, 0);
	for (int i = 0; i < 3; i++)
		len += decode_feed(&d, p, n, &out);
	memset(p, 'x', n);
	len += decode_feed(&d, p, n, &out);
	len += decode_end(&d, &out);
	CHECK_INT(len, 4 * n);
	decode_free(&d);
	free(p);
}

UNIT_MAIN
