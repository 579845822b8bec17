/* fetch_impl: what the files of fetch share; nobody else includes it. */
#ifndef LM_APP_FETCH_IMPL_H
#define LM_APP_FETCH_IMPL_H

#include "app/fetch.h"
#include "app/fetch_file.h"
#include "app/lines.h"
#include "imap/structure.h"
#include "msg/decode.h"

enum {
	ASK_AHEAD = 128,       /* questions that may be on their way, of two commands each */
	ASK_OUTSTANDING = 512, /* commands without their tagged reply */
	ASK_GROUP = 16,        /* messages whose attachments are listed before they are fetched */
	ASK_RETRIES = 3,       /* new connections for what is left of a batch */
	PREVIEW_MAX = 256,     /* characters (RFC 8970 section 3.3) */
};

enum ask_how {
	ASK_NOTHING, /* only the structure */
	ASK_AS_IS,   /* BODY.PEEK */
	ASK_BINARY,  /* BINARY.PEEK */
	ASK_CONVERT,
	ASK_PREVIEW,
};

/* One question: the structure of a message, or octets of it, or both. */
struct ask {
	const struct urls_item *item;
	const char *section;         /* of the octets; "": all; borrowed, or `own` */
	char *own;                   /* to be freed, or NULL */
	const struct wanted *wanted; /* a part that was looked for, or NULL */
	bool look;                   /* for its structure */
	bool shared; /* that of the question before it will do: it is of the same message */
	enum ask_how how;
	uint64_t offset, length; /* the range that is wanted; length 0: to the end */
	/* The answer: */
	bool failed;        /* told already: nothing is asked, or expected */
	bool looked;        /* the structure came */
	const char *absent; /* what did not come, in its turn; told when the server has said all */
	/* Its commands, and those that are complete. One that was refused: why. */
	uint32_t look_tag, data_tag;
	bool look_done, data_done;
	struct fault *refusal; /* owned */
};

/* A part that the structure of a message has shown to be wanted: an attachment, or text for a preview. */
struct wanted {
	const struct urls_item *item;
	char *section, *type; /* "2.1", "image/png"; NULL: there is no such part */
	char *charset;        /* or NULL */
	uint64_t octets;      /* in its transfer encoding, as the server says */
	uint64_t length;      /* so much of it will do; 0: all */
	enum decode_kind kind;
	char name[FILE_NAME_OCTETS + 1]; /* of the file */
};

/* A batch being worked off. */
struct run {
	const struct fetch *job;
	struct urls *urls;
	struct lines *lines;
	struct batch *batch;
	struct imap_line *line; /* NULL: none yet, or it was lost */
	uint32_t opening;       /* tag of the EXAMINE */
	bool opened;
	bool reused;  /* the connection is one of a batch before */
	bool binary;  /* the server decodes */
	bool preview; /* the server makes previews */
	int retries;
	struct fault
	    refused;         /* why the mailbox cannot be read, for all that is left of the batch */
	struct saver *saver; /* FORM_FILES */
	struct wanted *wanted;
	size_t nwanted, capwanted;
	struct structure structure; /* the last one that came; n 0: none */
	/* of run_asks(): */
	struct ask *ask;
	size_t n, sent, next; /* ask[next .. sent) are on their way */
	size_t outstanding;   /* commands of ours that are not complete */
	struct event event;   /* the last one, */
	bool held;            /* which is for a later question */
};

/* Where octets go, through a decoder and a range. */
struct sink {
	FILE *out;       /* or, with NULL, */
	struct buf *mem; /* in memory, up to its limit */
	const char *name;
	struct decode decode;
	uint64_t octets; /* that came out */
};

/* fetch.c: the question that the item asks. -1: it asks what cannot be; the ask is there to be told of. */
int ask_make(const struct run *r, const struct urls_item *item, struct ask *a, struct fault *f);
/* Asks n questions and takes the answers in their order. What is wrong with one is told, and the rest is done. 0, or -1 when nothing more can be done. */
int run_asks(struct run *r, struct ask *ask, size_t n, struct fault *f);

/*
 * fetch_flow.c: events for the question whose turn it is.
 *
 * Servers answer commands in their order, but some hold the tagged replies back until several are done (Dovecot). So what comes for a later question means that the one before has
 * no answer; why, is known when its tag comes, and told then.
 */
/* Sends questions, as far ahead as they may go. */
int flow_send(struct run *r, struct fault *f);
/* The next event in r->event while the structure (or with `data`: the octets) of `a` is awaited: 1; 0: nothing more comes for it; -1: the line is lost. */
int flow_next(struct run *r, const struct ask *a, bool data, struct fault *f);
/* Waits for all tags; what comes is dropped. -1: the line is lost. */
int flow_drain(struct run *r, struct fault *f);
/* Tells that the question failed, once. */
void flow_told(struct run *r, struct ask *a, const struct fault *why);
/* The question got no answer. -1 with why, or ANSWER_LATE when that is not known yet. */
int flow_absent(struct ask *a, bool data, const char *what, struct fault *f);

enum {
	ANSWER_DONE,
	ANSWER_AGAIN, /* the server does not decode it, and nothing came: to be asked without BINARY */
	ANSWER_LATE, /* there is none; why is told later */
};

/* fetch_ask.c: one question and its answer. Each gives one of ANSWER_*, or -1 with the fault (FAULT_IO is the output's). */
/* Queues the commands: 0 or -1. */
int ask_send(struct run *r, struct ask *a, struct fault *f);
/* Whether the section answers the question, as far as one can tell before the UID has come. */
bool ask_is_section(const struct ask *a, const struct section_event *s);
/* The structure, into r->structure. FAULT_DATA "no such message". */
int ask_look(struct run *r, struct ask *a, struct fault *f);
/* The octets, into the sink, and what the sink still holds. `expected`: more than 0 octets are known to be there. */
int ask_octets(struct run *r, struct ask *a, struct sink *sink, bool expected, struct fault *f);
void sink_init(struct sink *s, FILE *out, const char *name);
void sink_free(struct sink *s);

/* fetch_answer.c: what becomes of an answer. */
int answer_take(struct run *r, struct ask *a, struct fault *f);
/* Appends the URL of a part: the item's, with the mailbox's UIDVALIDITY. `section` "": the message. */
void part_url(const struct urls_item *item, const char *section, struct buf *out);

/* Prints the record of a preview, NULL: none. 0, or -1: FAULT_IO. */
int answer_preview(
    const struct run *r, const struct urls_item *item, const char *text, struct fault *f);

/* fetch_group.c: for what needs a second flight. */
/* The whole batch, group by group: structures, then what is wanted of them. As run_asks(). */
int group_run(struct run *r, struct fault *f);
/* One more part, empty, to be filled before the next; NULL: no memory. */
struct wanted *wanted_add(struct run *r, const struct urls_item *item, struct fault *f);
int wanted_fill(struct wanted *w, const struct part *p, struct fault *f);
/* Only the first n stay. */
void wanted_forget(struct run *r, size_t n);

/* fetch_files.c, fetch_preview.c: what is wanted of the message whose structure has come (0 or -1), and what becomes of it. */
int files_list(struct run *r, const struct ask *a, struct fault *f);
int files_take(struct run *r, struct ask *a, struct fault *f);
int preview_list(struct run *r, const struct ask *a, struct fault *f);
int preview_take(struct run *r, struct ask *a, struct fault *f);

#endif
