/* The inflater against any octets, in pieces of any size; and what the deflater writes is what comes back. */
#include <stdlib.h>
#include <string.h>

#include "wire/deflate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS_MAX = 4096, ROOM = 512 };

static void require(int cond)
{
	if (!cond)
		abort();
}

/* The first octet of the input sets the size of the pieces and of the room. */
static void read_anything(const uint8_t *p, size_t n)
{
	struct fault f;
	struct deflate *d = deflate_new(&f);
	size_t step = n == 0 ? 1 : 1 + p[0] % 64, room = n == 0 ? 1 : 1 + p[0] * 2u % ROOM;
	size_t used, made = 0;
	char *to = malloc(room);

	require(d != NULL && to != NULL);
	for (int i = 0; i < STEPS_MAX && (n > 0 || made == room); i++) {
		size_t some = n < step ? n : step;
		if (deflate_read(d, p, some, &used, to, room, &made, &f) == -1) {
			require(f.cls == FAULT_PROTOCOL);
			break;
		}
		require(used <= some && made <= room);
		/* It always gets on while it has both input and room. */
		require(used > 0 || made > 0 || some == 0);
		p += used;
		n -= used;
	}
	free(to);
	deflate_free(d);
}

static void there_and_back(const uint8_t *p, size_t n)
{
	struct fault f;
	struct deflate *d = deflate_new(&f);
	size_t used, made, half = n / 2;
	char *to = malloc(n + 1);
	struct buf z;

	require(d != NULL && to != NULL);
	buf_init(&z, 2 * n + 8192);
	require(deflate_write(d, p, half, n % 3 == 0, &z, &f) == 0);
	require(deflate_write(d, p + half, n - half, 1, &z, &f) == 0);
	require(deflate_read(d, z.data, z.len, &used, to, n + 1, &made, &f) == 0);
	require(used == z.len && made == n && memcmp(to, p, n) == 0);
	buf_free(&z);
	free(to);
	deflate_free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_anything(data, size);
	there_and_back(data, size);
	return 0;
}
