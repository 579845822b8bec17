/*
 * folder: mailboxes as directories below the root of an account's mail.
 *
 * Layouts: FOLDER_FS has a/b/c as directories (INBOX is the directory INBOX); FOLDER_MAILDIRPP has INBOX as the root itself ("."), and all others as
 * directories .a.b.c in it (Maildir++).
 *
 * Every mailbox name has exactly one path, and that path gives the name back. Octets that a component must not have are written %XX: "%", "/", characters
 * that utf8_is_unsafe() names (controls, bidi), octets that are not UTF-8, a "." that stands first (FS) or anywhere (MAILDIR++), and the first letter of
 * cur, new and tmp (FS). An empty component is "%". So a path has no "..", and does not leave the root.
 */
#ifndef LM_STORE_FOLDER_H
#define LM_STORE_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/fault.h"
#include "store/maildir.h"

enum folder_layout { FOLDER_FS, FOLDER_MAILDIRPP };

enum {
	FOLDER_COMPONENT_MAX = MAILDIR_NAME_MAX, /* octets of a directory's name */
	FOLDER_PATH_MAX = 4095,                  /* of a whole path */
	FOLDER_DEPTH_MAX = 32,                   /* components */
};

/* Appends the path of the mailbox `name` (UTF-8; INBOX in any case). delimiter: of the mailbox's hierarchy, 0 for none. 0, or -1 (FAULT_DATA: a limit, an empty name) with nothing
 * appended. */
int folder_path(
    enum folder_layout layout, const char *name, char delimiter, struct buf *out, struct fault *f);
/* The inverse. FAULT_DATA with nothing appended for a path that folder_path() does not make: it is no mailbox of ours. */
int folder_name(
    enum folder_layout layout, const char *path, char delimiter, struct buf *out, struct fault *f);

/*
 * Walking: the path of every directory below the root that has cur, new and tmp (for MAILDIR++ also the root), parents
 * before children. Hidden directories (FS), symbolic links and what is deeper than FOLDER_DEPTH_MAX are skipped. One
 * descriptor a level; constant memory.
 */
struct folder_walk {
	enum folder_layout layout;
	int root; /* borrowed */
	bool begun;
	size_t depth;                     /* open directories */
	void *dir[FOLDER_DEPTH_MAX + 1];  /* DIR * */
	size_t len[FOLDER_DEPTH_MAX + 1]; /* of the path of each */
	uint64_t skipped;                 /* directories too deep, too long or not readable */
	char path[FOLDER_PATH_MAX + 1];
};
void folder_walk_begin(struct folder_walk *w, enum folder_layout layout, int root);
/* 1 with the path in w->path, 0 at the end, -1. */
int folder_walk_next(struct folder_walk *w, struct fault *f);
void folder_walk_end(struct folder_walk *w);

/* Makes the folder and its parents as maildir_open(create) does, with the file `maildirfolder` in it where Maildir++ wants it. */
int folder_create(
    int root, enum folder_layout layout, const char *path, struct maildir *m, struct fault *f);
/*
 * Removes the folder if nothing would be lost: 1: it is gone (or was not there). 0: it stays, as it was: a message or any file is in it that neither we nor
 * Dovecot's indexes made. -1. Where it has children (FS) its own cur, new and tmp go and the directory stays; parents that are
 * empty and no folders go with it. The root itself is never removed (0). Fsynced.
 */
int folder_remove(int root, enum folder_layout layout, const char *path, struct fault *f);
/* Renames a folder and all below it; parents are made. 1; 0 when `from` is not there; -1 (FAULT_DATA when `to` is
 * there, or lies in `from`, or one of them is INBOX of MAILDIR++). When it was interrupted, calling it again goes on. Fsynced. */
int folder_rename(
    int root, enum folder_layout layout, const char *from, const char *to, struct fault *f);

#endif
