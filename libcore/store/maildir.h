/*
 * maildir: one Maildir folder: file names, the folder, what is in it, and changes of names.
 * Deliveries are in store/maildir_delivery.h, reading in store/maildir_upload.h, keywords in
 * store/maildir_keywords.h, folders in store/folder.h.
 *
 * https://cr.yp.to/proto/maildir.html, with `,U=UID` in the name as mbsync and Dovecot's migration tools write it. Nothing is opened
 * by a path made of foreign text: a folder is four directory descriptors, and a symbolic link is never followed.
 */
#ifndef LM_STORE_MAILDIR_H
#define LM_STORE_MAILDIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/fault.h"

enum { MAILDIR_NAME_MAX = 255 }; /* octets of a file name, as NAME_MAX */

/*
 * File names: BASE or BASE:2,FLAGS.
 */

/* Flags are a mask: these, and the keyword letters a to z as bits 6 to 31 (store/maildir_keywords.h). */
enum {
	MAILDIR_DRAFT = 1 << 0,   /* D */
	MAILDIR_FLAGGED = 1 << 1, /* F */
	MAILDIR_PASSED = 1 << 2,  /* P: $Forwarded */
	MAILDIR_REPLIED = 1 << 3, /* R */
	MAILDIR_SEEN = 1 << 4,    /* S */
	MAILDIR_TRASHED = 1 << 5, /* T */
	MAILDIR_SYSTEM = (1 << 6) - 1,
	MAILDIR_LETTER = 6, /* the bit of the letter a */
};

struct maildir_name {
	char base[MAILDIR_NAME_MAX + 1]; /* up to ":2,", or all of it; `,U=` included */
	uint32_t uid;                    /* of `,U=`; 0: none */
	uint32_t flags;
	/* Other flags as they stood, and from a second comma on everything: kept by maildir_name_build(). */
	char other[MAILDIR_NAME_MAX + 1];
};

/* 0, or -1 for what is no message: empty, begins with ".", has "/", is longer than MAILDIR_NAME_MAX. */
int maildir_name_parse(const char *name, struct maildir_name *out);
/* Writes BASE:2,FLAGS with the flags in ASCII order, or only BASE for a file in new/ that has no flags. 0, or -1
 * when it is longer than MAILDIR_NAME_MAX or does not fit into n octets, or the base is none. */
int maildir_name_build(char *out, size_t n, const struct maildir_name *name, bool in_new);

/*
 * The base of a message of ours: SECONDS.OWNER_UID.HOST,U=UID, where OWNER is 16 hexadecimal digits that stand for
 * account, mailbox and UIDVALIDITY: who finds the file again knows whose it is. The same arguments give the same base.
 * Host: "/" and ":" as \057 and \072, likewise comma, backslash, controls and octets beyond ASCII; cut at MAILDIR_HOST_MAX.
 * 0, or -1 when it does not fit into n octets (MAILDIR_BASE_MAX + 1 is always enough) or uid is 0.
 */
enum { MAILDIR_HOST_MAX = 64, MAILDIR_BASE_MAX = 160 };
int maildir_base(
    char *out, size_t n, int64_t seconds, uint64_t owner, uint32_t uid, const char *host);
/* True with both set when `base` is one of those, its two UIDs agree, and nothing but fields like `,S=1` was added. */
bool maildir_base_owner(const char *base, uint64_t *owner, uint32_t *uid);

/*
 * The folder.
 */

struct maildir {
	int fd, cur, new, tmp; /* directories; -1 when closed */
	char *path;            /* as it was given, for messages; owned */
};

/*
 * Opens the folder `path` (components joined by "/"; "." is dirfd itself) below the directory dirfd; the caller closes it.
 * With `create`, what is missing of it and of its parents is made (0700) and fsynced. 0, or -1 with *m closed:
 *   FAULT_NOINPUT  it is not there (and nothing else is meant by that class here)
 *   FAULT_DATA     it is there, but cur, new or tmp is not; or one of them or of the path is no directory (a symbolic link); or a component is ".." or empty
 *   FAULT_IO       all else (no permission, too many open files)
 */
