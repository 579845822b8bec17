/*
 * response_print.h - what the response parser makes of a transcript, one line an event, for the unit tests and the fuzzer.
 *
 * Nodes are printed as they would be sent: atom, "string", NIL, (list); odd octets as %hh. A section
 * comes with its pieces joined.
 */
#ifndef LM_TESTS_RESPONSE_PRINT_H
#define LM_TESTS_RESPONSE_PRINT_H

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "imap/response.h"

static inline void print_octets(struct buf *b, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '"' || c == '%' || c < ' ' || c >= 0x7f)
			buf_printf(b, "%%%02x", c);
		else
			buf_putc(b, (char)c);
	}
}

static inline void print_quoted(struct buf *b, const char *name, const char *s)
{
	if (s == NULL)
		return;
	buf_puts(b, name);
	buf_putc(b, '"');
	print_octets(b, s, strlen(s));
	buf_putc(b, '"');
}

/* The nodes from the first on, without recursion: the depth is the server's choice. */
static inline void print_nodes(struct buf *b, const struct node *first)
{
	const struct node *up[600] = {NULL};
	size_t depth = 0;
	const struct node *n = first;
	bool blank = false;

	while (n != NULL || depth > 0) {
		if (n == NULL) {
			buf_putc(b, ')');
			n = up[--depth]->next;
			blank = true;
			continue;
		}
		if (blank)
			buf_putc(b, ' ');
		blank = n->kind != NODE_LIST;
		if (n->kind == NODE_LIST) {
			buf_putc(b, '(');
			up[depth++] = n;
			n = n->child;
			continue;
		}
		if (n->kind == NODE_STRING)
			buf_putc(b, '"');
		if (n->kind == NODE_NIL)
			buf_puts(b, "NIL");
		print_octets(b, n->s, n->len);
		if (n->kind == NODE_STRING)
			buf_putc(b, '"');
		n = n->next;
	}
}

static inline void print_number(struct buf *b, const char *name, uint64_t n)
{
	if (n != 0)
		buf_printf(b, " %s=%" PRIu64, name, n);
}

static inline void print_has(
    struct buf *b, unsigned has, unsigned bit, const char *name, uint64_t n)
{
	if ((has & bit) != 0)
		buf_printf(b, " %s=%" PRIu64, name, n);
}

static inline void print_cond(struct buf *b, const struct event *ev)
{
	static const char *const conds[] = {"OK", "NO", "BAD", "BYE", "PREAUTH"};

	buf_printf(b, "%s", conds[ev->cond]);
	if (ev->code_name != NULL) {
		buf_puts(b, ev->code == CODE_OTHER ? " [?" : " [");
		print_octets(b, ev->code_name, strlen(ev->code_name));
		if (ev->args != NULL)
			buf_putc(b, ' ');
		print_nodes(b, ev->args);
		buf_putc(b, ']');
	}
	print_number(b, "uidvalidity", ev->uidvalidity);
	print_quoted(b, " from=", ev->uids_from);
	print_quoted(b, " to=", ev->uids_to);
	print_number(b, "number", ev->number);
	print_quoted(b, " ", ev->text);
}

static inline void print_fetch(struct buf *b, const struct event *ev)
{
	const struct fetch_event *e = &ev->fetch;
	const char *section = e->binary_size_section;

	buf_printf(b, "fetch %" PRIu32, ev->num);
	print_has(b, e->has, FETCH_UID, "uid", e->uid);
	print_has(b, e->has, FETCH_MODSEQ, "modseq", e->modseq);
	print_has(b, e->has, FETCH_SIZE, "size", e->size);
	if ((e->has & FETCH_BINARY_SIZE) != 0)
		buf_printf(b, " binary[%s]=%" PRIu64, section, e->binary_size);
	if ((e->has & FETCH_INTERNALDATE) != 0)
		print_quoted(b, " date=", e->internaldate);
	const struct {
		unsigned bit;
		const char *name;
		const struct node *node;
	} nodes[] = {{FETCH_FLAGS, "flags", e->flags}, {FETCH_ENVELOPE, "envelope", e->envelope},
	    {FETCH_BODYSTRUCTURE, "bodystructure", e->bodystructure},
	    {FETCH_BODY, "body", e->bodystructure}, {FETCH_PREVIEW, "preview", e->preview},
	    {FETCH_EMAILID, "emailid", e->emailid}, {FETCH_THREADID, "threadid", e->threadid},
	    {FETCH_SAVEDATE, "savedate", e->savedate}};
	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		if ((e->has & nodes[i].bit) == 0)
			continue;
		buf_printf(b, " %s", nodes[i].name);
		if (nodes[i].bit >= FETCH_EMAILID) {
			struct node one = *nodes[i].node;

			one.next = NULL;
			buf_putc(b, '=');
			print_nodes(b, &one);
		} else if (nodes[i].bit != FETCH_PREVIEW && nodes[i].node->kind != NODE_LIST) {
			abort();
		}
	}
	buf_puts(b, ": ");
	print_nodes(b, e->items);
}

