/* search_key: words to a tree. */
#include "imap/search_key.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/enc.h"
#include "base/num.h"
#include "imap/search_key_impl.h"
#include "imap/set.h"

/* Sorted. */
static const struct search_word words[] = {
    {"all", "ALL", NULL, VALUE_NONE},
    {"answered", "ANSWERED", NULL, VALUE_NONE},
    {"bcc", "BCC", NULL, VALUE_TEXT},
    {"before", "BEFORE", NULL, VALUE_DATE},
    {"body", "BODY", NULL, VALUE_TEXT},
    {"cc", "CC", NULL, VALUE_TEXT},
    {"deleted", "DELETED", NULL, VALUE_NONE},
    {"draft", "DRAFT", NULL, VALUE_NONE},
    {"flagged", "FLAGGED", NULL, VALUE_NONE},
    {"from", "FROM", NULL, VALUE_TEXT},
    {"header", "HEADER", NULL, VALUE_HEADER},
    {"keyword", "KEYWORD", NULL, VALUE_KEYWORD},
    {"larger", "LARGER", NULL, VALUE_SIZE},
    {"new", "NEW", NULL, VALUE_NONE},
    {"old", "OLD", NULL, VALUE_NONE},
    {"older", "OLDER", "BEFORE", VALUE_AGE},
    {"on", "ON", NULL, VALUE_DATE},
    {"recent", "RECENT", NULL, VALUE_NONE},
    {"seen", "SEEN", NULL, VALUE_NONE},
    {"sentbefore", "SENTBEFORE", NULL, VALUE_DATE},
    {"senton", "SENTON", NULL, VALUE_DATE},
    {"sentsince", "SENTSINCE", NULL, VALUE_DATE},
    {"since", "SINCE", NULL, VALUE_DATE},
    {"smaller", "SMALLER", NULL, VALUE_SIZE},
    {"subject", "SUBJECT", NULL, VALUE_TEXT},
    {"text", "TEXT", NULL, VALUE_TEXT},
    {"to", "TO", NULL, VALUE_TEXT},
    {"uid", "UID", NULL, VALUE_SET},
    {"unanswered", "UNANSWERED", NULL, VALUE_NONE},
    {"undeleted", "UNDELETED", NULL, VALUE_NONE},
    {"undraft", "UNDRAFT", NULL, VALUE_NONE},
    {"unflagged", "UNFLAGGED", NULL, VALUE_NONE},
    {"unkeyword", "UNKEYWORD", NULL, VALUE_KEYWORD},
    {"unseen", "UNSEEN", NULL, VALUE_NONE},
    {"younger", "YOUNGER", "SINCE", VALUE_AGE},
};

static int compare(const void *a, const void *b)
{
	const char *key = a;
	const struct search_word *w = b;

	return strcasecmp(key, w->word);
}

static const struct search_word *find(const char *word)
{
	return bsearch(word, words, sizeof(words) / sizeof(words[0]), sizeof(words[0]), compare);
}

bool search_key_begins(const char *word)
{
	return strcmp(word, "(") == 0 || strcasecmp(word, "not") == 0 ||
	    strcasecmp(word, "or") == 0 || find(word) != NULL;
}

struct parse {
	struct search_key *k;
	const char *const *word;
	size_t n, at;
	time_t now;
	unsigned depth;
	struct fault *f;
};

static bool is(const struct parse *p, const char *word)
{
	return p->at < p->n && strcasecmp(p->word[p->at], word) == 0;
}

/* A new node's index. There is one for each word at most, and one for each group. */
static uint32_t add(struct parse *p, enum search_op op)
{
	struct search_key *k = p->k;

	k->node[k->n] = (struct search_node){.op = op};
	return k->n++;
}

/* ---- values */

static bool one_of(const char *s, const char *also)
{
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s > '~' || strchr(also, *s) != NULL)
			return false;
	return true;
}

static int bad_value(struct parse *p, const struct search_word *w, const char *what)
{
	return fault_set(p->f, FAULT_USAGE, "%s %s: %s", w->word, p->word[p->at], what);
}

/* RFC 5322 section 3.6.8: a field's name; RFC 9051: flag-keyword is an atom. */
static int take_name(struct parse *p, const struct search_word *w, const char **out)
{
	const char *s = p->word[p->at];

	if (w->value == VALUE_HEADER && !one_of(s, ":"))
		return bad_value(p, w, "not the name of a header field");
	if (w->value == VALUE_KEYWORD && s[0] == '\\')
		return bad_value(
		    p, w, "not a keyword: for system flags say seen, flagged, answered and so on");
	if (w->value == VALUE_KEYWORD && !one_of(s, "(){%*\"\\]"))
		return bad_value(p, w, "not a keyword");
	*out = s;
	return 0;
}

