/*
 * date: RFC 5322 date-time (section 3.3, obsolete zones too) and IMAP date-time (RFC 9051 "date-time").
 */
#ifndef LM_MSG_DATE_H
#define LM_MSG_DATE_H

#include <stddef.h>
#include <time.h>

enum { DATE_LEN = 40 };

/* "Tue, 24 Nov 2026 10:00:00 +0100" with the local offset. */
void date_format(time_t t, char out[static DATE_LEN]);
/* "24-Nov-2026 10:00:00 +0100" (without quotes), for APPEND. */
void date_format_imap(time_t t, char out[static DATE_LEN]);
/* -1 when it is no date. */
int date_parse(const char *s, size_t n, time_t *out);
int date_parse_imap(const char *s, size_t n, time_t *out);

#endif
