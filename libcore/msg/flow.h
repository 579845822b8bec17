/*
 * flow: text/plain; format=flowed (RFC 3676), both ways, as a stream in constant memory.
 *
 * A line of plain text is a paragraph, and the ">" at its start are its quote depth: ">> text", and "> > text" as other programs write it. Any octet but CR and
 * LF may stand in a line; a line ends in LF, CRLF or a bare CR. Linear in time.
 *
 * What was encoded decodes to the same octets, if the same DelSp and FLOW_KEEP are used both times, but for what encoding evens out: blanks (SP) at the end
 * of a line, which would make it flow (section 4.2), go, except those of a signature's line "-- "; quote marks are written as ">> text".
 */
#ifndef LM_MSG_FLOW_H
#define LM_MSG_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum {
	FLOW_WIDTH_MAX = 998,   /* octets of a line of mail (RFC 5322 section 2.1.1) */
	FLOW_DEPTH_MAX = 1000,  /* lines that are quoted deeper are not joined */
	FLOW_PIECE_MAX = 65536, /* what a call to flow_encoder_feed() appends, and a line more */
};

/* How the lines end that come out: as the ones that went in, or all alike (then the last one has an end, too). */
enum flow_ends { FLOW_KEEP, FLOW_LF, FLOW_CRLF };
/* An end of line in the input. */
enum flow_end { FLOW_END_NONE, FLOW_END_LF, FLOW_END_CRLF, FLOW_END_CR };

struct flow_encoder {
	size_t width;
	bool delsp;
	enum flow_ends ends;
	enum flow_end soft; /* FLOW_KEEP: how a line ends where a paragraph is broken */
	bool cr;            /* a CR was read: LF may follow */
	/* The paragraph. */
	size_t depth;
	bool text;      /* past the quote marks */
	bool blank;     /* the blank behind a mark was read */
	bool unbroken;  /* never broken: quoted too deeply, or the width is too small */
	bool continued; /* it was broken already */
	bool
	    passing; /* the line has begun to go out: what comes passes through, up to a place to break */
	size_t room;     /* characters of a line, without the prefix */
	size_t octets;   /* at most so many octets, for the same */
	uint64_t blanks; /* read and not written: perhaps the last of the paragraph */
	size_t chars;    /* in held */
	size_t nheld;
	char held[FLOW_WIDTH_MAX + 2]; /* the line that is being filled, without its prefix */
};

/*
 * Lines of at most `width` characters (of UTF-8; malformed octets count one each or less) and FLOW_WIDTH_MAX octets, prefix and all. Lines that begin with a blank, "From " or, not as a quote
 * mark, ">" are stuffed. A word longer than a line stands on a line of its own; with `delsp` it breaks between characters, as text without blanks (CJK) does
 * (RFC 3676 section 4.1). What is quoted too deeply for the width (half of it goes for marks) is not broken; nor is anything with a width of 0. A broken line never
 * looks like a signature's.
 */
void flow_encoder_init(struct flow_encoder *e, unsigned width, bool delsp, enum flow_ends ends);
/* FLOW_KEEP: the first line end in these octets, the beginning of the text, is how lines are broken (LF else), until other ends are read. */
void flow_encoder_look(struct flow_encoder *e, const char *s, size_t n);
/* Appends what the n octets at s give, and returns how many were taken: all, but when FLOW_PIECE_MAX were appended; then the rest must come again. 0 is possible. */
size_t flow_encoder_feed(struct flow_encoder *e, struct buf *out, const char *s, size_t n);
/* The text has ended. The encoder is as new. */
void flow_encoder_end(struct flow_encoder *e, struct buf *out);

struct flow_decoder {
	bool delsp;
	enum flow_ends ends;
	bool cr;
	/* The line before flowed: whether this one joins it is not known yet. */
	bool open;
	size_t open_depth;
	enum flow_end open_end;
	/* This line. */
	size_t depth;
	bool text;    /* past the quote marks */
	bool content; /* past the stuffing, too */
	bool stuffed;
	bool lead;  /* a blank is due between marks and text */
	bool blank; /* one was read and is not written: perhaps the line flows */
	size_t
	    signature; /* octets of "-- " that were read and not written: all of the line as yet */
};

/*
 * The inverse: paragraphs as lines, with their quote depth as ">> ". A change of quote depth ends a paragraph, as a signature's line does (RFC 3676 sections 4.3 and 4.5). Text of others is taken as it
 * comes; nothing of it is an error. A call appends at most two octets for each that it reads, and FLOW_DEPTH_MAX.
 */
void flow_decoder_init(struct flow_decoder *d, bool delsp, enum flow_ends ends);
void flow_decoder_feed(struct flow_decoder *d, struct buf *out, const char *s, size_t n);
/* The text has ended. The decoder is as new. */
void flow_decoder_end(struct flow_decoder *d, struct buf *out);

/* The same for a text in memory: it comes out with CRLF (encoded) or LF (decoded) behind each line. */
void flow_encode(struct buf *out, const char *s, size_t n, unsigned width, bool delsp);
void flow_decode(struct buf *out, const char *s, size_t n, bool delsp);

#endif