static int take_text(struct parse *p, const struct search_word *w, struct search_node *node)
{
	const char *s = p->word[p->at];
	size_t n = strlen(s);

	if (n == 0 && w->value != VALUE_HEADER)
		return bad_value(p, w, "is empty, and would find everything");
	if (n > SEARCH_VALUE_MAX)
		return fault_set(p->f, FAULT_USAGE, "%s: a value of more than %d octets", w->word,
		    SEARCH_VALUE_MAX);
	if (n > p->k->left)
		return fault_set(p->f, FAULT_USAGE, "more than %d octets of values in a search",
		    SEARCH_TOTAL_MAX);
	if (!enc_is_utf8(s, n) || strpbrk(s, "\r\n") != NULL)
		return bad_value(p, w, "not UTF-8 on one line");
	p->k->left -= n;
	p->k->utf8 = p->k->utf8 || !enc_is_ascii(s);
	node->value = s;
	return 0;
}

static int take_set(struct parse *p, const struct search_word *w, struct search_node *node)
{
	const char *s = p->word[p->at];
	struct set_walk walk = {s, strlen(s)};
	uint32_t lo, hi;
	int r = walk.n > 0 && walk.n <= SEARCH_VALUE_MAX ? 1 : -1;

	while (r == 1)
		r = set_walk_next(&walk, &lo, &hi);
	if (r == -1)
		return bad_value(p, w, "not a set of UIDs, as in 7,12:20,100:*");
	node->value = s;
	return 0;
}

