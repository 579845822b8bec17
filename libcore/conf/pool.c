#include <stdlib.h>
#include <string.h>

#include "conf/config_impl.h"

char *pool_keep(struct pool *p, char *s, struct fault *f)
{
	char **more = NULL;

	if (s != NULL)
		more = reallocarray(p->strings, p->n + 1, sizeof(*more));
	if (more == NULL) {
		if (s != NULL)
			explicit_bzero(s, strlen(s));
		free(s);
		fault_set(f, FAULT_TEMP, "out of memory");
		return NULL;
	}
	p->strings = more;
	return p->strings[p->n++] = s;
}

void pool_free(struct pool *p)
{
	for (size_t i = 0; i < p->n; i++) {
		explicit_bzero(p->strings[i], strlen(p->strings[i]));
		free(p->strings[i]);
	}
	free(p->strings);
	*p = (struct pool){0};
}
