/*
 * What the files behind config.h share: the accounts as they are read, and the table of keywords.
 */
#ifndef LM_CONF_CONFIG_IMPL_H
#define LM_CONF_CONFIG_IMPL_H

#include "base/buf.h"
#include "conf/config.h"

enum {
	CONFIG_ACCOUNTS_MAX = 1000,
	CONFIG_NAME_MAX = 64,   /* octets of an account's name */
	CONFIG_FILES_MAX = 256, /* that one configuration may consist of */
	CONFIG_KEYWORDS_MAX = 64,
};

/* The strings of all accounts. They live until the pool is freed, so that an override leaves those alone that were
 * handed out before. Freed strings are wiped. */
struct pool {
	char **strings;
	size_t n;
};

/* Takes `s` over. Returns it, or NULL (FAULT_TEMP; `s` is freed) also when it is NULL. */
char *pool_keep(struct pool *p, char *s, struct fault *f);
void pool_free(struct pool *p);

struct keyword {
	const char *name;
	/* Sets the field from a value without control characters, not empty. -1: FAULT_CONFIG without a place, or FAULT_TEMP. */
	int (*set)(struct pool *p, void *field, const char *value, struct fault *f);
	size_t offset; /* of the field in struct account */
	bool secret;   /* not on a command line, and in no file that others can read */
};

/* The k-th keyword or NULL. */
const struct keyword *keyword_nth(size_t k);
/* The keyword of this name, in any case of letters; its number in *k. NULL: there is none. */
const struct keyword *keyword_find(const char *name, size_t *k);
int keyword_apply(
    const struct keyword *w, struct pool *p, struct account *a, const char *value, struct fault *f);

/* An account and which keywords (by their numbers) it has been given. */
struct block {
	struct account account;
	bool given[CONFIG_KEYWORDS_MAX];
};

struct config {
	struct block *blocks;
	size_t n;
	struct block *current; /* whose lines are being read; NULL: those for all */
	const char *defaults[CONFIG_KEYWORDS_MAX];
	struct pool pool;
	unsigned files; /* read so far */
};

struct source {
	const char *name; /* path as people know it */
	bool shared;      /* group or others can read it */
	unsigned depth;   /* of includes */
};

/* Reads the text of one file; `text` is changed. Nothing of it is final before config_settle(). */
int config_parse(struct config *c, const struct source *from, struct buf *text, struct fault *f);
/* Opens, reads and parses. */
int config_read(struct config *c, const char *path, unsigned depth, struct fault *f);
/* Gives each account the defaults that it did not set itself. */
int config_settle(struct config *c, struct fault *f);

/* Values. FAULT_CONFIG without a place. */
int server_parse(struct pool *p, struct server *s, const char *url, bool submit, struct fault *f);
/* host or host:port, IPv6 in brackets. *port is 0 when there is none; *host is the pool's, without brackets. */
int authority_parse(
    struct pool *p, const char *text, size_t n, char **host, uint16_t *port, struct fault *f);
/* mailbox of RFC 5322 section 3.4 without comments. *spec and *n: where its addr-spec stands. */
int mailbox_check(const char *text, const char **spec, size_t *n, struct fault *f);

#endif
