/* response_event: the tree of a whole response to a typed event. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "imap/response_impl.h"

struct keyword {
	const char *name;
	enum event_kind kind;
};

static const struct keyword plain[] = {{"ACL", EV_ACL}, {"CAPABILITY", EV_CAPABILITY},
    {"COMPARATOR", EV_COMPARATOR}, {"CONVERSION", EV_CONVERSION}, {"ENABLED", EV_ENABLED},
    {"ESEARCH", EV_ESEARCH}, {"FLAGS", EV_FLAGS}, {"GENURLAUTH", EV_GENURLAUTH}, {"ID", EV_ID},
    {"LANGUAGE", EV_LANGUAGE}, {"LIST", EV_LIST}, {"LISTRIGHTS", EV_LISTRIGHTS}, {"LSUB", EV_LIST},
    {"METADATA", EV_METADATA}, {"MYRIGHTS", EV_MYRIGHTS}, {"NAMESPACE", EV_NAMESPACE},
    {"QUOTA", EV_QUOTA}, {"QUOTAROOT", EV_QUOTAROOT}, {"SEARCH", EV_SEARCH}, {"SORT", EV_SORT},
    {"STATUS", EV_MAILBOX_STATUS}, {"THREAD", EV_THREAD}, {"URLFETCH", EV_URLFETCH},
    {"VANISHED", EV_VANISHED}};

static const struct keyword numbered[] = {{"CONVERTED", EV_CONVERTED}, {"EXISTS", EV_EXISTS},
    {"EXPUNGE", EV_EXPUNGE}, {"FETCH", EV_FETCH}, {"RECENT", EV_RECENT}, {"UIDFETCH", EV_FETCH}};

static int compare(const void *key, const void *entry)
{
	return strcasecmp(key, ((const struct keyword *)entry)->name);
}

enum event_kind response_kind(const char *name, bool after_number)
{
	const struct keyword *table = after_number ? numbered : plain;
	size_t n = after_number ? sizeof(numbered) / sizeof(numbered[0])
				: sizeof(plain) / sizeof(plain[0]);
	const struct keyword *k = bsearch(name, table, n, sizeof(*table), compare);

	return k == NULL ? EV_OTHER : k->kind;
}

static const char *text_of(const struct node *n)
{
	return n != NULL && n->kind != NODE_LIST && n->kind != NODE_NIL ? n->s : NULL;
}

static int malformed(const struct response_parser *r, struct fault *f)
{
	return fault_set(f, FAULT_PROTOCOL, "a malformed %s response", r->name);
}

static void take_number32(const struct node *n, uint32_t *to, unsigned *has, unsigned bit)
{
	if (node_u32(n, to) == 0)
		*has |= bit;
}

static void take_number63(const struct node *n, uint64_t *to, unsigned *has, unsigned bit)
{
	if (node_u63(n, to) == 0)
		*has |= bit;
}

static void take_node(const struct node *n, const struct node **to, unsigned *has, unsigned bit)
{
	*to = n;
	*has |= bit;
}

static void take_list(const struct node *n, const struct node **to, unsigned *has, unsigned bit)
{
	if (n->kind == NODE_LIST)
		take_node(n, to, has, bit);
}

/* "(n)": MODSEQ, EMAILID and THREADID stand in a list of their own. */
static const struct node *inner(const struct node *n)
{
	return n->kind == NODE_LIST && n->child != NULL ? n->child : n;
}

static void binary_size(struct response_parser *r, const struct node *name,
    const struct node *value, struct fetch_event *e)
{
	const char *open = strchr(name->s, '['), *close = strrchr(name->s, ']');

	if (open == NULL || close == NULL || close < open)
		return;
	e->binary_size_section = arena_copy(&r->arena, open + 1, (size_t)(close - open - 1));
	take_number63(value, &e->binary_size, &e->has, FETCH_BINARY_SIZE);
}

