#include "wire/deflate.h"

#include "unit.h"

#include <stdlib.h>
#include <zlib.h>

static const char greeting[] = "* OK [CAPABILITY IMAP4rev2 COMPRESS=DEFLATE] ready\r\n";
enum { GREETING = sizeof(greeting) - 1 };

/* Inflates all of the n octets in steps of `step`, into pieces of `room`. */
static size_t inflate_by(struct deflate *d, const char *p, size_t n, size_t step, size_t room,
    char *to, size_t max, struct fault *f)
{
	size_t out = 0, used = 0, made = 0;

	for (size_t at = 0; at < n || made == room; at += used) {
		size_t some = n - at < step ? n - at : step;
		if (room > max - out)
			room = max - out;
		if (room == 0 ||
		    deflate_read(d, p + at, some, &used, to + out, room, &made, f) == -1)
			return out;
		out += made;
	}
	return out;
}

TEST(both_ways)
{
	struct fault f = {0};
	struct deflate *d = deflate_new(&f);
	const size_t steps[] = {1, 2, 7, 4096};
	char back[256];
	struct buf z;

	buf_init(&z, 65536);
	REQUIRE(d != NULL);
	for (size_t i = 0; i < 4; i++) {
		buf_reset(&z);
		CHECK_INT(deflate_write(d, greeting, GREETING, 1, &z, &f), 0);
		size_t n =
		    inflate_by(d, z.data, z.len, steps[i], 1 + i * 30, back, sizeof(back), &f);
		CHECK_MEM(back, n, greeting, GREETING);
	}
	/* The dictionary is warm by now. */
	CHECK(z.len < GREETING / 2);
	buf_free(&z);
	deflate_free(d);
}

TEST(nothing_to_write_is_no_fault)
{
	struct fault f = {0};
	struct deflate *d = deflate_new(&f);
	struct buf z;

	buf_init(&z, 65536);
	REQUIRE(d != NULL);
	CHECK_INT(deflate_write(d, NULL, 0, 1, &z, &f), 0);
	CHECK_INT(deflate_write(d, NULL, 0, 1, &z, &f), 0);
	CHECK_STR(f.msg, "");
	buf_free(&z);
	deflate_free(d);
}

TEST(large_and_incompressible)
{
	enum { SIZE = 1 << 20 };
	struct fault f = {0};
	struct deflate *d = deflate_new(&f);
	static unsigned char p[SIZE];
	static char back[SIZE];
	uint32_t x = 1;
	struct buf z;

	buf_init(&z, 2 * SIZE);
	REQUIRE(d != NULL);
	for (size_t i = 0; i < SIZE; i++) {
		x = x * 1664525 + 1013904223;
		p[i] = (unsigned char)(x >> 24);
	}
	CHECK_INT(deflate_write(d, p, SIZE, 1, &z, &f), 0);
	CHECK(z.len < SIZE + SIZE / 100);
	size_t n = inflate_by(d, z.data, z.len, 16384, 65536, back, SIZE, &f);
	CHECK(n == SIZE && memcmp(p, back, SIZE) == 0);
	buf_free(&z);
	deflate_free(d);
}

TEST(a_full_buffer_is_said)
{
	struct fault f = {0};
	struct deflate *d = deflate_new(&f);
	struct buf z;

	buf_init(&z, 16);
	REQUIRE(d != NULL);
	CHECK_INT(deflate_write(d, greeting, GREETING, 1, &z, &f), -1);
	CHECK_INT(f.cls, FAULT_BUG);
	buf_free(&z);
	deflate_free(d);
}

/* 64 MiB of zeros in about 64 KiB: what comes out at once is what there is room for. */
TEST(a_bomb_stays_in_its_room)
{
	enum { CHUNK = 65536, CHUNKS = 1024 };
	struct fault f = {0};
	struct deflate *d = deflate_new(&f);
	static char zeros[CHUNK], to[4096 + 16];
	size_t total = 0, used = 0, made = 0, at = 0;
	struct buf z;

	buf_init(&z, 1 << 20);
	REQUIRE(d != NULL);
	for (int i = 0; i < CHUNKS; i++)
		deflate_write(d, zeros, CHUNK, i == CHUNKS - 1, &z, &f);
	CHECK(z.len < 100000);
	memset(to, 'x', sizeof(to));
	do {
		REQUIRE(deflate_read(d, z.data + at, z.len - at, &used, to, 4096, &made, &f) == 0);
		at += used;
		total += made;
	} while (made > 0);
	CHECK_INT(total, CHUNK * CHUNKS);
	CHECK_MEM(to + 4096, 16, "xxxxxxxxxxxxxxxx", 16);
	buf_free(&z);
	deflate_free(d);
}

TEST(garbage_is_a_broken_protocol)
{
	struct fault f = {0};
	struct deflate *d = deflate_new(&f);
	char to[64];
	size_t used, made;

	REQUIRE(d != NULL);
	CHECK_INT(deflate_read(d, "\377 BYE no\r\n", 11, &used, to, sizeof(to), &made, &f), -1);
	CHECK_INT(f.cls, FAULT_PROTOCOL);
	deflate_free(d);
}

/* "over", compressed as the last block of a stream. */
TEST(the_last_words_come_before_the_end)
{
	unsigned char z[64];
	z_stream s = {0};
	struct fault f = {0};
	struct deflate *d = deflate_new(&f);
	unsigned char over[] = "over";
	char to[64];
	size_t used, made;

	REQUIRE(d != NULL);
	REQUIRE(deflateInit2(&s, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) == Z_OK);
	s.next_in = over;
	s.avail_in = 4;
	s.next_out = z;
	s.avail_out = sizeof(z);
	CHECK_INT(deflate(&s, Z_FINISH), Z_STREAM_END);
	size_t n = sizeof(z) - s.avail_out;
	deflateEnd(&s);
	CHECK_INT(deflate_read(d, z, n, &used, to, sizeof(to), &made, &f), 0);
	CHECK_MEM(to, made, "over", 4);
	CHECK_INT(deflate_read(d, z, 0, &used, to, sizeof(to), &made, &f), -1);
	CHECK_INT(f.cls, FAULT_PROTOCOL);
	deflate_free(d);
}

UNIT_MAIN
