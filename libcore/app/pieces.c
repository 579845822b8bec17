/* pieces: a list of URLs on their way to source_look_all(). */
#include "app/pieces.h"

#include <stdlib.h>

int pieces_init(struct pieces *p, const struct assembly *a, struct fault *f)
{
	*p = (struct pieces){0};
	for (size_t i = 0; i < a->n; i++)
		p->cap += a->piece[i].kind == PIECE_URL;
	if (p->cap == 0)
		return 0;
	p->piece = calloc(p->cap, sizeof(struct piece *));
	p->url = calloc(p->cap, sizeof(*p->url));
	p->source = calloc(p->cap, sizeof(*p->source));
	if (p->piece != NULL && p->url != NULL && p->source != NULL)
		return 0;
	pieces_free(p);
	return fault_set(f, FAULT_TEMP, "out of memory");
}

void pieces_put(struct pieces *p, struct piece *piece, struct url *u, struct buf *header)
{
	p->piece[p->n] = piece;
	p->url[p->n] = *u;
	p->source[p->n] = (struct source){.header = header};
	p->n++;
	*u = (struct url){0};
}

/* Whoever reads the pieces knows only whole URLs. */
static int name_whole(struct piece *piece, const struct url *u, struct fault *f)
{
	struct buf b;
	char *whole;

	buf_init(&b, URL_MAX);
	url_build(&b, u);
	whole = buf_steal(&b);
	if (whole == NULL)
		return fault_set(
		    f, FAULT_DATA, "the URL is over %d octets: %s", URL_MAX, piece->name);
	free(piece->name);
	piece->name = whole;
	return 0;
}

int pieces_look(struct pieces *p, struct imap_line *l, bool keep_signed, struct fault *f)
{
	if (p->n == 0)
		return 0;
	if (source_look_all(l, p->url, p->source, p->n, f) == -1)
		return -1;
	for (size_t i = 0; i < p->n; i++) {
		p->piece[i]->size = p->source[i].octets;
		if (keep_signed && p->url[i].token != NULL)
			continue;
		if (name_whole(p->piece[i], &p->url[i], f) == -1)
			return -1;
	}
	return 0;
}

void pieces_free(struct pieces *p)
{
	for (size_t i = 0; i < p->n; i++)
		url_free(&p->url[i]);
	free(p->piece);
	free(p->url);
	free(p->source);
	*p = (struct pieces){0};
}
