/*
 * enc: transfer encodings and safe text. Whole-buffer functions append to a struct buf; the
 * decoders for streams keep their state in a small struct and take input in pieces of any size.
 */
#ifndef LM_BASE_ENC_H
#define LM_BASE_ENC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Base64 of RFC 4648 section 4, one line, no line breaks. */
void enc_base64(struct buf *out, const void *p, size_t n);
/* The inverse. Strict: 0, or -1 with nothing appended for anything that is not canonical base64
 * with padding (each octet string has one spelling), and when `out` has failed. */
int enc_base64_decode(struct buf *out, const char *s, size_t n);
/* Base64 of RFC 2045 section 6.8: lines of 76 characters, each ended by CRLF. Input may come in
 * pieces, if each but the last is a multiple of 57 octets. */
void enc_base64_mime(struct buf *out, const void *p, size_t n);

/* Quoted-printable of RFC 2045 section 6.7 for text whose lines end in CRLF or LF (both come out as
 * CRLF); lines of at most 76 characters; a line "." and a line that begins with "From " are escaped. */
void enc_qp(struct buf *out, const char *s, size_t n);

/* Decoding in pieces, lenient as RFC 2045 asks: characters outside the alphabet are skipped, soft
 * line breaks removed, a broken escape is passed through. `last` flushes the end
 * and leaves the decoder as new. Base64 ends at the first "=". Zero-initialise. */
struct enc_decoder {
	uint32_t bits;
	unsigned nbits;
	bool done;
	char held[4096]; /* quoted-printable: blanks and a partial escape held back */
	size_t nheld;
};
void enc_base64_stream(struct enc_decoder *d, struct buf *out, const char *s, size_t n, bool last);
void enc_qp_stream(struct enc_decoder *d, struct buf *out, const char *s, size_t n, bool last);

/* The value of a hexadecimal digit in any case; -1 when it is none. */
int enc_hex_value(char c);

/* True when the n octets are well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool enc_is_utf8(const char *s, size_t n);

/* True when s has no octet beyond ASCII. */
bool enc_is_ascii(const char *s);

/* Text for a terminal or an output field: well-formed UTF-8 stays, but control characters (C0, DEL,
 * C1), bidi controls, line separators and malformed octets become vis(3) escapes (\n, \r, \t and
 * \ooo, octet by octet), and a backslash is doubled: unvis(3) gives the input back. */
void enc_safe(struct buf *out, const char *s, size_t n);

/* The same for one character, at the front of the n > 0 octets at s, into an array: sets *outlen and
 * returns how many octets of s it was. A backslash is not doubled. */
enum { ENC_SAFE_MAX = 16 };
size_t enc_safe_one(char out[static ENC_SAFE_MAX], size_t *outlen, const char *s, size_t n);

/* A JSON string with its quotes (RFC 8259 section 7). What enc_safe() escapes is escaped here too;
 * each malformed octet becomes U+FFFD. */
void enc_json(struct buf *out, const char *s, size_t n);

#endif
