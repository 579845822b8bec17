#include "msg/date.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "msg/text.h"

static const char months[12][4] = {
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

/* obs-zone of RFC 5322 section 4.3. The military letters were used with either sign, so that they,
 * like every other word, say nothing: UTC. */
static const struct {
	const char name[4];
	int hours;
} zones[] = {{"EDT", -4}, {"EST", -5}, {"CDT", -5}, {"CST", -6}, {"MDT", -6}, {"MST", -7},
    {"PDT", -7}, {"PST", -8}};

/* Local time and its distance from UTC in minutes. A year that does not fit four digits has no place
 * in either form: the last moment that does is shown. */
static long local(time_t t, struct tm *tm)
{
	if (localtime_r(&t, tm) == NULL || tm->tm_year < -1900 || tm->tm_year > 9999 - 1900) {
		t = t < 0 ? -62167219200 : 253402300799;
		gmtime_r(&t, tm);
	}
	return tm->tm_gmtoff / 60;
}

static char sign(long offset)
{
	return offset < 0 ? '-' : '+';
}

static unsigned zone_number(long offset)
{
	unsigned long minutes = (unsigned long)(offset < 0 ? -offset : offset);

	return (unsigned)(minutes / 60 * 100 + minutes % 60) % 10000;
}

void date_format(time_t t, char out[static DATE_LEN])
{
	struct tm tm;
	long offset = local(t, &tm);

	snprintf(out, DATE_LEN, "%s, %d %s %04d %02d:%02d:%02d %c%04u", days[tm.tm_wday],
	    tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec,
	    sign(offset), zone_number(offset));
}

void date_format_imap(time_t t, char out[static DATE_LEN])
{
	struct tm tm;
	long offset = local(t, &tm);

	snprintf(out, DATE_LEN, "%2d-%s-%04d %02d:%02d:%02d %c%04u", tm.tm_mday, months[tm.tm_mon],
	    tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec, sign(offset), zone_number(offset));
}

/* What is left of the text. */
struct scan {
	const char *s;
	size_t n;
};

static bool take(struct scan *s, char c)
{
	if (s->n == 0 || s->s[0] != c)
		return false;
	s->s++;
	s->n--;
	return true;
}

static void skip_comment(struct scan *s)
{
	size_t depth = 0;

	do {
		char c = s->s[0];

		depth += c == '(';
		depth -= c == ')';
		take(s, c);
		if (c == '\\' && s->n > 0)
			take(s, s->s[0]);
	} while (s->n > 0 && depth > 0);
}

static void skip_cfws(struct scan *s)
{
	while (s->n > 0 && (text_is_space(s->s[0]) || s->s[0] == '('))
		if (s->s[0] == '(')
			skip_comment(s);
		else
			take(s, s->s[0]);
}

/* min to max digits, with a value of at most `limit`. */
static bool number(struct scan *s, size_t min, size_t max, unsigned limit, int *out, size_t *len)
{
	size_t n = 0;
	uint32_t value;

	while (n < s->n && n <= max && text_is_digit(s->s[n]))
		n++;
	if (n < min || n > max || num_u32(s->s, n, &value) == -1 || value > limit)
		return false;
	s->s += n;
	s->n -= n;
	*out = (int)value;
	*len = n;
	return true;
}

static bool two_digits(struct scan *s, unsigned limit, int *out)
{
	struct scan two = {s->s, 2};
	size_t len;

	if (s->n < 2 || !number(&two, 2, 2, limit, out, &len))
		return false;
	s->s += 2;
	s->n -= 2;
	return true;
}

static bool month(struct scan *s, int *out)
{
	for (int i = 0; i < 12 && s->n >= 3; i++)
		if (strncasecmp(s->s, months[i], 3) == 0) {
			*out = i;
			s->s += 3;
			s->n -= 3;
			return true;
		}
	return false;
}

static size_t letters(const struct scan *s)
{
	size_t n = 0;

	while (n < s->n && text_is_alnum(s->s[n]) && !text_is_digit(s->s[n]))
		n++;
	return n;
}

/* "+hhmm"; the offset in seconds. */
static bool numeric_zone(struct scan *s, long *out)
{
	bool west = s->n > 0 && s->s[0] == '-';
	int hours, minutes;

	if (!take(s, west ? '-' : '+') || !two_digits(s, 99, &hours) ||
	    !two_digits(s, 59, &minutes))
		return false;
	*out = (west ? -60L : 60L) * (hours * 60L + minutes);
	return true;
}

static bool named_zone(struct scan *s, long *out)
{
	size_t n = letters(s);

	*out = 0;
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]) && n == 3; i++)
		if (strncasecmp(s->s, zones[i].name, 3) == 0)
			*out = zones[i].hours * 3600L;
	s->s += n;
	s->n -= n;
	return n > 0;
}