static inline void print_section(struct buf *b, const struct section_event *e)
{
	buf_printf(b, "section %s", e->item);
	print_quoted(b, " ", e->section);
	if (e->detail[0] != '\0')
		print_quoted(b, " detail=", e->detail);
	print_number(b, "num", e->num);
	print_number(b, "uid", e->uid);
	if (e->has_origin)
		buf_printf(b, " origin=%" PRIu64, e->origin);
	if (e->sized)
		buf_printf(b, " size=%" PRIu64, e->size);
	if (e->binary)
		buf_puts(b, " literal8");
	if (e->bodypartstructure != NULL) {
		buf_puts(b, " structure=(");
		print_nodes(b, e->bodypartstructure->child);
		buf_putc(b, ')');
	}
	buf_puts(b, e->nil ? " NIL \"" : " \"");
}

static inline void print_list(struct buf *b, const struct list_event *e)
{
	buf_printf(b, "%s (", e->lsub ? "lsub" : "list");
	print_nodes(b, e->attributes);
	buf_puts(b, ") ");
	if (e->delimiter != '\0')
		buf_putc(b, e->delimiter);
	else
		buf_puts(b, "NIL");
	buf_puts(b, " \"");
	print_octets(b, e->mailbox, e->mailbox_len);
	buf_putc(b, '"');
	if (e->extended != NULL) {
		buf_puts(b, " (");
		print_nodes(b, e->extended->child);
		buf_putc(b, ')');
	}
}

static inline void print_status(struct buf *b, const struct status_event *e)
{
	buf_puts(b, "mailbox \"");
	print_octets(b, e->mailbox, e->mailbox_len);
	buf_putc(b, '"');
	print_has(b, e->has, STATUS_MESSAGES, "messages", e->messages);
	print_has(b, e->has, STATUS_RECENT, "recent", e->recent);
	print_has(b, e->has, STATUS_UIDNEXT, "uidnext", e->uidnext);
	print_has(b, e->has, STATUS_UIDVALIDITY, "uidvalidity", e->uidvalidity);
	print_has(b, e->has, STATUS_UNSEEN, "unseen", e->unseen);
	print_has(b, e->has, STATUS_HIGHESTMODSEQ, "highestmodseq", e->highestmodseq);
	print_has(b, e->has, STATUS_SIZE, "size", e->size);
	print_has(b, e->has, STATUS_DELETED, "deleted", e->deleted);
	print_has(b, e->has, STATUS_DELETED_STORAGE, "deleted-storage", e->deleted_storage);
	print_has(b, e->has, STATUS_APPENDLIMIT, "appendlimit", e->appendlimit);
	if ((e->has & STATUS_MAILBOXID) != 0)
		print_quoted(b, " mailboxid=", e->mailboxid);
}

static inline void print_esearch(struct buf *b, const struct esearch_event *e)
{
	buf_puts(b, "esearch");
	print_quoted(b, " tag=", e->tag);
	print_quoted(b, " mailbox=", e->mailbox);
	print_number(b, "uidvalidity", e->uidvalidity);
	buf_puts(b, e->uid ? " uid" : "");
	print_has(b, e->has, ESEARCH_MIN, "min", e->min);
	print_has(b, e->has, ESEARCH_MAX, "max", e->max);
	print_has(b, e->has, ESEARCH_COUNT, "count", e->count);
	print_has(b, e->has, ESEARCH_MODSEQ, "modseq", e->modseq);
	buf_puts(b, (e->has & ESEARCH_ALL) != 0 ? " all" : "");
	buf_puts(b, (e->has & ESEARCH_PARTIAL) != 0 ? " partial" : "");
	buf_puts(b, ": ");
	print_nodes(b, e->args);
}

static inline void print_set(struct buf *b, const struct set_event *e)
{
	static const char *const sources[] = {
	    "search", "sort", "all", "partial", "addto", "removefrom", "vanished"};

	buf_printf(b, "set %s", sources[e->source]);
	print_quoted(b, " tag=", e->tag);
	print_quoted(b, " mailbox=", e->mailbox);
	print_number(b, "uidvalidity", e->uidvalidity);
	buf_puts(b, e->uid ? " uid" : "");
	buf_puts(b, e->earlier ? " earlier" : "");
	print_number(b, "position", e->position);
	buf_putc(b, ' ');
	print_octets(b, e->text, e->len);
	if (e->text[e->len] != '\0')
		abort();
}

static inline void print_urlfetch(struct buf *b, const struct urlfetch_event *e)
{
	print_quoted(b, "urlfetch ", e->url);
	if (e->bodypartstructure != NULL) {
		buf_puts(b, " structure=(");
		print_nodes(b, e->bodypartstructure->child);
		buf_putc(b, ')');
	}
	buf_puts(b, e->nil ? " NIL" : "");
}

