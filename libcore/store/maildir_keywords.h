/*
 * maildir_keywords: which IMAP keyword each of the letters a to z in file names stands for: the file `dovecot-keywords` of
 * a folder, lines of "INDEX NAME" with INDEX 0 (the letter a) to 25, as Dovecot reads and writes it.
 */
#ifndef LM_STORE_MAILDIR_KEYWORDS_H
#define LM_STORE_MAILDIR_KEYWORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/fault.h"
#include "store/maildir.h"

enum {
	KEYWORDS_MAX = 26,
	KEYWORD_LEN_MAX = 255,
	KEYWORDS_FILE_MAX = 16 * 1024,
};

/* About 7 kB. */
struct keywords {
	char name[KEYWORDS_MAX][KEYWORD_LEN_MAX + 1]; /* "": the letter is free */
	bool changed;                                 /* there is something to save */
	/* The file that was read, to notice that another program changed it; ino 0: none was there. */
	uint64_t ino;
	int64_t mtime_ns, size;
	unsigned mode;
};

/* The n octets of such a file. FAULT_DATA with the line's number for a line that is none, an index or name that
 * comes twice, a name that is no IMAP keyword (an atom, RFC 9051 section 9: no "\" in front), with *k then empty. */
int keywords_parse(struct keywords *k, const char *p, size_t n, struct fault *f);
/* No file is no keywords. A malformed or too long one is FAULT_DATA and stays as it is. */
int keywords_load(struct keywords *k, const struct maildir *m, struct fault *f);
/* If changed: writes a new file, fsyncs it and renames it into place (mode of the old one, 0600 for a new one). FAULT_TEMP when another
 * program changed the file since, or holds Dovecot's lock on it (dovecot-keywords.lock, under two minutes old): load it again. */
int keywords_save(struct keywords *k, const struct maildir *m, struct fault *f);

/* The bit in maildir_name.flags; 0 if it has none. Names are compared without regard to ASCII case. */
uint32_t keywords_find(const struct keywords *k, const char *name);
/* The same, and gives it a free letter if it has none: 0 when all 26 are taken or it is no keyword. */
uint32_t keywords_add(struct keywords *k, const char *name);
/* The name of a bit (MAILDIR_LETTER and up); NULL when the letter stands for nothing. */
const char *keywords_name(const struct keywords *k, uint32_t bit);

#endif
