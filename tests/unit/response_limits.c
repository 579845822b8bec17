/* Each limit tripped, what is large passed in constant memory, and no line that costs more than its length. */
#include <malloc.h>
#include <time.h>

#include "imap/token.h"
#include "response_print.h"
#include "unit.h"

struct feed {
	struct response_parser *r;
	struct fault f;
	struct event last; /* the last event; its pointers are stale */
	uint64_t data;     /* octets of message data */
	uint64_t elements; /* of sets */
	size_t longest;    /* piece of a set */
	size_t sections, ends;
	bool outside; /* data did not point into the input */
	size_t memory;
	int got;
};

static void feed_begin(struct feed *d)
{
	*d = (struct feed){.r = response_new(&d->f)};
	if (d->r == NULL)
		abort();
	d->memory = mallinfo2().uordblks;
}

static void note(struct feed *d, const struct event *ev, const char *p, size_t n)
{
	d->last = *ev;
	if (ev->kind == EV_SECTION)
		d->sections++;
	if (ev->kind == EV_SECTION_END)
		d->ends++;
	if (ev->kind == EV_SECTION_DATA) {
		d->data += ev->len;
		d->outside = d->outside || ev->data < p || ev->data + ev->len > p + n;
	}
	if (ev->kind != EV_SET)
		return;
	d->elements++;
	for (size_t i = 0; i < ev->set.len; i++)
		d->elements += ev->set.text[i] == ',';
	if (ev->set.len > d->longest)
		d->longest = ev->set.len;
}

static void feed(struct feed *d, const char *p, size_t n)
{
	struct event ev;
	size_t used;

	while (d->got == 0) {
		d->got = response_feed(d->r, p, n, &used, &ev, &d->f);
		if (d->got == -1 || (ev.kind == EV_NONE && used == n))
			return;
		note(d, &ev, p, n);
		p += used;
		n -= used;
	}
}

static void feed_str(struct feed *d, const char *s)
{
	feed(d, s, strlen(s));
}

/* What was kept beyond the parser itself. */
static size_t grown(const struct feed *d)
{
	size_t now = mallinfo2().uordblks;

	return now > d->memory ? now - d->memory : 0;
}

static void feed_end(struct feed *d)
{
	response_free(d->r);
}

static void feed_many(struct feed *d, const char *s, size_t times)
{
	struct buf b;
	size_t len = strlen(s), batch = 0;

	buf_init(&b, 1 << 20);
	while (b.len + len <= 65536 && batch < times) {
		buf_puts(&b, s);
		batch++;
	}
	for (; times >= batch && d->got == 0; times -= batch)
		feed(d, b.data, b.len);
	for (; times > 0 && d->got == 0; times--)
		feed(d, s, len);
	buf_free(&b);
}

/* The fault for begin, `piece` as often as needed up to times, and end; NULL for none. */
static const char *fault_of(const char *begin, const char *piece, size_t times, const char *end)
{
	static struct feed d;
	static char msg[FAULT_MSG_MAX];

	feed_begin(&d);
	feed_str(&d, begin);
	feed_many(&d, piece, times);
	feed_str(&d, end);
	feed_end(&d);
	if (d.got == 0)
		return NULL;
	if (d.f.cls != FAULT_PROTOCOL)
		return "another class";
	memcpy(msg, d.f.msg, sizeof(msg));
	return msg;
}

TEST(depth)
{
	CHECK_STR(fault_of("* X ", "(", TOKEN_DEPTH_MAX, ""), NULL);
	CHECK_STR(fault_of("* X ", "(", TOKEN_DEPTH_MAX + 1, ""), "parentheses deeper than 512");
	CHECK_STR(
	    fault_of("* 1 FETCH (BODYSTRUCTURE ", "(", 100000, ""), "parentheses deeper than 512");
	CHECK_STR(fault_of("* OK [X ", "(", 600, "] x\r\n"), NULL);
	CHECK_STR(fault_of("* X ", "()", 10000, "\r\n"), NULL);
}

TEST(atom)
{
	CHECK_STR(fault_of("* X ", "a", RESPONSE_ATOM_MAX, "\r\n"), NULL);
	CHECK_STR(fault_of("* X ", "a", RESPONSE_ATOM_MAX + 1, ""), "an atom over 65536 octets");
	CHECK_STR(fault_of("", "a", RESPONSE_ATOM_MAX + 1, ""), "an atom over 65536 octets");
	CHECK_STR(fault_of("* ", "a", RESPONSE_ATOM_MAX + 1, ""), "an atom over 65536 octets");
	CHECK_STR(
	    fault_of("* 1 FETCH (BODY[", "a ", RESPONSE_ATOM_MAX, ""), "an atom over 65536 octets");
	CHECK_STR(fault_of("* 1 FETCH (BODY[", "a", RESPONSE_SECTION_MAX, "] \"x\")\r\n"), NULL);
	CHECK_STR(fault_of("* 1 FETCH (BODY[", "a", RESPONSE_SECTION_MAX + 1, "] \"x\")\r\n"),
	    "the section of an item is over 1024 octets");
	CHECK_STR(fault_of("* 1 FETCH (BINARY.SIZE[", "a", RESPONSE_SECTION_MAX + 1, "] 1)\r\n"),
	    "the section of an item is over 1024 octets");
}

