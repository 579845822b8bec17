/* The profile's tables and their judge. */
#include "app/profile.h"

#include "unit.h"

static const char everything_imap[] =
    "IMAP4rev1 NAMESPACE CONDSTORE URLAUTH CATENATE UIDPLUS LITERAL+ IDLE NOTIFY BINARY QRESYNC "
    "ESEARCH WITHIN CONTEXT=SEARCH CONVERT COMPRESS=DEFLATE METADATA LIST-EXTENDED";
static const char everything_submit[] =
    "PIPELINING\nDSN\nSIZE 1000\nENHANCEDSTATUSCODES\nBURL imap imap://localhost:143\n"
    "BINARYMIME\nCHUNKING\n8BITMIME\nAUTH PLAIN";

static struct profile_view whole(void)
{
	return (struct profile_view){
	    .caps = everything_imap, .ehlo = everything_submit, .ehlo_before = "", .forwarded = 1};
}

/* The state of the row of one extension, as its word; the remark in *note. */
static const char *judge(const struct profile_view *v, enum profile_service service,
    const char *extension, const char **note)
{
	const struct profile_row *row;

	for (size_t k = 0; (row = profile_row(k)) != NULL; k++)
		if (row->service == service && strcmp(row->extension, extension) == 0)
			return profile_word(profile_judge(row, v, note));
	return "no such row";
}

static const char *store(const char *caps, const char *extension)
{
	struct profile_view v = {.caps = caps, .forwarded = -1};
	const char *note;

	return judge(&v, PROFILE_IMAP, extension, &note);
}

static const char *submit(const char *ehlo, const char *before, const char *extension)
{
	struct profile_view v = {.ehlo = ehlo, .ehlo_before = before};
	const char *note;

	return judge(&v, PROFILE_SUBMIT, extension, &note);
}

TEST(tables_are_whole)
{
	size_t n[2] = {0};
	const struct profile_row *row;

	for (size_t k = 0; (row = profile_row(k)) != NULL; k++)
		n[row->service]++;
	CHECK_INT(n[PROFILE_SUBMIT], 11);
	CHECK_INT(n[PROFILE_IMAP], 19);
}

TEST(a_server_with_everything_breaks_nothing)
{
	struct profile_view v = whole();
	const struct profile_row *row;
	const char *note;

	for (size_t k = 0; (row = profile_row(k)) != NULL; k++)
		CHECK(!profile_breaks(profile_judge(row, &v, &note)));
}

TEST(a_server_with_nothing_breaks_all_but_tls_and_quickstart)
{
	struct profile_view v = {.caps = "", .ehlo = "", .ehlo_before = "", .forwarded = 0};
	const struct profile_row *row;
	const char *note;
	int kept = 0;

	for (size_t k = 0; (row = profile_row(k)) != NULL; k++)
		kept += !profile_breaks(profile_judge(row, &v, &note));
	CHECK_INT(kept, 3);
}

TEST(what_was_not_asked_is_unknown)
{
	struct profile_view v = {.forwarded = -1};
	const struct profile_row *row;
	const char *note;

	for (size_t k = 0; (row = profile_row(k)) != NULL; k++) {
		enum profile_state s = profile_judge(row, &v, &note);

		CHECK(s == PROFILE_UNKNOWN || s == PROFILE_NOT_PUBLISHED);
		CHECK(!profile_breaks(s));
	}
}

TEST(words_are_whole_words_in_any_case)
{
	CHECK_STR(store("idle", "IDLE"), "offered");
	CHECK_STR(store("X-IDLE IDLES", "IDLE"), "missing");
	CHECK_STR(store("BINARY=X", "BINARY"), "missing");
	CHECK_STR(submit("Chunking", "", "CHUNKING"), "offered");
	CHECK_STR(submit("CHUNKINGS\nXCHUNKING\nX CHUNKING", "", "CHUNKING"), "missing");
}

