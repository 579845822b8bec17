/*
 * caps: what an SMTP server says of itself in its EHLO reply (RFC 5321 section 4.1.1.1). No I/O.
 */
#ifndef LM_SMTP_CAPS_H
#define LM_SMTP_CAPS_H

#include <stdbool.h>
#include <stdint.h>

/* What the EHLO keywords say (RFC 5321 section 4.1.1.1). */
struct smtp_caps {
	bool pipelining, chunking, binarymime, eightbitmime, dsn, enhanced, smtputf8, starttls;
	bool pipeconnect, size, vrfy, requiretls;
	bool burl, burl_imap; /* BURL; BURL with "imap" among its arguments */
	uint64_t size_max;    /* 0: not declared or no limit */
	char auth[1024];      /* mechanisms, blanks between */
	char burl_url[512];   /* first imap:// URL named by BURL, or "" */
	char ehlo
	    [8192]; /* all of the EHLO lines but the first, LF between: for lm-caps, and to be remembered */
};

/* Parses EHLO lines without their codes, LF or CRLF between: as in smtp_caps.ehlo. Lines with anything but printable ASCII are left out, and
 * so is what does not fit the arrays, whole lines and whole words at a time. */
void smtp_caps_parse(struct smtp_caps *c, const char *lines);

#endif