TEST(string)
{
	CHECK_STR(fault_of("* X \"", "a", RESPONSE_STRING_MAX, "\"\r\n"), NULL);
	CHECK_STR(
	    fault_of("* X \"", "a", RESPONSE_STRING_MAX + 1, ""), "a string over 1048576 octets");
	CHECK_STR(fault_of("* X {1048576}\r\n", "a", RESPONSE_STRING_MAX, "\r\n"), NULL);
	CHECK_STR(fault_of("* X {1048577}\r\n", "", 0, ""), "a string over 1048576 octets");
	CHECK_STR(
	    fault_of("* X {9223372036854775807}\r\n", "", 0, ""), "a string over 1048576 octets");
}

TEST(response)
{
	CHECK_STR(
	    fault_of("* X ", "\"aaaaaaaaa\" ", 1000000, ""), "a response over 2097152 octets");
	CHECK_STR(fault_of("* X ", "() ", 1000000, ""), "a response over 2097152 octets");
	CHECK_STR(fault_of("* X ", "NIL ", 1000000, ""), "a response over 2097152 octets");
	CHECK_STR(
	    fault_of("* 1 FETCH (", "BODY[] NIL ", 1000000, ""), "a response over 2097152 octets");
	CHECK_STR(
	    fault_of("* URLFETCH ", "\"u\" \"x\" ", 1000000, ""), "a response over 2097152 octets");
	CHECK_STR(fault_of("* ESEARCH ", "ALL 1 ", 1000000, ""), "a response over 2097152 octets");
	CHECK_STR(fault_of("* OK [X ", "a ", 200000, "] x\r\n"), "a response over 2097152 octets");
}

TEST(endless_lines)
{
	CHECK_STR(fault_of("* OK ", "a", RESPONSE_STRING_MAX - 1, "\r\n"), NULL);
	CHECK_STR(fault_of("* OK ", "a", RESPONSE_STRING_MAX, ""), "a line over 1048576 octets");
	CHECK_STR(fault_of("+ ", "a", RESPONSE_STRING_MAX + 1, ""), "a line over 1048576 octets");
	CHECK_STR(fault_of("* X", " ", TOKEN_BLANKS_MAX, "\r\n"), NULL);
	CHECK_STR(fault_of("* X", " ", TOKEN_BLANKS_MAX + 1, ""), "more than 1024 blanks in a row");
	CHECK_STR(fault_of("", " ", 10000000, ""), "more than 1024 blanks in a row");
	CHECK_STR(fault_of("* SEARCH", " ", 10000000, ""), "more than 1024 blanks in a row");
	CHECK_STR(fault_of("* SEARCH ", "1", 10000000, ""),
	    "a number in a set that does not fit 32 bits");
	CHECK_STR(fault_of("* VANISHED ", "0", 10000000, ""),
	    "a number in a set that does not fit 32 bits");
}

TEST(digits)
{
	CHECK_STR(fault_of("* X {9223372036854775808}\r\n", "", 0, ""),
	    "the size of a literal is no number of 63 bits: 9223372036854775808");
	CHECK_STR(
	    fault_of("* X {", "9", 10000000, ""), "the size of a literal is no number of 63 bits");
	CHECK_STR(
	    fault_of("* X {}\r\n", "", 0, ""), "the size of a literal is no number of 63 bits: ");
	CHECK_STR(
	    fault_of("* X {+}\r\n", "", 0, ""), "the size of a literal is no number of 63 bits: +");
	CHECK_STR(
	    fault_of("* X {-1}\r\n", "", 0, ""), "the size of a literal is no number of 63 bits");
	CHECK_STR(fault_of("* X {1", "+", 2, "}\r\n"),
	    "the size of a literal is no number of 63 bits: 1++");
	CHECK_STR(fault_of("* X {3}x", "", 0, ""), "a literal's size without a line end");
	CHECK_STR(fault_of("* X {3}\rx", "", 0, ""), "a literal's size without a line end");
	CHECK_STR(fault_of("* ", "9", 10000, " EXISTS\r\n"),
	    "a number that does not fit 32 bits: 9999999999999999999999999999999999999999");
	CHECK_STR(fault_of("* 1 FETCH (UID ", "9", 10000, ")\r\n"),
	    "a number that does not fit 32 bits: 9999999999999999999999999999999999999999");
	CHECK_STR(fault_of("* STATUS x (SIZE ", "9", 19, ")\r\n"),
	    "a number that does not fit 63 bits: 9999999999999999999");
	CHECK_STR(fault_of("* STATUS x (SIZE ", "9", 18, ")\r\n"), NULL);
}

