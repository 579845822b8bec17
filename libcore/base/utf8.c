#include "base/utf8.h"

struct form {
	unsigned char mask, lead; /* of the first octet */
	size_t len;
	uint32_t min; /* below this a shorter form exists */
};

static const struct form forms[] = {
    {0x80, 0x00, 1, 0},
    {0xe0, 0xc0, 2, 0x80},
    {0xf0, 0xe0, 3, 0x800},
    {0xf8, 0xf0, 4, 0x10000},
};

static bool is_scalar(uint32_t cp)
{
	return cp <= 0x10ffff && (cp < 0xd800 || cp > 0xdfff);
}

static const struct form *form_of(unsigned char lead)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if ((lead & forms[i].mask) == forms[i].lead)
			return &forms[i];
	return NULL;
}

size_t utf8_next(const char *s, size_t n, uint32_t *cp)
{
	const struct form *form = n > 0 ? form_of((unsigned char)s[0]) : NULL;

	if (form == NULL || n < form->len)
		return 0;
	uint32_t c = (unsigned char)s[0] & (unsigned char)~form->mask;
	for (size_t i = 1; i < form->len; i++) {
		unsigned char x = (unsigned char)s[i];
		if ((x & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (x & 0x3f);
	}
	if (c < form->min || !is_scalar(c))
		return 0;
	*cp = c;
	return form->len;
}

size_t utf8_put(char out[static UTF8_MAX], uint32_t cp)
{
	size_t len = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;

	if (!is_scalar(cp))
		return 0;
	for (size_t i = len; i-- > 1; cp >>= 6)
		out[i] = (char)(0x80 | (cp & 0x3f));
	out[0] = (char)(forms[len - 1].lead | cp);
	return len;
}

bool utf8_is_unsafe(uint32_t cp)
{
	if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
		return true;
	/* Bidi_Control of Unicode, and U+2028 and U+2029, which some readers take for a line's end. */
	return cp == 0x061c || cp == 0x200e || cp == 0x200f || (cp >= 0x2028 && cp <= 0x202e) ||
	    (cp >= 0x2066 && cp <= 0x2069);
}
