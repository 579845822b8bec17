/* response_event: the tree of a whole response to a typed event. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

static int malformed(const struct response_parser *r, struct fault *f)
{
	return fault_set(f, FAULT_PROTOCOL, "a malformed %.40s response", r->name);
}

#define FETCH(name, type, bit, member)                                \
	{                                                             \
		name, type, bit, offsetof(struct fetch_event, member) \
	}

static const struct field fetch_fields[] = {
    FETCH("BODY", FIELD_LIST, FETCH_BODY, bodystructure),
    FETCH("BODYSTRUCTURE", FIELD_LIST, FETCH_BODYSTRUCTURE, bodystructure),
    FETCH("EMAILID", FIELD_NODE_LISTED, FETCH_EMAILID, emailid),
    FETCH("ENVELOPE", FIELD_LIST, FETCH_ENVELOPE, envelope),
    FETCH("FLAGS", FIELD_LIST, FETCH_FLAGS, flags),
    FETCH("INTERNALDATE", FIELD_TEXT, FETCH_INTERNALDATE, internaldate),
    FETCH("MODSEQ", FIELD_U63_LISTED, FETCH_MODSEQ, modseq),
    FETCH("PREVIEW", FIELD_NODE, FETCH_PREVIEW, preview),
    FETCH("RFC822.SIZE", FIELD_U63, FETCH_SIZE, size),
    FETCH("SAVEDATE", FIELD_NODE, FETCH_SAVEDATE, savedate),
    FETCH("THREADID", FIELD_NODE_LISTED, FETCH_THREADID, threadid),
    FETCH("UID", FIELD_U32, FETCH_UID, uid),
};

static int binary_size(struct response_parser *r, const struct node *name, const struct node *value,
    struct fetch_event *e, struct fault *f)
{
	const char *item, *tail;
	int got;

	if (response_split_item(r, name, &item, &e->binary_size_section, &tail, f) == -1)
		return -1;
	got = response_number(value, INT64_MAX, &e->binary_size, f);
	if (got == 0)
		e->has |= FETCH_BINARY_SIZE;
	return got == -1 ? -1 : 0;
}

static int fetch_item(struct response_parser *r, const struct node *name, const struct node *value,
    struct fetch_event *e, struct fault *f)
{
	if (strncasecmp(name->s, "BINARY.SIZE[", 12) == 0)
		return binary_size(r, name, value, e, f);
	/* BODYSTRUCTURE says more. */
	if ((e->has & FETCH_BODYSTRUCTURE) != 0 && node_is(name, "BODY"))
		return 0;
	return response_field(fetch_fields, sizeof(fetch_fields) / sizeof(fetch_fields[0]), name,
	    value, e, &e->has, f);
}

static int finish_fetch(struct response_parser *r, struct event *e, struct fault *f)
{
	if (e->args == NULL || e->args->kind != NODE_LIST)
		return malformed(r, f);
	for (const struct node *n = e->args->child; n != NULL; n = n->next->next) {
		if (n->kind != NODE_ATOM || n->next == NULL)
			return malformed(r, f);
		if (fetch_item(r, n, n->next, &e->fetch, f) == -1)
			return -1;
	}
	e->fetch.items = e->args->child;
	if (strcasecmp(r->name, "UIDFETCH") == 0) {
		e->fetch.uid = r->uid;
		e->fetch.has |= FETCH_UID;
	}
	if ((e->fetch.has & FETCH_UID) != 0 && e->fetch.uid == 0)
		return fault_set(f, FAULT_PROTOCOL, "a UID of 0 in a %s response", r->name);
	return 0;
}

static int finish_list(struct response_parser *r, struct event *e, struct fault *f)
{
	const struct node *attributes = e->args;
	const struct node *delimiter = attributes != NULL ? attributes->next : NULL;
	const struct node *mailbox = delimiter != NULL ? delimiter->next : NULL;
	struct list_event *l = &e->list;

	if (attributes == NULL || delimiter == NULL || response_text_of(mailbox) == NULL ||
	    response_text_of(attributes) != NULL || delimiter->kind == NODE_LIST)
		return malformed(r, f);
	l->lsub = strcasecmp(r->name, "LSUB") == 0;
	l->attributes = attributes->child;
	l->delimiter = delimiter->len == 1 ? delimiter->s[0] : '\0';
	l->mailbox = mailbox->s;
	l->mailbox_len = mailbox->len;
	if (mailbox->next != NULL && mailbox->next->kind == NODE_LIST)
		l->extended = mailbox->next;
	return 0;
}

#define STATUS(name, type, bit, member)                                \
	{                                                              \
		name, type, bit, offsetof(struct status_event, member) \
	}