TEST(octets_that_cannot_stand_there)
{
	static const struct {
		const char *in;
		size_t n;
		const char *want;
	} t[] = {
#define CASE(in, want) {in, sizeof(in) - 1, want}
	    CASE("\0", "an octet 0x00 that cannot stand there"),
	    CASE("* X \0", "an octet 0x00 that cannot stand there"),
	    CASE("* X a\0", "an octet 0x00 that cannot stand there"),
	    CASE("* X a\001", "an octet 0x01 that cannot stand there"),
	    CASE("* X \177", "an octet 0x7f that cannot stand there"),
	    CASE("* OK a\0", "a NUL in a line"),
	    CASE("* X \"a\0", "a quoted string with a line end or a NUL in it"),
	    CASE("* X \"a\r", "a quoted string with a line end or a NUL in it"),
	    CASE("* X \"a\\\n", "a quoted string with a line end or a NUL in it"),
	    CASE("* X \"a\\\0", "a quoted string with a line end or a NUL in it"),
	    CASE("* 1 FETCH (BODY[\0", "a line end or a NUL within an item's brackets"),
	    CASE("* X {3}\r\na\0b", "a NUL in a string"),
	    CASE("* X ~{3}\r\na\0b", "a NUL in a string"),
	    CASE("* METADATA ~{3}\r\na\0b", "a NUL in a string"),
	    CASE("* METADATA \"\" (x {3}\r\na\0b", "a NUL in a string"),
	    CASE("* LIST () \"/\" ~{3}\r\na\0b", "a NUL in a string"),
	    CASE("* URLFETCH ~{3}\r\na\0b", "a NUL in a string"),
	    CASE("* X a\rb", "a CR without LF"),
	    CASE("* OK a\rb", "a CR without LF"),
	    CASE("* X )", "a closing parenthesis too many"),
	    CASE("* X (a))", "a closing parenthesis too many"),
	    CASE("* X (a\r\n", "a line that ends within a list"),
#undef CASE
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct feed d;

		feed_begin(&d);
		feed(&d, t[i].in, t[i].n);
		feed_end(&d);
		CHECK_INT(d.got, -1);
		CHECK_INT(d.f.cls, FAULT_PROTOCOL);
		CHECK_STR(d.f.msg, t[i].want);
	}
}

enum { KEPT_MAX = 32768 }; /* far below what passes */

TEST(large_literal)
{
	static char octets[1 << 20];
	struct feed d;

	memset(octets, 'x', sizeof(octets));
	feed_begin(&d);
	feed_str(&d, "* 1 FETCH (UID 7 BODY[] {209715200}\r\n");
	for (int i = 0; i < 200; i++)
		feed(&d, octets, sizeof(octets));
	feed_str(&d, " FLAGS ())\r\n");
	CHECK_INT(d.got, 0);
	CHECK_INT(d.data, 209715200);
	CHECK_INT(d.sections, 1);
	CHECK_INT(d.ends, 1);
	CHECK(!d.outside);
	CHECK_INT(d.last.kind, EV_FETCH);
	CHECK_INT(d.last.fetch.uid, 7);
	CHECK(grown(&d) < KEPT_MAX);
	feed_end(&d);
}

TEST(large_quoted_data)
{
	struct feed d;

	feed_begin(&d);
	feed_str(&d, "* URLFETCH \"u\" \"");
	feed_many(&d, "abc ", 2500000);
	feed_str(&d, "\"\r\n");
	CHECK_INT(d.got, 0);
	CHECK_INT(d.data, 10000000);
	CHECK(!d.outside);
	CHECK_INT(d.last.kind, EV_URLFETCH);
	CHECK(grown(&d) < KEPT_MAX);
	feed_end(&d);
}

static void check_large_set(
    const char *begin, const char *element, uint64_t times, const char *end, enum event_kind kind)
{
	struct feed d;

	feed_begin(&d);
	feed_str(&d, begin);
	feed_many(&d, element, times);
	feed_str(&d, end);
	CHECK_INT(d.got, 0);
	CHECK_INT(d.elements, times);
	CHECK(d.longest <= 4096);
	CHECK_INT(d.last.kind, kind);
	CHECK(grown(&d) < KEPT_MAX);
	feed_end(&d);
}

