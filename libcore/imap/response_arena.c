/* response_arena: the memory of one response. */
#include <stdlib.h>
#include <string.h>

#include "imap/response_impl.h"

enum { BLOCK = 8192 };

struct arena_block {
	struct arena_block *next;
	size_t size, used;
	_Alignas(16) char octets[];
};

void *arena_take(struct arena *a, size_t n)
{
	struct arena_block *b = a->block;

	n = (n + 15) & ~(size_t)15;
	if (n > RESPONSE_MAX || a->total + n > RESPONSE_MAX)
		return NULL;
	if (b == NULL || b->size - b->used < n) {
		size_t size = n > BLOCK ? n : BLOCK;

		b = malloc(sizeof(*b) + size);
		if (b == NULL)
			return NULL;
		b->size = size;
		b->used = 0;
		b->next = a->block;
		a->block = b;
	}
	void *p = b->octets + b->used;
	b->used += n;
	a->total += n;
	return p;
}

char *arena_copy(struct arena *a, const char *s, size_t n)
{
	char *p = arena_take(a, n + 1);

	if (p == NULL)
		return NULL;
	if (n > 0)
		memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

void arena_free(struct arena *a)
{
	while (a->block != NULL) {
		struct arena_block *b = a->block;

		a->block = b->next;
		free(b);
	}
	a->total = 0;
}

void arena_reset(struct arena *a)
{
	struct arena_block *keep = a->block;

	if (keep == NULL || keep->size != BLOCK) {
		arena_free(a);
		return;
	}
	a->block = keep->next;
	arena_free(a);
	keep->next = NULL;
	keep->used = 0;
	a->block = keep;
}
