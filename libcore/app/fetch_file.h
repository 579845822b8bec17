/*
 * fetch_file: attachments as files in one directory, under names that a stranger chose.
 *
 * Nothing is written outside the directory and nothing in it is overwritten. The octets go to a hidden file of ours (".lm-fetch-PID-N"), which is
 * fsynced and then renamed, so that a name stands for whole content, whenever we are stopped.
 *
 *     saver_open(&s, "photos", f);
 *     saver_begin(&s, &file, f); ... write to file.out ...
 *     file_name(name, part->name, ...);
 *     saver_finish(&s, &file, name, &path, f);
 */
#ifndef LM_APP_FETCH_FILE_H
#define LM_APP_FETCH_FILE_H

#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/fault.h"

enum {
	FILE_NAME_OCTETS = 200,     /* of a name, before a number is put into it; NAME_MAX is 255 */
	FILE_NUMBER_MAX = 10000000, /* of files that would have the same name */
};

/*
 * Makes a name of at most FILE_NAME_OCTETS octets that is safe: of `wanted` (UTF-8; NULL: none) the last component, be it parted by "/" or "\"; without leading dots and
 * blanks, and trailing ones; "_" for what is no UTF-8, a control or bidirectional control, and a "-" that begins it. When nothing is left: "part-SECTION" (SECTION may be "") with
 * an extension for the commonest types. Never empty, "." or "..", never with a "/".
 */
void file_name(char out[static FILE_NAME_OCTETS + 1], const char *wanted, const char *section,
    const char *type, const char *subtype);
/* Appends the k-th name (k > 1) for `name`: the number before the extension, "photo-2.jpg". */
void file_numbered(struct buf *out, const char *name, unsigned k);

enum { SAVER_SLOTS = 256 };

struct saver {
	int dir;
	const char *path;           /* as the person gave it; borrowed */
	unsigned next[SAVER_SLOTS]; /* by hash of the name: numbers below are taken */
	unsigned serial;
};

/* A file in the making. */
struct saved {
	FILE *out; /* NULL: none */
	char hidden[64];
};

/* The directory must be there. -1: FAULT_IO. */
int saver_open(struct saver *s, const char *path, struct fault *f);
void saver_close(struct saver *s);
/* A new hidden file, open for writing. -1: FAULT_IO. */
int saver_begin(struct saver *s, struct saved *file, struct fault *f);
/* Gives it its name, or, when that is taken, the next number that is free, and appends the path ("DIR/name") to `path`. It is on the disk then. -1: FAULT_IO;
 * then it has no name, unless all that failed was to sync the directory. */
int saver_finish(
    struct saver *s, struct saved *file, const char *name, struct buf *path, struct fault *f);
/* Removes it, if there is one. */
void saver_drop(struct saver *s, struct saved *file);

#endif
