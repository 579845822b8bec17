/*
 * fault: how every part of lm reports that something could not be done.
 *
 * A fault is a class and one line for a person. The class is the exit code of the program
 * (sysexits(3) numbers, lm(7) EXIT STATUS), the line says what was being done and what went wrong.
 * Functions that can fail take a `struct fault *` as their last argument, return -1 (or NULL) after
 * setting it, and leave it alone when they succeed. The caller owns the struct; nothing is allocated.
 */
#ifndef LM_BASE_FAULT_H
#define LM_BASE_FAULT_H

enum fault_class {
	FAULT_NONE = 0,
	FAULT_USAGE = 64, /* the command line is wrong */
	FAULT_DATA =
	    65, /* input is malformed, or a URL is stale (UIDVALIDITY changed, no such UID) */
	FAULT_NOINPUT = 66,  /* a local file cannot be read */
	FAULT_NOHOST = 68,   /* the host name does not resolve */
	FAULT_REFUSED = 69,  /* the server refuses for good, or lacks what is asked of it */
	FAULT_BUG = 70,      /* lm itself is wrong */
	FAULT_IO = 74,       /* local input or output failed */
	FAULT_TEMP = 75,     /* try again later: network trouble, 4yz replies, a lost race */
	FAULT_PROTOCOL = 76, /* the server broke the protocol or a limit */
	FAULT_AUTH = 77,     /* authentication failed, or a certificate was not accepted */
	FAULT_CONFIG = 78,   /* the configuration is wrong */
};

enum { FAULT_MSG_MAX = 1024 };

/* msg is always NUL-terminated, one line, printable (server text is made safe with vis(3)). */
struct fault {
	enum fault_class cls;
	char msg[FAULT_MSG_MAX];
};

/* Sets class and message (cut at FAULT_MSG_MAX). Control characters and octets that are not valid
 * UTF-8 in the result are shown as vis(3) escapes, so foreign text may be passed. Returns -1. */
int fault_set(struct fault *f, enum fault_class cls, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, followed by ": " and strerror(errno). Returns -1. */
int fault_errno(struct fault *f, enum fault_class cls, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "WHAT: " before the message of a fault that is already set: what was being done when it
 * happened. The class stays. A WHAT that would leave the message no room is cut, to no less than half of it all. Returns -1. */
int fault_while(struct fault *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
