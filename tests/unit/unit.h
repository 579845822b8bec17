/*
 * unit.h - the smallest unit test harness that is pleasant to use.
 *
 *	#include "unit.h"
 *
 *	TEST(buf_grows)
 *	{
 *		CHECK(1 + 1 == 2);
 *		CHECK_INT(strlen("abc"), 3);
 *	}
 *
 *	UNIT_MAIN
 *
 * Tests register themselves and run in the order in which they are written. A failed CHECK prints
 * where and what, marks the test as failed and goes on; a failed REQUIRE leaves the test as well (for
 * pointers that the next line would follow). Each test prints one TAP line, "ok N - name" or
 * "not ok N - name"; the program exits 1 when any test failed. Arguments, if any, name the tests to run.
 */
#ifndef LM_TESTS_UNIT_H
#define LM_TESTS_UNIT_H

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct unit_case {
	const char *name;
	void (*run)(void);
	struct unit_case *next;
};

/* Each unit program is one translation unit, so these are the program's own. */
static struct unit_case *unit_first;
static struct unit_case *unit_last;
static bool unit_failed; /* the test that is running has failed */

#define TEST(name)                                                              \
	static void test_##name(void);                                          \
	__attribute__((constructor)) static void unit_register_##name(void)     \
	{                                                                       \
		static struct unit_case unit_this = {#name, test_##name, NULL}; \
		unit_register(&unit_this);                                      \
	}                                                                       \
	static void test_##name(void)

/* The comparisons evaluate each argument once. CHECK_INT compares as intmax_t (uint64_t values compare
 * right, and print as signed). CHECK_STR takes NULL for an absent string. */
#define CHECK(cond)           ((void)unit_check((cond), __FILE__, __LINE__, #cond))
#define CHECK_INT(a, b)       unit_int((intmax_t)(a), (intmax_t)(b), __FILE__, __LINE__, #a ", " #b)
#define CHECK_STR(a, b)       unit_str((a), (b), __FILE__, __LINE__, #a ", " #b)
#define CHECK_MEM(p, n, q, m) unit_mem((p), (n), (q), (m), __FILE__, __LINE__, #p ", " #q)
#define REQUIRE(cond)                                               \
	do {                                                        \
		if (!unit_check((cond), __FILE__, __LINE__, #cond)) \
			return;                                     \
	} while (0)

#define UNIT_MAIN                                \
	int main(int argc, char **argv)          \
	{                                        \
		return unit_run_all(argc, argv); \
	}

static inline void unit_register(struct unit_case *c)
{
	if (unit_last)
		unit_last->next = c;
	else
		unit_first = c;
	unit_last = c;
}

static inline bool unit_check(bool ok, const char *file, int line, const char *what)
{
	if (!ok) {
		unit_failed = true;
		printf("# %s:%d: failed: %s\n", file, line, what);
	}
	return ok;
}

static inline void unit_int(intmax_t a, intmax_t b, const char *file, int line, const char *what)
{
	if (!unit_check(a == b, file, line, what))
		printf("#   %" PRIdMAX " is not %" PRIdMAX "\n", a, b);
}

static inline void unit_print(const void *p, size_t n)
{
	const unsigned char *s = p;

	if (!p) {
		printf("#   NULL\n");
		return;
	}
	printf("#   %zu \"", n);
	for (size_t i = 0; i < n && i < 400; i++) {
		if (s[i] == '\\' || s[i] == '"' || !isprint(s[i]))
			printf("\\x%02x", s[i]);
		else
			putchar(s[i]);
	}
	printf("\"%s\n", n > 400 ? "..." : "");
}

static inline void unit_mem(
    const void *p, size_t n, const void *q, size_t m, const char *file, int line, const char *what)
{
	bool same = n == m && (n == 0 || (p && q && memcmp(p, q, n) == 0));

	if (!unit_check(same, file, line, what)) {
		unit_print(p, n);
		unit_print(q, m);
	}
}

static inline void unit_str(
    const char *a, const char *b, const char *file, int line, const char *what)
{
	bool same = a && b ? strcmp(a, b) == 0 : !a && !b;

	if (!unit_check(same, file, line, what)) {
		unit_print(a, a ? strlen(a) : 0);
		unit_print(b, b ? strlen(b) : 0);
	}
}

static inline bool unit_wanted(const struct unit_case *c, int argc, char **argv)
{
	bool wanted = argc < 2;

	for (int i = 1; i < argc; i++)
		wanted = wanted || strcmp(argv[i], c->name) == 0;
	return wanted;
}

static inline int unit_run_all(int argc, char **argv)
{
	int n = 0, bad = 0;

	/* Lines leave at once, so that a crash loses none. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (const struct unit_case *c = unit_first; c; c = c->next) {
		if (!unit_wanted(c, argc, argv))
			continue;
		unit_failed = false;
		c->run();
		bad += unit_failed;
		printf("%sok %d - %s\n", unit_failed ? "not " : "", ++n, c->name);
	}
	printf("1..%d\n", n);
	return bad > 0;
}

#endif
