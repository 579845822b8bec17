/* fetch_preview: the beginning of a message's text, where the server does not make previews. */
#include <string.h>

#include "app/fetch_impl.h"
#include "msg/preview.h"

static bool is_text(const struct part *p, const char *subtype)
{
	return strcmp(p->type, "text") == 0 && strcmp(p->subtype, subtype) == 0 &&
	    (p->disposition == NULL || strcmp(p->disposition, "attachment") != 0);
}

/* The first such part that is not in an attached message. */
static const struct part *find_text(const struct structure *s, const char *subtype)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct part *p = &s->part[i];

		if (is_text(p, subtype))
			return p;
		while (p->message && i + 1 < s->n && s->part[i + 1].depth > p->depth)
			i++;
	}
	return NULL;
}

int preview_list(struct run *r, const struct ask *a, struct fault *f)
{
	const struct part *plain = find_text(&r->structure, "plain");
	const struct part *html = plain != NULL ? NULL : find_text(&r->structure, "html");
	struct wanted *w = wanted_add(r, a->item, f);

	if (w == NULL)
		return -1;
	w->length = html != NULL ? PREVIEW_HTML_OCTETS : PREVIEW_TEXT_OCTETS;
	if (plain == NULL && html == NULL)
		return 0;
	if (wanted_fill(w, plain != NULL ? plain : html, f) == 0)
		return 0;
	wanted_forget(r, r->nwanted - 1);
	return -1;
}

int preview_take(struct run *r, struct ask *a, struct fault *f)
{
	const struct wanted *w = a->wanted;
	struct buf octets, text;
	struct sink sink;
	int got = 0;

	buf_init(&octets, PREVIEW_HTML_OCTETS);
	buf_init(&text, RESPONSE_STRING_MAX);
	if (a->how != ASK_NOTHING) {
		sink_init(&sink, NULL, "");
		sink.mem = &octets;
		if (a->how == ASK_AS_IS)
			sink.decode.kind = w->kind;
		got = ask_octets(r, a, &sink, false, f);
		sink_free(&sink);
		preview_text(&text, buf_str(&octets), octets.len, w->charset,
		    strcmp(w->type, "text/html") == 0);
	}
	if (got == 0)
		got = answer_preview(r, a->item, buf_str(&text), f);
	buf_free(&octets);
	buf_free(&text);
	return got;
}
