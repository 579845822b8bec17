/* search_spool: ranges put by. */
#include "app/search_spool.h"

#include <stdlib.h>
#include <string.h>

void spool_init(struct spool *s)
{
	*s = (struct spool){0};
}

void spool_free(struct spool *s)
{
	free(s->memory);
	if (s->file != NULL)
		fclose(s->file);
	*s = (struct spool){0};
}

void spool_reset(struct spool *s)
{
	s->n = s->at = 0;
	if (s->file != NULL)
		rewind(s->file);
}

static int put_file(struct spool *s, const struct spool_range *r, struct fault *f)
{
	if (s->file == NULL)
		s->file = tmpfile();
	if (s->file == NULL || fwrite(r, sizeof(*r), 1, s->file) != 1)
		return fault_errno(f, FAULT_IO, "a temporary file for the result");
	return 0;
}

static int put_memory(struct spool *s, const struct spool_range *r, struct fault *f)
{
	if (s->memory == NULL)
		s->memory = calloc(SPOOL_MEMORY, sizeof(*s->memory));
	if (s->memory == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	s->memory[s->n] = *r;
	return 0;
}

int spool_put(struct spool *s, uint32_t lo, uint32_t hi, uint32_t mark, struct fault *f)
{
	const struct spool_range r = {lo, hi, mark};
	struct spool_range *last = s->n > 0 && s->n <= SPOOL_MEMORY ? &s->memory[s->n - 1] : NULL;

	if (last != NULL && last->mark == mark && lo > last->hi && lo - last->hi == 1) {
		last->hi = hi;
		return 0;
	}
	if (s->n == SPOOL_MAX)
		return fault_set(f, FAULT_PROTOCOL, "a result of more than %d ranges", SPOOL_MAX);
	if ((s->n < SPOOL_MEMORY ? put_memory(s, &r, f) : put_file(s, &r, f)) == -1)
		return -1;
	s->n++;
	return 0;
}

void spool_rewind(struct spool *s)
{
	s->at = 0;
	if (s->file != NULL)
		rewind(s->file);
}

int spool_next(struct spool *s, struct spool_range *r, struct fault *f)
{
	if (s->at == 0)
		spool_rewind(s);
	if (s->at == s->n)
		return 0;
	if (s->at < SPOOL_MEMORY)
		*r = s->memory[s->at];
	else if (fread(r, sizeof(*r), 1, s->file) != 1)
		return fault_errno(f, FAULT_IO, "the temporary file of the result");
	s->at++;
	return 1;
}