int maildir_open(int dirfd, const char *path, bool create, struct maildir *m, struct fault *f);
/* Does nothing to one that is closed (or was set to MAILDIR_CLOSED). */
void maildir_close(struct maildir *m);
#define MAILDIR_CLOSED ((struct maildir){-1, -1, -1, -1, NULL})

/*
 * What tells whether anything changed in a folder since it was last read: for cur and new, the later of mtime and ctime (a
 * restored mtime does not hide a change), and which directory it was.
 *
 * The order that is safe: now = maildir_now(); maildir_stamp(); then scan. If the stamp is settled, and the same next time, no
 * name came, went or changed in between. If it is not, the directory changed so lately that a change after the scan might leave the same
 * time: do not store it as one to be trusted.
 */
struct maildir_stamp {
	int64_t cur_ns, new_ns; /* nanoseconds since 1970 */
	uint64_t dev, ino;      /* of the folder */
};
int64_t maildir_now(void); /* CLOCK_REALTIME in nanoseconds */
int maildir_stamp(const struct maildir *m, struct maildir_stamp *out, struct fault *f);
bool maildir_stamp_same(const struct maildir_stamp *a, const struct maildir_stamp *b);
/* A clock granule (10 ms; 2 s where the file system keeps whole seconds) has passed since the last change, at now_ns. False as well for times in the future. */
bool maildir_stamp_settled(const struct maildir_stamp *s, int64_t now_ns);

/*
 * Scanning: each message in new, then each in cur, in no order, in constant memory. new comes first, so that one that is moved to cur meanwhile
 * is seen, perhaps twice. A message that is renamed in cur meanwhile may be missed: before one counts as
 * gone, see that the stamp is still that from before the scan, or ask maildir_find().
 */
struct maildir_scan {
	const struct maildir *m; /* borrowed */
	void *dir;               /* DIR * of the one being read */
	bool in_new;
	uint64_t foreign; /* skipped so far: directories, links, dot files, names that are none */
};
struct maildir_entry {
	const char *file; /* valid until the next call */
	bool in_new;
	struct maildir_name name;
};
int maildir_scan_begin(struct maildir_scan *s, const struct maildir *m, struct fault *f);
/* 1 with an entry, 0 at the end, -1. */
int maildir_scan_next(struct maildir_scan *s, struct maildir_entry *e, struct fault *f);
void maildir_scan_end(struct maildir_scan *s);

/*
 * Changes. They take file names, not paths (FAULT_DATA for "/", a leading "." or an empty name). 1: done; 0: no
 * file of that name is there any more (its flags were changed: maildir_find()); -1. Nothing is ever replaced:
 * where another file has the name, that is FAULT_DATA. They are durable after maildir_sync().
 */
int maildir_rename(const struct maildir *m, bool from_in_new, const char *from, bool to_in_new,
    const char *to, struct fault *f);
int maildir_remove(const struct maildir *m, bool in_new, const char *file, struct fault *f);
/* From one folder to another on the same file system. Sync `to` before `from`. */
int maildir_move(const struct maildir *from, bool from_in_new, const char *file,
    const struct maildir *to, bool to_in_new, const char *to_file, struct fault *f);
/* The file that has the base now, whatever its flags: 1 with both set, 0, or -1. Reads the whole folder. */
int maildir_find(const struct maildir *m, const char *base, char file[static MAILDIR_NAME_MAX + 1],
    bool *in_new, struct fault *f);
/* fsync of cur and new. */
int maildir_sync(const struct maildir *m, struct fault *f);

/* Removes from tmp what deliveries of ours left there: of processes of this host that are no more, and of any when
 * it is older than `age` seconds (MAILDIR_TMP_AGE). Files that others made are left alone. Returns how many. */
enum { MAILDIR_TMP_AGE = 36 * 3600 };
size_t maildir_clean_tmp(const struct maildir *m, time_t age);

#endif
