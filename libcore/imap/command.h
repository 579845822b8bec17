/*
 * command: one IMAP command in the making (RFC 9051 section 6). Typed appenders put blanks between arguments and quote what
 * must be quoted; foreign text never goes through a format.
 *
 *     imap_cmd_init(&c, s, "APPEND");
 *     imap_mailbox(&c, "Entwürfe");
 *     imap_list(&c); imap_flag(&c, "\\Draft"); imap_list_end(&c);
 *     imap_literal_fd(&c, fd, 0, size, false);
 *     tag = imap_send(s, &c, f);
 *
 * An argument that cannot be sent (CR, LF or NUL where they do not belong, an atom with blanks) marks the command; imap_send() then refuses it
 * with the first such fault, and nothing goes out.
 */
#ifndef LM_IMAP_COMMAND_H
#define LM_IMAP_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/fault.h"
#include "imap/set.h"

enum {
	COMMAND_MAX = 1024 * 1024, /* octets of one command without what comes from descriptors */
	COMMAND_LITERALS_MAX = 8192,
};

/* A literal in a command: where in the text it comes, and from where its octets come. */
struct command_literal {
	size_t at; /* offset in text: what is before goes out before */
	uint64_t size;
	int fd; /* -1: the octets stand in text itself, from `at` on; else read with pread() from `offset` */
	off_t offset;
	bool binary; /* literal8 (RFC 3516) */
};

struct imap_cmd {
	struct buf text;
	struct command_literal *literal;
	size_t nliteral, capliteral;
	bool utf8;   /* mailbox names go out as UTF-8 */
	bool space;  /* a blank is due before the next argument */
	bool secret; /* not shown in traces */
	struct fault fault;
};

struct imap;

/* Starts a command: `name` is one of ours ("UID FETCH"). The session says how mailbox names are written (NULL: modified UTF-7). */
void imap_cmd_init(struct imap_cmd *c, const struct imap *s, const char *name);
void imap_cmd_free(struct imap_cmd *c);

/* Arguments. */
void imap_atom(struct imap_cmd *c, const char *s); /* an atom; "\\*", "*" and "%" too */
void imap_number(struct imap_cmd *c, uint64_t n);
void imap_astring(struct imap_cmd *c, const char *s,
    size_t n); /* atom, quoted string or literal, whichever it needs */
void imap_string(struct imap_cmd *c, const char *s, size_t n); /* quoted string or literal */
void imap_mailbox(struct imap_cmd *c,
    const char *utf8); /* UTF-8 to the wire's form; "inbox" in any case becomes INBOX */
void imap_flag(struct imap_cmd *c, const char *flag); /* \Seen, $Forwarded, keyword */
void imap_uids(struct imap_cmd *c, const struct set *s);
void imap_uid(struct imap_cmd *c, uint32_t uid);
void imap_list(struct imap_cmd *c);     /* ( */
void imap_list_end(struct imap_cmd *c); /* ) */
/* A FETCH item with a section: "BODY.PEEK" and "1.MIME" give BODY.PEEK[1.MIME]; with `length`, <offset.length> behind it. The section is checked. */
void imap_section(
    struct imap_cmd *c, const char *item, const char *section, uint64_t offset, uint64_t length);
void imap_date_time(struct imap_cmd *c, const char *date); /* quoted, as from date_format_imap() */
/* Literals: copied from memory; or size octets of the descriptor from `offset` on (pread(): it must stay open until the command is done). */
void imap_literal(struct imap_cmd *c, const void *p, size_t n, bool binary);
void imap_literal_fd(struct imap_cmd *c, int fd, off_t offset, uint64_t size, bool binary);

#endif
