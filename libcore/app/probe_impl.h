/* probe_impl: what the files of the probes share; nobody else includes it. */
#ifndef LM_APP_PROBE_IMPL_H
#define LM_APP_PROBE_IMPL_H

#include <stdint.h>

#include "app/line.h"
#include "app/probe.h"
#include "base/buf.h"
#include "imap/set.h"

enum {
	PROBE_PREFIX_MAX = 256,
	PROBE_NAME_MAX = 512,
	PROBE_DETAIL_MAX = 512,
	PROBE_DATA_MAX = 65536, /* octets kept of one thing fetched: ours are far smaller */
	PROBE_PROMPT = 10000,   /* ms in which a server has to tell of news */
	PROBE_OCTETS = 768,     /* of the attachment, decoded */
};

struct probe {
	const struct tool *tool;
	struct imap_line *line;  /* the one in use */
	struct imap_line *given; /* the caller's; the same until it breaks */
	const volatile sig_atomic_t *stop;
	size_t next;
	char prefix[PROBE_PREFIX_MAX]; /* personal namespace, UTF-8 */
	char mailbox[PROBE_NAME_MAX];  /* UTF-8 */
	char second[PROBE_NAME_MAX];
	bool made, made_second;
	uint32_t uidvalidity;
	uint32_t uid;       /* the sample message in `mailbox`: see probe_sample() */
	unsigned serial;    /* of messages appended */
	struct buf plain;   /* part 1 of the sample, as it stands there */
	struct buf octets;  /* part 2, decoded */
	struct buf encoded; /* part 2, as it stands there */
	char detail[PROBE_DETAIL_MAX];
};

/* What a probe says: 0 works (with probe_detail()), -1 broken (f says why), or PROBE_RUN_ABSENT. */
enum { PROBE_RUN_ABSENT = 1 };
typedef int probe_run(struct probe *p, struct fault *f);

probe_run probe_namespace, probe_metadata, probe_metadata_server, probe_list_extended,
    probe_list_status, probe_special_use;
probe_run probe_condstore, probe_qresync, probe_idle, probe_notify, probe_compress;
probe_run probe_catenate, probe_urlauth, probe_binary, probe_convert, probe_literal_plus;
probe_run probe_uidplus, probe_move, probe_forwarded;
probe_run probe_esearch, probe_within, probe_context, probe_context_sort, probe_sort,
    probe_sort_display;
probe_run probe_esort, probe_searchres, probe_partial, probe_multisearch;
probe_run probe_status_size, probe_list_metadata, probe_preview, probe_multiappend, probe_unselect,
    probe_replace, probe_objectid, probe_savedate, probe_create_special_use;

/* The remark that goes with "works". Returns 0. */
int probe_detail(struct probe *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The probe did not see what it should: FAULT_REFUSED. Returns -1. */
int probe_wrong(struct fault *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* probe.c: CREATE and DELETE of a scratch mailbox. *made says whether it is to be removed at the end: as long as it
 * may be there. Nothing is done to one that is not made. */
int probe_mailbox_create(struct probe *p, const char *mailbox, bool *made, struct fault *f);
int probe_mailbox_remove(struct imap_line *l, const char *mailbox, bool *made, struct fault *f);

/* probe_kit.c: commands that many probes need. All return 0, or -1 with the fault. */

/* A connection of its own for a probe that changes the state of one. */
struct imap_line *probe_line(struct probe *p, bool compress, struct fault *f);
/* Opens `mailbox` for writing anew, whatever is open; with `modseq` as SELECT ... (CONDSTORE). */
int probe_select(struct imap_line *l, const char *mailbox, bool modseq, struct fault *f);
/* Opens the first scratch mailbox on p->line unless it is. */
int probe_home(struct probe *p, struct fault *f);

/* Builds the sample message: a text part, and 768 octets of every value as base64. */
int probe_sample(struct probe *p, struct buf *out, struct fault *f);
/* Appends a small message to `mailbox`; *uid is its UID in the first one (which costs a search
 * without UIDPLUS), 0 in another. `date`: INTERNALDATE as from date_format_imap(), or NULL. */
int probe_append(struct probe *p, const char *mailbox, const char *subject, const char *date,
    uint32_t *uid, struct fault *f);
/* The same to the first mailbox, from and to `address`. */
int probe_append_of(
    struct probe *p, const char *address, const char *subject, uint32_t *uid, struct fault *f);
/* Sends a ready APPEND of something to the first scratch mailbox and learns the UID. */
int probe_append_run(struct probe *p, struct imap_cmd *c, uint32_t *uid, struct fault *f);

/* UID STORE uid ITEM (flag), e.g. "+FLAGS.SILENT". */
int probe_store(
    struct imap_line *l, uint32_t uid, const char *item, const char *flag, struct fault *f);
/* UID COPY or UID MOVE to the second mailbox. *to: the UID there by COPYUID, 0 without one. */
int probe_transfer(
    struct probe *p, const char *command, uint32_t uid, uint32_t *to, struct fault *f);
/* \Deleted and UID EXPUNGE (EXPUNGE without UIDPLUS) in the first scratch mailbox. */
int probe_expunge(struct probe *p, uint32_t uid, struct fault *f);
/* Runs a ready UID SEARCH (SORT) and collects its UIDs. */
int probe_uids(struct imap_line *l, struct imap_cmd *c, struct set *out, struct fault *f);
/* UID SEARCH with one keyword ("ALL") and at most one argument (NULL: none). */
int probe_search(
    struct imap_line *l, const char *key, const char *argument, struct set *out, struct fault *f);
/* Whether the message has the flag: 1 or 0, or -1. */
int probe_has_flag(struct imap_line *l, uint32_t uid, const char *flag, struct fault *f);
/* Fetches one section ("BODY.PEEK" or "BINARY.PEEK"). */
int probe_fetch(struct imap_line *l, uint32_t uid, const char *item, const char *section,
    struct buf *out, struct fault *f);
/* Runs a ready command and collects the octets of all sections that come. */
int probe_octets(struct imap_line *l, struct imap_cmd *c, struct buf *out, struct fault *f);
/* The octets are the same, or FAULT_REFUSED "WHAT: 12 octets came, not the 13 expected". */
int probe_same(const char *what, const struct buf *got, const void *p, size_t n, struct fault *f);
/* The wire's name (modified UTF-7 or UTF-8) is the UTF-8 name. */
bool probe_is_mailbox(const char *wire, size_t n, const char *utf8);
bool probe_has_node(const struct node *list, const char *keyword);

#endif
