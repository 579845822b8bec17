#include "base/num.h"

#include <string.h>

static int number(const char *s, size_t n, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (n == 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		uint64_t digit = (uint64_t)(s[i] - '0');
		if (v > (max - digit) / 10)
			return -1;
		v = v * 10 + digit;
	}
	*out = v;
	return 0;
}

int num_u32(const char *s, size_t n, uint32_t *out)
{
	uint64_t v;

	if (number(s, n, UINT32_MAX, &v) != 0)
		return -1;
	*out = (uint32_t)v;
	return 0;
}

int num_nz32(const char *s, size_t n, uint32_t *out)
{
	if (n == 0 || s[0] == '0')
		return -1;
	return num_u32(s, n, out);
}

int num_u63(const char *s, size_t n, uint64_t *out)
{
	return number(s, n, INT64_MAX, out);
}

struct unit {
	char name;
	uint64_t factor;
};

static uint64_t factor_of(const struct unit *units, char name)
{
	for (; units->name != '\0'; units++)
		if (units->name == name)
			return units->factor;
	return 0;
}

/* Digits and at most one letter of units. */
static int quantity(const char *s, const struct unit *units, uint64_t *out)
{
	size_t n = strlen(s);
	uint64_t v, factor = 1;

	if (n > 0 && (s[n - 1] < '0' || s[n - 1] > '9'))
		factor = factor_of(units, s[--n]);
	if (factor == 0 || number(s, n, INT64_MAX / factor, &v) != 0)
		return -1;
	*out = v * factor;
	return 0;
}

int num_size(const char *s, uint64_t *out)
{
	static const struct unit units[] = {
	    {'k', UINT64_C(1) << 10},
	    {'K', UINT64_C(1) << 10},
	    {'m', UINT64_C(1) << 20},
	    {'M', UINT64_C(1) << 20},
	    {'g', UINT64_C(1) << 30},
	    {'G', UINT64_C(1) << 30},
	    {'\0', 0},
	};

	return quantity(s, units, out);
}

int num_duration(const char *s, time_t *out)
{
	static const struct unit units[] = {
	    {'s', 1},
	    {'m', 60},
	    {'h', 3600},
	    {'d', 86400},
	    {'w', 7 * 86400},
	    {'y', 365 * 86400},
	    {'\0', 0},
	};
	uint64_t v;

	if (quantity(s, units, &v) != 0 || (uint64_t)(time_t)v != v)
		return -1;
	*out = (time_t)v;
	return 0;
}