static void fetch_item(
    struct response_parser *r, const struct node *name, const struct node *v, struct fetch_event *e)
{
	if (node_is(name, "UID"))
		take_number32(v, &e->uid, &e->has, FETCH_UID);
	else if (node_is(name, "FLAGS"))
		take_list(v, &e->flags, &e->has, FETCH_FLAGS);
	else if (node_is(name, "MODSEQ"))
		take_number63(inner(v), &e->modseq, &e->has, FETCH_MODSEQ);
	else if (node_is(name, "RFC822.SIZE"))
		take_number63(v, &e->size, &e->has, FETCH_SIZE);
	else if (node_is(name, "INTERNALDATE") && text_of(v) != NULL) {
		e->internaldate = v->s;
		e->has |= FETCH_INTERNALDATE;
	} else if (node_is(name, "ENVELOPE"))
		take_list(v, &e->envelope, &e->has, FETCH_ENVELOPE);
	else if (node_is(name, "BODYSTRUCTURE"))
		take_list(v, &e->bodystructure, &e->has, FETCH_BODYSTRUCTURE);
	else if (node_is(name, "BODY") && e->bodystructure == NULL)
		take_list(v, &e->bodystructure, &e->has, FETCH_BODY);
	else if (node_is(name, "PREVIEW"))
		take_node(v, &e->preview, &e->has, FETCH_PREVIEW);
	else if (node_is(name, "EMAILID"))
		take_node(inner(v), &e->emailid, &e->has, FETCH_EMAILID);
	else if (node_is(name, "THREADID"))
		take_node(inner(v), &e->threadid, &e->has, FETCH_THREADID);
	else if (node_is(name, "SAVEDATE"))
		take_node(v, &e->savedate, &e->has, FETCH_SAVEDATE);
	else if (strncasecmp(name->s, "BINARY.SIZE[", 12) == 0)
		binary_size(r, name, v, e);
}

static int finish_fetch(struct response_parser *r, struct event *e, struct fault *f)
{
	if (e->args == NULL || e->args->kind != NODE_LIST)
		return malformed(r, f);
	for (const struct node *n = e->args->child; n != NULL; n = n->next->next) {
		if (n->kind != NODE_ATOM || n->next == NULL)
			return malformed(r, f);
		fetch_item(r, n, n->next, &e->fetch);
	}
	e->fetch.items = e->args->child;
	if (strcasecmp(r->name, "UIDFETCH") == 0) {
		e->fetch.uid = r->num;
		e->fetch.has |= FETCH_UID;
		e->num = 0;
	}
	return 0;
}

static int finish_list(struct response_parser *r, struct event *e, struct fault *f)
{
	const struct node *attributes = e->args;
	const struct node *delimiter = attributes != NULL ? attributes->next : NULL;
	const struct node *mailbox = delimiter != NULL ? delimiter->next : NULL;

	if (mailbox == NULL || attributes->kind == NODE_ATOM || mailbox->kind == NODE_LIST)
		return malformed(r, f);
	e->list.lsub = strcasecmp(r->name, "LSUB") == 0;
	e->list.attributes = attributes->child;
	e->list.delimiter =
	    delimiter->kind != NODE_NIL && delimiter->len == 1 ? delimiter->s[0] : '\0';
	/* A mailbox may be called NIL, unquoted by a careless server. */
	e->list.mailbox = mailbox->kind == NODE_NIL ? "NIL" : mailbox->s;
	e->list.mailbox_len = mailbox->kind == NODE_NIL ? 3 : mailbox->len;
	e->list.extended =
	    mailbox->next != NULL && mailbox->next->kind == NODE_LIST ? mailbox->next : NULL;
	return 0;
}

static void status_item(const struct node *n, const struct node *v, struct status_event *e)
{
	if (node_is(n, "MESSAGES"))
		take_number32(v, &e->messages, &e->has, STATUS_MESSAGES);
	else if (node_is(n, "RECENT"))
		take_number32(v, &e->recent, &e->has, STATUS_RECENT);
	else if (node_is(n, "UIDNEXT"))
		take_number32(v, &e->uidnext, &e->has, STATUS_UIDNEXT);
	else if (node_is(n, "UIDVALIDITY"))
		take_number32(v, &e->uidvalidity, &e->has, STATUS_UIDVALIDITY);
	else if (node_is(n, "UNSEEN"))
		take_number32(v, &e->unseen, &e->has, STATUS_UNSEEN);
	else if (node_is(n, "HIGHESTMODSEQ"))
		take_number63(v, &e->highestmodseq, &e->has, STATUS_HIGHESTMODSEQ);
	else if (node_is(n, "SIZE"))
		take_number63(v, &e->size, &e->has, STATUS_SIZE);
	else if (node_is(n, "DELETED"))
		take_number32(v, &e->deleted, &e->has, STATUS_DELETED);
	else if (node_is(n, "DELETED-STORAGE"))
		take_number63(v, &e->deleted_storage, &e->has, STATUS_DELETED_STORAGE);
	else if (node_is(n, "APPENDLIMIT"))
		take_number63(v, &e->appendlimit, &e->has, STATUS_APPENDLIMIT);
	else if (node_is(n, "MAILBOXID") && text_of(inner(v)) != NULL) {
		e->mailboxid = inner(v)->s;
		e->has |= STATUS_MAILBOXID;
	}
}

