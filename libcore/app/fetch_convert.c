/* fetch_convert: asking for conversions, and why there are none. */
#include "app/fetch_convert.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/locate.h"
#include "app/source.h"
#include "imap/structure.h"

/* ---- what a person writes */

/* Characters of a token (RFC 2045 section 5.1); "%" and others of a feature tag (RFC 2506) are tokens too. */
static bool is_token(char c)
{
	return c > ' ' && c <= '~' && strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

static const char *skip_blanks(const char *s)
{
	return s + strspn(s, " \t");
}

/* The text of a conversion on its way into c->text. */
struct cutter {
	const char *from;
	char *to;
};

/* A token, or two of them with a "/" between; NULL when there is none. */
static const char *cut_token(struct cutter *k, bool type)
{
	const char *begin = k->to;

	k->from = skip_blanks(k->from);
	while (is_token(*k->from) || (type && *k->from == '/' && k->to > begin)) {
		type = type && *k->from != '/';
		*k->to++ = *k->from++;
	}
	if (k->to == begin || type || k->to[-1] == '/')
		return NULL;
	*k->to++ = '\0';
	k->from = skip_blanks(k->from);
	return begin;
}

static const char *cut_quoted(struct cutter *k)
{
	const char *begin = k->to;

	for (k->from++; *k->from != '"'; k->from++) {
		k->from += *k->from == '\\';
		if (*k->from == '\0')
			return NULL;
		*k->to++ = *k->from;
	}
	*k->to++ = '\0';
	k->from = skip_blanks(k->from + 1);
	return begin;
}

/* Up to the next ";", outer blanks cut off. */
static const char *cut_value(struct cutter *k)
{
	char *begin = k->to;
	size_t n;

	k->from = skip_blanks(k->from);
	if (*k->from == '"')
		return cut_quoted(k);
	n = strcspn(k->from, ";");
	memcpy(begin, k->from, n);
	k->from += n;
	while (n > 0 && (begin[n - 1] == ' ' || begin[n - 1] == '\t'))
		n--;
	begin[n] = '\0';
	k->to += n + 1;
	return n > 0 ? begin : NULL;
}

static const char *feature_of(const char *name)
{
	if (strcasecmp(name, "width") == 0)
		return "pix-x";
	return strcasecmp(name, "height") == 0 ? "pix-y" : name;
}

/* "; name=value" */
static bool cut_param(struct conversion *c, struct cutter *k)
{
	const char *name, *value;

	k->from++;
	name = cut_token(k, false);
	if (name == NULL || *k->from != '=')
		return false;
	k->from++;
	value = cut_value(k);
	if (value == NULL)
		return false;
	c->name[c->n] = feature_of(name);
	c->value[c->n++] = value;
	return true;
}

static void add_charset(struct conversion *c)
{
	if (strncasecmp(c->type, "text/", 5) != 0 || c->n == CONVERSION_PARAMS_MAX)
		return;
	for (size_t i = 0; i < c->n; i++)
		if (strcasecmp(c->name[i], "charset") == 0)
			return;
	c->name[c->n] = "charset";
	c->value[c->n++] = "utf-8";
}

int conversion_parse(struct conversion *c, const char *text, struct fault *f)
{
	struct cutter k = {.from = text, .to = c->text};
	bool good = true;

	if (strlen(text) > CONVERSION_TEXT_MAX)
		return fault_set(
		    f, FAULT_USAGE, "a conversion of more than %d octets", CONVERSION_TEXT_MAX);
	c->n = 0;
	c->type = cut_token(&k, true);
	if (c->type == NULL)
		return fault_set(f, FAULT_USAGE,
		    "no media type such as text/plain or \"image/jpeg;width=320\": %s", text);
	while (good && *k.from == ';' && c->n < CONVERSION_PARAMS_MAX)
		good = cut_param(c, &k);
	if (good && *k.from == ';')
		return fault_set(f, FAULT_USAGE, "more than %d parameters of a conversion",
		    CONVERSION_PARAMS_MAX);
	if (!good || *k.from != '\0')
		return fault_set(
		    f, FAULT_USAGE, "no \"; name=value\" behind the media type: %s", text);
	add_charset(c);
	return 0;
}

bool conversion_is_meant(const char *text)
{
	static const char *const top[] = {"application", "audio", "font", "image", "message",
	    "model", "multipart", "text", "video"};
	size_t n = strcspn(text, "/");

	for (size_t i = 0; text[n] == '/' && i < sizeof(top) / sizeof(top[0]); i++)
		if (strlen(top[i]) == n && strncasecmp(text, top[i], n) == 0)
			return true;
	return false;
}

/* ---- what goes to the server */

static void put_string(struct imap_cmd *cmd, const char *s)
{
	imap_string(cmd, s, strlen(s));
}

void conversion_put(const struct conversion *c, struct imap_cmd *cmd, const struct imap *s,
    uint32_t uid, const char *section, uint64_t offset, uint64_t length)
{
	imap_cmd_init(cmd, s, "UID CONVERT");
	imap_uid(cmd, uid);
	imap_list(cmd);
	put_string(cmd, c->type);
	if (c->n > 0) {
		imap_list(cmd);
		for (size_t i = 0; i < c->n; i++) {
			put_string(cmd, c->name[i]);
			put_string(cmd, c->value[i]);
		}
		imap_list_end(cmd);
	}
	imap_list_end(cmd);
	imap_section(cmd, "BINARY", section, offset, length);
}

/* ---- what comes back */

static const char *text_of(const struct node *n)
{
	return n != NULL && n->kind != NODE_LIST && n->kind != NODE_NIL ? n->s : "";
}

/* (ERROR "text" code ...) */
static int phrase(const struct node *n, struct fault *f)
{
	const struct node *text = n->next, *code = text != NULL ? text->next : NULL;
	enum fault_class cls = FAULT_REFUSED;

	if (code != NULL && node_is(code, "TEMPFAIL"))
		cls = FAULT_TEMP;
	else if (code != NULL && node_is(code, "BADPARAMETERS") && code->next != NULL &&
	    code->next->kind == NODE_NIL)
		cls = FAULT_DATA;
	return fault_set(f, cls, "not converted: %s (%s)", text_of(text), text_of(code));
}

int conversion_error(const struct event *ev, struct fault *f)
{
	/* The correlator, then the items. */
	const struct node *items = ev->args != NULL ? ev->args->next : NULL;

	if (items == NULL || items->kind != NODE_LIST)
		return 0;
	for (const struct node *n = items->child; n != NULL; n = n->next)
		if (n->kind == NODE_LIST && node_is(n->child, "ERROR"))
			return phrase(n->child, f);
	return 0;
}

/* ---- what is offered */

static void put_names(struct buf *out, const struct node *list)
{
	for (const struct node *n = list != NULL ? list->child : NULL; n != NULL; n = n->next) {
		if (out->len > 0)
			buf_putc(out, ' ');
		buf_puts(out, text_of(n));
	}
}

static int print_conversion(
    const struct tool *t, const struct node *from, FILE *out, struct fault *f)
{
	const struct node *to = from != NULL ? from->next : NULL;
	struct buf names;
	int r;

	if (to == NULL)
		return fault_set(f, FAULT_PROTOCOL, "a malformed CONVERSION response");
	buf_init(&names, RESPONSE_MAX);
	put_names(&names, to->next);
	struct record_field fields[] = {{"from", text_of(from), false}, {"to", text_of(to), false},
	    {"parameters", names.len > 0 ? buf_str(&names) : NULL, false}};
	r = tool_record(t, out, fields, sizeof(fields) / sizeof(fields[0]), f);
	buf_free(&names);
	return r;
}

static int list_from(struct imap_line *l, const char *type, FILE *out, struct fault *f)
{
	struct imap_cmd c;
	struct event ev;
	uint32_t tag;
	int r;

	if (!imap_has(l->imap, "CONVERT"))
		return fault_set(f, FAULT_REFUSED, "the server does not offer CONVERT (RFC 5259)");
	imap_cmd_init(&c, l->imap, "CONVERSIONS");
	put_string(&c, type);
	put_string(&c, "*");
	tag = imap_send(l->imap, &c, f);
	if (tag == 0)
		return -1;
	while ((r = imap_until(l->imap, tag, &ev, f)) == 1)
		if (ev.kind == EV_CONVERSION && print_conversion(l->tool, ev.args, out, f) == -1)
			return -1;
	return r;
}

/* Of a part its own type, of anything else all. */
static int list_of(struct imap_line *l, struct url *u, FILE *out, struct fault *f)
{
	struct source s = {0};
	char type[1024];

	if (u->uid == 0)
		return list_from(l, "*", out, f);
	if (source_look(l, u, &s, f) == -1)
		return -1;
	snprintf(type, sizeof(type), "%s/%s", s.part->type, s.part->subtype);
	source_free(&s);
	return list_from(l, type, out, f);
}

int conversions_list(struct tool *t, const char *text, FILE *out, struct fault *f)
{
	const struct account *a;
	struct imap_line *l;
	struct url u = {0};
	int r = -1;

	if (locate(t, text, &a, &u, f) == -1)
		return -1;
	l = imap_line_open(t, a, false, f);
	if (l != NULL)
		r = list_of(l, &u, out, f);
	imap_line_close(l);
	url_free(&u);
	return r;
}
