/* forward: choosing and carrying out a strategy. */
#include "app/forward.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/authorise.h"
#include "app/draft.h"
#include "app/send.h"

enum {
	URL_LIFETIME = 3600
}; /* s: long enough for a slow submission server, short enough to forget */

static const char *const names[] = {"auto", "catenate", "burl", "relay"};

const char *strategy_name(enum strategy s)
{
	return names[s];
}

int strategy_parse(const char *name, enum strategy *s)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0) {
			*s = (enum strategy)i;
			return 0;
		}
	return -1;
}

void forward_free(struct forwarding *w)
{
	composed_free(&w->message);
	url_free(&w->copy);
	free(w->rcpt);
	w->rcpt = NULL;
}

/* What a strategy lacks, or NULL. */
static const char *lacking(const struct forwarding *w, enum strategy s)
{
	const struct smtp_caps *caps = smtp_caps(w->smtp->smtp);

	if (s == STRATEGY_RELAY)
		return NULL;
	if (!imap_has(w->imap->imap, "URLAUTH"))
		return "URLAUTH at the IMAP server";
	if (!caps->burl || !caps->burl_imap)
		return "BURL imap at the submission server";
	if (s == STRATEGY_BURL && !caps->chunking)
		return "CHUNKING at the submission server";
	if (s == STRATEGY_CATENATE && !imap_has(w->imap->imap, "CATENATE"))
		return "CATENATE at the IMAP server";
	if (s == STRATEGY_CATENATE && !imap_has(w->imap->imap, "UIDPLUS") &&
	    !imap_has(w->imap->imap, "IMAP4rev2"))
		return "UIDPLUS at the IMAP server";
	return NULL;
}

int forward_choose(struct forwarding *w, struct fault *f)
{
	enum strategy s = w->account->copy_sent ? STRATEGY_CATENATE : STRATEGY_BURL;
	const char *lack;

	if (w->strategy != STRATEGY_AUTO) {
		lack = lacking(w, w->strategy);
		if (lack != NULL)
			return fault_set(f, FAULT_REFUSED, "strategy %s needs %s",
			    strategy_name(w->strategy), lack);
		tool_note(w->tool, "strategy %s, as asked for", strategy_name(w->strategy));
		return 0;
	}
	for (; s < STRATEGY_RELAY; s++) {
		lack = lacking(w, s);
		if (lack == NULL)
			break;
		tool_note(w->tool, "not %s: no %s", strategy_name(s), lack);
	}
	w->strategy = s;
	tool_note(w->tool, "strategy %s", strategy_name(s));
	return 0;
}

/* Is the k-th of list i in a list before it, or before it in its own? */
static bool is_listed(const struct addresses *const *lists, size_t i, size_t k)
{
	const char *spec = lists[i]->a[k].spec;
	struct addresses own = {.a = lists[i]->a, .n = k};

	for (size_t before = 0; before < i; before++)
		if (addresses_has(lists[before], spec))
			return true;
	return addresses_has(&own, spec);
}

static int list_recipients(struct forwarding *w, struct fault *f)
{
	const struct addresses *lists[] = {&w->what->to, &w->what->cc, &w->what->bcc};
	size_t n = lists[0]->n + lists[1]->n + lists[2]->n;

	w->rcpt = calloc(n > 0 ? n : 1, sizeof(*w->rcpt));
	if (w->rcpt == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < lists[i]->n; k++)
			if (!is_listed(lists, i, k))
				w->rcpt[w->nrcpt++].address = lists[i]->a[k].spec;
	return 0;
}

/* Octets that we do not see may be 8-bit whatever BODYSTRUCTURE says, so 8BITMIME is declared wherever it is offered. */
static enum smtp_body body_of(const struct forwarding *w)
{
	if (w->message.binary)
		return SMTP_BINARYMIME;
	if (w->message.eight || smtp_caps(w->smtp->smtp)->eightbitmime)
		return SMTP_8BITMIME;
	return SMTP_7BIT;
}

static int submit(struct forwarding *w, const struct assembly *a, struct imap_line *from,
    enum smtp_outcome *outcome, struct fault *f)
{
	struct smtp_envelope e = {.from = w->what->from.spec,
	    .body = body_of(w),
	    .smtputf8 = w->message.utf8,
	    .size = w->message.octets,
	    .rcpt = w->rcpt,
	    .nrcpt = w->nrcpt,
	    .all_or_none = w->all_or_none};
	int r = send_assembly(w->smtp, &e, a, from, outcome, w->reply, sizeof(w->reply), f);

	w->sent = r == 0 && *outcome == SMTP_SENT;
	return r;
}