static inline void print_other(struct buf *b, const struct event *ev)
{
	static const char *const names[] = {[EV_CAPABILITY] = "capability",
	    [EV_ENABLED] = "enabled",
	    [EV_FLAGS] = "flags",
	    [EV_EXISTS] = "exists",
	    [EV_RECENT] = "recent",
	    [EV_EXPUNGE] = "expunge",
	    [EV_VANISHED] = "vanished",
	    [EV_SEARCH] = "search",
	    [EV_SORT] = "sort",
	    [EV_THREAD] = "thread",
	    [EV_NAMESPACE] = "namespace",
	    [EV_ID] = "id",
	    [EV_METADATA] = "metadata",
	    [EV_GENURLAUTH] = "genurlauth",
	    [EV_CONVERSION] = "conversion",
	    [EV_CONVERTED] = "converted",
	    [EV_QUOTA] = "quota",
	    [EV_QUOTAROOT] = "quotaroot",
	    [EV_ACL] = "acl",
	    [EV_LISTRIGHTS] = "listrights",
	    [EV_MYRIGHTS] = "myrights",
	    [EV_LANGUAGE] = "language",
	    [EV_COMPARATOR] = "comparator",
	    [EV_OTHER] = "other"};

	buf_puts(b, names[ev->kind]);
	if (ev->kind == EV_OTHER)
		print_quoted(b, " ", ev->name);
	if (ev->kind == EV_EXISTS || ev->kind == EV_RECENT)
		buf_printf(b, " %" PRIu32, ev->num);
	else
		print_number(b, "num", ev->num);
	buf_puts(b, ev->earlier ? " earlier" : "");
	print_number(b, "modseq", ev->modseq);
	if (ev->args != NULL)
		buf_puts(b, ": ");
	print_nodes(b, ev->args);
}

static inline void print_event(struct buf *b, const struct event *ev)
{
	switch (ev->kind) {
	case EV_SECTION:
		print_section(b, &ev->section);
		return; /* its line goes on */
	case EV_SECTION_DATA:
		print_octets(b, ev->data, ev->len);
		return;
	case EV_SECTION_END:
		buf_putc(b, '"');
		break;
	case EV_TAGGED:
		buf_printf(b, "tagged %s ", ev->tag);
		print_cond(b, ev);
		break;
	case EV_STATUS:
		print_cond(b, ev);
		break;
	case EV_CONTINUE:
		print_quoted(b, "continue ", ev->text);
		break;
	case EV_FETCH:
		print_fetch(b, ev);
		break;
	case EV_LIST:
		print_list(b, &ev->list);
		break;
	case EV_MAILBOX_STATUS:
		print_status(b, &ev->status);
		break;
	case EV_ESEARCH:
		print_esearch(b, &ev->esearch);
		break;
	case EV_SET:
		print_set(b, &ev->set);
		break;
	case EV_URLFETCH:
		print_urlfetch(b, &ev->urlfetch);
		break;
	default:
		print_other(b, ev);
		break;
	}
	buf_putc(b, '\n');
}

/* Feeds one chunk. Each call sees the octets that are left in memory of their own, which is gone at the next: what points into
 * it longer than it may is found. -1 after a fault. */
static inline int print_chunk(struct buf *b, struct response_parser *r, const char *p, size_t n)
{
	struct event ev;
	struct fault f;
	size_t used;

	for (;;) {
		char *copy = malloc(n > 0 ? n : 1);
		int got;

		if (copy == NULL)
			abort();
		if (n > 0)
			memcpy(copy, p, n);
		got = response_feed(r, copy, n, &used, &ev, &f);
		if (got == -1)
			buf_printf(b, "%d %s\n", (int)f.cls, f.msg);
		else if (ev.kind != EV_NONE)
			print_event(b, &ev);
		free(copy);
		if (got == -1)
			return -1;
		if (used > n || (ev.kind == EV_NONE && used != n))
			abort();
		p += used;
		n -= used;
		if (ev.kind == EV_NONE)
			return 0;
	}
}

/* The same from a new parser for the n octets at p, in chunks: the first is of `first` octets, the others of `each`. */
static inline void print_transcript(
    struct buf *b, const char *p, size_t n, size_t first, size_t each)
{
	struct fault f;
	struct response_parser *r = response_new(&f);
	size_t chunk = first;
	int got = 0;

	if (r == NULL)
		abort();
	for (size_t at = 0; at < n && got == 0; at += chunk, chunk = each) {
		if (chunk > n - at)
			chunk = n - at;
		got = print_chunk(b, r, p + at, chunk);
	}
	if (got == 0 && !response_idle(r))
		buf_puts(b, "...\n");
	response_free(r);
}

#endif