TEST(large_sets)
{
	check_large_set("* SEARCH ", "1234567 ", 1000000, "(MODSEQ 7)\r\n", EV_SEARCH);
	check_large_set("* SORT ", "7 ", 1000000, "\r\n", EV_SORT);
	check_large_set("* VANISHED (EARLIER) ", "1000:2000,", 1000000, "\r\n", EV_VANISHED);
	check_large_set("* ESEARCH (TAG \"a\") UID ALL ", "3000000:4000000,", 650000,
	    " COUNT 5\r\n", EV_ESEARCH);
	check_large_set(
	    "* ESEARCH (TAG \"a\") UID PARTIAL (1:9 ", "4294967295,", 900000, ")\r\n", EV_ESEARCH);
	check_large_set(
	    "* ESEARCH ADDTO (0 ", "4294967295:4294967295,", 500000, ")\r\n", EV_ESEARCH);
}

/* Seconds of processor time for a response of about n octets, fed octet by octet. */
static double seconds_bytewise(const char *begin, const char *piece, const char *end, size_t n)
{
	struct feed d;
	clock_t start = clock();
	size_t len = strlen(piece);

	feed_begin(&d);
	feed_str(&d, begin);
	for (size_t i = 0; i < n / len; i++)
		for (size_t k = 0; k < len; k++)
			feed(&d, piece + k, 1);
	feed_str(&d, end);
	feed_end(&d);
	return (double)(clock() - start) / CLOCKS_PER_SEC;
}

TEST(linear_time)
{
	static const struct {
		const char *begin, *piece, *end;
		size_t n;
	} t[] = {
	    {"* OK ", "a", "\r\n", 1 << 20},
	    {"* OK [X ", "a", "]\r\n", 1 << 20},
	    {"* OK [", "[", "\r\n", 1 << 20},
	    {"* OK [X ", "\"", "\r\n", 1 << 20},
	    {"* OK [PERMANENTFLAGS ", "a", "]\r\n", 1 << 20},
	    {"* X \"", "\\\"", "\"\r\n", 1 << 20},
	    {"* X {1048576}\r\n", "a", "\r\n", 1 << 20},
	    {"* X ", "a ", "\r\n", 1 << 15},
	    {"* SEARCH ", "1 ", "\r\n", 1 << 20},
	    {"* VANISHED ", ",", "\r\n", 1 << 20},
	    {"* VANISHED ", "0,", "\r\n", 1 << 20},
	    {"* ESEARCH ALL ", "1,", "\r\n", 1 << 20},
	    {"* ESEARCH X (", "1 2 ", ")\r\n", 1 << 16},
	    {"* ESEARCH ADDTO (", "0 1 ", ")\r\n", 1 << 16},
	    {"* 1 FETCH (", "BODY[] \"x\" ", ")\r\n", 1 << 16},
	    {"* URLFETCH \"u\" (", "BODY \"x\" ", ")\r\n", 1 << 16},
	    {"* URLFETCH ", "\"u\" NIL ", "\r\n", 1 << 16},
	    {"* 1 FETCH (BODY[", "(", "\r\n", 1 << 16},
	    {"* LIST () \"/\" x (", "a (b) ", ")\r\n", 1 << 16},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		/* What is quadratic takes minutes. */
		if (!unit_check(seconds_bytewise(t[i].begin, t[i].piece, t[i].end, t[i].n) < 10,
			__FILE__, __LINE__, t[i].begin))
			break;
	}
}

/* A line of 10 MB in one piece: what is looked at is no more than what is taken. */
TEST(linear_time_whole)
{
	struct buf b;
	struct feed d;
	clock_t start = clock();

	buf_init(&b, 16 << 20);
	buf_puts(&b, "* SEARCH");
	while (b.len < 10 << 20)
		buf_puts(&b, " 1234567");
	buf_puts(&b, "\r\n");
	feed_begin(&d);
	feed(&d, b.data, b.len);
	feed_end(&d);
	buf_free(&b);
	CHECK_INT(d.got, 0);
	CHECK_INT(d.elements, (10 << 20) / 8 - 1);
	CHECK((double)(clock() - start) / CLOCKS_PER_SEC < 10);
}

TEST(idle)
{
	struct feed d;

	feed_begin(&d);
	CHECK(response_idle(d.r));
	feed_str(&d, "*");
	CHECK(!response_idle(d.r));
	feed_str(&d, " OK\r");
	CHECK(!response_idle(d.r));
	feed_str(&d, "\n");
	CHECK(response_idle(d.r));
	feed_str(&d, "\r\n");
	CHECK(response_idle(d.r));
	feed_end(&d);
}

UNIT_MAIN
