/* response_code: "[CODE arguments] text" (resp-text of RFC 9051 section 9). */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "imap/response_impl.h"
#include "imap/set.h"

struct name {
	const char *name;
	enum code code;
};

static const struct name codes[] = {{"ALERT", CODE_ALERT}, {"ALREADYEXISTS", CODE_ALREADYEXISTS},
    {"APPENDUID", CODE_APPENDUID}, {"AUTHENTICATIONFAILED", CODE_AUTHENTICATIONFAILED},
    {"AUTHORIZATIONFAILED", CODE_AUTHORIZATIONFAILED}, {"BADCHARSET", CODE_BADCHARSET},
    {"BADCOMPARATOR", CODE_BADCOMPARATOR}, {"BADEVENT", CODE_BADEVENT}, {"BADURL", CODE_BADURL},
    {"CANNOT", CODE_CANNOT}, {"CAPABILITY", CODE_CAPABILITY}, {"CLIENTBUG", CODE_CLIENTBUG},
    {"CLOSED", CODE_CLOSED}, {"COMPRESSIONACTIVE", CODE_COMPRESSIONACTIVE},
    {"CONTACTADMIN", CODE_CONTACTADMIN}, {"COPYUID", CODE_COPYUID}, {"CORRUPTION", CODE_CORRUPTION},
    {"EXPIRED", CODE_EXPIRED}, {"EXPUNGEISSUED", CODE_EXPUNGEISSUED},
    {"HASCHILDREN", CODE_HASCHILDREN}, {"HIGHESTMODSEQ", CODE_HIGHESTMODSEQ}, {"INUSE", CODE_INUSE},
    {"LIMIT", CODE_LIMIT}, {"MAILBOXID", CODE_MAILBOXID},
    {"MAXCONVERTMESSAGES", CODE_MAXCONVERTMESSAGES}, {"MAXCONVERTPARTS", CODE_MAXCONVERTPARTS},
    {"METADATA", CODE_METADATA}, {"MODIFIED", CODE_MODIFIED}, {"NOMODSEQ", CODE_NOMODSEQ},
    {"NONEXISTENT", CODE_NONEXISTENT}, {"NOPERM", CODE_NOPERM},
    {"NOTIFICATIONOVERFLOW", CODE_NOTIFICATIONOVERFLOW}, {"NOTSAVED", CODE_NOTSAVED},
    {"NOUPDATE", CODE_NOUPDATE}, {"OVERQUOTA", CODE_OVERQUOTA}, {"PARSE", CODE_PARSE},
    {"PERMANENTFLAGS", CODE_PERMANENTFLAGS}, {"PRIVACYREQUIRED", CODE_PRIVACYREQUIRED},
    {"READ-ONLY", CODE_READ_ONLY}, {"READ-WRITE", CODE_READ_WRITE}, {"REFERRAL", CODE_REFERRAL},
    {"SERVERBUG", CODE_SERVERBUG}, {"TEMPFAIL", CODE_TEMPFAIL}, {"TOOBIG", CODE_TOOBIG},
    {"TRYCREATE", CODE_TRYCREATE}, {"UIDNEXT", CODE_UIDNEXT}, {"UIDNOTSTICKY", CODE_UIDNOTSTICKY},
    {"UIDVALIDITY", CODE_UIDVALIDITY}, {"UNAVAILABLE", CODE_UNAVAILABLE},
    {"UNDEFINED-FILTER", CODE_UNDEFINED_FILTER}, {"UNKNOWN-CTE", CODE_UNKNOWN_CTE},
    {"UNSEEN", CODE_UNSEEN}, {"URLMECH", CODE_URLMECH}, {"USEATTR", CODE_USEATTR}};

static int compare(const void *key, const void *entry)
{
	return strcasecmp(key, ((const struct name *)entry)->name);
}

static enum code code_of(const char *name)
{
	const struct name *n =
	    bsearch(name, codes, sizeof(codes) / sizeof(codes[0]), sizeof(codes[0]), compare);

	return n == NULL ? CODE_OTHER : n->code;
}

