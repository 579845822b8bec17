/* response_code: "[CODE arguments] text" (resp-text of RFC 9051 section 9). */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "imap/response_impl.h"

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

/* The bracket that ends the code: not one within a string or a list. NULL: there is none. */
static const char *find_end(const char *s)
{
	unsigned depth = 0;

	for (; *s != '\0'; s++) {
		if (*s == '"') {
			for (s++; *s != '\0' && *s != '"'; s++)
				if (*s == '\\' && s[1] != '\0')
					s++;
			if (*s == '\0')
				return NULL;
		} else if (*s == '(') {
			depth++;
		} else if (*s == ')' && depth > 0) {
			depth--;
		} else if (*s == ']' && depth == 0) {
			return s;
		}
	}
	return NULL;
}

static int end_argument(struct response_parser *r, bool atom, struct fault *f)
{
	bool nil = atom && r->set.len == 3 && strncasecmp(r->set.data, "NIL", 3) == 0;
	struct node *n = response_add(r, nil ? NODE_NIL : atom ? NODE_ATOM : NODE_STRING, f);

	if (n == NULL)
		return -1;
	if (!nil) {
		n->s = arena_copy(&r->arena, r->set.data, r->set.len);
		n->len = r->set.len;
	}
	buf_reset(&r->set);
	return n->s == NULL
	    ? fault_set(f, FAULT_PROTOCOL, "a response over %d octets", RESPONSE_MAX)
	    : 0;
}

static int take_argument(struct response_parser *r, const struct token *t, struct fault *f)
{
	struct node *n;

	switch (t->kind) {
	case TOKEN_OPEN:
		n = response_add(r, NODE_LIST, f);
		if (n == NULL)
			return -1;
		r->level[++r->depth] = (struct level){.list = n};
		return 0;
	case TOKEN_CLOSE:
		r->depth--;
		return 0;
	case TOKEN_ATOM:
	case TOKEN_QUOTED:
		buf_put(&r->set, t->s, t->len);
		return t->last ? end_argument(r, t->kind == TOKEN_ATOM, f) : 0;
	case TOKEN_SP:
	case TOKEN_EOL:
		return 0;
	default:
		return fault_set(f, FAULT_PROTOCOL, "a literal in a response code");
	}
}

/* The arguments become children of the response's root. A code whose arguments do not parse is taken without them: 0 all the same. */
static void parse_arguments(struct response_parser *r, const char *s)
{
	struct tokenizer tokens;
	struct fault ignored;
	struct token t;
	size_t n = strlen(s), at = 0, used;

	token_init(&tokens);
	buf_reset(&r->set);
	while (at <= n) {
		/* One blank more ends the last atom. */
		int r1 = at < n ? token_next(&tokens, s + at, n - at, &used, &t, &ignored)
				: token_next(&tokens, " ", 1, &used, &t, &ignored);

		if (r1 == 0 && t.kind != TOKEN_NONE)
			r1 = take_argument(r, &t, &ignored);
		if (r1 == -1) {
			r->level[0].list->child = NULL;
			break;
		}
		if (at == n && (t.kind == TOKEN_SP || t.kind == TOKEN_NONE))
			break;
		if (at < n)
			at += used;
	}
	buf_reset(&r->set);
	r->depth = 0;
}

static void well_known(struct event *e)
{
	const struct node *a = e->args;
	const struct node *b = a != NULL ? a->next : NULL;
	const struct node *c = b != NULL ? b->next : NULL;

	switch (e->code) {
	case CODE_APPENDUID:
		if (b == NULL || node_u32(a, &e->uidvalidity) == -1)
			break;
		e->uids_to = b->s;
		break;
	case CODE_COPYUID:
		if (c == NULL || node_u32(a, &e->uidvalidity) == -1)
			break;
		e->uids_from = b->s;
		e->uids_to = c->s;
		break;
	case CODE_UIDVALIDITY:
		node_u32(a, &e->uidvalidity);
		node_u63(a, &e->number);
		break;
	case CODE_MODIFIED:
		e->uids_to = a != NULL ? a->s : NULL;
		break;
	default:
		node_u63(a, &e->number);
		break;
	}
}

static int parse_code(
    struct response_parser *r, const char *s, const char *end, struct event *e, struct fault *f)
{
	size_t n = (size_t)(end - s), word = 0;

	while (word < n && s[word] != ' ')
		word++;
	e->code_name = arena_copy(&r->arena, s, word);
	const char *rest = word < n ? arena_copy(&r->arena, s + word + 1, n - word - 1) : "";
	if (e->code_name == NULL || rest == NULL)
		return fault_set(f, FAULT_PROTOCOL, "a response over %d octets", RESPONSE_MAX);
	e->code = code_of(e->code_name);
	parse_arguments(r, rest);
	e->args = response_args(r);
	well_known(e);
	return 0;
}

int response_text(struct response_parser *r, struct event *e, struct fault *f)
{
	const char *s = arena_copy(&r->arena, r->scratch.data, r->scratch.len);

	if (s == NULL)
		return fault_set(f, FAULT_PROTOCOL, "a response over %d octets", RESPONSE_MAX);
	e->tag = r->tag;
	e->cond = r->cond;
	while (*s == ' ')
		s++;
	if (*s == '[' && e->kind != EV_CONTINUE) {
		const char *end = find_end(s + 1);

		if (end != NULL) {
			if (parse_code(r, s + 1, end, e, f) == -1)
				return -1;
			s = end + 1 + (end[1] == ' ');
		}
	}
	e->text = s;
	return 0;
}
