#include "base/num.h"

#include "unit.h"

static int u32(const char *s, uint32_t *out)
{
	return num_u32(s, strlen(s), out);
}

TEST(num_u32_takes_digits_only)
{
	uint32_t v = 42;

	CHECK(u32("0", &v) == 0 && v == 0);
	CHECK(u32("4294967295", &v) == 0 && v == UINT32_MAX);
	CHECK(u32("007", &v) == 0 && v == 7);
	v = 42;
	static const char *const bad[] = {"", " 1", "1 ", "+1", "-1", "0x10", "1e3", "4294967296",
	    "4294967300", "42949672950", "99999999999999999999999999", "1\xb2", "\xef\xbc\x91"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(u32(bad[i], &v), -1);
	CHECK_INT(num_u32("1\0002", 3, &v), -1);
	CHECK_INT(num_u32(NULL, 0, &v), -1);
	CHECK_INT(v, 42);
	CHECK(num_u32("123456", 3, &v) == 0 && v == 123);
}

TEST(num_nz32_takes_no_zero)
{
	uint32_t v = 42;

	CHECK_INT(num_nz32("0", 1, &v), -1);
	CHECK_INT(num_nz32("01", 2, &v), -1);
	CHECK_INT(num_nz32("", 0, &v), -1);
	CHECK_INT(v, 42);
	CHECK(num_nz32("4294967295", 10, &v) == 0 && v == UINT32_MAX);
}

TEST(num_u63_ends_at_63_bits)
{
	uint64_t v = 42;

	CHECK_INT(num_u63("9223372036854775808", 19, &v), -1);
	CHECK_INT(num_u63("18446744073709551616", 20, &v), -1);
	CHECK_INT(num_u63("18446744073709551615", 20, &v), -1);
	CHECK_INT(v, 42);
	CHECK(num_u63("9223372036854775807", 19, &v) == 0 && v == INT64_MAX);
	CHECK(num_u63("0", 1, &v) == 0 && v == 0);
}

TEST(num_long_runs_of_digits_cost_their_length)
{
	static char run[1 << 20];
	uint64_t v;

	memset(run, '0', sizeof(run));
	CHECK(num_u63(run, sizeof(run), &v) == 0 && v == 0);
	memset(run, '9', sizeof(run));
	CHECK_INT(num_u63(run, sizeof(run), &v), -1);
}

TEST(num_size_knows_its_units)
{
	uint64_t v = 42;

	CHECK(num_size("17", &v) == 0 && v == 17);
	CHECK(num_size("2k", &v) == 0 && v == 2048);
	CHECK(num_size("2K", &v) == 0 && v == 2048);
	CHECK(num_size("3M", &v) == 0 && v == 3 << 20);
	CHECK(num_size("8589934591G", &v) == 0 && v == UINT64_C(8589934591) << 30);
	CHECK(num_size("9223372036854775807", &v) == 0 && v == INT64_MAX);
	v = 42;
	static const char *const bad[] = {
	    "", "k", "1kk", "1kb", "1 k", "-1", "1T", "8589934592G", "9223372036854775808", "k1"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(num_size(bad[i], &v), -1);
	CHECK_INT(v, 42);
}

TEST(num_duration_knows_its_units)
{
	time_t t = 42;

	CHECK(num_duration("0", &t) == 0 && t == 0);
	CHECK(num_duration("90d", &t) == 0 && t == 90 * 86400);
	CHECK(num_duration("15m", &t) == 0 && t == 900);
	CHECK(num_duration("1h", &t) == 0 && t == 3600);
	CHECK(num_duration("2w", &t) == 0 && t == 14 * 86400);
	CHECK(num_duration("1y", &t) == 0 && t == 365 * 86400);
	CHECK(num_duration("30s", &t) == 0 && t == 30);
	t = 42;
	static const char *const bad[] = {
	    "", "d", "1M", "1dd", "1.5h", "-3d", "9223372036854775807w"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(num_duration(bad[i], &t), -1);
	CHECK_INT(t, 42);
}

static const struct {
	const char *text;
	int64_t time;
} times[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"2026-11-24T10:00:00Z", 1795514400},
    {"2026-11-24t10:00:00z", 1795514400},
    {"2026-11-24T11:00:00+01:00", 1795514400},
    {"2026-11-24T04:30:00.123456789-05:30", 1795514400},
    {"2026-11-24T10:00:00-00:00", 1795514400},
    {"2016-12-31T23:59:60Z", 1483228800},
    {"2000-02-29T00:00:00Z", 951782400},
    {"0000-01-01T00:00:00Z", -62167219200},
    {"9999-12-31T23:59:59Z", 253402300799},
    {"1985-04-12T23:20:50.52Z", 482196050},
    {"1996-12-19T16:39:57-08:00", 851042397},
    {"1937-01-01T12:00:27.87+00:20", -1041337173},
};

TEST(num_rfc3339_reads_times)
{
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		time_t t = 42;
		CHECK_INT(num_rfc3339(times[i].text, &t), 0);
		CHECK_INT(t, times[i].time);
	}
}

TEST(num_rfc3339_refuses_every_prefix)
{
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		char text[64];
		snprintf(text, sizeof(text), "%s", times[i].text);
		for (size_t n = strlen(text); n-- > 0;) {
			time_t t = 42;
			text[n] = '\0';
			CHECK_INT(num_rfc3339(text, &t), -1);
			CHECK_INT(t, 42);
		}
	}
}

TEST(num_rfc3339_refuses_what_is_no_time)
{
	static const char *const bad[] = {"2026-11-24 10:00:00Z", "2026-13-01T00:00:00Z",
	    "2026-00-01T00:00:00Z", "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
	    "2026-04-31T00:00:00Z", "2026-01-00T00:00:00Z", "2026-11-24T24:00:00Z",
	    "2026-11-24T10:60:00Z", "2026-11-24T10:00:61Z", "2026-11-24T10:00:00.Z",
	    "2026-11-24T10:00:00+24:00", "2026-11-24T10:00:00+01:60", "2026-11-24T10:00:00+0100",
	    "2026-11-24T10:00:00ZZ", "2026-11-24T10:00:00Z ", " 2026-11-24T10:00:00Z",
	    "+026-11-24T10:00:00Z", "12026-11-24T10:00:00Z", "2026-1-24T10:00:00Z", "now"};
	time_t t = 42;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(num_rfc3339(bad[i], &t), -1);
	CHECK_INT(t, 42);
}

TEST(num_format_rfc3339_writes_what_is_read)
{
	static const int64_t some[] = {0, 1, 1795514400, -1, 951782400, -62167219200, 253402300799};
	char text[NUM_RFC3339_LEN];

	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		time_t t = 42;
		num_format_rfc3339(some[i], text);
		CHECK_INT(strlen(text), NUM_RFC3339_LEN - 1);
		CHECK_INT(num_rfc3339(text, &t), 0);
		CHECK_INT(t, some[i]);
	}
	num_format_rfc3339(INT64_MAX, text);
	CHECK_STR(text, "9999-12-31T23:59:59Z");
	num_format_rfc3339(INT64_MIN, text);
	CHECK_STR(text, "0000-01-01T00:00:00Z");
}

UNIT_MAIN