/* A URL by itself is text up to the bracket (RFC 4469 section 5, RFC 2221 section 6); blanks and parentheses are its own. */
static bool is_raw(enum code code, const char *arguments)
{
	return (code == CODE_BADURL || code == CODE_REFERRAL) && *arguments != '"';
}

/* The bracket that ends a URL: not one of "imap://[::1]/". */
static const char *find_raw_end(const char *s)
{
	unsigned brackets = 0;

	for (; *s != '\0'; s++) {
		if (*s == '[')
			brackets++;
		if (*s == ']' && brackets-- == 0)
			return s;
	}
	return NULL;
}

/* The bracket that ends the code: not one within a string, a list or brackets. NULL: there is none. */
static const char *find_end(const char *s)
{
	unsigned lists = 0, brackets = 0;

	for (; *s != '\0'; s++) {
		if (*s == '"') {
			for (s++; *s != '"'; s++) {
				if (*s == '\\')
					s++;
				if (*s == '\0')
					return NULL;
			}
		} else if (*s == '(') {
			lists++;
		} else if (*s == ')' && lists > 0) {
			lists--;
		} else if (*s == '[' && lists == 0) {
			brackets++;
		} else if (*s == ']' && lists == 0 && brackets-- == 0) {
			return s;
		}
	}
	return NULL;
}

/* ---- arguments */

static int end_argument(
    struct response_parser *r, struct buf *word, const struct token *t, struct fault *f)
{
	bool atom = t->kind == TOKEN_ATOM;
	bool nil = atom && response_is_nil(buf_str(word), word->len);
	enum node_kind kind = nil ? NODE_NIL : atom ? NODE_ATOM : NODE_STRING;
	struct node *n = response_add_text(r, kind, buf_str(word), word->len, f);

	buf_reset(word);
	return n == NULL ? -1 : 0;
}

/* 0, 1 when that cannot stand there, -1 fault */
static int take_argument(
    struct response_parser *r, struct buf *word, const struct token *t, struct fault *f)
{
	switch (t->kind) {
	case TOKEN_OPEN:
		return response_open_list(r, f);
	case TOKEN_CLOSE:
		response_close_list(r);
		return 0;
	case TOKEN_ATOM:
	case TOKEN_QUOTED:
		buf_put(word, t->s, t->len);
		if (buf_failed(word))
			return response_too_large(f);
		return t->last ? end_argument(r, word, t, f) : 0;
	case TOKEN_LITERAL:
		return 1;
	default:
		return 0;
	}
}

/* The n octets at s, and a line end behind them so that the last atom ends. As take_argument(). */
static int tokenize(
    struct response_parser *r, struct buf *word, const char *s, size_t n, struct fault *f)
{
	struct tokenizer tokens;
	struct fault ignored;
	struct token t = {0};
	size_t used;
	int got = 0;

	token_init(&tokens);
	while (got == 0 && t.kind != TOKEN_EOL) {
		bool end = n == 0;

		if (token_next(&tokens, end ? "\n" : s, end ? 1 : n, &used, &t, &ignored) == -1)
			return 1;
		if (!end) {
			s += used;
			n -= used;
		}
		got = take_argument(r, word, &t, f);
	}
	return got;
}

/* The arguments become children of the response's root. Those that do not parse are no error: text can look like a code.
 * Nothing is kept of them, or the whole of it as one string when nobody knows the code. */
static int parse_arguments(
    struct response_parser *r, enum code code, const char *s, size_t n, struct fault *f)
{
	struct buf word;
	int got;

	buf_init(&word, RESPONSE_STRING_MAX);
	got = tokenize(r, &word, s, n, f);
	buf_free(&word);
	if (got == -1)
		return -1;
	if (got == 0 && r->depth == 0)
		return 0;
	r->level[0].list->child = NULL;
	r->level[0] = (struct level){.list = r->level[0].list};
	r->depth = 0;
	if (code == CODE_OTHER && response_add_text(r, NODE_STRING, s, n, f) == NULL)
		return -1;
	return 0;
}

/* ---- what is known of them */