static int days_in_month(const struct tm *tm)
{
	static const int lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int y = tm->tm_year + 1900;
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

	return lengths[tm->tm_mon] + (tm->tm_mon == 1 && leap);
}

/* -1 where there is no such day. A leap second is the first of the next minute. */
static int moment(struct tm *tm, long offset, time_t *out)
{
	if (tm->tm_mday < 1 || tm->tm_mday > days_in_month(tm))
		return -1;
	*out = timegm(tm) - offset;
	return 0;
}

/* The year; two digits and three are obsolete (RFC 5322 section 4.3). */
static bool year(struct scan *s, struct tm *tm)
{
	size_t len;

	if (!number(s, 2, 4, 9999, &tm->tm_year, &len))
		return false;
	if (len == 4)
		tm->tm_year -= 1900;
	else if (len == 2 && tm->tm_year < 50)
		tm->tm_year += 100;
	return true;
}

/* "hh:mm:ss" and, obsolete, without seconds and with blanks between. */
static bool time_of_day(struct scan *s, struct tm *tm)
{
	if (!two_digits(s, 23, &tm->tm_hour))
		return false;
	skip_cfws(s);
	if (!take(s, ':'))
		return false;
	skip_cfws(s);
	if (!two_digits(s, 59, &tm->tm_min))
		return false;
	skip_cfws(s);
	if (!take(s, ':'))
		return true;
	skip_cfws(s);
	return two_digits(s, 60, &tm->tm_sec);
}

/* "Tue, ", which may be there, and may be wrong. */
static void skip_weekday(struct scan *s)
{
	size_t n;

	skip_cfws(s);
	n = letters(s);
	s->s += n;
	s->n -= n;
	skip_cfws(s);
	take(s, ',');
	skip_cfws(s);
}

/* Many programs leave the zone away: UTC then. */
static bool zone(struct scan *s, long *offset)
{
	*offset = 0;
	skip_cfws(s);
	if (s->n > 0 && !numeric_zone(s, offset) && !named_zone(s, offset))
		return false;
	skip_cfws(s);
	return s->n == 0;
}

int date_parse(const char *s, size_t n, time_t *out)
{
	struct scan scan = {s, n};
	struct tm tm = {0};
	long offset;
	size_t len;

	skip_weekday(&scan);
	if (!number(&scan, 1, 2, 31, &tm.tm_mday, &len))
		return -1;
	skip_cfws(&scan);
	if (!month(&scan, &tm.tm_mon))
		return -1;
	skip_cfws(&scan);
	if (!year(&scan, &tm))
		return -1;
	skip_cfws(&scan);
	if (!time_of_day(&scan, &tm) || !zone(&scan, &offset))
		return -1;
	return moment(&tm, offset, out);
}

static bool imap_day(struct scan *s, struct tm *tm)
{
	size_t len;

	if (take(s, ' '))
		return number(s, 1, 1, 9, &tm->tm_mday, &len);
	return number(s, 1, 2, 31, &tm->tm_mday, &len);
}

static bool imap_time(struct scan *s, struct tm *tm)
{
	return two_digits(s, 23, &tm->tm_hour) && take(s, ':') && two_digits(s, 59, &tm->tm_min) &&
	    take(s, ':') && two_digits(s, 60, &tm->tm_sec);
}

int date_parse_imap(const char *s, size_t n, time_t *out)
{
	struct scan scan = {s, n};
	struct tm tm = {0};
	long offset;
	size_t len;

	if (!imap_day(&scan, &tm) || !take(&scan, '-') || !month(&scan, &tm.tm_mon) ||
	    !take(&scan, '-') || !number(&scan, 4, 4, 9999, &tm.tm_year, &len) ||
	    !take(&scan, ' ') || !imap_time(&scan, &tm) || !take(&scan, ' ') ||
	    !numeric_zone(&scan, &offset) || scan.n > 0)
		return -1;
	tm.tm_year -= 1900;
	return moment(&tm, offset, out);
}