static int month_days(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

static bool digits(const char *s, size_t n, int *out)
{
	uint32_t number;

	if (num_u32(s, n, &number) == -1)
		return false;
	*out = (int)number;
	return true;
}

static bool calendar(const char *s, struct search_node *node)
{
	return strlen(s) == 10 && s[4] == '-' && s[7] == '-' && digits(s, 4, &node->year) &&
	    digits(s + 5, 2, &node->month) && digits(s + 8, 2, &node->day) && node->year > 0 &&
	    node->month >= 1 && node->month <= 12 && node->day >= 1 &&
	    node->day <= month_days(node->year, node->month);
}

/* Noon, so that a change of the clocks does not matter. */
static void local_day(time_t now, int before, struct search_node *node)
{
	struct tm tm = {0};

	localtime_r(&now, &tm);
	tm.tm_hour = 12;
	tm.tm_mday -= before;
	tm.tm_isdst = -1;
	mktime(&tm);
	node->year = tm.tm_year + 1900;
	node->month = tm.tm_mon + 1;
	node->day = tm.tm_mday;
}

static int take_date(struct parse *p, const struct search_word *w, struct search_node *node)
{
	const char *s = p->word[p->at];

	if (strcasecmp(s, "today") == 0)
		local_day(p->now, 0, node);
	else if (strcasecmp(s, "yesterday") == 0)
		local_day(p->now, 1, node);
	else if (!calendar(s, node))
		return bad_value(p, w, "not a date, as in 2026-11-24, today or yesterday");
	return 0;
}

/* An nz-number in RFC 5032, a number in RFC 9051 (larger ones need 63 bits there; older servers have 32). */
static int take_age(struct parse *p, const struct search_word *w, struct search_node *node)
{
	time_t t;

	if (num_duration(p->word[p->at], &t) == -1 || t <= 0 || (uint64_t)t > UINT32_MAX)
		return bad_value(p, w, "not an age, as in 90m, 12h, 7d, 2w or 1y");
	node->number = (uint64_t)t;
	p->k->ages = true;
	return 0;
}

static int take_size(struct parse *p, const struct search_word *w, struct search_node *node)
{
	if (num_size(p->word[p->at], &node->number) == -1)
		return bad_value(p, w, "not a size, as in 300k or 5M");
	return 0;
}

static int take_value(struct parse *p, struct search_node *node)
{
	const struct search_word *w = node->word;

	switch (w->value) {
	case VALUE_KEYWORD:
		return take_name(p, w, &node->value);
	case VALUE_SET:
		return take_set(p, w, node);
	case VALUE_DATE:
		return take_date(p, w, node);
	case VALUE_AGE:
		return take_age(p, w, node);
	case VALUE_SIZE:
		return take_size(p, w, node);
	default:
		return take_text(p, w, node);
	}
}

static int missing(struct parse *p, const struct search_word *w)
{
	return fault_set(p->f, FAULT_USAGE, "%s wants %s behind it", w->word,
	    w->value == VALUE_HEADER ? "the name of a field and a text" : "a value");
}

static int take_key(struct parse *p, uint32_t *out)
{
	const struct search_word *w = find(p->word[p->at]);
	struct search_node *node;

	if (w == NULL)
		return fault_set(p->f, FAULT_USAGE, "no such search key: %s", p->word[p->at]);
	*out = add(p, SEARCH_KEY);
	node = &p->k->node[*out];
	node->word = w;
	p->at++;
	if (w->value == VALUE_NONE)
		return 0;
	if (p->at == p->n || (w->value == VALUE_HEADER && p->at + 1 == p->n))
		return missing(p, w);
	if (w->value == VALUE_HEADER) {
		if (take_name(p, w, &node->name) == -1)
			return -1;
		p->at++;
	}
	if (take_value(p, node) == -1)
		return -1;
	p->at++;
	return 0;
}

/* ---- the tree */

static int take_group(struct parse *p, bool nested, uint32_t *out);
static int take_item(struct parse *p, uint32_t *out);

static int operand_missing(struct parse *p, const char *op, const char *how)
{
	return fault_set(p->f, FAULT_USAGE, "%s wants %s", op, how);
}

static int take_not(struct parse *p, uint32_t *out)
{
	uint32_t child = 0;

	p->at++;
	if (p->at == p->n || is(p, ")"))
		return operand_missing(p, "not", "a key behind it");
	if (take_item(p, &child) == -1)
		return -1;
	*out = add(p, SEARCH_NOT);
	p->k->node[*out].child = child;
	return 0;
}

static int take_operand(struct parse *p, uint32_t *out)
{
	if (p->at == p->n || is(p, ")"))
		return operand_missing(p, "or", "two keys, on both sides of it or behind it");
	return take_item(p, out);
}

/* As in IMAP: OR key key. */
static int take_prefix_or(struct parse *p, uint32_t *out)
{
	uint32_t a = 0, b = 0;

	p->at++;
	if (take_operand(p, &a) == -1 || take_operand(p, &b) == -1)
		return -1;
	*out = add(p, SEARCH_OR);
	p->k->node[*out].child = a;
	p->k->node[a].next = b;
	return 0;
}

static int take_parentheses(struct parse *p, uint32_t *out)
{
	p->at++;
	if (take_group(p, true, out) == -1)
		return -1;
	if (!is(p, ")"))
		return fault_set(p->f, FAULT_USAGE, "a \"(\" without its \")\"");
	p->at++;
	return 0;
}

/* One thing that "not" and "or" can apply to. */
static int take_one(struct parse *p, uint32_t *out)
{
	if (is(p, "not"))
		return take_not(p, out);
	if (is(p, "or"))
		return take_prefix_or(p, out);
	if (is(p, "("))
		return take_parentheses(p, out);
	if (is(p, ")"))
		return fault_set(p->f, FAULT_USAGE, "a \")\" without a key before it");
	return take_key(p, out);
}

static int take_item(struct parse *p, uint32_t *out)
{
	int r;

	if (p->depth == SEARCH_DEPTH_MAX)
		return fault_set(p->f, FAULT_USAGE,
		    "more than %d keys, parentheses and so on within each other", SEARCH_DEPTH_MAX);
	p->depth++;
	r = take_one(p, out);
	p->depth--;
	return r;
}

static int ambiguous(struct parse *p)
{
	return fault_set(p->f, FAULT_USAGE,
	    "\"or\" beside keys that stand side by side: say with ( and ) which belong together");
}

/* Items side by side, or with "or" between each two: never both. */
static int take_items(struct parse *p, bool nested, uint32_t group)
{
	uint32_t last = 0, item = 0;
	bool infix = false;
	size_t n = 0;

	while (p->at < p->n && !is(p, ")")) {
		bool joined = n > 0 && is(p, "or");

		if ((joined && n > 1 && !infix) || (!joined && n > 0 && infix))
			return ambiguous(p);
		infix = infix || joined;
		p->at += joined;
		if (joined && (p->at == p->n || is(p, ")")))
			return operand_missing(p, "or", "a key on both sides of it");
		if (take_item(p, &item) == -1)
			return -1;
		if (last == 0)
			p->k->node[group].child = item;
		else
			p->k->node[last].next = item;
		last = item;
		n++;
	}
	p->k->node[group].op = infix ? SEARCH_OR : SEARCH_AND;
	if (n == 0 && nested && p->at < p->n)
		return fault_set(p->f, FAULT_USAGE, "no key between ( and )");
	return 0;
}

static int take_group(struct parse *p, bool nested, uint32_t *out)
{
	*out = add(p, SEARCH_AND);
	if (take_items(p, nested, *out) == -1)
		return -1;
	if (!nested && p->at < p->n)
		return fault_set(p->f, FAULT_USAGE, "a \")\" without its \"(\"");
	return 0;
}

int search_key_parse(
    struct search_key *k, const char *const *word, size_t n, time_t now, struct fault *f)
{
	static const char *const all[] = {"all"};
	struct parse p = {.k = k, .word = word, .n = n, .now = now, .f = f};

	*k = (struct search_key){.n = 1, .left = SEARCH_TOTAL_MAX};
	if (n == 0) {
		p.word = all;
		p.n = 1;
	}
	if (n > SEARCH_WORDS_MAX)
		return fault_set(
		    f, FAULT_USAGE, "more than %d words in a search", SEARCH_WORDS_MAX);
	k->node = calloc(p.n + 2, sizeof(*k->node));
	if (k->node == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	if (take_group(&p, false, &k->root) == 0)
		return 0;
	search_key_free(k);
	return -1;
}

void search_key_free(struct search_key *k)
{
	free(k->node);
	*k = (struct search_key){0};
}