static int take_number(const struct node *n, uint64_t max, uint64_t *to, struct fault *f)
{
	return response_number(n, max, to, f) == -1 ? -1 : 0;
}

static int take_uidvalidity(const struct node *n, struct event *e, struct fault *f)
{
	uint64_t v = 0;

	if (take_number(n, UINT32_MAX, &v, f) == -1)
		return -1;
	e->uidvalidity = (uint32_t)v;
	return 0;
}

/* A uid-set as text, or NULL when it is none: set_walk_next() would take "*", too, which no server may say. */
static const char *uids(const struct node *n)
{
	const char *s = response_text_of(n);
	struct set_walk w;
	uint32_t lo, hi;
	int r;

	if (s == NULL || *s == '\0' || s[strspn(s, "0123456789:,")] != '\0')
		return NULL;
	w = (struct set_walk){.p = s, .n = strlen(s)};
	while ((r = set_walk_next(&w, &lo, &hi)) == 1)
		continue;
	return r == 0 ? s : NULL;
}

/* Where messages went. Half of it would lead somewhere else: then there is nothing. */
static int take_places(
    struct event *e, const struct node *from, const struct node *to, struct fault *f)
{
	if (take_uidvalidity(e->args, e, f) == -1)
		return -1;
	if (e->uidvalidity == 0 || uids(to) == NULL ||
	    (e->code == CODE_COPYUID && uids(from) == NULL))
		return 0;
	e->uids_from = uids(from);
	e->uids_to = uids(to);
	return 0;
}

static int well_known(struct event *e, struct fault *f)
{
	const struct node *a = e->args;
	const struct node *b = a != NULL ? a->next : NULL;

	switch (e->code) {
	case CODE_APPENDUID:
		return take_places(e, NULL, b, f);
	case CODE_COPYUID:
		return take_places(e, b, b != NULL ? b->next : NULL, f);
	case CODE_MODIFIED:
		e->uids_to = uids(a);
		return 0;
	case CODE_UIDVALIDITY:
		if (take_uidvalidity(a, e, f) == -1)
			return -1;
		e->number = e->uidvalidity;
		return 0;
	case CODE_UIDNEXT:
	case CODE_UNSEEN:
		return take_number(a, UINT32_MAX, &e->number, f);
	case CODE_METADATA:
		return take_number(b, INT64_MAX, &e->number, f);
	case CODE_OTHER:
		return 0;
	default:
		return take_number(a, INT64_MAX, &e->number, f);
	}
}

/* The code that begins at *s, behind its bracket. *s is moved behind it, or stays when that is no code but text. */
static int parse_code(struct response_parser *r, const char **s, struct event *e, struct fault *f)
{
	size_t word = strcspn(*s, " ](");
	const char *name = arena_copy(&r->arena, *s, word);
	const char *arguments = *s + word + strspn(*s + word, " ");
	enum code code;

	if (name == NULL)
		return response_too_large(f);
	code = code_of(name);
	bool raw = is_raw(code, arguments);
	const char *end = raw ? find_raw_end(arguments) : find_end(arguments);
	if (end == NULL)
		end = strchr(arguments, ']');
	if (end == NULL || word == 0)
		return 0;
	if (raw ? response_add_text(r, NODE_STRING, arguments, (size_t)(end - arguments), f) == NULL
		: parse_arguments(r, code, arguments, (size_t)(end - arguments), f) == -1)
		return -1;
	e->code_name = name;
	e->code = code;
	e->args = response_args(r);
	*s = end + 1 + (end[1] == ' ');
	return well_known(e, f);
}

int response_text(struct response_parser *r, struct event *e, struct fault *f)
{
	const char *s = buf_str(&r->scratch);

	e->tag = r->tag;
	e->cond = r->cond;
	s += strspn(s, " ");
	if (*s == '[' && e->kind != EV_CONTINUE) {
		const char *behind = s + 1;

		if (parse_code(r, &behind, e, f) == -1)
			return -1;
		if (e->code_name != NULL)
			s = behind;
	}
	e->text = arena_copy(&r->arena, s, strlen(s));
	return e->text == NULL ? response_too_large(f) : 0;
}
