#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"

/* A place in NUL-terminated text. Each step fails at the NUL, so none reads past it. */
struct scan {
	const char *p;
};

static bool digits(struct scan *s, size_t n, int lo, int hi, int *out)
{
	int v = 0;

	for (size_t i = 0; i < n; i++, s->p++) {
		if (*s->p < '0' || *s->p > '9')
			return false;
		v = v * 10 + (*s->p - '0');
	}
	*out = v;
	return v >= lo && v <= hi;
}

static bool one_of(struct scan *s, const char *set)
{
	if (*s->p == '\0' || strchr(set, *s->p) == NULL)
		return false;
	s->p++;
	return true;
}

static int days_in(int year, int month)
{
	static const char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

static bool full_date(struct scan *s, struct tm *tm)
{
	int year, month;

	if (!digits(s, 4, 0, 9999, &year) || !one_of(s, "-") || !digits(s, 2, 1, 12, &month) ||
	    !one_of(s, "-") || !digits(s, 2, 1, days_in(year, month), &tm->tm_mday))
		return false;
	tm->tm_year = year - 1900;
	tm->tm_mon = month - 1;
	return true;
}

static bool fraction(struct scan *s)
{
	if (!one_of(s, "."))
		return true;
	if (!one_of(s, "0123456789"))
		return false;
	s->p += strspn(s->p, "0123456789");
	return true;
}

static bool partial_time(struct scan *s, struct tm *tm)
{
	/* 60: a leap second is the next minute's first one to timegm(3). */
	return digits(s, 2, 0, 23, &tm->tm_hour) && one_of(s, ":") &&
	    digits(s, 2, 0, 59, &tm->tm_min) && one_of(s, ":") &&
	    digits(s, 2, 0, 60, &tm->tm_sec) && fraction(s);
}

static bool offset(struct scan *s, int *seconds)
{
	int hours, minutes;

	*seconds = 0;
	if (one_of(s, "Zz"))
		return true;
	bool west = *s->p == '-';
	if (!one_of(s, "+-") || !digits(s, 2, 0, 23, &hours) || !one_of(s, ":") ||
	    !digits(s, 2, 0, 59, &minutes))
		return false;
	*seconds = (hours * 60 + minutes) * (west ? -60 : 60);
	return true;
}

int num_rfc3339(const char *text, time_t *out)
{
	struct scan s = {text};
	struct tm tm = {0};
	int east;

	if (!full_date(&s, &tm) || !one_of(&s, "Tt") || !partial_time(&s, &tm) ||
	    !offset(&s, &east) || *s.p != '\0')
		return -1;
	*out = timegm(&tm) - east;
	return 0;
}

void num_format_rfc3339(time_t t, char out[static NUM_RFC3339_LEN])
{
	/* The form has four digits for the year: what is outside comes out as its first or last. */
	const int64_t first = INT64_C(-62167219200), last = INT64_C(253402300799);
	time_t clamped = (time_t)(t < first ? first : t > last ? last : t);
	struct tm tm;

	gmtime_r(&clamped, &tm);
	/* strftime(3) leaves the zeroes of an early year out. The moduli change nothing; they show the
	 * compiler that it fits. */
	unsigned year = (unsigned)(tm.tm_year + 1900) % 10000,
		 month = (unsigned)(tm.tm_mon + 1) % 100;
	unsigned day = (unsigned)tm.tm_mday % 100, hour = (unsigned)tm.tm_hour % 100;
	unsigned minute = (unsigned)tm.tm_min % 100, second = (unsigned)tm.tm_sec % 100;
	snprintf(out, NUM_RFC3339_LEN, "%04u-%02u-%02uT%02u:%02u:%02uZ", year, month, day, hour,
	    minute, second);
}
