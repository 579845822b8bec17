#include "msg/decode.h"

#include <string.h>
#include <strings.h>

#include "msg/text.h"

enum decode_kind decode_kind(const char *encoding)
{
	static const struct {
		const char *name;
		enum decode_kind kind;
	} kinds[] = {{"", DECODE_NONE}, {"7bit", DECODE_NONE}, {"8bit", DECODE_NONE},
	    {"binary", DECODE_NONE}, {"base64", DECODE_BASE64},
	    {"quoted-printable", DECODE_QUOTED}};
	size_t n = encoding == NULL ? 0 : strlen(encoding);

	text_trim(&encoding, &n);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strlen(kinds[i].name) == n &&
		    (n == 0 || strncasecmp(kinds[i].name, encoding, n) == 0))
			return kinds[i].kind;
	return DECODE_UNKNOWN;
}

void decode_init(struct decode *d, enum decode_kind kind, uint64_t offset, uint64_t length)
{
	memset(d, 0, sizeof(*d));
	d->kind = kind;
	d->skip = offset;
	d->left = length > 0 ? length : UINT64_MAX;
	/* Quoted-printable gives back what it held, too. */
	buf_init(&d->out, DECODE_PIECE + sizeof(d->state.held));
}

/* The part of the n octets at *out that lies in the range. */
static size_t cut(struct decode *d, const char **out, size_t n)
{
	size_t skip = d->skip < n ? (size_t)d->skip : n;

	d->skip -= skip;
	*out += skip;
	n -= skip;
	if (n > d->left)
		n = (size_t)d->left;
	d->left -= n;
	return n;
}

static size_t run(struct decode *d, const char *p, size_t n, bool last, const char **out)
{
	buf_reset(&d->out);
	switch (d->kind) {
	case DECODE_BASE64:
		enc_base64_stream(&d->state, &d->out, p, n, last);
		break;
	case DECODE_QUOTED:
		enc_qp_stream(&d->state, &d->out, p, n, last);
		break;
	default:
		*out = p;
		return cut(d, out, n);
	}
	*out = buf_str(&d->out);
	return cut(d, out, d->out.len);
}

size_t decode_feed(struct decode *d, const char *p, size_t n, const char **out)
{
	return run(d, p, n, false, out);
}

size_t decode_end(struct decode *d, const char **out)
{
	return run(d, "", 0, true, out);
}

void decode_free(struct decode *d)
{
	buf_free(&d->out);
}