static const struct field status_fields[] = {
    STATUS("APPENDLIMIT", FIELD_U63, STATUS_APPENDLIMIT, appendlimit),
    STATUS("DELETED", FIELD_U32, STATUS_DELETED, deleted),
    STATUS("DELETED-STORAGE", FIELD_U63, STATUS_DELETED_STORAGE, deleted_storage),
    STATUS("HIGHESTMODSEQ", FIELD_U63, STATUS_HIGHESTMODSEQ, highestmodseq),
    STATUS("MAILBOXID", FIELD_TEXT_LISTED, STATUS_MAILBOXID, mailboxid),
    STATUS("MESSAGES", FIELD_U32, STATUS_MESSAGES, messages),
    STATUS("RECENT", FIELD_U32, STATUS_RECENT, recent),
    STATUS("SIZE", FIELD_U63, STATUS_SIZE, size),
    STATUS("UIDNEXT", FIELD_U32, STATUS_UIDNEXT, uidnext),
    STATUS("UIDVALIDITY", FIELD_U32, STATUS_UIDVALIDITY, uidvalidity),
    STATUS("UNSEEN", FIELD_U32, STATUS_UNSEEN, unseen),
};

static int finish_status(struct response_parser *r, struct event *e, struct fault *f)
{
	const struct node *mailbox = e->args;
	const struct node *list = mailbox != NULL ? mailbox->next : NULL;
	struct status_event *s = &e->status;

	if (list == NULL || list->kind != NODE_LIST || response_text_of(mailbox) == NULL)
		return malformed(r, f);
	s->mailbox = mailbox->s;
	s->mailbox_len = mailbox->len;
	for (const struct node *n = list->child; n != NULL && n->next != NULL; n = n->next->next)
		if (response_field(status_fields, sizeof(status_fields) / sizeof(status_fields[0]),
			n, n->next, s, &s->has, f) == -1)
			return -1;
	return 0;
}

#define ESEARCH(name, type, bit, member)                                \
	{                                                               \
		name, type, bit, offsetof(struct esearch_event, member) \
	}

static const struct field esearch_fields[] = {
    ESEARCH("ALL", FIELD_PRESENT, ESEARCH_ALL, has),
    ESEARCH("COUNT", FIELD_U32, ESEARCH_COUNT, count),
    ESEARCH("MAX", FIELD_U32, ESEARCH_MAX, max),
    ESEARCH("MIN", FIELD_U32, ESEARCH_MIN, min),
    ESEARCH("MODSEQ", FIELD_U63, ESEARCH_MODSEQ, modseq),
    ESEARCH("PARTIAL", FIELD_PRESENT, ESEARCH_PARTIAL, has),
};

static void correlator(const struct node *list, struct esearch_event *e)
{
	e->tag = response_text_of(node_pair(list->child, "TAG"));
	e->mailbox = response_text_of(node_pair(list->child, "MAILBOX"));
	node_u32(node_pair(list->child, "UIDVALIDITY"), &e->uidvalidity);
}

static int finish_esearch(struct event *e, struct fault *f)
{
	const struct node *n = e->args;
	struct esearch_event *s = &e->esearch;

	if (n != NULL && n->kind == NODE_LIST) {
		correlator(n, s);
		n = n->next;
	}
	s->uid = n != NULL && node_is(n, "UID");
	s->args = s->uid ? n->next : n;
	for (n = s->args; n != NULL && n->next != NULL; n = n->next->next)
		if (response_field(esearch_fields,
			sizeof(esearch_fields) / sizeof(esearch_fields[0]), n, n->next, s, &s->has,
			f) == -1)
			return -1;
	return 0;
}

static int finish_search(struct event *e, struct fault *f)
{
	for (const struct node *n = e->args; n != NULL; n = n->next)
		if (n->kind == NODE_LIST &&
		    response_number(node_pair(n->child, "MODSEQ"), INT64_MAX, &e->modseq, f) == -1)
			return -1;
	return 0;
}

static int finish_args(struct response_parser *r, struct event *e, struct fault *f)
{
	e->args = response_args(r);
	switch (r->kind) {
	case EV_FETCH:
		return finish_fetch(r, e, f);
	case EV_LIST:
		return finish_list(r, e, f);
	case EV_MAILBOX_STATUS:
		return finish_status(r, e, f);
	case EV_ESEARCH:
		return finish_esearch(e, f);
	case EV_SEARCH:
	case EV_SORT:
		return finish_search(e, f);
	case EV_VANISHED:
		e->earlier = e->args != NULL && node_is(e->args->child, "EARLIER");
		return 0;
	default:
		return 0;
	}
}

int response_finish(struct response_parser *r, struct event *e, struct fault *f)
{
	e->kind = r->kind;
	e->num = r->num;
	e->name = r->name;
	switch (r->stage) {
	case STAGE_TEXT:
		return response_text(r, e, f);
	case STAGE_ARGS:
		return finish_args(r, e, f);
	default:
		return fault_set(f, FAULT_PROTOCOL, "a response that is cut short");
	}
}
