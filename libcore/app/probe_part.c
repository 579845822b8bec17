/* probe_part: parts of messages: CATENATE (RFC 4469), URLAUTH (RFC 4467), BINARY (RFC 3516),
 * CONVERT (RFC 5259). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/locate.h"
#include "app/probe_impl.h"
#include "imap/url.h"

/* The URL of a part of the sample message, without a server. Its strings are p's and the caller's:
 * not to be freed. */
static struct url part_url(struct probe *p, char *section)
{
	return (struct url){.absolute_path = true,
	    .mailbox = p->mailbox,
	    .uidvalidity = p->uidvalidity,
	    .uid = p->uid,
	    .section = section};
}

/* ---- CATENATE */

static const char catenate_head[] = "Subject: catenate\r\n"
				    "MIME-Version: 1.0\r\n"
				    "Content-Transfer-Encoding: base64\r\n\r\n";
static const char catenate_tail[] = "AAAA\r\n";

static int catenate(struct probe *p, uint32_t *uid, struct fault *f)
{
	char section[] = "2";
	struct url u = part_url(p, section);
	struct imap_cmd c;
	struct buf url;

	buf_init(&url, URL_MAX);
	url_build_relative(&url, &u);
	imap_cmd_init(&c, p->line->imap, "APPEND");
	imap_mailbox(&c, p->mailbox);
	imap_atom(&c, "CATENATE");
	imap_list(&c);
	imap_atom(&c, "TEXT");
	imap_literal(&c, catenate_head, strlen(catenate_head), false);
	imap_atom(&c, "URL");
	imap_astring(&c, buf_str(&url), url.len);
	imap_atom(&c, "TEXT");
	imap_literal(&c, catenate_tail, strlen(catenate_tail), false);
	imap_list_end(&c);
	buf_free(&url);
	return probe_append_run(p, &c, uid, f);
}

int probe_catenate(struct probe *p, struct fault *f)
{
	struct buf got, want;
	uint32_t uid;
	int r = -1;

	buf_init(&got, PROBE_DATA_MAX);
	buf_init(&want, PROBE_DATA_MAX);
	buf_puts(&want, catenate_head);
	buf_put(&want, p->encoded.data, p->encoded.len);
	buf_puts(&want, catenate_tail);
	if (catenate(p, &uid, f) == 0 && probe_fetch(p->line, uid, "BODY.PEEK", "", &got, f) == 0)
		r = probe_same("what CATENATE assembled", &got, want.data, want.len, f);
	probe_detail(p, "%zu octets of TEXT, URL and TEXT compared", want.len);
	buf_free(&got);
	buf_free(&want);
	return r;
}

/* ---- URLAUTH */

/* Authorises `rump`; the URL is appended to `out`. */
static int genurlauth(struct probe *p, const struct buf *rump, struct buf *out, struct fault *f)
{
	struct imap_cmd c;
	struct event ev;
	int r;

	imap_cmd_init(&c, p->line->imap, "GENURLAUTH");
	imap_astring(&c, rump->data, rump->len);
	imap_atom(&c, "INTERNAL");

	uint32_t tag = imap_send(p->line->imap, &c, f);
	if (tag == 0)
		return -1;
	while ((r = imap_until(p->line->imap, tag, &ev, f)) == 1)
		if (ev.kind == EV_GENURLAUTH && ev.args != NULL)
			buf_put(out, ev.args->s, ev.args->len);
	if (r == 0 && (out->len <= rump->len || memcmp(out->data, rump->data, rump->len) != 0))
		return probe_wrong(f, "GENURLAUTH: the URL does not begin with the one asked for");
	return r;
}

static int urlfetch(struct probe *p, const char *url, size_t n, struct buf *got, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, p->line->imap, "URLFETCH");
	imap_astring(&c, url, n);
	return probe_octets(p->line, &c, got, f);
}

/* With its last digit changed the URL must give nothing: NIL, or a refusal. */
static int forged(struct probe *p, struct buf *url, struct fault *f)
{
	struct buf got;
	int r;

	buf_init(&got, PROBE_DATA_MAX);
	url->data[url->len - 1] = url->data[url->len - 1] == '0' ? '1' : '0';
	r = urlfetch(p, url->data, url->len, &got, f);
	if (r == -1 && imap_alive(p->line->imap))
		r = 0;
	else if (r == 0 && got.len > 0)
		r = probe_wrong(f, "URLFETCH: a forged URL gives %zu octets", got.len);
	buf_free(&got);
	return r;
}

static int authorise(struct probe *p, const struct buf *rump, struct fault *f)
{
	struct buf url, got;
	int r = -1;

	buf_init(&url, URL_MAX);
	buf_init(&got, PROBE_DATA_MAX);
	if (genurlauth(p, rump, &url, f) == 0 && urlfetch(p, url.data, url.len, &got, f) == 0)
		r = probe_same("URLFETCH", &got, p->plain.data, p->plain.len, f);
	if (r == 0)
		r = forged(p, &url, f);
	buf_free(&url);
	buf_free(&got);
	return r;
}

