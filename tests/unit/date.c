#include "msg/date.h"

#include <stdlib.h>

#include "unit.h"

static void parses(const char *s, time_t want)
{
	time_t t = 0;

	CHECK_INT(date_parse(s, strlen(s), &t), 0);
	CHECK_INT(t, want);
}

static void refuses(const char *s)
{
	time_t t = 42;

	if (date_parse(s, strlen(s), &t) != -1)
		CHECK_STR(s, "refused");
	CHECK_INT(t, 42);
}

TEST(date_parse_reads_rfc_5322)
{
	parses("Fri, 21 Nov 1997 09:55:06 -0600", 880127706);
	parses("Tue, 24 Nov 2026 10:00:00 +0100", 1795510800);
	parses("24 Nov 2026 10:00 +0100", 1795510800);
	parses("Thu, 1 Jan 1970 00:00:00 +0000", 0);
	parses("Thu, 01 Jan 1970 00:00:00 -0000", 0);
	parses("Wed, 31 Dec 1969 23:59:59 +0000", -1);
	parses("Tue, 29 Feb 2000 12:00:00 +0000", 951825600);
	parses("Sat, 31 Dec 2016 23:59:60 +0000", 1483228800);
	parses("tue, 24 nov 2026 10:00:00 +0100", 1795510800);
	parses("Wed, 24 Nov 2026 10:00:00 +0100", 1795510800);
	parses(" Tue , 24\r\n Nov 2026 10:00:00 +0100 (CET (winter\\)))", 1795510800);
}

TEST(date_parse_reads_obsolete_forms)
{
	parses("21 Nov 97 09:55:06 GMT", 880106106);
	parses("Fri, 21 Nov 97 09(comment):   55  :  06 -0600", 880127706);
	parses("21 Nov 097 09:55:06 UT", 880106106);
	parses("21 Nov 49 09:55:06 UT", 2521101306);
	parses("21 Nov 1997 04:55:06 EST", 880106106);
	parses("21 Nov 1997 05:55:06 edt", 880106106);
	parses("21 Nov 1997 01:55:06 PST", 880106106);
	parses("21 Nov 1997 09:55:06 Z", 880106106);
	parses("21 Nov 1997 09:55:06 A", 880106106);
	parses("21 Nov 1997 09:55:06 Nowhere", 880106106);
	parses("21 Nov 1997 09:55:06", 880106106);
}

TEST(date_parse_refuses_what_is_no_date)
{
	static const char *const bad[] = {"", " ", "Tue", "Tue, ", "24", "24 Nov", "24 Nov 2026",
	    "24 Nov 2026 10", "24 Nov 2026 10:", "24 Nov 2026 10:0",
	    "24 Nov 2026 10:00:", "24 Nov 2026 10:00:0", "0 Nov 2026 10:00:00 +0000",
	    "31 Nov 2026 10:00:00 +0000", "29 Feb 2026 10:00:00 +0000",
	    "29 Feb 1900 10:00:00 +0000", "32 Dec 2026 10:00:00 +0000",
	    "24 Nov 2026 24:00:00 +0000", "24 Nov 2026 10:60:00 +0000",
	    "24 Nov 2026 10:00:61 +0000", "24 Nov 2026 10:00:00 +01", "24 Nov 2026 10:00:00 +0160",
	    "24 Nov 2026 10:00:00 0100", "24 Nov 2026 10:00:00 +0100 x",
	    "24 Nov 2026 10:000:00 +0100", "24 Nov 2026 10:00:000 +0100", "24 Nov 2 10:00:00 +0000",
	    "24 Nov 20266 10:00:00 +0000", "124 Nov 2026 10:00:00 +0000",
	    "24 Now 2026 10:00:00 +0000", "-4 Nov 2026 10:00:00",
	    "24 Nov 99999999999999999999 10:00:00", "Tue 24 Nov 2026 10:00:00 +-100"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuses(bad[i]);
}

TEST(date_parse_takes_any_prefix)
{
	const char *s = "Fri, 21 Nov 1997 (a comment) 09:55:06 -0600";

	for (size_t i = 0; i <= strlen(s); i++) {
		char *copy = malloc(i + 1);
		time_t t;

		REQUIRE(copy != NULL);
		memcpy(copy, s, i);
		date_parse(copy, i, &t);
		date_parse_imap(copy, i, &t);
		free(copy);
	}
}

TEST(date_parse_is_linear)
{
	size_t n = 1 << 20;
	char *s = malloc(n);
	time_t t;

	REQUIRE(s != NULL);
	memset(s, '(', n);
	CHECK_INT(date_parse(s, n, &t), -1);
	memset(s, '1', n);
	CHECK_INT(date_parse(s, n, &t), -1);
	free(s);
}

TEST(date_parse_imap_is_strict)
{
	static const char *const bad[] = {"", "1-Nov-2026", "24 Nov 2026 10:00:00 +0100",
	    "24-Nov-26 10:00:00 +0100", "24-Nov-2026 10:00:00", "24-Nov-2026 10:00:00 GMT",
	    "24-Nov-2026 10:00:00 +0100 ", "  4-Nov-2026 10:00:00 +0100",
	    " 24-Nov-2026 10:00:00 +0100", "31-Feb-2026 10:00:00 +0100", "24-Nov-2026 10:00 +0100"};
	time_t t = 0;

	CHECK_INT(date_parse_imap("24-Nov-2026 10:00:00 +0100", 26, &t), 0);
	CHECK_INT(t, 1795510800);
	CHECK_INT(date_parse_imap(" 1-Jan-1970 00:00:00 +0000", 26, &t), 0);
	CHECK_INT(t, 0);
	CHECK_INT(date_parse_imap("1-jan-1970 00:00:00 +0000", 25, &t), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(date_parse_imap(bad[i], strlen(bad[i]), &t), -1);
}

static void with_zone(const char *tz)
{
	setenv("TZ", tz, 1);
	tzset();
}

TEST(date_format_shows_the_local_offset)
{
	char out[DATE_LEN];

	with_zone("CET-1");
	date_format(1795510800, out);
	CHECK_STR(out, "Tue, 24 Nov 2026 10:00:00 +0100");
	date_format_imap(1795510800, out);
	CHECK_STR(out, "24-Nov-2026 10:00:00 +0100");
	with_zone("NST3:30");
	date_format(0, out);
	CHECK_STR(out, "Wed, 31 Dec 1969 20:30:00 -0330");
	with_zone("UTC0");
	date_format_imap(0, out);
	CHECK_STR(out, " 1-Jan-1970 00:00:00 +0000");
}

TEST(date_format_is_undone_by_date_parse)
{
	static const char *const zones[] = {"UTC0", "CET-1", "NPT-5:45", "HST10", "XXX-14"};
	char out[DATE_LEN];
	time_t back;

	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		with_zone(zones[i]);
		for (time_t t = -4000000000; t < 9000000000; t += 76543210) {
			date_format(t, out);
			CHECK_INT(date_parse(out, strlen(out), &back), 0);
			CHECK_INT(back, t);
			date_format_imap(t, out);
			CHECK_INT(date_parse_imap(out, strlen(out), &back), 0);
			CHECK_INT(back, t);
		}
	}
	with_zone("UTC0");
}

TEST(date_format_stays_within_four_digits_of_year)
{
	char out[DATE_LEN];

	date_format(INT64_MAX, out);
	CHECK_STR(out, "Fri, 31 Dec 9999 23:59:59 +0000");
	date_format_imap(INT64_MIN, out);
	CHECK_STR(out, " 1-Jan-0000 00:00:00 +0000");
}

UNIT_MAIN
