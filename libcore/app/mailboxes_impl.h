/* mailboxes_impl: what the files of mailboxes share; nobody else includes it. */
#ifndef LM_APP_MAILBOXES_IMPL_H
#define LM_APP_MAILBOXES_IMPL_H

#include "app/mailboxes.h"

enum { MAILBOXES_BUCKETS = 8192 };

/* A mailbox that waits, is ready, or is subscribed and not listed yet. */
struct held {
	struct mailbox_entry e;
	struct held *next, *prev; /* in its queue */
	struct held *chain;       /* in its bucket */
	uint32_t hash;
	uint32_t status_tag, meta_tag; /* of commands of its own that are not done */
	bool listed;                   /* LIST has named it; else only LSUB */
	bool asked;                    /* its own commands went out */
	bool status_due, meta_due;     /* still to come */
	size_t cost;
	char *refusal;
	struct mailbox_value *value; /* nvalue of them, each string owned */
	size_t nvalue;
	char text[]; /* wire, NUL, name, NUL */
};

struct queue {
	struct held *head, *tail;
};

/* Those that are known by name, with what they cost. */
struct table {
	struct held *bucket[MAILBOXES_BUCKETS];
	uint32_t seed;
	size_t octets;
};

struct mailboxes {
	struct imap *imap;
	unsigned status; /* STATUS_* that are asked for */
	bool subscribed, only_subscribed, only_special;
	char *pattern[MAILBOXES_PATTERNS_MAX];
	size_t npattern;
	char *entry[MAILBOXES_ENTRIES_MAX];
	size_t nentry;
	bool meta; /* the server has METADATA, and entries are asked for */

	bool utf8;        /* the session's names */
	bool extended;    /* LIST with selection and RETURN options */
	bool special;     /* it tells the special uses */
	bool list_status; /* STATUS comes with LIST */
	bool list_meta;
	bool plain; /* an extended LIST was BAD */

	uint32_t lsub_tag[MAILBOXES_PATTERNS_MAX], list_tag[MAILBOXES_PATTERNS_MAX];
	size_t nlist;                /* commands */
	size_t lsub_left, list_left; /* not done */
	bool popped;                 /* something was handed out */
	struct fault fault;          /* the first LIST or LSUB that was refused */

	struct table table;
	struct queue waiting; /* for what comes with LIST, or for LSUB */
	struct buf later;     /* packed: to be asked for when it is their turn */
	size_t later_at;      /* read up to here */
	struct queue asked;   /* for the end of their own commands */
	size_t nasked;
	struct queue ready;
	struct held *last; /* handed out */
};

/* mailboxes_table.c */
void table_init(struct table *t);
void table_free(struct table *t);
struct held *table_find(const struct table *t, const char *wire, size_t n);
/* Takes it over; its cost counts from here. */
void table_add(struct table *t, struct held *h);
void table_remove(struct table *t, struct held *h);
void table_charge(struct table *t, struct held *h, size_t octets);
void queue_put(struct queue *q, struct held *h);
void queue_take(struct queue *q, struct held *h);
void held_free(struct held *h);

/* mailboxes_later.c. Packs a copy of it; false: no room. */
bool later_put(struct mailboxes *m, const struct held *h);
/* The first of them (there must be one), as it was, in no table; NULL without memory. */
struct held *later_take(struct mailboxes *m);

/* What is held of mailboxes that wait. */
size_t mailboxes_octets(const struct mailboxes *m);

/* mailboxes_name.c: a new one with its names and what is wrong with them; NULL without memory. */
struct held *held_new(const char *wire, size_t n, char delimiter, bool utf8, size_t nvalue);
/* What a path or a command would have against the UTF-8 name: NAME_* but ENCODING and LONG. */
unsigned mailboxes_name_faults(const char *name, size_t n, char delimiter);

/* mailboxes_send.c: the commands. 0, or -1 with the fault. */
void mailboxes_choose(struct mailboxes *m);
int mailboxes_send_lists(struct mailboxes *m, struct fault *f);
/* STATUS and GETMETADATA for one mailbox. */
int mailboxes_send_own(struct mailboxes *m, struct held *h, struct fault *f);

#endif
