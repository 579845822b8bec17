/*
 * config: accounts as lm.conf(5) writes them, and the command line's `-o keyword=value` on top.
 */
#ifndef LM_CONF_CONFIG_H
#define LM_CONF_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

enum {
	CONFIG_LINE_MAX = 8192,
	CONFIG_FILE_MAX = 1024 * 1024,
	CONFIG_INCLUDE_DEPTH = 8,
};

enum config_security { CONFIG_TLS, CONFIG_STARTTLS };
enum { CONFIG_LOCAL = 1, CONFIG_REMOTE = 2 };
enum config_layout { CONFIG_FS, CONFIG_MAILDIRPP };

/* One server: what a URL such as imaps://alice@mail.example.org:993 says. */
struct server {
	bool set;
	char *user;    /* decoded; NULL: not given */
	char *host;    /* name, or address without brackets */
	uint16_t port; /* the scheme's default when not given: 993, 143, 465, 587 */
	enum config_security security;
};

/* Everything known of one account. Strings are owned by the config; NULL: not set. */
struct account {
	const char *name;
	struct server imap, submit;
	char *user; /* overrides the URLs' user */
	char *from; /* mailbox of RFC 5322: "Alice Liddell <alice@example.org>" */
	char *pass_command, *oauth_command;
	char *password;    /* `password` keyword: only in a file that others cannot read */
	char *auth;        /* mechanisms, blanks between */
	bool tls_insecure; /* `tls insecure`: STARTTLS is not demanded, plaintext is fine */
	char *tls_ca, *tls_fingerprint; /* for both servers; */
	char *submit_tls_fingerprint;   /* else the submission server's own */
	char *tunnel, *submit_tunnel;
	char *url_authority; /* host or host:port */
	char *maildir;
	char *sent, *drafts, *trash; /* UTF-8 mailbox names; NULL: the server's SPECIAL-USE */
	char *helo;                  /* EHLO argument; NULL: derived */
	bool compress;               /* `compress yes` (default) or no */
	bool copy_sent;              /* `sent-copy yes` (default) or no */
	int timeout;                 /* seconds without progress; default 60 */
	/* lm-sync(1), lm-idle(1): */
	char *mailboxes; /* patterns, blanks between, "!" before those left out; NULL: all */
	unsigned create, expunge; /* CONFIG_LOCAL | CONFIG_REMOTE: where; default both */
	bool
	    fsync; /* `fsync yes` (default) or no: what is written is on the disk when it is said to be there */
	bool archive; /* `archive no` (default): yes never deletes a message */
	long window;  /* seconds: only mail younger than that; 0: all */
	enum config_layout layout;
	uint64_t max_size; /* octets; larger messages arrive without their big parts; 0: no limit */
	bool oldest_first; /* `order newest` (default) or oldest */
	int idle_connections; /* without NOTIFY; default 4 */
	/* keywords that other programs bring are added here, one line each, and in the table in config_keyword.c */
};

struct config;

/* Reads `path`; NULL: $XDG_CONFIG_HOME/lm/config, else ~/.config/lm/config; that default file may be missing. `include FILE` is relative to the
 * including file, "~/" is the home directory. NULL with FAULT_CONFIG "file:line: what" for an unknown keyword, a bad value, a keyword twice in one
 * account, an account twice, a file with a `password` that group or others can read; FAULT_NOINPUT for a file that cannot be opened. */
struct config *config_load(const char *path, struct fault *f);
void config_free(struct config *c); /* wipes passwords */

/* "keyword=value" from the command line, for every account asked for afterwards. Keywords and checks as in the file,
 * but no `password`, which others could read there; FAULT_USAGE. What was handed out before keeps its strings. */
int config_override(struct config *c, const char *option, struct fault *f);

/* The account called `name`; NULL with FAULT_CONFIG (the message lists the names that there are). Valid until config_free(). */
const struct account *config_account(struct config *c, const char *name, struct fault *f);
/* The k-th account in the file's order, or NULL. */
const struct account *config_nth(struct config *c, size_t k);
/* The account whose `from` address (addr-spec, domain without regard to case) is `address`; NULL when there is none. */
const struct account *config_by_address(struct config *c, const char *address);
/* The account whose imap server is this host, port (0: any) and user (NULL: any); NULL when there is none, or more than one that differ. Also matches
 * the account's url-authority. */
const struct account *config_by_server(
    struct config *c, const char *host, uint16_t port, const char *user);

#endif