static char *submit_access(const struct account *a)
{
	const char *user = line_user(a, &a->submit);
	struct buf b;

	buf_init(&b, 512);
	buf_puts(&b, "submit+");
	buf_puts(&b, user != NULL ? user : "");
	buf_putc(&b, '\0');
	return buf_steal(&b);
}

static int authorise_urls(
    struct forwarding *w, struct url *urls, char **text, size_t n, struct fault *f)
{
	char *access = submit_access(w->account);
	int r;

	if (access == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	r = authorise(w->tool, w->imap, urls, text, n, access, time(NULL) + URL_LIFETIME, f);
	free(access);
	return r;
}

static void free_urls(struct url *urls, size_t n)
{
	for (size_t i = 0; i < n; i++)
		url_free(&urls[i]);
	free(urls);
}

/* The URLs of the assembly, parsed; *n of them. NULL with the fault. */
static struct url *collect_urls(const struct assembly *a, size_t *n, struct fault *f)
{
	struct url *urls = calloc(a->n + 1, sizeof(*urls));

	*n = 0;
	if (urls == NULL) {
		fault_set(f, FAULT_TEMP, "out of memory");
		return NULL;
	}
	for (size_t i = 0; i < a->n; i++) {
		const char *name = a->piece[i].name;

		if (a->piece[i].kind != PIECE_URL)
			continue;
		if (url_parse(&urls[*n], name, strlen(name), f) == -1) {
			free_urls(urls, *n);
			return NULL;
		}
		++*n;
	}
	return urls;
}

/* Only what authorised_copy() made itself. */
static void free_copy(struct assembly *a)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->piece[i].kind == PIECE_URL)
			free(a->piece[i].name);
	free(a->piece);
}

/* The same assembly with authorised URLs; its texts are the original's. */
static int authorised_copy(struct forwarding *w, struct assembly *to, struct fault *f)
{
	const struct assembly *a = &w->message.assembly;
	size_t n, next = 0;
	struct url *urls = collect_urls(a, &n, f);
	char **text = calloc(a->n + 1, sizeof(*text));
	int r = -1;

	*to = (struct assembly){.fd = a->fd, .piece = calloc(a->n + 1, sizeof(*to->piece))};
	if (text == NULL || to->piece == NULL)
		fault_set(f, FAULT_TEMP, "out of memory");
	else if (urls != NULL)
		r = authorise_urls(w, urls, text, n, f);
	for (; r == 0 && to->n < a->n; to->n++) {
		to->piece[to->n] = a->piece[to->n];
		if (a->piece[to->n].kind == PIECE_URL)
			to->piece[to->n].name = text[next++];
	}
	if (urls != NULL)
		free_urls(urls, n);
	free(text);
	return r;
}

/* From the first draft to the last flag a signal waits, so that no draft is left behind. */
static void hold_signals(void)
{
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGINT);
	sigaddset(&s, SIGTERM);
	sigaddset(&s, SIGHUP);
	sigprocmask(SIG_BLOCK, &s, NULL);
}

/* Puts the message into the mailbox for sent mail. */
static int make_copy(struct forwarding *w, const char *const *flags, size_t nflags, struct fault *f)
{
	struct draft d = {.flag = flags,
	    .nflag = nflags,
	    .assembly = &w->message.assembly,
	    .message_id = w->message.message_id,
	    .unique = true};
	struct buf sent;
	int r;

	hold_signals();
	buf_init(&sent, URL_MAX);
	r = draft_special(w->imap, w->account->sent, "\\Sent", "Sent", &sent, f);
	d.mailbox = buf_str(&sent);
	if (r == 0)
		r = draft_make(w->tool, &w->imap, &d, &w->copy, f);
	buf_free(&sent);
	return r;
}

/* After the mail is away: the copy. */
static int keep_copy(struct forwarding *w, struct fault *f)
{
	static const char *const flags[] = {"\\Seen", "$Submitted"};

	if (!w->account->copy_sent || make_copy(w, flags, 2, f) == 0)
		return 0;
	return fault_while(f, "sent, but the copy could not be kept");
}

static int send_burl(struct forwarding *w, struct fault *f)
{
	struct assembly a;
	enum smtp_outcome outcome;
	int r = authorised_copy(w, &a, f);

	if (r == 0)
		r = submit(w, &a, NULL, &outcome, f);
	free_copy(&a);
	return r == 0 ? keep_copy(w, f) : -1;
}

static int send_relay(struct forwarding *w, struct fault *f)
{
	enum smtp_outcome outcome;

	if (submit(w, &w->message.assembly, w->imap, &outcome, f) == -1)
		return -1;
	return keep_copy(w, f);
}