TEST(kin)
{
	CHECK_STR(store("CONTEXT=SORT", "CONTEXT"), "missing");
	CHECK_STR(store("CONTEXT=SEARCH", "CONTEXT"), "offered");
	CHECK_STR(store("QRESYNC", "CONDSTORE"), "offered");
	CHECK_STR(store("LITERAL-", "LITERAL+"), "partly");
	CHECK_STR(store("IMAP4rev2", "LITERAL+"), "partly");
	CHECK_STR(store("IMAP4rev2", "BINARY"), "partly");
	CHECK_STR(store("IMAP4rev2", "UIDPLUS"), "offered");
	CHECK_STR(store("METADATA-SERVER", "METADATA"), "partly");
	CHECK(profile_breaks(PROFILE_PARTLY));
}

TEST(forwarded)
{
	struct profile_view v = {.caps = "", .forwarded = 1};
	const char *note;

	CHECK_STR(judge(&v, PROFILE_IMAP, "$Forwarded", &note), "offered");
	v.forwarded = 0;
	CHECK_STR(judge(&v, PROFILE_IMAP, "$Forwarded", &note), "missing");
	v.forwarded = -1;
	CHECK_STR(judge(&v, PROFILE_IMAP, "$Forwarded", &note), "unknown");
}

TEST(starttls_by_the_line)
{
	static const char *const words[] = {"tls", "offered", "missing", "unknown"};
	static const enum profile_line lines[] = {
	    PROFILE_LINE_TLS, PROFILE_LINE_STARTTLS, PROFILE_LINE_CLEAR, PROFILE_LINE_OTHER};
	struct profile_view v = whole();
	const char *note;

	for (size_t i = 0; i < 4; i++) {
		v.imap_line = v.submit_line = lines[i];
		CHECK_STR(judge(&v, PROFILE_IMAP, "STARTTLS", &note), words[i]);
		CHECK_STR(judge(&v, PROFILE_SUBMIT, "STARTTLS", &note), words[i]);
	}
}

TEST(burl_needs_imap)
{
	CHECK_STR(submit("BURL imap", "", "BURL imap"), "offered");
	CHECK_STR(submit("BURL x IMAP imap://h", "", "BURL imap"), "offered");
	CHECK_STR(submit("BURL", "", "BURL imap"), "partly");
	CHECK_STR(submit("BURL imap://h", "", "BURL imap"), "partly");
	CHECK_STR(submit("BURLS imap", "", "BURL imap"), "missing");
}

TEST(auth_may_be_listed_before_it_only)
{
	CHECK_STR(submit("SIZE", "SIZE\nAUTH PLAIN", "AUTH"), "offered");
	CHECK_STR(submit("AUTH", "", "AUTH"), "offered");
	CHECK_STR(submit("SIZE", "DSN", "AUTH"), "missing");
	CHECK_STR(submit("SIZE", "DSN", "DSN"), "missing");
}

TEST(quickstart_was_never_published)
{
	struct profile_view v = whole();
	const char *note = "";

	CHECK_STR(judge(&v, PROFILE_SUBMIT, "QUICKSTART", &note), "not-published");
	CHECK_STR(note, NULL);
	v.ehlo_before = "PIPECONNECT";
	CHECK_STR(judge(&v, PROFILE_SUBMIT, "QUICKSTART", &note), "not-published");
	CHECK(note != NULL && strstr(note, "PIPECONNECT") != NULL);
}

TEST(ehlo_arguments)
{
	size_t n = 0;
	const char *p = profile_ehlo("DSN\nsize 10\nX", "SIZE", &n);

	REQUIRE(p != NULL);
	CHECK_MEM(p, n, "10", 2);
	p = profile_ehlo("DSN\nsize 10\nX", "DSN", &n);
	REQUIRE(p != NULL);
	CHECK_INT(n, 0);
	CHECK(profile_ehlo("", "DSN", &n) == NULL);
	CHECK(profile_ehlo(NULL, "DSN", &n) == NULL);
}

UNIT_MAIN
