/*
 * lean_peer: a scripted server that has one message, and a folder for it, shared by the unit tests of lean.
 */
#ifndef LM_TESTS_LEAN_PEER_H
#define LM_TESTS_LEAN_PEER_H

#include <signal.h>

#include "app/lean.h"
#include "imap_peer.h"
#include "maildir_dir.h"

enum { SCRIPT_MAX = 1024 * 1024 };

static struct talk t;
static struct imap_line line;
static struct maildir folder;
static struct delivery d;
static unsigned left;
static int result;
static char text[64 * 1024];
static char script[SCRIPT_MAX];

/* The URL of the message, in a mailbox. */
static inline struct url url_of(const char *mailbox)
{
	static char name[2000], user[] = "alice", host[] = "mail.example.org";

	snprintf(name, sizeof(name), "%s", mailbox);
	return (struct url){.user = user,
	    .host = host,
	    .absolute_path = true,
	    .mailbox = name,
	    .uidvalidity = 5,
	    .uid = 7};
}

/* Literals: <<octets>> becomes {n} and the octets, where | counts as two. */
static inline void write_script(const char *s)
{
	size_t n = (size_t)snprintf(script, sizeof(script), "%s", PEER_IN(""));

	while (*s != '\0' && n < sizeof(script) - 32) {
		const char *end = strncmp(s, "<<", 2) == 0 ? strstr(s, ">>") : NULL;
		size_t octets = 0;

		for (const char *p = s + 2; end != NULL && p < end; p++)
			octets += *p == '|' ? 2 : 1;
		if (end != NULL) {
			n += (size_t)snprintf(script + n, sizeof(script) - n, "{%zu}|%.*s", octets,
			    (int)(end - s - 2), s + 2);
			s = end + 2;
		} else {
			script[n++] = *s++;
		}
	}
	script[n] = '\0';
}

/* `dialogue` goes on where the session is logged in. */
static inline void open_line(const char *dialogue)
{
	write_script(dialogue);
	t = (struct talk){0};
	if (!unit_check(talk_open(&t, script) != NULL, __FILE__, __LINE__, t.f.msg))
		abort();
	line = (struct imap_line){.imap = t.s};
	CHECK_INT(delivery_begin(&d, &folder, DELIVERY_DIGEST, &fault), 0);
	fault = (struct fault){0};
	left = 99;
}

/* The file, if there is one. The line has to stand, or not. */
static inline const char *finish(bool alive)
{
	text[0] = '\0';
	if (result == 0) {
		CHECK_INT(delivery_finish(&d, "file", false, 1, &fault), 0);
		CHECK_INT(delivery_commit(&d, 1, &fault), 0);
		snprintf(text, sizeof(text), "%s", dir_read("box/cur/file"));
		CHECK(unlinkat(folder.cur, "file", 0) == 0);
	} else {
		delivery_abort(&d);
	}
	CHECK_INT(dir_count("box/tmp"), 0);
	CHECK(imap_alive(t.s) == alive);
	talk_close(&t);
	return text;
}

static inline const char *fetch_in(const char *mailbox, uint64_t max, const char *dialogue)
{
	struct url u = url_of(mailbox);

	open_line(dialogue);
	result = lean_fetch(&line, &u, max, &d, &left, &fault);
	if (result == -1)
		printf("# %s\n", fault.msg);
	return finish(true);
}

static inline const char *fetch(uint64_t max, const char *dialogue)
{
	return fetch_in("INBOX", max, dialogue);
}

/* ---- what the server says */

#define ASK "< a1 UID FETCH 7 (UID RFC822.SIZE BODYSTRUCTURE BODY.PEEK[HEADER])\n"
#define ANSWER_OF(size, structure, header)                                 \
	"- * 1 FETCH (UID 7 RFC822.SIZE " size " BODYSTRUCTURE " structure \
	" BODY[HEADER] <<" header ">>)|a1 OK|\n"
#define ANSWER(structure, header) ANSWER_OF("100000", structure, header)
#define WANT(tag, section)        "< a" tag " UID FETCH 7 (BODY.PEEK[" section "])\n"
#define GIVE(tag, section, octets) \
	"- * 1 FETCH (UID 7 BODY[" section "] <<" octets ">>)|a" tag " OK|\n"

#define HEADER_MIXED                                                             \
	"From: a@example.org|Subject: x|Content-Length: 9999|MIME-Version: 1.0|" \
	"Content-Type: multipart/mixed;| boundary=\"=_out\"||"
#define PLAIN(octets)   "(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" " octets " 1)"
#define IMAGE(octets)   "(\"IMAGE\" \"JPEG\" (\"NAME\" \"a.jpg\") NIL NIL \"BASE64\" " octets ")"
#define MULTI(b, parts) "(" parts " \"MIXED\" (\"BOUNDARY\" \"" b "\"))"

/* What stands in the place of a part. */
#define EXTERNAL(section, size)                                   \
	"Content-Type: message/external-body; access-type=URL;\n" \
	"\tURL=\"imap://alice@mail.example.org/INBOX;UIDV\n"      \
	"\t ALIDITY=5/;UID=7/;SECTION=" section "\";\n\tsize=" size "\n\n"
#define HEAD_OUT                                                           \
	"X-Lm-Lean: 1\nFrom: a@example.org\nSubject: x\nMIME-Version: 1.0" \
	"\nContent-Type: multipart/mixed;\n boundary=\"=_out\"\n\n"

/* The identifier is the SHA-256 of the URL. */
static inline void check_opaque(const char *file)
{
	CHECK_INT(result, 0);
	CHECK_INT(left, 1);
	CHECK_STR(file,
	    "X-Lm-Lean: 1\nFrom: a@example.org\nSubject: x\nMIME-Version: 1.0\n" EXTERNAL("TEXT",
		"99873") "Content-Type: multipart/mixed;\n boundary=\"=_out\"\n"
			 "Content-ID: <819812890dbc1d66870d6c05377df62d@mail.example.org>\n\n");
}

#endif