/* The draft goes again; when that fails, its name is part of the message. */
static void take_back(struct forwarding *w, struct fault *f)
{
	struct fault why = {0};
	struct buf name;

	if (imap_alive(w->imap->imap) && draft_remove(w->imap, &w->copy, &why) == 0) {
		url_free(&w->copy);
		return;
	}
	if (!imap_alive(w->imap->imap)) { /* the line broke: once more over a new one */
		struct imap_line *again = imap_line_open(w->tool, w->account, false, &why);

		if (again != NULL) {
			imap_line_close(w->imap);
			w->imap = again;
			if (draft_remove(again, &w->copy, &why) == 0) {
				url_free(&w->copy);
				return;
			}
		}
	}
	buf_init(&name, URL_MAX);
	url_build(&name, &w->copy);
	fault_while(f, "the draft %s is left (%s)", buf_str(&name), why.msg);
	buf_free(&name);
}

/* The copy is no draft any more. */
static int settle_copy(struct forwarding *w, struct fault *f)
{
	static const char *const flags[] = {"\\Seen", "$Submitted"};

	if (draft_flag(w->imap, &w->copy, 1, DRAFT_SET, flags, 2, f) == -1)
		return fault_while(f, "sent, but the copy's flags could not be set");
	return 0;
}

/* No copy is wanted: it stood there only to be fetched. */
static int drop_copy(struct forwarding *w, struct fault *f)
{
	if (draft_remove(w->imap, &w->copy, f) == -1)
		return fault_while(f, "sent, but the draft could not be removed");
	url_free(&w->copy);
	return 0;
}

/* The message stands in Sent: authorise it, and let the submission server fetch it. */
static int submit_draft(struct forwarding *w, enum smtp_outcome *outcome, struct fault *f)
{
	struct url u = {0};
	struct assembly a = {.fd = -1};
	char *text = NULL;
	int r;

	*outcome = SMTP_NOT_SENT;
	if (url_copy(&u, &w->copy, f) == -1)
		return -1;
	r = authorise_urls(w, &u, &text, 1, f);
	if (r == 0)
		r = assembly_url(&a, text, w->message.octets, f);
	if (r == 0)
		r = submit(w, &a, NULL, outcome, f);
	free_copy(&a);
	free(text);
	url_free(&u);
	return r;
}

static int send_catenate(struct forwarding *w, struct fault *f)
{
	static const char *const flags[] = {"\\Seen", "\\Draft"};
	enum smtp_outcome outcome;
	int r;

	if (make_copy(w, flags, 2, f) == -1)
		return -1;
	r = submit_draft(w, &outcome, f);
	if (r == 0)
		return w->account->copy_sent ? settle_copy(w, f) : drop_copy(w, f);
	if (outcome == SMTP_UNKNOWN)
		fault_while(f, "the copy in %s is kept as a draft", w->copy.mailbox);
	else
		take_back(w, f);
	return -1;
}

int forward_send(struct forwarding *w, struct fault *f)
{
	if (list_recipients(w, f) == -1)
		return -1;
	switch (w->strategy) {
	case STRATEGY_CATENATE:
		return send_catenate(w, f);
	case STRATEGY_BURL:
		return send_burl(w, f);
	case STRATEGY_RELAY:
		return send_relay(w, f);
	default:
		return fault_set(f, FAULT_BUG, "no strategy");
	}
}

/* How many of the n URLs, from the first on, are in its mailbox. */
static size_t count_same(const struct url *u, size_t n)
{
	size_t i = 1;

	while (i < n && u[i].uidvalidity == u->uidvalidity && strcmp(u[i].mailbox, u->mailbox) == 0)
		i++;
	return i;
}

static int mark_some(struct forwarding *w, const struct url *u, size_t n, struct fault *f)
{
	static const char *const forwarded[] = {"$Forwarded"};

	if (imap_line_select(w->imap, u->mailbox, false, u->uidvalidity, f) == -1)
		return -1;
	if (!w->imap->mailbox.read_only && w->imap->mailbox.forwarded)
		return draft_flag(w->imap, u, n, DRAFT_ADD, forwarded, 1, f);
	tool_note(w->tool, "%s cannot keep $Forwarded", u->mailbox);
	return 0;
}

int forward_mark(struct forwarding *w, const struct url *urls, size_t n, struct fault *f)
{
	for (size_t i = 0, some; i < n; i += some) {
		some = count_same(&urls[i], n - i);
		if (mark_some(w, &urls[i], some, f) == -1)
			return -1;
	}
	return 0;
}
