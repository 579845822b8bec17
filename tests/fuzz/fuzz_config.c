/* What is read holds no control characters, and its servers have a host and a port; a file that cannot be read says
 * where. Includes are out of reach. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conf/config_impl.h"

static void check_text(const char *s)
{
	for (; s != NULL && *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			abort();
}

static void check_server(const struct server *s)
{
	if (!s->set)
		return;
	if (s->host == NULL || *s->host == '\0' || s->port == 0)
		abort();
	check_text(s->host);
	check_text(s->user);
}

static void check_account(struct config *c, const struct account *a)
{
	struct fault f;

	if (config_account(c, a->name, &f) != a || a->timeout < 1)
		abort();
	check_server(&a->imap);
	check_server(&a->submit);
	if (a->imap.set)
		config_by_server(c, a->imap.host, a->imap.port, a->imap.user);
	const char *const texts[] = {a->user, a->from, a->pass_command, a->oauth_command,
	    a->password, a->auth, a->tls_ca, a->tls_fingerprint, a->submit_tls_fingerprint,
	    a->tunnel, a->submit_tunnel, a->url_authority, a->maildir, a->sent, a->drafts, a->trash,
	    a->helo};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		check_text(texts[i]);
}

/* Who is found by the address of a `from` has that address: the first of those that do. */
static void check_from(struct config *c, const struct account *a)
{
	struct fault f;
	const char *spec;
	size_t n;

	if (a->from == NULL)
		return;
	if (mailbox_check(a->from, &spec, &n, &f) == -1)
		abort();
	char *address = strndup(spec, n);
	if (address != NULL && config_by_address(c, address) == NULL)
		abort();
	free(address);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct source from = {.name = "fuzz", .depth = CONFIG_INCLUDE_DEPTH};
	struct config *c = calloc(1, sizeof(*c));
	struct fault f = {0};
	struct buf text;

	if (c == NULL)
		return 0;
	setenv("HOME", "/home/fuzz", 1);
	buf_init(&text, CONFIG_FILE_MAX);
	buf_put(&text, data, n);
	if (config_parse(c, &from, &text, &f) == 0 && config_settle(c, &f) == 0) {
		for (size_t i = 0; config_nth(c, i) != NULL; i++) {
			check_account(c, config_nth(c, i));
			check_from(c, config_nth(c, i));
		}
	} else if (f.cls == FAULT_NONE || strncmp(f.msg, "fuzz:", 5) != 0) {
		abort();
	}
	buf_wipe(&text);
	config_free(c);
	return 0;
}
