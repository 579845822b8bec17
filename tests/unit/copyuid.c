#include "app/copyuid.h"

#include "unit.h"

static struct fault f;
static struct copyuid c;
static struct set asked;

static void begin(const char *set)
{
	f = (struct fault){0};
	set_init(&asked, 1000);
	CHECK_INT(set_parse(&asked, set, strlen(set)), 0);
	CHECK_INT(copyuid_init(&c, 100, &f), 0);
}

static void end(void)
{
	copyuid_free(&c);
	set_free(&asked);
}

/* The pairs as "1=11 2=12". */
static const char *pairs(void)
{
	static char text[2000];
	int n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < c.n; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%s%u=%u", i > 0 ? " " : "",
		    c.pair[i].from, c.pair[i].to);
	return text;
}

static int add(const char *from, const char *to)
{
	return copyuid_add(&c, 7, from, to, &asked, &f);
}

TEST(pairs_by_position)
{
	begin("1:20");
	CHECK_INT(add("5:7,2,9", "11,13:15,17"), 0);
	CHECK_STR(pairs(), "2=15 5=11 6=13 7=14 9=17");
	CHECK_INT(c.uidvalidity, 7);
	CHECK_INT(copyuid_find(&c, 6), 13);
	CHECK_INT(copyuid_find(&c, 3), 0);
	end();
}

TEST(a_range_backwards_is_the_same_range)
{
	begin("1:20");
	CHECK_INT(add("4:2", "30:32"), 0);
	CHECK_INT(add("5,6", "41:40"), 0);
	CHECK_STR(pairs(), "2=30 3=31 4=32 5=40 6=41");
	end();
}

TEST(several_of_them)
{
	begin("1:20");
	CHECK_INT(add("10:11", "2:3"), 0);
	CHECK_INT(add("1:2", "4:5"), 0);
	CHECK_INT(add("10:11", "2:3"), 0);
	CHECK_STR(pairs(), "1=4 2=5 10=2 11=3");
	end();
}

TEST(the_highest_numbers)
{
	begin("4294967290:4294967294");
	CHECK_INT(add("4294967293:4294967294", "4294967293:4294967294"), 0);
	CHECK_INT(c.n, 2);
	end();
}

TEST(lies)
{
	static const struct {
		const char *from, *to, *what;
	} cases[] = {
	    {"1:3", "11:12", "different sizes"},
	    {"1:2", "11:13", "different sizes"},
	    {"1", "1:4294967294", "different sizes"},
	    {"6:4294967294", "60:4294967294", "not asked for"},
	    {"6:4294967294", "6:4294967294", "not asked for"},
	    {"21", "1", "not asked for"},
	    {"0", "1", "no sets"},
	    {"1", "x", "no sets"},
	    {"1,", "1,2", "no sets"},
	    {"1", "4294967295", "not asked for"},
	    {"1,1", "11,12", "twice"},
	    {"1,2", "11,11", "twice"},
	    {"1,1", "11,11", "twice"},
	    {"5", "51", "twice"}, /* told otherwise before */
	    {"6", "50", "twice"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin("1:20");
		CHECK_INT(add("5", "50"), 0);
		CHECK_INT(add(cases[i].from, cases[i].to), -1);
		CHECK_INT(f.cls, FAULT_PROTOCOL);
		CHECK(strstr(f.msg, cases[i].what) != NULL);
		if (strstr(f.msg, cases[i].what) == NULL)
			printf("# %s %s: %s\n", cases[i].from, cases[i].to, f.msg);
		/* Nothing of it is kept, and the truth may still be told. */
		CHECK_STR(pairs(), "5=50");
		CHECK_INT(add("1:2", "11:12"), 0);
		CHECK_STR(pairs(), "1=11 2=12 5=50");
		end();
	}
}

TEST(another_uidvalidity)
{
	begin("1:20");
	CHECK_INT(copyuid_add(&c, 0, "1", "2", &asked, &f), -1);
	CHECK_INT(add("1", "2"), 0);
	CHECK_INT(copyuid_add(&c, 8, "3", "4", &asked, &f), -1);
	CHECK_INT(f.cls, FAULT_PROTOCOL);
	CHECK_STR(pairs(), "1=2");
	end();
}

TEST(no_more_than_were_asked_for)
{
	begin("1:1000");
	CHECK_INT(add("1:100", "1:100"), 0);
	CHECK_INT(add("101", "101"), -1);
	CHECK_INT(f.cls, FAULT_PROTOCOL);
	end();
}

UNIT_MAIN