static int finish_status(struct response_parser *r, struct event *e, struct fault *f)
{
	const struct node *mailbox = e->args;
	const struct node *list = mailbox != NULL ? mailbox->next : NULL;

	if (list == NULL || list->kind != NODE_LIST || mailbox->kind == NODE_LIST)
		return malformed(r, f);
	e->status.mailbox = mailbox->kind == NODE_NIL ? "NIL" : mailbox->s;
	e->status.mailbox_len = mailbox->kind == NODE_NIL ? 3 : mailbox->len;
	for (const struct node *n = list->child; n != NULL && n->next != NULL; n = n->next->next)
		status_item(n, n->next, &e->status);
	return 0;
}

static void correlator(const struct node *list, struct esearch_event *e)
{
	e->tag = text_of(node_pair(list->child, "TAG"));
	e->mailbox = text_of(node_pair(list->child, "MAILBOX"));
	node_u32(node_pair(list->child, "UIDVALIDITY"), &e->uidvalidity);
}

static int finish_esearch(struct event *e)
{
	const struct node *n = e->args;

	if (n != NULL && n->kind == NODE_LIST) {
		correlator(n, &e->esearch);
		n = n->next;
	}
	if (n != NULL && node_is(n, "UID")) {
		e->esearch.uid = true;
		n = n->next;
	}
	e->esearch.args = n;
	for (; n != NULL && n->next != NULL; n = n->next->next) {
		struct esearch_event *s = &e->esearch;
		const struct node *v = n->next;

		if (node_is(n, "MIN"))
			take_number32(v, &s->min, &s->has, ESEARCH_MIN);
		else if (node_is(n, "MAX"))
			take_number32(v, &s->max, &s->has, ESEARCH_MAX);
		else if (node_is(n, "COUNT"))
			take_number32(v, &s->count, &s->has, ESEARCH_COUNT);
		else if (node_is(n, "MODSEQ"))
			take_number63(v, &s->modseq, &s->has, ESEARCH_MODSEQ);
		else if (node_is(n, "ALL"))
			s->has |= ESEARCH_ALL;
		else if (node_is(n, "PARTIAL"))
			s->has |= ESEARCH_PARTIAL;
	}
	return 0;
}

static void finish_search(struct event *e)
{
	for (const struct node *n = e->args; n != NULL; n = n->next)
		if (n->kind == NODE_LIST)
			node_u63(node_pair(n->child, "MODSEQ"), &e->modseq);
}

int response_finish(struct response_parser *r, struct event *e, struct fault *f)
{
	e->kind = r->kind;
	e->num = r->num;
	e->name = r->name;
	if (r->stage == STAGE_TEXT)
		return response_text(r, e, f);
	if (r->stage != STAGE_ARGS) {
		if (r->stage == STAGE_WORD && r->tag == NULL)
			return fault_set(f, FAULT_PROTOCOL, "a response without a name");
		return fault_set(f, FAULT_PROTOCOL, "a response that is cut short");
	}
	e->args = response_args(r);
	switch (r->kind) {
	case EV_FETCH:
		return finish_fetch(r, e, f);
	case EV_LIST:
		return finish_list(r, e, f);
	case EV_MAILBOX_STATUS:
		return finish_status(r, e, f);
	case EV_ESEARCH:
		return finish_esearch(e);
	case EV_SEARCH:
	case EV_SORT:
		finish_search(e);
		return 0;
	case EV_VANISHED:
		e->earlier = e->args != NULL && e->args->kind == NODE_LIST &&
		    node_is(e->args->child, "EARLIER");
		return 0;
	default:
		return 0;
	}
}
