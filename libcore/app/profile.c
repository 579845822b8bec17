/* profile: the two tables of the Lemonade Profile, and their judge. */
#include "app/profile.h"

#include <string.h>
#include <strings.h>

static const struct profile_row rows[] = {
    {PROFILE_SUBMIT, "PIPELINING", "section 4.2"},
    {PROFILE_SUBMIT, "DSN", "section 4.3"},
    {PROFILE_SUBMIT, "SIZE", "section 4.4"},
    {PROFILE_SUBMIT, "ENHANCEDSTATUSCODES", "section 4.5"},
    {PROFILE_SUBMIT, "STARTTLS", "section 4.6"},
    {PROFILE_SUBMIT, "BURL imap", "section 7"},
    {PROFILE_SUBMIT, "BINARYMIME", "section 4.1"},
    {PROFILE_SUBMIT, "CHUNKING", "section 4.1"},
    {PROFILE_SUBMIT, "8BITMIME", "RFC 4468"},
    {PROFILE_SUBMIT, "AUTH", "RFC 4409"},
    {PROFILE_SUBMIT, "QUICKSTART", "section 4.6"},
    {PROFILE_IMAP, "NAMESPACE", "section 5.6"},
    {PROFILE_IMAP, "CONDSTORE", "section 5.1"},
    {PROFILE_IMAP, "STARTTLS", "section 3.2"},
    {PROFILE_IMAP, "URLAUTH", "section 5.7"},
    {PROFILE_IMAP, "CATENATE", "section 5.7"},
    {PROFILE_IMAP, "UIDPLUS", "section 5.7"},
    {PROFILE_IMAP, "LITERAL+", "section 5.8"},
    {PROFILE_IMAP, "IDLE", "section 5.4"},
    {PROFILE_IMAP, "NOTIFY", "section 5.4"},
    {PROFILE_IMAP, "$Forwarded", "section 5.9"},
    {PROFILE_IMAP, "BINARY", "section 5.2"},
    {PROFILE_IMAP, "QRESYNC", "section 5.1"},
    {PROFILE_IMAP, "ESEARCH", "section 5.5"},
    {PROFILE_IMAP, "WITHIN", "section 5.5"},
    {PROFILE_IMAP, "CONTEXT", "section 5.5"},
    {PROFILE_IMAP, "CONVERT", "section 5.2"},
    {PROFILE_IMAP, "COMPRESS=DEFLATE", "section 5.3"},
    {PROFILE_IMAP, "METADATA", "section 5.6"},
    {PROFILE_IMAP, "LIST-EXTENDED", "section 5.6"},
};

/* Extensions that another capability brings with it, wholly or in part. */
static const struct kin {
	const char *extension, *capability;
	enum profile_state state;
	const char *note;
} kin[] = {
    {"CONTEXT", "CONTEXT=SEARCH", PROFILE_OFFERED, "as CONTEXT=SEARCH"},
    {"CONDSTORE", "QRESYNC", PROFILE_OFFERED, "implied by QRESYNC"},
    {"NAMESPACE", "IMAP4rev2", PROFILE_OFFERED, "part of IMAP4rev2"},
    {"UIDPLUS", "IMAP4rev2", PROFILE_OFFERED, "part of IMAP4rev2"},
    {"IDLE", "IMAP4rev2", PROFILE_OFFERED, "part of IMAP4rev2"},
    {"ESEARCH", "IMAP4rev2", PROFILE_OFFERED, "part of IMAP4rev2"},
    {"LIST-EXTENDED", "IMAP4rev2", PROFILE_OFFERED, "part of IMAP4rev2"},
    {"BINARY", "IMAP4rev2", PROFILE_PARTLY, "IMAP4rev2: FETCH only"},
    {"LITERAL+", "LITERAL-", PROFILE_PARTLY, "LITERAL-: up to 4096 octets"},
    {"LITERAL+", "IMAP4rev2", PROFILE_PARTLY, "LITERAL-: up to 4096 octets"},
    {"METADATA", "METADATA-SERVER", PROFILE_PARTLY, "of the server, not of mailboxes"},
};

const struct profile_row *profile_row(size_t k)
{
	return k < sizeof(rows) / sizeof(rows[0]) ? &rows[k] : NULL;
}

const char *profile_word(enum profile_state state)
{
	static const char *const words[] = {
	    "offered", "partly", "missing", "unknown", "tls", "not-published"};

	return words[state];
}

bool profile_breaks(enum profile_state state)
{
	return state == PROFILE_MISSING || state == PROFILE_PARTLY;
}

