/*
 * maildir_upload: a message of a Maildir folder as it goes to a server: read once for its size, digest and
 * Message-ID, and once more, if it is sent and has not CRLF line ends already, to be written with them.
 *
 *	upload_open(&u, m, in_new, file, f)         1
 *	u.plain:  imap_literal_fd(c, u.fd, 0, u.size, false)
 *	else:     spool = upload_spool(m, f)        one for many messages
 *	          upload_write(&u, spool, offset, f)
 *	          imap_literal_fd(c, spool, offset, u.size, false)
 *	upload_close(&u)                            at once, if it is not plain
 */
#ifndef LM_STORE_MAILDIR_UPLOAD_H
#define LM_STORE_MAILDIR_UPLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/digest.h"
#include "base/fault.h"
#include "store/maildir.h"

enum {
	UPLOAD_HEADER_MAX = 64 * 1024, /* how far Message-ID is looked for */
	UPLOAD_MESSAGE_ID_MAX = 996,   /* octets; a longer one counts as none */
};

struct upload_file {
	int fd;
	uint64_t size;   /* octets with CRLF line ends: of the literal */
	uint64_t octets; /* of the file */
	time_t mtime;
	bool plain;                       /* every LF has its CR: the file can be sent as it is */
	bool has_nul;                     /* only a literal8 can carry it (RFC 3516) */
	unsigned char sha256[DIGEST_LEN]; /* store/maildir_lines.h */
	char message_id[UPLOAD_MESSAGE_ID_MAX +
	    1]; /* unfolded, trimmed, as it stands with its <>; "" if there is none */
	char name[MAILDIR_NAME_MAX + 1]; /* for messages */
};

/* 1: open, and read through once; 0: no file of that name is there (any more); -1 (FAULT_IO, also for what is no regular file). */
int upload_open(
    struct upload_file *u, const struct maildir *m, bool in_new, const char *file, struct fault *f);
/* Idempotent after upload_open(), whatever it returned. */
void upload_close(struct upload_file *u);
/* A temporary file without a name on the file system of m (O_TMPFILE, or made in tmp and unlinked); the caller closes it. -1 on failure. */
int upload_spool(const struct maildir *m, struct fault *f);
/* Writes the message with CRLF line ends to `to`, u->size octets from `offset` on. FAULT_TEMP when the file is not what it was at upload_open(). */
int upload_write(const struct upload_file *u, int to, off_t offset, struct fault *f);

#endif