/* The URL of part 1 for this user alone, with the server's own name for itself. */
static int build_rump(struct probe *p, struct buf *rump, const char **how, struct fault *f)
{
	const struct account *a = p->given->account;
	const char *user = line_user(a, &a->imap);
	char section[] = "1", access[PROBE_NAME_MAX];
	struct url u = part_url(p, section), server = {0};
	struct tool t = *p->tool;

	if (user == NULL)
		return probe_wrong(f, "the account names no user, and a URL has to");
	if (locate_authority(&t, a, true, &server, how, f) == -1)
		return -1;
	snprintf(access, sizeof(access), "user+%s", user);
	u.host = server.host;
	u.port = server.port;
	u.access = access;
	u.user = strdup(user);
	if (u.user == NULL)
		fault_set(f, FAULT_TEMP, "out of memory");
	else
		url_build_rump(rump, &u);
	free(u.user);
	url_free(&server);
	if (buf_failed(rump))
		fault_set(f, FAULT_DATA, "the URL is too long");
	return rump->len > 0 ? 0 : -1;
}

int probe_urlauth(struct probe *p, struct fault *f)
{
	struct buf rump;
	const char *how = "";
	int r = -1;

	buf_init(&rump, URL_MAX);
	if (build_rump(p, &rump, &how, f) == 0 && authorise(p, &rump, f) == 0)
		r = probe_detail(p, "GENURLAUTH, URLFETCH compared, a forged one refused");
	else if (f->cls == FAULT_REFUSED || f->cls == FAULT_DATA)
		fault_set(f, f->cls, "%s (the URL's server is %s)", f->msg, how);
	buf_free(&rump);
	return r;
}

/* ---- BINARY */

/* A part with every octet, NUL too, as it is. */
static int append_binary(struct probe *p, uint32_t *uid, struct fault *f)
{
	struct imap_cmd c;
	struct buf message;

	buf_init(&message, PROBE_DATA_MAX);
	buf_puts(&message,
	    "Subject: binary\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: application/octet-stream\r\n"
	    "Content-Transfer-Encoding: binary\r\n\r\n");
	buf_put(&message, p->octets.data, p->octets.len);
	imap_cmd_init(&c, p->line->imap, "APPEND");
	imap_mailbox(&c, p->mailbox);
	imap_literal(&c, message.data, message.len, true);
	buf_free(&message);
	return probe_append_run(p, &c, uid, f);
}

/* Part `section` of the message, decoded by the server, has our octets. */
static int fetch_binary(
    struct probe *p, uint32_t uid, const char *section, const char *what, struct fault *f)
{
	struct buf got;
	int r;

	buf_init(&got, PROBE_DATA_MAX);
	r = probe_fetch(p->line, uid, "BINARY.PEEK", section, &got, f);
	if (r == 0)
		r = probe_same(what, &got, p->octets.data, p->octets.len, f);
	buf_free(&got);
	return r;
}

static int fetch_binary_size(struct probe *p, struct fault *f)
{
	struct imap_cmd c;
	struct event ev;
	uint64_t size = 0;
	int r;

	imap_cmd_init(&c, p->line->imap, "UID FETCH");
	imap_uid(&c, p->uid);
	imap_list(&c);
	imap_section(&c, "BINARY.SIZE", "2", 0, 0);
	imap_list_end(&c);

	uint32_t tag = imap_send(p->line->imap, &c, f);
	if (tag == 0)
		return -1;
	while ((r = imap_until(p->line->imap, tag, &ev, f)) == 1)
		if (ev.kind == EV_FETCH && (ev.fetch.has & FETCH_BINARY_SIZE) != 0)
			size = ev.fetch.binary_size;
	if (r == 0 && size != p->octets.len)
		return probe_wrong(
		    f, "BINARY.SIZE: %llu, not %zu", (unsigned long long)size, p->octets.len);
	return r;
}

int probe_binary(struct probe *p, struct fault *f)
{
	uint32_t uid;

	if (probe_home(p, f) == -1 || fetch_binary(p, p->uid, "2", "BINARY of base64", f) == -1 ||
	    fetch_binary_size(p, f) == -1 || append_binary(p, &uid, f) == -1 ||
	    fetch_binary(p, uid, "1", "BINARY of a literal8 that was appended", f) == -1)
		return -1;
	return probe_detail(p, "%zu octets decoded and compared, literal8 appended", p->octets.len);
}

/* ---- CONVERT */

/* Every server that has it converts the charset of text (RFC 5259 section 7.1). */
int probe_convert(struct probe *p, struct fault *f)
{
	static const char utf8[] = "Caf\xc3\xa9 au lait.\r\n";
	struct imap_cmd c;
	struct buf got;
	int r;

	if (probe_home(p, f) == -1)
		return -1;
	imap_cmd_init(&c, p->line->imap, "UID CONVERT");
	imap_uid(&c, p->uid);
	imap_list(&c);
	imap_string(&c, "text/plain", strlen("text/plain"));
	imap_list(&c);
	imap_string(&c, "charset", strlen("charset"));
	imap_string(&c, "utf-8", strlen("utf-8"));
	imap_list_end(&c);
	imap_list_end(&c);
	imap_section(&c, "BINARY", "1", 0, 0);
	buf_init(&got, PROBE_DATA_MAX);
	r = probe_octets(p->line, &c, &got, f);
	if (r == 0)
		r = probe_same("CONVERT to UTF-8", &got, utf8, strlen(utf8), f);
	buf_free(&got);
	return r == -1 ? -1 : probe_detail(p, "ISO-8859-1 to UTF-8");
}