/* A word in a list of n octets with blanks between, without regard to case. */
static bool has_word(const char *list, size_t n, const char *word)
{
	size_t want = strlen(word);

	for (size_t i = 0; i < n;) {
		size_t len = 0;

		while (i + len < n && list[i + len] != ' ')
			len++;
		if (len == want && strncasecmp(list + i, word, len) == 0)
			return true;
		i += len + 1;
	}
	return false;
}

const char *profile_ehlo(const char *ehlo, const char *keyword, size_t *len)
{
	size_t want = strlen(keyword);

	while (ehlo != NULL && *ehlo != '\0') {
		size_t line = strcspn(ehlo, "\n");
		size_t word = strcspn(ehlo, " \n");

		if (word == want && strncasecmp(ehlo, keyword, want) == 0) {
			word += ehlo[word] == ' ';
			*len = line - word;
			return ehlo + word;
		}
		ehlo += line + (ehlo[line] == '\n');
	}
	return NULL;
}

static bool ehlo_has(const char *ehlo, const char *keyword)
{
	size_t len;

	return profile_ehlo(ehlo, keyword, &len) != NULL;
}

static enum profile_state judge_starttls(enum profile_line line, const char **note)
{
	switch (line) {
	case PROFILE_LINE_TLS:
		*note = "TLS from the first octet";
		return PROFILE_TLS;
	case PROFILE_LINE_STARTTLS:
		return PROFILE_OFFERED;
	case PROFILE_LINE_CLEAR:
		return PROFILE_MISSING;
	default:
		*note = "through a tunnel";
		return PROFILE_UNKNOWN;
	}
}

static enum profile_state judge_burl(const char *ehlo, const char **note)
{
	size_t n = 0;
	const char *arguments = profile_ehlo(ehlo, "BURL", &n);

	if (arguments == NULL)
		return PROFILE_MISSING;
	if (has_word(arguments, n, "imap"))
		return PROFILE_OFFERED;
	*note = "BURL without imap";
	return PROFILE_PARTLY;
}

static enum profile_state judge_submit(
    const char *extension, const struct profile_view *v, const char **note)
{
	if (strcmp(extension, "QUICKSTART") == 0) {
		*note = ehlo_has(v->ehlo, "PIPECONNECT") || ehlo_has(v->ehlo_before, "PIPECONNECT")
		    ? "PIPECONNECT is offered in its place"
		    : NULL;
		return PROFILE_NOT_PUBLISHED;
	}
	if (v->ehlo == NULL)
		return PROFILE_UNKNOWN;
	if (strcmp(extension, "STARTTLS") == 0)
		return judge_starttls(v->submit_line, note);
	if (strcmp(extension, "BURL imap") == 0)
		return judge_burl(v->ehlo, note);
	if (ehlo_has(v->ehlo, extension))
		return PROFILE_OFFERED;
	/* Whoever is logged in may not be offered it any more. */
	if (strcmp(extension, "AUTH") == 0 && ehlo_has(v->ehlo_before, extension))
		return PROFILE_OFFERED;
	return PROFILE_MISSING;
}

static enum profile_state judge_imap(
    const char *extension, const struct profile_view *v, const char **note)
{
	size_t n = v->caps != NULL ? strlen(v->caps) : 0;

	if (v->caps == NULL)
		return PROFILE_UNKNOWN;
	if (strcmp(extension, "STARTTLS") == 0)
		return judge_starttls(v->imap_line, note);
	if (strcmp(extension, "$Forwarded") == 0) {
		*note = "PERMANENTFLAGS of INBOX";
		return v->forwarded == -1 ? PROFILE_UNKNOWN
		    : v->forwarded        ? PROFILE_OFFERED
					  : PROFILE_MISSING;
	}
	if (has_word(v->caps, n, extension))
		return PROFILE_OFFERED;
	for (size_t i = 0; i < sizeof(kin) / sizeof(kin[0]); i++) {
		if (strcmp(kin[i].extension, extension) == 0 &&
		    has_word(v->caps, n, kin[i].capability)) {
			*note = kin[i].note;
			return kin[i].state;
		}
	}
	return PROFILE_MISSING;
}

enum profile_state profile_judge(
    const struct profile_row *row, const struct profile_view *view, const char **note)
{
	*note = NULL;
	if (row->service == PROFILE_SUBMIT)
		return judge_submit(row->extension, view, note);
	return judge_imap(row->extension, view, note);
}
