/*
 * num: text to numbers, every digit checked.
 *
 * Each function reads exactly the n octets at s and returns 0 with *out set, or -1 with *out left
 * alone when they are not wholly such a number or do not fit. No sign, no blanks, no locale.
 */
#ifndef LM_BASE_NUM_H
#define LM_BASE_NUM_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* number of RFC 9051 section 9 */
int num_u32(const char *s, size_t n, uint32_t *out);
/* nz-number: UID, UIDVALIDITY. It does not begin with 0. */
int num_nz32(const char *s, size_t n, uint32_t *out);
/* number64, mod-sequence-value: at most 2^63-1 */
int num_u63(const char *s, size_t n, uint64_t *out);

/*
 * The same for NUL-terminated text of people.
 */
/* Octets: digits and an optional k, M or G (2^10, 2^20, 2^30; in any case). At most 2^63-1. */
int num_size(const char *s, uint64_t *out);
/* Seconds: digits and s, m, h, d, w or y (365 days): "90d". Without a unit they are seconds. */
int num_duration(const char *s, time_t *out);
/* date-time of RFC 3339: "2026-11-24T10:00:00Z", "...+01:00"; a fraction is ignored. */
int num_rfc3339(const char *text, time_t *out);

/* Writes the RFC 3339 UTC form "2026-11-24T10:00:00Z" (21 octets with the NUL) to out. What has no year of
 * four digits comes out as the first or last second that has. */
enum { NUM_RFC3339_LEN = 21 };
void num_format_rfc3339(time_t t, char out[static NUM_RFC3339_LEN]);

#endif
