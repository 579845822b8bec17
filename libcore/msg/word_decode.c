#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/enc.h"
#include "msg/charset.h"
#include "msg/text.h"
#include "msg/word.h"

/* An encoded word where it stands: "=?charset*language?encoding?text?=". */
struct encoded {
	const char *charset, *text;
	size_t charsetlen, textlen;
	char encoding;
	size_t len;
};

/*
 * Words of one charset in a row are converted together: many senders split a character between two
 * words, and each iconv_open(3) costs more than a word does.
 */
struct decoder {
	struct buf *out;
	struct buf octets; /* of the words since the last that was put */
	struct charset charset;
	char name[CHARSET_NAME_MAX];
	size_t namelen;
};

static bool is_q_text(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] == '=' && (n - i < 3 || text_hex(s[i + 1]) < 0 || text_hex(s[i + 2]) < 0))
			return false;
	return true;
}

static bool is_b_text(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!text_is_alnum(s[i]) && s[i] != '+' && s[i] != '/' && s[i] != '=')
			return false;
	return true;
}

/* The part up to the next "?", of printable ASCII; -1 when there is none. Never looks past a "?", so
 * that a text of beginnings only is read in linear time. */
static ptrdiff_t part_length(const char *s, size_t n)
{
	for (size_t i = 0; i < n && s[i] >= ' ' && s[i] <= '~'; i++)
		if (s[i] == '?')
			return (ptrdiff_t)i;
	return -1;
}

/* Reads the encoded word at s, which begins with "=?". */
static bool read_word(struct encoded *w, const char *s, size_t n)
{
	size_t at = 2;
	ptrdiff_t len = part_length(s + at, n - at);

	if (len <= 0)
		return false;
	w->charset = s + at;
	const char *language = memchr(w->charset, '*', (size_t)len);
	w->charsetlen = language == NULL ? (size_t)len : (size_t)(language - w->charset);
	at += (size_t)len + 1;
	if (n - at < 2 || s[at + 1] != '?')
		return false;
	w->encoding = (char)(s[at] & ~0x20);
	at += 2;
	len = part_length(s + at, n - at);
	if (len < 0 || n - at - (size_t)len < 2 || s[at + (size_t)len + 1] != '=')
		return false;
	w->text = s + at;
	w->textlen = (size_t)len;
	w->len = at + (size_t)len + 2;
	return (w->encoding == 'Q' && is_q_text(w->text, w->textlen)) ||
	    (w->encoding == 'B' && is_b_text(w->text, w->textlen));
}

static void put_octets(struct buf *out, const struct encoded *w)
{
	struct enc_decoder d = {0};

	if (w->encoding == 'B') {
		enc_base64_stream(&d, out, w->text, w->textlen, true);
		return;
	}
	for (size_t i = 0; i < w->textlen; i++) {
		char c = w->text[i];

		if (c == '=') {
			c = (char)(text_hex(w->text[i + 1]) << 4 | text_hex(w->text[i + 2]));
			i += 2;
		} else if (c == '_') {
			c = ' ';
		}
		buf_putc(out, c);
	}
}

static void flush(struct decoder *d)
{
	if (buf_failed(&d->octets))
		d->out->failed = true;
	charset_put(d->out, &d->charset, buf_str(&d->octets), d->octets.len);
	buf_reset(&d->octets);
}

/* Makes the word's charset the current one. False: nobody knows it. */
static bool switch_charset(struct decoder *d, const struct encoded *w)
{
	if (d->charset.kind != CHARSET_NONE && w->charsetlen == d->namelen &&
	    strncasecmp(w->charset, d->name, d->namelen) == 0)
		return true;
	struct charset next;
	if (charset_open(&next, w->charset, w->charsetlen) == -1)
		return false;
	flush(d);
	charset_close(&d->charset);
	d->charset = next;
	memcpy(d->name, w->charset, w->charsetlen);
	d->namelen = w->charsetlen;
	return true;
}

static size_t spaces(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && text_is_space(s[i]))
		i++;
	return i;
}

/* Takes the encoded words at s, and the blanks between two of them; returns how far that is. */
static size_t take_words(struct decoder *d, const char *s, size_t n)
{
	struct encoded w;
	size_t taken = 0, at = 0;

	while (n - at > 2 && s[at] == '=' && s[at + 1] == '?' && read_word(&w, s + at, n - at) &&
	    switch_charset(d, &w)) {
		put_octets(&d->octets, &w);
		taken = at + w.len;
		at = taken + spaces(s + taken, n - taken);
	}
	if (taken > 0)
		flush(d);
	return taken;
}

void word_decode(struct buf *out, const char *s, size_t n)
{
	struct decoder d = {.out = out};

	buf_init(&d.octets, n);
	while (n > 0) {
		const char *word = memmem(s, n, "=?", 2);
		size_t plain = word == NULL ? n : (size_t)(word - s);

		text_put(out, s, plain);
		s += plain;
		n -= plain;
		plain = take_words(&d, s, n);
		if (plain == 0 && n > 0) {
			buf_putc(out, '=');
			plain = 1;
		}
		s += plain;
		n -= plain;
	}
	charset_close(&d.charset);
	buf_free(&d.octets);
}
